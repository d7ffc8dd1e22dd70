#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/history.hpp"
#include "domain/movement.hpp"
#include "domain/payment.hpp"
#include "domain/record.hpp"
#include "domain/risk.hpp"
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

/// A place in a list: the list goes on strictly behind it. Of a wallet's list `place` is the wallet's seq (of a
/// declined transaction the state that it was declined on), of an owner's the time of the record in milliseconds since
/// 1970, of others nothing. The id is that of the record that stands there: a payment can stand where it was first
/// captured.
struct TransactionCursor {
  TransactionId id{};
  std::uint64_t place = 0;
};

/// A transaction as it stands: the record that began it and, when its steps were committed one by one, the state
/// of its saga and the record that ended it.
struct StoredTransaction {
  Record record{};
  /// Of a payment with manual capture: reserved while it is open, then settled, or released when nothing was captured.
  SagaState state = SagaState::settled;
  std::int64_t completed_at_ms = 0;
  /// Why it was released, when it was.
  std::optional<Decline> refusal{};
  /// Of payments that were not declined.
  std::optional<PaymentTotals> payment{};
  /// Where it stands in the list that it was read from.
  TransactionCursor place{};
};

/// pending, authorized, completed, declined, cancelled or failed, as the HTTP contract names them. A payment is
/// authorized while something can still be captured or is being captured, and cancelled when nothing ever was; what
/// goes by steps is cancelled when it was called off before its other side decided, and failed when that refused.
std::string_view status_of(const StoredTransaction& stored);

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
/// stands in its destination's list once it is credited, a payment with manual capture at its first capture. Captures,
/// increments and voids stand in no list: their payment does.
struct TransactionFilter {
  std::optional<WalletId> wallet{};
  /// Everything of all wallets of a user, newest first by the time of the record; `wallet` is not looked at then.
  std::optional<UserId> owner{};
  std::optional<TransactionKind> kind{};
  /// What came into the wallet, or went out of it: needs `wallet` or `owner`. A movement between two wallets of an
  /// owner is both, and stands at the wallet that was asked for.
  std::optional<Direction> direction{};
  /// As `status_of` names them; empty for all.
  std::string status{};
  std::string method{};
  /// Of payments and refunds only those of the card, or of the merchant; both stand in the payload only, so give
  /// `wallet` too, or they are searched in time order.
  std::optional<CardId> card{};
  std::optional<MerchantId> merchant{};
  /// Everything else has neither: it is the card's, or the merchant's, when this wallet takes part in it. Without a
  /// wallet here nothing else is.
  std::optional<WalletId> card_wallet{};
  std::optional<WalletId> merchant_wallet{};
  /// By the time of the request, which the id carries: from `from_ms` on, before `to_ms`.
  std::optional<std::int64_t> from_ms{};
  std::optional<std::int64_t> to_ms{};
  std::optional<Currency> currency{};
  /// Of any currency, if none is given.
  std::optional<Minor> min_amount{};
  std::optional<Minor> max_amount{};
  /// Asked of everything that is found, last: for what the ledger does not know, such as what a user has archived.
  std::function<bool(const StoredTransaction&)> also{};
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
  /// Nil for a withdrawal: its other side is the provider.
  WalletId destination{};
  Currency currency{};
  Minor amount = 0;
  TransactionKind kind = TransactionKind::transfer;
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

/// An authorization that is still open and was begun long ago.
struct ExpiredPayment {
  TransactionId id{};
  WalletId wallet{};
  std::int64_t expires_at_ms = 0;
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
  /// Why a saga that is CANCELLING was called off; nothing when nobody gave a reason.
  virtual std::optional<Decline> wish_to_cancel(const TransactionId& id) = 0;
  /// What left the wallet, or was set aside to leave it, since a moment: captures and refunds are not among it.
  /// Looks at the newest `limit` records only.
  virtual RecentMovements movements_since(const WalletId& wallet, std::int64_t since_ms, int limit) = 0;
  /// Whose the wallet is: nil for nobody's, nothing when there is no such wallet.
  virtual std::optional<UserId> owner_of(const WalletId& wallet) = 0;
  /// Sagas of a shard that recovery must finish, oldest first.
  virtual std::vector<SagaListing> open_sagas(Shard shard) = 0;
  /// What the merchant's wallet got by a payment and gave back of it, refunds that are under way included.
  virtual Refundable refundable(const TransactionId& payment, const WalletId& merchant_wallet) = 0;
  /// Authorizations of a shard that have something left and were begun before a moment, in the order of their ids,
  /// behind `after`. At most `limit`; fewer only when there are no more.
  virtual std::vector<ExpiredPayment> authorizations_before(Shard shard, std::int64_t begun_before_ms,
                                                            const TransactionId& after, int limit) = 0;
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
  /// What clients see under this id: of an act on a payment the payment, if it is in this database.
  std::optional<StoredTransaction> shown_transaction(const TransactionId& id);
  /// Every record of a transaction, in the order in which they were written.
  std::vector<Record> timeline(const TransactionId& id);
  StoredDecision decision(const TransactionId& id) override;
  std::optional<Decline> wish_to_cancel(const TransactionId& id) override;
  RecentMovements movements_since(const WalletId& wallet, std::int64_t since_ms, int limit) override;
  std::optional<UserId> owner_of(const WalletId& wallet) override;

  /// Newest first, strictly before `before_seq` when it is given and strictly after `after_seq`.
  std::vector<StatementLine> statement(const WalletId& wallet, std::optional<std::uint64_t> before_seq, int limit,
                                       std::uint64_t after_seq = 0);
  /// The wallet's seq at its last leg sealed before a moment; zero when there is none.
  std::uint64_t seq_before(const WalletId& wallet, std::int64_t at_ms);
  /// Newest first: by id, with a wallet filter by the wallet's seq and then by id, with an owner by the record's time
  /// and then by id. Unavailable when something rare is not found within the statement's time-out. In a wallet's list a
  /// transfer from another database stands as its credit: completed, at that time.
  std::vector<StoredTransaction> transactions(const TransactionFilter& filter,
                                              const std::optional<TransactionCursor>& before, int limit);
  /// Newest first, by id. Throws Unreadable when one of them does not replay.
  std::vector<WalletListing> wallets(const std::optional<WalletId>& before, const std::string& name_contains, int limit,
                                     const std::optional<UserId>& owner = std::nullopt);
  /// When the wallet was opened; nothing when there is no such wallet.
  std::optional<std::int64_t> opened_at_ms(const WalletId& wallet);
  /// The wallet as of a moment: after its last leg sealed at or before it.
  std::optional<WalletHistory> wallet_as_of(const WalletId& wallet, std::int64_t at_ms);

  std::vector<SagaListing> open_sagas(Shard shard) override;
  /// A transfer by single steps whose source's shard lives in this database.
  std::optional<SagaListing> saga(const TransactionId& id);
  Refundable refundable(const TransactionId& payment, const WalletId& merchant_wallet) override;
  std::vector<ExpiredPayment> authorizations_before(Shard shard, std::int64_t begun_before_ms,
                                                    const TransactionId& after, int limit) override;

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
  std::vector<WalletId> wallets_of(const TransactionFilter& filter);

  friend class SagaInspector;
  friend class SagaDesk;
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace dompet
