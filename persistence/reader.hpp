#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/history.hpp"
#include "domain/record.hpp"
#include "domain/saga.hpp"
#include "persistence/lane_store.hpp"

namespace dompet {

class SqlSession;

struct ReaderSettings {
  /// libpq connection string or URL.
  std::string database{};
  std::string application_name = "dompet/reader";
  int connect_timeout_s = 2;
  /// A query that runs longer is cancelled and Unavailable.
  int statement_timeout_ms = 5'000;
  /// The ledger has other databases too. Then lists leave out what is kept here of shards that live elsewhere
  /// (docs/decisions/0007).
  bool one_of_several = false;
};

/// A transaction as it stands: the record that began it and, when its steps were committed one by one, the state
/// of its saga and the record that ended it.
struct StoredTransaction {
  Record record{};
  SagaState state = SagaState::settled;
  std::int64_t completed_at_ms = 0;
  /// Why it was released, when it was.
  std::optional<Decline> refusal{};
  /// In a list of one wallet's transactions: the wallet's seq at which it stands there; of a declined one the state
  /// that it was declined on. Zero elsewhere.
  std::uint64_t wallet_seq = 0;
};

/// One line of a wallet's statement: the leg and the record it belongs to.
struct StatementLine {
  Record record{};
  Leg leg{};
};

/// A row of the list of wallets. Balances are as of the last record that the query saw.
struct WalletListing {
  WalletHistory history{};
  std::int64_t opened_at_ms = 0;
};

/// All that are given must hold. A wallet sees what has a leg on it and what it declined; a transfer by single steps
/// stands in its destination's list once it is credited.
struct TransactionFilter {
  std::optional<WalletId> wallet{};
  std::optional<TransactionKind> kind{};
  /// pending, completed, declined or failed, as the HTTP contract names them; empty for all.
  std::string status{};
  std::string method{};
  /// By the time of the request, which the id carries: from `from_ms` on, before `to_ms`.
  std::optional<std::int64_t> from_ms{};
  std::optional<std::int64_t> to_ms{};
  std::optional<Minor> min_amount{};
  std::optional<Minor> max_amount{};
};

/// Where a list goes on: strictly before this transaction; with a wallet filter also its seq there.
struct TransactionCursor {
  TransactionId id{};
  std::uint64_t wallet_seq = 0;
};

/// A transfer: by single steps, in one record, or declined.
struct SagaListing {
  TransactionId id{};
  SagaState state = SagaState::none;
  /// True when the whole saga was one record in one commit.
  bool compact = false;
  Shard source_shard = 0;
  Shard destination_shard = 0;
  WalletId source{};
  WalletId destination{};
  Currency currency{};
  Minor amount = 0;
  int attempts = 0;
  std::string last_error{};
  std::int64_t created_at_ms = 0;
  std::int64_t updated_at_ms = 0;
};

/// One message to a destination and what came of it.
struct SagaAttempt {
  int number = 0;
  /// CANCEL, else CREDIT.
  bool cancel = false;
  std::int64_t at_ms = 0;
  /// Until the answer came; nothing while none has.
  std::optional<std::int64_t> took_ms{};
  /// The node that was asked; empty when no owner of the destination's shard was known.
  std::string node{};
  /// credited, refused, busy, not_owner, unreachable, no_answer; empty while none has come.
  std::string answer{};

  bool operator==(const SagaAttempt&) const = default;
};

/// Whether the answer says why there is no proof, and not what the proof is.
inline bool is_error(const SagaAttempt& attempt) {
  return !attempt.answer.empty() && attempt.answer != "credited" && attempt.answer != "refused";
}

struct StoredDecision {
  Decision outcome = Decision::none;
  std::uint8_t reason = 0;
  WalletId wallet{};
  Minor amount = 0;
  Currency currency{};
};

struct TrialBalanceLine {
  std::string account{};
  Minor total = 0;
};

/// What the actors must read to go on after a restart. One thread at a time; every call may block, and throws
/// Unavailable when the database cannot answer. The simulator has one of its own.
class RecoveryStore {
 public:
  virtual ~RecoveryStore() = default;

