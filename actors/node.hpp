#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "actors/engine.hpp"
#include "actors/messages.hpp"

namespace dompet {

/// Where blocking reads are done, off the actor threads. The engine has a pool of database sessions; the
/// deterministic tests answer at once.
class ReadPool {
 public:
  virtual ~ReadPool() = default;
  /// Runs `work` with a session of the pool; `failed` instead when the session could not do it. Both run on the
  /// pool's thread and may only send messages. False, and neither is called, when the queue is full.
  virtual bool read(std::function<void(RecoveryStore&)> work,
                    std::function<void(const std::string& reason, bool unreadable)> failed) = 0;
  /// The same for long scans that nobody waits for: they must not hold up what somebody does.
  virtual bool scan(std::function<void(RecoveryStore&)> work,
                    std::function<void(const std::string& reason, bool unreadable)> failed) {
    return read(std::move(work), std::move(failed));
  }
};

/// EngineCounters that many threads raise.
struct AtomicCounters {
  std::atomic<std::uint64_t> commits{0}, committed_records{0}, commit_microseconds{0}, lane_resets{0},
      unknown_commits{0}, rejected_commits{0}, wallet_loads{0}, wallet_crashes{0}, quarantined_wallets{0},
      resident_wallets{0}, passivated_wallets{0}, key_lookups{0}, saga_resends{0}, integrity_alarms{0};
};

/// What all actors of one node share: settings, who is who, counters. Set up before the first message and constant
/// afterwards, but for the atomics.
struct Node {
  EngineSettings settings{};
  ReplySink* sink = nullptr;
  ReadPool* pool = nullptr;
  std::vector<ShardActor> shards{};
  std::vector<SagaEngineActor> sagas{};
  LaneActor lane{};

  /// Wall clock for what people read, never compared for a decision.
  std::function<std::int64_t()> unix_ms{};
  /// Ends the process: something that must never fail has failed. The next start recovers from the journal.
  std::function<void(const std::string& reason)> give_up{};

  KnownKeys keys{};
  AtomicCounters counters{};
  std::atomic<bool> ready{false};
  /// The lane's generation, for those who ask it from outside the actors.
  std::atomic<std::uint64_t> generation{0};
  std::atomic<std::size_t> waiting_rows{0};
  /// When the oldest waiting entry was appended: steady clock, milliseconds; zero when none waits.
  std::atomic<std::int64_t> oldest_waiting_ms{0};

  const ShardActor& shard_of_wallet(const WalletId& wallet) const {
    return shards[shard_of(wallet, settings.shard_count)];
  }
  void answer(std::uint64_t correlation, Result result) {
    if (correlation == 0)
      return;
    std::vector<Answer> answers;
    answers.push_back({correlation, std::move(result)});
    sink->deliver(std::move(answers));
  }
};

using NodePtr = std::shared_ptr<Node>;

}  // namespace dompet
