#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "domain/history.hpp"
#include "domain/invariants.hpp"
#include "persistence/movement_sheet.hpp"
#include "persistence/reader_rows.hpp"
#include "persistence/verify.hpp"

namespace dompet::verifying {

/// A check while it runs. `look` says what is wrong with one thing, or nothing.
class Check {
 public:
  explicit Check(std::string claim) { result_.claim = std::move(claim); }

  void look(const invariants::Violation& violation, const std::string& where) {
    ++result_.looked_at;
    if (violation)
      fault(*violation + " (" + where + ")");
  }
  void look(bool holds, const char* otherwise, const std::string& where) {
    ++result_.looked_at;
    if (!holds)
      fault(std::string{otherwise} + " (" + where + ")");
  }
  /// Something that is looked at elsewhere, in bulk.
  void count() { ++result_.looked_at; }
  void fault(std::string sentence) {
    if (result_.faults++ == 0)
      result_.first_fault = std::move(sentence);
  }
  const LedgerCheck& result() const { return result_; }

 private:
  LedgerCheck result_{};
};

/// One of the ledger's databases at the moment that is verified.
struct Place {
  SqlSession session;
  int number = 0;
  /// By shard: whether this database speaks for it.
  std::vector<bool> here{};

  bool speaks_for(Shard shard) const { return shard < here.size() && here[shard]; }
  /// " AND <column> is a shard that this database speaks for"; what else is here are copies (docs/decisions/0007).
  static std::string only_here(const std::string& column) { return " AND " + column + " IN " + shards_here_sql; }
};
using Places = std::vector<Place>;

/// The same question to every database, in each answered in the order of a UUID: as one answer in that order. Only
/// inside transactions of all sessions.
class MergedCursor {
 public:
  /// The UUID is at column `key`.
  MergedCursor(Places& places, const std::string& name, const std::string& sql, int key);

  /// The row at the front; nothing after the last one. It is valid until the next call of `advance`.
  const Row* front() const { return at_ == nullptr ? nullptr : at_->front(); }
  void advance();

 private:
  void choose();

  std::vector<Cursor> cursors_{};
  Cursor* at_ = nullptr;
  int key_;
};

/// The row of the journal, for people: "journal shard 7 shard_seq 12, id …".
std::string where_is(const JournalRow& row);

/// What the passes hand to each other: sums per currency and account, small whatever the journal's size.
struct Books {
  /// Recomputed from the records, as `system_total` should have them.
  std::map<std::pair<Shard, std::string>, Minor> totals{};
  struct Transit {
    Minor out = 0;
    Minor in = 0;
  };
  std::map<std::tuple<Shard, Shard, std::uint16_t>, Transit> transits{};
  struct Held {
    Minor available = 0;
    Minor held = 0;
  };
  /// What all wallets have after replay, by currency code.
  std::map<std::string, Held> wallets{};
};

/// Statistics beside the journal, without holding them: of every shard the sum over all movements of a number that
/// only the row's key says, once as often as it was counted and once by amount. Equal sums of rows and of records mean
/// equal rows; a wrong one would have to guess a secret.
class MovementCheck {
 public:
  explicit MovementCheck(std::string claim);
  /// How far each shard of this database is counted. Before its records come.
  void begin(Place& place);
  void count(const Record& record);
  /// The rows of this database against the records that came.
  void end(Place& place);
  const LedgerCheck& result() const { return check_.result(); }

 private:
  struct Sums {
    std::uint64_t counts = 0;
    std::uint64_t amounts = 0;
    bool operator==(const Sums&) const = default;
  };
  std::uint64_t number_of(const MovementKey& key) const;

  Check check_;
  std::array<unsigned char, 16> secret_{};
  std::map<Shard, std::uint64_t> marks_{};
  std::map<Shard, Sums> records_{};
};

/// Records by shard and shard_seq.
class StreamPass {
 public:
  StreamPass(Places& places, Books& books, Shard shard_count)
      : places_(places), books_(books), shard_count_(shard_count) {}
  void run();
  std::uint64_t records() const { return records_; }
  void report(std::vector<LedgerCheck>& checks) const;

 private:
  void look_at_shards();
  void look_at_streams(Place& place);
  void look_at(const JournalRow& row);
  void look_at_place(const JournalRow& row);
  void look_at_copies(Place& place);
  void compare(const std::vector<std::pair<std::int64_t, std::string>>& copies, Shard shard);
  void look_at_money(const JournalRow& row, const Record& record);
  void look_at_keys(Place& place);
  void look_at_keys_of_all();
  void look_at_totals();
  void look_at_transits();

