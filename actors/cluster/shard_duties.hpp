#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/engine.hpp"
#include "domain/placement.hpp"

namespace dompet {

/// Who may be given shards now: nodes that are up, were seen to beat within half of `lease_ttl`, and that the others
/// can reach. `me` counts without an address only when it is alone.
std::vector<Candidate> candidates_of(const ClusterView& view, const ClusterSettings& settings);

/// What a look at the cluster obliges this node to do, by database where a database does it.
struct ShardOrders {
  /// Nobody has them: take them.
  std::map<int, std::vector<ShardRow>> acquire{};
  /// They are this node's by the table, but its lane does not serve them.
  std::map<int, std::vector<Shard>> adopt{};
  /// To be wished that they move. Each as it was seen, with the target that it shall have.
  std::map<int, std::vector<ShardRow>> wishes{};
  /// This node's, and wished to another.
  std::vector<std::pair<Shard, Incarnation>> release{};
};

/// What a node owes to the shards (protocol 5.2 and 5.10): ownerless ones are taken, own ones served, wished ones let
/// go, and the load kept even. It remembers what it saw and what it asked for, so that nothing is asked twice while it
/// is being done. Values in, orders out: it knows nothing of stores, actors and clocks.
///
/// All of it may be wrong, since a view is never new: every order is carried out by a statement that names the row as
/// it was seen, and does nothing when the row has changed.
class ShardDuties {
 public:
  ShardDuties(Incarnation me, ClusterSettings settings) : me_(me), settings_(std::move(settings)) {}

  /// Takes a reading of a database's rows. Every owner must be among the nodes if it ever joined: read them afterwards.
  void see(int database, const std::vector<ShardRow>& rows, const std::vector<NodeView>& nodes, std::int64_t now_ms);

  struct Intent {
    /// Its lease holds: a node that may have been expired takes nothing and plans nothing.
    bool is_member = false;
    /// Somebody asked it to hand everything over.
    bool leaving = false;
  };
  ShardOrders decide(const ClusterView& view, Intent intent, std::int64_t now_ms);

  /// From now on shards are moved for balance whether they just moved or not, until the load is even.
  void rebalance_now(std::int64_t now_ms) { rebalance_until_ms_ = now_ms + rebalance_patience.count(); }

  /// Whether this node waits for another one that serves the ledger and that it has no link with.
  bool stands_by(const ClusterView& view) const;
  /// Databases of which the rows are known.
  std::size_t databases_seen() const { return databases_.size(); }
  bool owns_any() const;
  /// Fills in the rows that were seen.
  void describe(std::vector<ShardView>& shards) const;

 private:
  /// How long an order to rebalance is followed when the load does not become even, for a node that does not let go.
  static constexpr std::chrono::milliseconds rebalance_patience{60'000};
  /// How long a shard may take to let go before it is asked again.
  static constexpr std::chrono::milliseconds release_patience{5'000};

  enum class Asked { nothing, acquire, adopt, release, wish };
  struct Watched {
    int database = 0;
    ShardRow row{};
    std::string owner_name{};
    /// When it was last seen to go from one node to another.
    std::optional<std::int64_t> moved_ms{};
    /// Since when nobody has it.
    std::optional<std::int64_t> ownerless_since_ms{};
    Asked asked = Asked::nothing;
    ShardRow asked_row{};
    std::int64_t asked_ms = 0;
  };
  struct Look {
    const ClusterView& view;
    Intent intent{};
    std::int64_t now_ms = 0;
    std::vector<Candidate> candidates{};
  };

  /// False when the same was asked of the same row less than `patience` ago; else it counts as asked.
  static bool ask(Watched& shard, Asked what, const Look& look, std::chrono::milliseconds patience);
  /// Whether the rows of the shard's database are of now. One that does not answer is left alone, so that orders for it
  /// do not pile up, and so that its shards do not hold up the moves of others.
  bool is_fresh(const Watched& shard, const Look& look) const;
  bool is_candidate(const Look& look, const Incarnation& node) const;
  bool is_draining(const Look& look) const;
  bool takes(const Watched& shard, const Look& look) const;
  void serve(Watched& shard, const Look& look, ShardOrders& orders) const;
  void take(Watched& shard, const Look& look, ShardOrders& orders) const;
  void let_go(const Look& look, ShardOrders& orders);
  void plan(const Look& look, ShardOrders& orders);
  std::vector<Move> moves(const Look& look);
  void withdraw(const Look& look, ShardOrders& orders);
  Placement placement(const Look& look) const;

  Incarnation me_;
  ClusterSettings settings_;
  std::map<Shard, Watched> shards_{};
  /// When the rows of each were last seen.
  std::map<int, std::int64_t> databases_{};
  /// Moves for balance were begun and go on until the load is even, not only until it is tolerable.
  bool balancing_ = false;
  std::int64_t rebalance_until_ms_ = 0;
};

}  // namespace dompet
