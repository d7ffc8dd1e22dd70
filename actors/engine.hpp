#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "domain/history.hpp"
#include "domain/record.hpp"
#include "domain/saga.hpp"
#include "domain/wallet.hpp"
#include "persistence/lane_store.hpp"
#include "persistence/reader.hpp"

namespace dompet {

// What can be asked of the engine. All values, checked for form already; whether the money rules allow it is
// the wallets' business.

/// The id is made by the asker and carries the time of the request.
struct OpenWalletRequest {
  WalletId wallet{};
  OpenWallet command{};
};

using WalletChange = std::variant<ChangeName, ChangeLimits, FreezeWallet, UnfreezeWallet, CloseWallet>;

struct ChangeWalletRequest {
  WalletId wallet{};
  /// All or none, in this order; a PATCH may change name and limits at once.
  std::vector<WalletChange> changes{};
};

/// A top-up or a transfer. The transaction's id is made by the asker (UUIDv7); a replay answers with the old one.
struct MoveMoneyRequest {
  std::shared_ptr<const Transaction> transaction{};
  Stamp stamp{};
};

struct ReadWalletRequest {
  WalletId wallet{};
  /// Strict: answered only after a commit that began later than the request (protocol 5.8).
  bool strict = false;
};

using Request = std::variant<OpenWalletRequest, ChangeWalletRequest, MoveMoneyRequest, ReadWalletRequest>;

// What comes back. Everything that is not Unavailable is durable when it is delivered.

/// How a money request stands. By the record's kind: `topup` and `transfer` are completed, `declined` is a refusal
/// for good, `hold_placed` with a saga that is not final is still under way.
struct MoneyAnswer {
  std::shared_ptr<const Record> record{};
  SagaState state = SagaState::settled;
  std::int64_t completed_at_ms = 0;
  std::optional<Decline> refusal{};
  /// The key had been used for the same request before: this is its stored answer.
  bool replayed = false;
};

/// The key was used before, for another request.
struct KeyReused {
  TransactionId original{};
};

/// Outage, overload or quarantine: try again with the same key.
struct NotNow {
  /// True when the request may have been done; false when it surely was not and never will be by itself.
  bool may_be_applied = false;
  /// A whole sentence for the client.
  std::string reason{};
};

using Result = std::variant<WalletHistory, Decline, MoneyAnswer, KeyReused, NotNow>;

struct Answer {
  std::uint64_t correlation = 0;
  Result result{};
};

/// Who asked. Called from the engine's threads, many answers at once: take them and return, never block.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  virtual void deliver(std::vector<Answer> answers) = 0;
};

/// The engine's bounds and intervals. Each has its reason in config/dompet.example.toml.
struct EngineSettings {
  std::string node_name = "dompet";
  Shard shard_count = default_shard_count;
  /// Actor threads (CAF scheduler).
  int scheduler_threads = 1;
  std::size_t batch_rows = 512;
  std::size_t batch_bytes = 256 * 1024;
  std::size_t lane_queue_rows = 8'192;
  std::chrono::milliseconds lane_age_limit{250};
  std::size_t stash_limit = 1'000;
  int query_connections = 4;
  std::size_t query_queue = 1'024;
  std::uint64_t snapshot_every = 1'000;
  std::chrono::seconds idle_before_passivation{60};
  std::size_t resident_wallets = 1'000'000;
  int crashes_before_quarantine = 3;
  std::chrono::seconds crash_window{60};
  int quarantines_before_release = 10;
  /// Off: every transfer takes the three durable steps that transfers between nodes take.
  bool fast_path = true;
  std::chrono::seconds transfer_expiry{30};
  std::chrono::milliseconds resend_first{100};
  std::chrono::milliseconds resend_most{5'000};
};

/// How full the engine is, for admission at the door. Read without locks.
struct Pressure {
  bool ready = false;
  std::size_t waiting_rows = 0;
  std::chrono::milliseconds oldest_age{0};
};

/// Counters since the start, for /metrics.
struct EngineCounters {
  std::uint64_t commits = 0;
  std::uint64_t committed_records = 0;
  std::uint64_t commit_microseconds = 0;
  std::uint64_t lane_resets = 0;
  std::uint64_t unknown_commits = 0;
  std::uint64_t rejected_commits = 0;
  std::uint64_t wallet_loads = 0;
  std::uint64_t wallet_crashes = 0;
  std::uint64_t quarantined_wallets = 0;
  std::uint64_t resident_wallets = 0;
  std::uint64_t passivated_wallets = 0;
  std::uint64_t key_lookups = 0;
  std::uint64_t saga_resends = 0;
  std::uint64_t integrity_alarms = 0;
};

/// Work for a database session of the query pool, off the HTTP and actor threads.
using QueryWork = std::function<void(Reader& reader)>;

/// The wallets, their shards, the sagas and the commit lane of one node, behind one door. The only part of the
/// program that can change a balance. Thread-safe unless said otherwise.
class Engine {
 public:
  using LaneStoreFactory = std::function<std::unique_ptr<LaneStore>()>;
  using ReaderFactory = std::function<std::unique_ptr<Reader>()>;

  /// Starts the actors; readiness follows once the shards are acquired. `sink` must outlive the engine.
  Engine(EngineSettings settings, LaneStoreFactory lane_store, ReaderFactory reader, ReplySink& sink);
  /// Lets the lane finish what is in it, bounded by ten seconds, then stops every actor.
  ~Engine();
  Engine(const Engine&) = delete;

  /// Exactly one answer with this correlation follows, unless an actor crashed with the request in its mailbox;
  /// so the asker keeps his own deadline and then says "unknown".
  void submit(std::uint64_t correlation, Request request);

  /// False when the queue of the pool is full. The work may throw Unavailable or Unreadable; `on_failure` then
  /// gets the reason on the pool's thread.
  bool query(QueryWork work, std::function<void(std::string reason)> on_failure);

  Pressure pressure() const;
  EngineCounters counters() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace dompet
