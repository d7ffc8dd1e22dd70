#include "domain/posting.hpp"

#include <algorithm>

#include "domain/ensure.hpp"

namespace dompet {

namespace {

struct WalletMove {
  Minor available = 0;
  Minor held = 0;
};

/// How one event moves its wallet's two balances.
WalletMove move_of(const Event& event) {
  if (const auto* credited = std::get_if<Credited>(&event))
    return {credited->amount, 0};
  if (const auto* out = std::get_if<TransferredOut>(&event))
    return {-out->amount, 0};
  if (const auto* placed = std::get_if<HoldPlaced>(&event))
    return {-placed->amount, placed->amount};
  if (const auto* captured = std::get_if<HoldCaptured>(&event))
    return {0, -captured->amount};
  if (const auto* released = std::get_if<HoldReleased>(&event))
    return {released->amount, -released->amount};
  if (const auto* voided = std::get_if<PaymentVoided>(&event))
    return {voided->amount, -voided->amount};
  if (const auto* increased = std::get_if<HoldIncreased>(&event))
    return {-increased->amount, increased->amount};
  if (const auto* settled = std::get_if<CaptureSettled>(&event))
    return {settled->released, -settled->amount - settled->released};
  if (const auto* captured_at_once = std::get_if<AuthorizationCaptured>(&event))
    return {captured_at_once->released, -captured_at_once->amount - captured_at_once->released};
  return {};
}

/// A converted transaction has one system account on each side: what came in from the source stays in `fx:` of its
/// currency, what the destination gets comes out of `fx:` of the other. Each stands against a leg of the same record,
/// so nothing is ever in transit.
void add_exchange(std::vector<Entry>& entries, const Record& record) {
  const Transaction& transaction = *record.transaction;
  const Money credit = credit_of(transaction);
  const auto account = [](const Currency& currency) { return "fx:" + std::string{currency.text()}; };
  if (record.kind != RecordKind::transfer_credited)
    entries.push_back({account(transaction.currency), transaction.amount, transaction.currency});
  if (record.kind != RecordKind::hold_captured)
    entries.push_back({account(credit.currency), -credit.amount, credit.currency});
}

/// The entries that stand against the wallets': what came from or went outside, is on its way between two shards, or
/// was converted. They are the transaction's amounts, not what the legs come to, so that legs that moved another amount
/// do not balance.
void add_other_side(std::vector<Entry>& entries, const Record& record) {
  const bool topup = record.kind == RecordKind::topup;
  const bool credit = record.kind == RecordKind::transfer_credited;
  const bool captured = record.kind == RecordKind::hold_captured;
  const bool converts = record.transaction && record.transaction->fx;
  if (converts && (credit || captured || record.kind == RecordKind::transfer))
    return add_exchange(entries, record);
  if (!topup && !credit && !captured)
    return;
  ensure(record.transaction != nullptr, "money moves only by a transaction");
  const Transaction& transaction = *record.transaction;
  const std::string currency{transaction.currency.text()};
  const bool goes_outside = transaction.kind == TransactionKind::withdrawal;
  if (topup || goes_outside)
    entries.push_back({"external:" + transaction.method + ':' + currency,
                       topup ? -transaction.amount : transaction.amount, transaction.currency});
  else
    entries.push_back({"transit:" + currency, credit ? -transaction.amount : transaction.amount, transaction.currency});
}

void add_gain(std::vector<Entry>& entries, const Currency& currency, Minor gain) {
  if (gain != 0)
    entries.push_back({"wallets:" + std::string{currency.text()}, gain, currency});
}

/// In one currency the legs are summed up first: what one wallet gave another is no gain.
void add_gain_of_wallets(std::vector<Entry>& entries, const Record& record) {
  Minor gain = 0;
  for (const Leg& leg : record.all_legs()) {
    const Minor of_leg = gain_of(leg.event);
    ensure(of_leg == 0 || record.transaction != nullptr, "money moves only by a transaction");
    if (of_leg != 0 && record.transaction->fx)
      add_gain(entries, currency_at(*record.transaction, leg.wallet), of_leg);
    else
      gain += of_leg;
  }
  if (gain != 0)
    add_gain(entries, record.transaction->currency, gain);
}

}  // namespace

Minor gain_of(const Event& event) {
  const WalletMove move = move_of(event);
  return move.available + move.held;
}

std::vector<Entry> postings(const Record& record) {
  std::vector<Entry> entries;
  for (const Leg& leg : record.all_legs()) {
    const WalletMove move = move_of(leg.event);
    const Currency currency = record.transaction ? currency_at(*record.transaction, leg.wallet) : Currency{};
    if (move.available != 0)
      entries.push_back({"wallet:" + to_string(leg.wallet), move.available, currency});
    if (move.held != 0)
      entries.push_back({"held:" + to_string(leg.wallet), move.held, currency});
  }
  add_other_side(entries, record);
  return entries;
}

std::vector<Entry> system_entries(const Record& record) {
  std::vector<Entry> entries;
  add_other_side(entries, record);
  add_gain_of_wallets(entries, record);
  return entries;
}

bool is_balanced(const std::vector<Entry>& entries) {
  std::vector<Money> sums;
  for (const Entry& entry : entries) {
    auto sum = std::ranges::find(sums, entry.currency, &Money::currency);
    if (sum == sums.end())
      sum = sums.insert(sums.end(), {entry.currency, 0});
    const auto next = checked_add(sum->amount, entry.amount);
    if (!next)
      return false;
    sum->amount = *next;
  }
  return std::ranges::all_of(sums, [](const Money& sum) { return sum.amount == 0; });
}

}  // namespace dompet
