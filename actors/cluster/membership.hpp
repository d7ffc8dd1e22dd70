#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "actors/cluster/observer.hpp"
#include "actors/cluster/shard_duties.hpp"
#include "actors/node.hpp"

namespace dompet {

/// This process's membership: it renews its heartbeat, watches the others', expires those that stand still, and decides
/// which shards to take, serve and let go (protocol 5.2, 5.10). The only writer of the node's view and of its lease.
///
/// A round is: renew, read the nodes, and, as the ownership actor of each database reports its rows, decide. LookNow
/// asks for a round without the renewal. A lone node takes its shards in the first round, without waiting for any tick.
///
/// The actor runs detached: every call of its store blocks. When the store does not answer, nothing is decided; the
/// lease runs out by itself, and commits go on behind their fence.
class Membership {
 public:
  Membership(MembershipActor::pointer self, NodePtr node, std::unique_ptr<MembershipStore> store,
             Incarnation predecessor);

  void tick();
  void look_now();
  void on_shards_seen(const ShardsSeen& seen);
  void leave();
  void rebalance_now();
  void drain(const Incarnation& node);

 private:
  /// False when there is nothing more to do: the database is away, or this start is over.
  bool join();
  bool renew();
  bool announce_leaving();
  void end();
  void look();
  /// Throws Unavailable.
  void read_nodes();
  void expire_silent();
  void publish();
  void decide();
  void carry_out(const ShardOrders& orders);
  void leave_if_empty();
  void note_outage(const Unavailable& outage);
  void log_changes(const std::vector<NodeView>& before) const;
  std::vector<LaneView> lanes() const;
  bool knows_all(const std::vector<ShardRow>& rows) const;
  template <class Action>
  bool tried(Action action);

  MembershipActor::pointer self_;
  NodePtr node_;
  std::unique_ptr<MembershipStore> store_;
  Incarnation predecessor_;
  Observer observer_;
  ShardDuties duties_;
  std::vector<NodeView> nodes_{};
  std::chrono::steady_clock::time_point next_renewal_{};
  bool joined_ = false;
  bool leaving_ = false;
  bool leave_is_known_ = false;
  /// Expired, or left: this start takes part in nothing any more.
  bool is_over_ = false;
  bool look_is_queued_ = false;
  bool said_that_it_stands_by_ = false;
  int outages_ = 0;
};

/// Membership as an actor. Spawn it detached outside of tests. It begins with the first Tick, which whoever made the
/// node sends when every actor is in place; it wakes the ownership actors itself.
MembershipActor::behavior_type membership_actor(MembershipActor::stateful_pointer<std::unique_ptr<Membership>> self,
                                                NodePtr node, std::shared_ptr<std::unique_ptr<MembershipStore>> store,
                                                Incarnation predecessor);

}  // namespace dompet