  /// Newest readable snapshot and every later leg, checked: contiguity, balances, hash chain, I2 (protocol 5.4).
  /// Nothing when there is no such wallet. Throws Unreadable when the journal does not replay.
  virtual std::optional<WalletHistory> load_wallet(const WalletId& wallet) = 0;
  /// The record that first carried the key.
  virtual std::optional<Record> record_of_key(const KeyId& key) = 0;
  virtual std::optional<StoredTransaction> transaction(const TransactionId& id) = 0;
  /// A transaction's decision: from the register, or from its compact record (docs/decisions/0001).
  virtual StoredDecision decision(const TransactionId& id) = 0;
  /// Sagas of a shard that recovery must finish, oldest first.
  virtual std::vector<SagaListing> open_sagas(Shard shard) = 0;
  /// Feeds every idempotency key of a shard to `take`.
  virtual void keys_of(Shard shard, const std::function<void(const KeyId&)>& take) = 0;
  /// Puts what a coordinator tried on record, for people: the one thing that is written here, beside the ledger.
  virtual void store_attempts(const TransactionId& /*saga*/, const std::vector<SagaAttempt>& /*attempts*/) {}
};

/// A blocking session for everything that is read from PostgreSQL. It connects at its first call; when the connection
/// turns out to be broken it is replaced once, then the call is Unavailable and the next one connects anew.
class Reader final : public RecoveryStore {
 public:
  explicit Reader(ReaderSettings settings);
  ~Reader() override;

  std::optional<WalletHistory> load_wallet(const WalletId& wallet) override;
  std::optional<Record> record_of_key(const KeyId& key) override;
  std::optional<StoredTransaction> transaction(const TransactionId& id) override;
  /// Every record of a transaction, in the order in which they were written.
  std::vector<Record> timeline(const TransactionId& id);
  StoredDecision decision(const TransactionId& id) override;

  /// Newest first, strictly before `before_seq` when it is given.
  std::vector<StatementLine> statement(const WalletId& wallet, std::optional<std::uint64_t> before_seq, int limit);
  /// Newest first: by id, with a wallet filter by the wallet's seq and then by id. Unavailable when a rare `method`
  /// or `status` is not found within the statement's time-out. In a wallet's list a transfer from another database
  /// stands as its credit: completed, at that time.
  std::vector<StoredTransaction> transactions(const TransactionFilter& filter,
                                              const std::optional<TransactionCursor>& before, int limit);
  /// The wallet's seq at which a listed transaction stands, for the next page's cursor.
  static std::uint64_t seq_at(const StoredTransaction& transaction, const WalletId& wallet);
  /// Newest first, by id. Throws Unreadable when one of them does not replay.
  std::vector<WalletListing> wallets(const std::optional<WalletId>& before, const std::string& name_contains,
                                     int limit);
  /// When the wallet was opened; nothing when there is no such wallet.
  std::optional<std::int64_t> opened_at_ms(const WalletId& wallet);
  /// The wallet as of a moment: after its last leg sealed at or before it.
  std::optional<WalletHistory> wallet_as_of(const WalletId& wallet, std::int64_t at_ms);

  std::vector<SagaListing> open_sagas(Shard shard) override;

  /// Every system account and `wallets:<currency>`, summed over shards, from one snapshot. Per currency they add
  /// up to nothing.
  std::vector<TrialBalanceLine> trial_balance();

  /// A shard's stream after a place, in order: at most `limit` records.
  std::vector<Record> stream(Shard shard, std::uint64_t after_seq, int limit);
  void keys_of(Shard shard, const std::function<void(const KeyId&)>& take) override;
  void store_attempts(const TransactionId& saga, const std::vector<SagaAttempt>& attempts) override;

  Shard shard_count();
  /// The shards that this database speaks for, in order: those that live here, and those that are about to leave and
  /// have not arrived elsewhere.
  std::vector<Shard> shards_here();
  /// Whether the ledger has other databases.
  bool is_one_of_several() const;
  /// The start-up checks of protocol 5.3.5: a sentence for each setting that makes durable not mean durable.
  std::vector<std::string> durability_faults();

  /// For the stores of this folder that keep what is not the ledger: users, cards, merchants.
  SqlSession& session();

 private:
  void find_refusal(StoredTransaction& stored);

  friend class SagaInspector;
  friend class SagaDesk;
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace dompet
