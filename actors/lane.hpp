#pragma once

#include <deque>
#include <memory>
#include <string>

#include "actors/node.hpp"
#include "actors/sealing.hpp"

namespace dompet {

/// The commit lane: the one ordered stream of transactions of this node into one database (protocol 5.3). One batch
/// is in flight at a time; whatever has been appended meanwhile is the next one. No other code changes money.
///
/// The actor runs detached, because a commit blocks. A flush is a message to itself, so it stands behind everything
/// that was appended before it: that is the whole of group commit.
///
/// After a commit that failed, or whose outcome is unknown, nothing later is committed: all entries are refused, what
/// this node still owns is claimed under new epochs, the lost batch is looked up, and every shard begins a new
/// generation. Shards come (AdoptShards) and go (HandOver) one by one without any of that.
class Lane {
 public:
  Lane(LaneActor::pointer self, NodePtr node, int database, std::unique_ptr<LaneStore> store);

  void append(LaneEntryPtr entry);
  void retire(const DurableWalletPtr& wallet, LaneEntryPtr then);
  void flush();
  /// Claims the shards that are this node's and begins a generation; tries again later when the database does not
  /// answer.
  void claim();
  void adopt(const std::vector<Shard>& shards);
  void hand_over(const HandOver& order);
  void reset(const std::string& reason);

 private:
  /// How many entries the next batch may take (bisect mode: protocol 5.3.4).
  std::size_t batch_limit() const;
  std::vector<LaneEntryPtr> take_next();
  void schedule_flush();
  void commit(SealedBatch sealed);
  void release(SealedBatch& sealed);
  void answer(const SealedBatch& sealed);
  void publish(SealedBatch& sealed);
  void advance_streams(const SealedBatch& sealed);
  void on_rejected(SealedBatch& sealed, const CommitResult& result);
  void on_unknown(SealedBatch sealed, const CommitResult& result);
  void on_sealing_fault(const std::vector<LaneEntryPtr>& entries, const SealingFault& fault);
  void quarantine(const LaneEntry& entry, const std::string& reason);
  void settle_lost_batch();
  void refuse(LaneEntry& entry, bool may_be_applied, const std::string& reason);
  void begin_generation(const std::vector<Claim>& claims);
  void begin_tenure(const Claim& claim);
  void end_tenure(Shard shard, std::uint64_t generation);
  /// Whether every shard that the entry touches is the lane's.
  bool serves(const LaneEntry& entry) const;
  void note_waiting();
  LaneSeat& seat() { return *node_->lanes[static_cast<std::size_t>(database_)]; }

  LaneActor::pointer self_;
  NodePtr node_;
  int database_;
  std::unique_ptr<LaneStore> store_;
  Streams streams_{};
  std::deque<LaneEntryPtr> waiting_{};
  std::uint64_t generation_ = 0;
  std::uint64_t next_batch_ = 0;
  std::int64_t last_at_ms_ = 0;
  /// Claimed, and nothing has failed since.
  bool works_ = false;
  bool flush_scheduled_ = false;
  int failed_claims_ = 0;
  /// Bisect mode: after a rejected batch 1, 2, 4 … entries until the normal size is reached again.
  std::size_t bisect_ = 0;
  /// The batch whose outcome is unknown until the shards are ours again.
  std::unique_ptr<SealedBatch> in_doubt_{};
};

/// The lane as an actor. Spawn it detached outside of tests.
LaneActor::behavior_type lane_actor(LaneActor::stateful_pointer<std::unique_ptr<Lane>> self, NodePtr node, int database,
                                    std::shared_ptr<std::unique_ptr<LaneStore>> store);

}  // namespace dompet
