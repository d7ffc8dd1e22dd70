#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "persistence/membership_store.hpp"

namespace dompet::simulated {

/// The shard table of a simulated database, as far as ownership needs it. The lane's side of a take-over is its
/// business: what `take` takes fences the lane that had it.
class SimulatedShards {
 public:
  virtual ~SimulatedShards() = default;

  virtual std::vector<ShardRow> rows() const = 0;
  /// Gives `me`, under a new epoch, each shard that still has the epoch and the owner which were seen. Returns those.
  virtual std::vector<Shard> take(const Incarnation& me, const std::vector<ShardRow>& seen) = 0;
  /// False when epoch or owner are not those that were seen.
  virtual bool set_target(const ShardRow& seen, const Incarnation& target) = 0;
  /// A process makes itself known, as a lane's session does.
  virtual void register_node(const Incarnation&) {}
};

/// The table of nodes in memory, shared by the nodes of a test; PostgreSQL's part of membership under the deterministic
/// scheduler. It also knows from whom the databases are hidden, which holds for the ownership stores as well.
class SimulatedMembership {
 public:
  /// The stores of one start. They are of no use any more once `alive` is false: its process was killed.
  std::unique_ptr<MembershipStore> membership_of(const Incarnation& me, std::shared_ptr<const bool> alive);
  std::unique_ptr<OwnershipStore> ownership_of(const Incarnation& me, int database, SimulatedShards& shards,
                                               std::shared_ptr<const bool> alive);

  // --- what shall go wrong ---

  /// No call of this node's reaches any database, or all do again.
  void cut_off(const Incarnation& node, bool is_cut_off);
  /// Nobody's call reaches this database, or all do again. The table of nodes is in database 0.
  void stop(int database, bool is_stopped);
  /// The next `count` calls that change something are done, but their answers are lost.
  void lose_answers(int count) { answers_to_lose_ = count; }
  /// Called before each call that gets through, with the node that calls; may throw Unavailable.
  void on_call(std::function<void(const Incarnation&)> listen) { listen_ = std::move(listen); }
  /// Called before the answer of a call that was done leaves, with the node that called.
  void on_done(std::function<void(const Incarnation&)> listen) { listen_when_done_ = std::move(listen); }
  /// Another server answers from now on, as after a promotion.
  void promote() { identity_.timeline += 1; }

  // --- what is durable ---

  const std::vector<NodeRow>& rows() const { return rows_; }
  const NodeRow* find(const Incarnation& node) const;

 private:
  class Nodes;
  class Owners;

  NodeRow* find_live(const Incarnation& node);
  /// Throws Unavailable when the call does not get through.
  void pass(const Incarnation& caller, int database, bool alive) const;
  /// Throws Unavailable when the answer of a call that was done is lost.
  void answer(const Incarnation& caller);
  void done(const Incarnation& caller) const;

  std::vector<NodeRow> rows_{};
  DatabaseIdentity identity_{"simulated", 1};
  std::set<Incarnation> cut_off_{};
  std::set<int> stopped_{};
  int answers_to_lose_ = 0;
  std::function<void(const Incarnation&)> listen_{};
  std::function<void(const Incarnation&)> listen_when_done_{};
};

}  // namespace dompet::simulated
