#include "domain/movement.hpp"

#include "domain/ensure.hpp"
#include "domain/posting.hpp"

namespace dompet {

namespace {

constexpr WalletId whole_ledger{};

/// A refund goes the other way: the merchant pays, the card is paid.
Uuid party_of(const Transaction& transaction, Direction direction) {
  const TransactionKind kind = counted_kind(transaction.kind);
  if (kind == TransactionKind::payment)
    return direction == Direction::out ? transaction.card.uuid : transaction.merchant.uuid;
  if (kind == TransactionKind::refund)
    return direction == Direction::out ? transaction.merchant.uuid : transaction.card.uuid;
  return {};
}

class Counting {
 public:
  Counting(const Transaction& transaction, MovementOutcome outcome, Movements& movements)
      : transaction_(transaction), outcome_(outcome), movements_(movements) {}

  /// In the wallet's own currency.
  void of_wallet(const WalletId& wallet, Direction direction, Minor amount) {
    add(wallet, direction, {currency_at(transaction_, wallet), amount}, party_of(transaction_, direction));
  }
  void of_ledger(Minor amount) {
    const bool comes_in = transaction_.source == WalletId{};
    const bool goes_out = transaction_.destination == WalletId{} || transaction_.fx;
    add(whole_ledger,
        comes_in   ? Direction::in
        : goes_out ? Direction::out
                   : Direction::within,
        {transaction_.currency, amount}, {});
  }
  void of_other_currency(Minor amount) { add(whole_ledger, Direction::in, {transaction_.fx->currency, amount}, {}); }

 private:
  void add(const WalletId& wallet, Direction direction, const Money& money, const Uuid& party) {
    movements_.add({wallet, counted_kind(transaction_.kind), direction, outcome_, transaction_.method, party,
                    money.currency, money.amount});
  }

  const Transaction& transaction_;
  MovementOutcome outcome_;
  Movements& movements_;
};

/// Each transaction has one leg that pays, or comes from outside: with that one the ledger counts it, once.
void count_completed(const Record& record, Movements& movements) {
  for (const Leg& leg : record.all_legs()) {
    const Minor gain = gain_of(leg.event);
    if (gain == 0)
      continue;
    ensure(record.transaction != nullptr, "money moves only by a transaction");
    Counting counting(*record.transaction, MovementOutcome::completed, movements);
    counting.of_wallet(leg.wallet, gain > 0 ? Direction::in : Direction::out, gain > 0 ? gain : -gain);
    if (gain < 0 || record.transaction->source == WalletId{})
      counting.of_ledger(gain > 0 ? gain : -gain);
    else if (record.transaction->fx)
      counting.of_other_currency(gain);
  }
}

bool is_failure(const Record& record) {
  const bool is_over = record.kind == RecordKind::declined || record.kind == RecordKind::hold_released ||
                       record.kind == RecordKind::topup_refused;
  const bool is_strangers = record.kind == RecordKind::declined && record.decline == Decline::wallet_not_found;
  return is_over && record.transaction && !is_act_on_payment(record.transaction->kind) && !is_strangers;
}

/// The wallet that was to pay failed, or the one that a top-up was for. A merchant sees payments to him fail too; whom
/// a failed transfer was meant for never hears of it.
void count_failed(const Record& record, Movements& movements) {
  const Transaction& transaction = *record.transaction;
  if (transaction.amount <= 0)
    return;
  Counting counting(transaction, MovementOutcome::failed, movements);
  const bool has_payer = transaction.source != WalletId{};
  counting.of_wallet(has_payer ? transaction.source : transaction.destination,
                     has_payer ? Direction::out : Direction::in, transaction.amount);
  if (transaction.kind == TransactionKind::payment && transaction.destination != WalletId{})
    counting.of_wallet(transaction.destination, Direction::in, credit_of(transaction).amount);
  counting.of_ledger(transaction.amount);
}

}  // namespace

Movements movements_of(const Record& record) {
  Movements movements;
  if (is_failure(record))
    count_failed(record, movements);
  else
    count_completed(record, movements);
  return movements;
}

std::string_view name_of(Direction direction) {
  switch (direction) {
    case Direction::in: return "in";
    case Direction::out: return "out";
    case Direction::within: return "within";
  }
  return "";
}

std::string_view name_of(MovementOutcome outcome) {
  return outcome == MovementOutcome::completed ? "completed" : "failed";
}

}  // namespace dompet
