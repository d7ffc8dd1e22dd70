#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/engine.hpp"
#include "domain/history.hpp"
#include "tests/actor/payment_books.hpp"
#include "tests/actor/simulated_ledger.hpp"

namespace dompet::simulated {

/// A rule of the ledger does not hold. The sentence says which.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads the durable ledger from outside, row by row as it grows, and holds it against the invariants (protocol 5.1).
/// It keeps books of its own and uses none of the ledger's indexes. `check` costs what was added since the last call.
class LedgerChecker {
 public:
  explicit LedgerChecker(const SimulatedLedger& ledger) : ledger_(ledger) {}

  /// From now on what ended by a provider's word is held against what the provider did.
  void ask_provider(std::function<Decision(const TransactionId&)> decided) { decided_ = std::move(decided); }

  /// I1 to I5, I7 and I8 over everything that was committed since the last call. Throws Broken.
  void check();
  /// What holds once nothing is under way: every saga final, no holds, nothing in transit, totals as the journal's.
  void check_at_rest() const;

  /// I6: an answer to this transaction is backed by what is durable at this moment. Throws Broken.
  void check_answer(const TransactionId& id, const Result& result);
  /// The network doubled the request: "not applied" may be said of one copy, and the other one may be carried out.
  void expect_again(const TransactionId& id);
  /// A balance that was told is one that the wallet durably had at that place of its history, and not older than what
  /// was durable when it was asked for.
  void check_balance(const WalletHistory& told, std::uint64_t at_least_seq) const;

  /// Available and held of all wallets, over all currencies.
  Minor money_in_wallets() const;
  /// The wallet as the journal replays to it; nothing when there is no such wallet.
  const WalletHistory* wallet(const WalletId& id) const;
  std::uint64_t seq_of(const WalletId& id) const;
  /// The place of the wallet's history after the transaction's last leg on it; zero when it has none.
  std::uint64_t seq_after(const TransactionId& id, const WalletId& wallet) const;
  bool is_on_record(const TransactionId& id) const { return transactions_.contains(id); }
  const PaymentBooks& payments() const { return payments_; }
  /// How many of the transaction's records did what it is for: credited a wallet, paid out, changed a payment.
  int effects_of(const TransactionId& id) const;

 private:
  struct Book {
    WalletHistory now{};
    /// Balances and digest at each seq, from 1.
    std::vector<Leg> legs{};
  };
  struct Facts {
    TransactionKind kind = TransactionKind::transfer;
    int credits = 0;
    /// Acts on payments: authorized, incremented, voided.
    int acts = 0;
    int payouts = 0;
    bool is_act = false;
    bool in_one_record = false;
    bool declined = false;
    bool is_to_be_reviewed = false;
    int approvals = 0;
    std::vector<Decision> decisions{};
    std::uint64_t batch = 0;
    std::map<WalletId, std::uint64_t> last_legs{};
  };
  struct Money {
    Minor available = 0;
    Minor held = 0;
    Minor in_transit = 0;
    Minor came_in = 0;
    /// What conversions brought the house less what they cost it.
    Minor position = 0;
  };

  void take(const Record& record, std::size_t place);
  void take_stream(const Record& record, std::size_t place);
  void take_leg(const Record& record, const Leg& leg);
  void take_money(const Record& record);
  void take_exchange(const Record& record);
  void check_transaction(const TransactionId& id);
  void check_by_provider(const TransactionId& id, const Facts& facts) const;
  SagaState state_of(const TransactionId& id, const Facts& facts) const;
  Decision decision_of(const Facts& facts) const;

  const SimulatedLedger& ledger_;
  std::function<Decision(const TransactionId&)> decided_{};
  PaymentBooks payments_{};
  std::size_t seen_ = 0;
  std::size_t bumps_seen_ = 0;
  std::map<Shard, std::uint64_t> least_epoch_{};
  std::map<Shard, Record> last_of_shard_{};
  std::unordered_map<WalletId, Book> wallets_{};
  std::unordered_map<KeyId, TransactionId> keys_{};
  std::unordered_map<TransactionId, Facts> transactions_{};
  std::set<InvoiceId> paid_invoices_{};
  std::unordered_set<TransactionId> told_not_applied_{};
  std::unordered_set<TransactionId> doubled_{};
  std::map<std::uint16_t, Money> money_{};
};

}  // namespace dompet::simulated
