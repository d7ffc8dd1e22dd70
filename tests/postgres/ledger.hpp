#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "persistence/lane_store.hpp"
#include "persistence/ledger_writer.hpp"
#include "persistence/membership_store.hpp"
#include "persistence/movement_projector.hpp"
#include "persistence/reader.hpp"
#include "persistence/session.hpp"

/// What the tests of this ring share: an empty ledger, and money in it.
namespace dompet::testing {

/// `DOMPET_TEST_DATABASE_URL`: a database that may be emptied. Without it the test is skipped.
std::string database_url();

/// A session that may write, for tests that damage things and look behind the curtain.
SqlSession open_session();

/// Takes away everything that is in the database.
void empty_the_database();

/// Takes away everything that is in the database, and migrates it.
void make_empty_ledger();

/// Statistics that are added up in pages of so many records.
ProjectorSettings in_pages_of(int records);
/// Adds everything up.
void project_all(int page_records = 2'000);

/// `count(sql, "journal WHERE shard = 1")`.
std::int64_t count(SqlSession& sql, const std::string& what);
/// Asks until `count` finds something; fails after ten seconds.
void await(SqlSession& sql, const std::string& what);
/// Waits until a session of this name (of LIKE) waits for a lock.
void await_blocked(SqlSession& sql, const std::string& application);
/// Ends the sessions of this name (of LIKE), and returns when they are gone.
void terminate(SqlSession& sql, const std::string& application);

Incarnation make_incarnation();
std::unique_ptr<LaneStore> make_lane_store(const Incarnation& incarnation, int lock_timeout_ms = 2'000);
std::unique_ptr<MembershipStore> make_membership_store(const Incarnation& incarnation);

/// A process as the ledger sees it: registered, with a session for ownership beside that of its lane.
struct TestNode {
  TestNode();

  /// Takes every shard from whoever has it, as membership does once it may; a lane's claim then finds them.
  std::vector<Claim> take_all();

  NodeRow row{};
  std::unique_ptr<OwnershipStore> ownership{};
  std::unique_ptr<LaneStore> lane{};
};

/// A freshly migrated ledger that a writer with all its shards fills. Ids and times count up from a fixed moment, so
/// that a test can name them.
class TestLedger {
 public:
  TestLedger();

  /// Opens a wallet and commits.
  WalletId open_wallet(const std::string& name, const std::string& currency = "IDR", const UserId& owner = {});
  /// Each adds one record (or what its name says) to the pending batch.
  TransactionId top_up(const WalletId& wallet, Minor amount, const std::string& method = "bri");
  TransactionId transfer(const WalletId& source, const WalletId& destination, Minor amount);
  /// Into the currency of the destination.
  TransactionId convert(const WalletId& source, const WalletId& destination, Minor amount, const Rate& rate);
  TransactionId decline_transfer(const WalletId& source, const WalletId& destination, Minor amount, Decline why);
  void change(const WalletId& wallet, Event event);

  /// A payment in one record, and one that is authorized now and captured later.
  TransactionId pay(const WalletId& payer, const WalletId& merchant, Minor amount);
  TransactionId authorize(const WalletId& payer, const WalletId& merchant, Minor amount,
                          std::int64_t expires_at_ms = 1'900'000'000'000);
  /// Acts on a payment, each one record. A refund goes back to the payer.
  TransactionId increase(const TransactionId& payment, Minor amount);
  TransactionId capture_payment(const TransactionId& payment, Minor amount, bool is_final = false);
  TransactionId void_payment(const TransactionId& payment);
  TransactionId refund(const TransactionId& payment, Minor amount);
  /// A capture by single steps: `credit` or `refuse`, then `capture` or `release`, end it.
  TransactionId reserve_capture(const TransactionId& payment, Minor amount, bool is_final = false);

  /// What a provider decides: `capture` or `release` end a withdrawal.
  TransactionId withdraw(const WalletId& source, Minor amount);
  TransactionId begin_topup(const WalletId& wallet, Minor amount);
  void confirm_topup(const TransactionId& id);
  void refuse_topup(const TransactionId& id);

  // The single steps of a transfer, with their rows beside the journal.
  TransactionId place_hold(const WalletId& source, const WalletId& destination, Minor amount,
                           const std::optional<Assessment>& risk = {});
  TransactionId place_converted_hold(const WalletId& source, const WalletId& destination, Minor amount,
                                     const Rate& rate);
  void approve(const TransactionId& id, const Verdict& verdict);
  void credit(const TransactionId& id);
  void refuse(const TransactionId& id, Decline why);
  void cancel(const TransactionId& id, const std::optional<Verdict>& verdict = {});
  void capture(const TransactionId& id);
  void release(const TransactionId& id);

  void snapshot(const WalletId& wallet);
  /// Of this moment; they count up.
  TransactionId make_id();
  /// Makes the pending batch durable; the next one is one second later.
  void commit();

  std::int64_t now_ms() const { return now_ms_; }
  /// The pending batch, and the ids made from now on, are of this moment. Nothing may be pending from an earlier one.
  void go_to(std::int64_t unix_ms);
  LedgerWriter& writer() { return *writer_; }
  TestNode& node() { return *node_; }
  LaneStore& store() { return *node_->lane; }
  Reader& reader() { return *reader_; }
  SqlSession& sql() { return sql_; }
  KeyId last_key() const { return last_key_; }

 private:
  Record money_record(RecordKind kind, TransactionKind transaction_kind, const WalletId& source,
                      const WalletId& destination, Minor amount);
  void add_conversion(Record& record, const Rate& rate);
  Record step_record(RecordKind kind, const TransactionId& id);
  Record act_record(RecordKind kind, TransactionKind transaction_kind, const TransactionId& payment, Minor amount);
  /// Changes what is known of a transaction that is being made.
  Transaction& changeable(Record& record);
  void advance(const TransactionId& id, SagaState expected, SagaState next);
  void move_transit(const TransitChange& change);
  SagaState state_of(const TransactionId& id) const { return states_.at(id); }

  SqlSession sql_;
  std::unique_ptr<TestNode> node_;
  std::unique_ptr<LedgerWriter> writer_;
  std::unique_ptr<Reader> reader_;
  std::int64_t now_ms_ = 1'790'000'000'000;
  std::uint32_t made_ = 0;
  KeyId last_key_{};
  std::map<TransactionId, std::shared_ptr<const Transaction>> transactions_{};
  std::map<TransactionId, SagaState> states_{};
};

}  // namespace dompet::testing