  Places& places_;
  Books& books_;
  Shard shard_count_;
  std::map<Shard, std::uint64_t> owned_epochs_{};
  /// Of the stream that is read; nothing at its beginning.
  std::optional<Record> previous_{};
  std::uint64_t records_ = 0;
  Check placed_{"Every shard lives in one database, and what another keeps of its records are true copies."};
  Check readable_{"Every record can be read and stands in its own shard."};
  Check contiguous_{"Every shard's stream is without gaps and its epochs never fall (I1)."};
  Check balanced_{"Every record's postings add up to nothing."};
  Check keys_{"No idempotency key has two transactions (I8)."};
  Check totals_{"The totals of all accounts are what the records add up to."};
  Check transits_{"Transit between shards is what was credited and captured (I7)."};
  MovementCheck movements_{"Statistics are what the records add up to, as far as they are counted."};
};

/// Legs by wallet and seq, with the tables of wallets and of snapshots beside them.
class WalletPass {
 public:
  WalletPass(Places& places, Books& books, Shard shard_count)
      : places_(places), books_(books), shard_count_(shard_count) {}
  void run();
  /// The wallets that live in this database, or of one shard wherever it lives.
  void replay_wallets(Place& place, std::optional<Shard> only = {});
  std::uint64_t wallets() const { return wallets_; }
  void report(std::vector<LedgerCheck>& checks) const;

 private:
  /// Everything about the wallet at the front of the cursors.
  void look_at_wallet(const WalletId& wallet);
  void replay_leg(const Row& row);
  void look_at_snapshot(const Row& row);
  void look_at_row();
  void look_at_books();

  Places& places_;
  Books& books_;
  std::optional<Cursor> legs_{};
  std::optional<Cursor> rows_{};
  std::optional<Cursor> snapshots_{};
  Shard shard_count_;
  WalletHistory history_{};
  /// After a leg that does not follow, the rest of this wallet says nothing new.
  bool lost_ = false;
  std::uint64_t wallets_ = 0;
  Check replays_{"Every wallet replays without a gap to the balances that its legs state (I2)."};
  Check chained_{"Every wallet's hash chain is whole."};
  Check snapshots_agree_{"Every snapshot is what replay gives at its seq."};
  Check rows_agree_{"The table of wallets names every wallet as replay gives it."};
  Check conserved_{"What the wallets hold, less what is in transit, is what came from outside (I7)."};
};

/// Payments, and what names them as its payment.
class PaymentPass {
 public:
  explicit PaymentPass(Places& places) : places_(places) {}
  void run();
  void report(std::vector<LedgerCheck>& checks) const;

 private:
  void look_at_family(const TransactionId& payment, const std::vector<Record>& records);
  void look_at_sums(const TransactionId& payment, const std::vector<Record>& records);

  Places& places_;
  Check named_{"Every act on a payment and every refund belongs to a payment, which its event names too."};
  Check within_{"Every payment is captured within what was authorized, and refunded within what was captured."};
};

/// Steps of transfers by transaction, with the tables of sagas and of decisions beside them.
class SagaPass {
 public:
  explicit SagaPass(Places& places) : places_(places) {}
  void run();
  void report(std::vector<LedgerCheck>& checks) const;

 private:
  /// The journal's own account of one transfer.
  struct Story {
    int held = 0;
    /// A top-up that waits for its provider, and the provider's two words.
    int begun = 0;
    int confirmed = 0;
    int rejected = 0;
    int credited = 0;
    int refused = 0;
    int cancelling = 0;
    int approved = 0;
    /// It was to wait for an officer.
    bool is_to_be_reviewed = false;
    int captured = 0;
    int released = 0;
    /// What began it.
    std::optional<JournalRow> hold{};
    std::optional<JournalRow> decided{};
    /// What gave the money back, or said that none will come.
    std::optional<JournalRow> refused_by{};
    TransactionKind kind = TransactionKind::transfer;

    /// A provider's word decides, and stands in the last record itself.
    bool is_with_provider() const { return kind == TransactionKind::withdrawal || kind == TransactionKind::topup; }
  };

  void look_at_transfer(const TransactionId& id);
  Story take_story(const TransactionId& id);
  void look_at_saga(const TransactionId& id, const Story& story);
  void look_at_row(const Row& row, const Story& story, const std::string& where);
  void look_at_decision(const TransactionId& id, const Story& story);
  void look_at_provider(const TransactionId& id, const Story& story);

  Places& places_;
  std::optional<MergedCursor> steps_{};
  std::optional<MergedCursor> sagas_{};
  std::optional<MergedCursor> decisions_{};
  SagaState state_ = SagaState::none;
  Check sagas_agree_{"Every saga stands where its records say."};
  Check reviewed_{"What was to be reviewed is credited only after an approval (I9)."};
  Check decided_once_{"Every transfer by steps is decided at most once, and credited as decided (I3)."};
  Check proven_{"What is settled was credited, what is released was refused, what is credited has a hold (I4, I5)."};
};

}  // namespace dompet::verifying
