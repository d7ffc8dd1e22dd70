#include "domain/posting.hpp"

#include <optional>
#include <utility>

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

/// The entry that stands against the wallets': what came from or went outside, or is on its way between two shards. It
/// is the transaction's amount, not what the legs come to, so that legs that moved another amount do not balance.
std::optional<Entry> other_side(const Record& record) {
  const bool topup = record.kind == RecordKind::topup;
  const bool credit = record.kind == RecordKind::transfer_credited;
  if (!topup && !credit && record.kind != RecordKind::hold_captured)
    return std::nullopt;
  ensure(record.transaction != nullptr, "money moves only by a transaction");
  const Transaction& transaction = *record.transaction;
  const std::string currency{transaction.currency.text()};
  if (topup)
    return Entry{"external:" + transaction.method + ':' + currency, -transaction.amount};
  if (transaction.kind == TransactionKind::withdrawal)
    return Entry{"external:" + transaction.method + ':' + currency, transaction.amount};
  return Entry{"transit:" + currency, credit ? -transaction.amount : transaction.amount};
}

Minor gain_of_wallets(const Record& record) {
  Minor gain = 0;
  for (const Leg& leg : record.all_legs())
    gain += gain_of(leg.event);
  return gain;
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
    if (move.available != 0)
      entries.push_back({"wallet:" + to_string(leg.wallet), move.available});
    if (move.held != 0)
      entries.push_back({"held:" + to_string(leg.wallet), move.held});
  }
  if (auto other = other_side(record))
    entries.push_back(std::move(*other));
  return entries;
}

std::vector<Entry> system_entries(const Record& record) {
  std::vector<Entry> entries;
  if (auto other = other_side(record))
    entries.push_back(std::move(*other));
  if (const Minor gain = gain_of_wallets(record); gain != 0) {
    ensure(record.transaction != nullptr, "money moves only by a transaction");
    entries.push_back({"wallets:" + std::string{record.transaction->currency.text()}, gain});
  }
  return entries;
}

bool is_balanced(const std::vector<Entry>& entries) {
  Minor sum = 0;
  for (const Entry& entry : entries) {
    const auto next = checked_add(sum, entry.amount);
    if (!next)
      return false;
    sum = *next;
  }
  return sum == 0;
}

}  // namespace dompet
