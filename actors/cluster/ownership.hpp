#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "actors/node.hpp"

namespace dompet {

/// Who owns the shards of one database: reads its rows for membership, and does what membership decided about them. An
/// actor of its own for each database, so that one that does not answer holds up neither membership nor the others; and
/// beside the lane, so that a take-over that waits for a lock holds up no commit.
///
/// The actor runs detached: every call of its store blocks. What the store did not answer is not done again here: the
/// next reading shows what came of it, and membership decides anew.
class Ownership {
 public:
  Ownership(OwnershipActor::pointer self, NodePtr node, int database, std::unique_ptr<OwnershipStore> store);

  void tick();
  void look_now();
  void acquire(const std::vector<ShardRow>& seen);
  void set_targets(const std::vector<ShardRow>& wishes);

 private:
  void look();
  /// Makes this node known to the database, and compares which database that is. Throws Unavailable.
  void introduce();
  LaneSeat& lane() const { return *node_->lanes[static_cast<std::size_t>(database_)]; }
  template <class Action>
  bool tried(Action action);

  OwnershipActor::pointer self_;
  NodePtr node_;
  int database_;
  std::unique_ptr<OwnershipStore> store_;
  std::chrono::steady_clock::time_point next_tick_{};
  std::chrono::steady_clock::time_point last_look_{};
  std::optional<DatabaseIdentity> identity_{};
  /// Since the last outage.
  bool is_introduced_ = false;
  bool look_is_queued_ = false;
  int outages_ = 0;
};

/// The ownership of a database as an actor. Spawn it detached outside of tests. It begins with the first LookNow, which
/// membership sends when it joins.
OwnershipActor::behavior_type ownership_actor(OwnershipActor::stateful_pointer<std::unique_ptr<Ownership>> self,
                                              NodePtr node, int database,
                                              std::shared_ptr<std::unique_ptr<OwnershipStore>> store);

}  // namespace dompet
