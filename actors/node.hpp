#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <semaphore>
#include <vector>

#include "actors/cluster/links.hpp"
#include "actors/engine.hpp"
#include "actors/key_filter.hpp"
#include "actors/messages.hpp"
#include "actors/risk_desk.hpp"

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
      resident_wallets{0}, passivated_wallets{0}, key_lookups{0}, saga_resends{0}, integrity_alarms{0},
      slow_transfers{0}, forwarded_requests{0}, served_for_others{0}, link_losses{0}, acquired_shards{0},
      shards_given{0}, shards_lost{0}, expired_peers{0}, missed_renewals{0}, provider_contradictions{0},
      expired_payments{0};
};

/// What a shard's lane says about it, for everybody.
struct ShardSeat {
  /// The generation under which this node serves it; zero: it does not.
  std::atomic<std::uint64_t> generation{0};
  /// The database that it lives in.
  std::atomic<int> database{0};
};

/// A commit lane and what it says about itself. One a database.
struct LaneSeat {
  LaneActor actor{};
  /// It works: what is appended will be committed.
  std::atomic<bool> ready{false};
  std::atomic<std::uint64_t> generation{0};
  /// Entries that were handed to it and are neither durable nor refused, those in its mailbox included.
  std::atomic<std::size_t> waiting_rows{0};
  /// When the oldest waiting entry was appended: steady clock, milliseconds; zero when none waits.
  std::atomic<std::int64_t> oldest_waiting_ms{0};
  std::atomic<std::size_t> shards{0};
  std::atomic<std::uint64_t> commits{0};

  std::chrono::milliseconds oldest_age() const {
    using namespace std::chrono;
    const std::int64_t oldest = oldest_waiting_ms;
    const auto now = duration_cast<milliseconds>(steady_clock::now().time_since_epoch());
    return oldest == 0 ? milliseconds{0} : std::max(milliseconds{0}, now - milliseconds{oldest});
  }
  void append(LaneEntryPtr entry) {
    waiting_rows += 1;
    caf::anon_send(actor, Append{std::move(entry)});
  }
};

/// What all actors of one node share: settings, who is who, counters. Set up before the first message and constant
/// afterwards, but for the atomics.
struct Node {
  Node(EngineSettings engine_settings, int database_count)
      : settings(std::move(engine_settings)), seats(settings.shard_count) {
    risk.begin_with(settings.risk_rules);
    for (int i = 0; i < database_count; ++i)
      lanes.push_back(std::make_unique<LaneSeat>());
  }

  EngineSettings settings{};
  NodeRow me{};
  ReplySink* sink = nullptr;
  Links* links = nullptr;
  /// None: what needs one is not begun.
  ProviderPort* provider = nullptr;
  std::vector<ShardActor> shards{};
  std::vector<SagaEngineActor> sagas{};
  std::vector<ShardSeat> seats;
  /// By database, like the pools and the ownership actors.
  std::vector<std::unique_ptr<LaneSeat>> lanes{};
  std::vector<ReadPool*> pools{};
  std::vector<OwnershipActor> ownership{};
  RouterActor router{};
  MembershipActor membership{};

  /// Wall clock for what people read, never compared for a decision.
  std::function<std::int64_t()> unix_ms{};
  /// CLOCK_BOOTTIME, which counts suspends: what leases are measured with.
  std::function<std::int64_t()> boottime_ms{};
  /// Ends the process: something that must never fail has failed. The next start recovers from the journal.
  std::function<void(const std::string& reason)> give_up{};
  /// Ends the process so that it can start anew: the others expired this start of it.
  std::function<void(const std::string& reason)> step_down{};

  KnownKeys keys{};
  AtomicCounters counters{};
  RiskDesk risk{};
  /// Boottime until which balances may be read from memory; written by membership after each renewal.
  std::atomic<std::int64_t> lease_until_ms{0};
  /// Asked to leave: it takes no shards any more.
  std::atomic<bool> leaving{false};
  /// It has given away what it could and is no member any more.
  std::atomic<bool> left{false};
  /// Raised with it, once, for the one who waits.
  std::binary_semaphore left_signal{0};
  /// Generations of this node's lanes: no two are equal.
  std::atomic<std::uint64_t> last_generation{0};
  /// Written by membership, read by everybody.
  std::atomic<std::shared_ptr<const ClusterView>> view{std::make_shared<const ClusterView>()};

  Shard shard_of_id(const WalletId& wallet) const { return shard_of(wallet, settings.shard_count); }
  const ShardActor& shard_of_wallet(const WalletId& wallet) const { return shards[shard_of_id(wallet)]; }
  int database_of(Shard shard) const { return seats[shard].database; }
  LaneSeat& lane_seat(Shard shard) { return *lanes[static_cast<std::size_t>(database_of(shard))]; }
  const LaneActor& lane_of(Shard shard) { return lane_seat(shard).actor; }
  ReadPool& pool_of(Shard shard) const { return *pools[static_cast<std::size_t>(database_of(shard))]; }
  bool serves(Shard shard) const { return seats[shard].generation != 0; }
  std::size_t served_shards() const {
    std::size_t count = 0;
    for (const auto& lane : lanes)
      count += lane->shards;
    return count;
  }
  /// Whether a key that the filter does not know is surely in no journal of the shards that this node serves.
  bool keys_are_known() const { return keys.loaded_shards() >= served_shards(); }
  bool lease_holds() const { return boottime_ms() < lease_until_ms; }

  void answer(std::uint64_t correlation, Result result) {
    if (correlation == 0)
      return;
    std::vector<Answer> answers;
    answers.push_back({correlation, std::move(result)});
    sink->deliver(std::move(answers));
  }
  /// Hands an entry to the shard's lane.
  void append(Shard shard, LaneEntryPtr entry) { lane_seat(shard).append(std::move(entry)); }
  /// Puts a message to a destination on its way, to this node's shard or through the router.
  void ask_destination(CreditAsk ask) {
    const Shard shard = ask.destination_shard;
    if (serves(shard))
      caf::anon_send(shards[shard], AskDecision{std::move(ask)});
    else
      caf::anon_send(router, AskRemote{std::move(ask)});
  }
};

using NodePtr = std::shared_ptr<Node>;

}  // namespace dompet
