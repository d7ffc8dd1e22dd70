#include "domain/posting.hpp"

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
  return {};
}

/// The account that stands against the wallets: what came from outside, or is on its way between two shards.
std::string other_side(const Record& record) {
  const Transaction& transaction = *record.transaction;
  const std::string currency{transaction.currency.text()};
  return record.kind == RecordKind::topup ? "external:" + transaction.method + ":" + currency : "transit:" + currency;
}

Minor gain_of_wallets(const Record& record) {
  Minor gain = 0;
  for (const Leg& leg : record.all_legs()) {
    const WalletMove move = move_of(leg.event);
    gain += move.available + move.held;
  }
  return gain;
}

}  // namespace

std::vector<Entry> postings(const Record& record) {
  std::vector<Entry> entries;
  for (const Leg& leg : record.all_legs()) {
    const WalletMove move = move_of(leg.event);
    if (move.available != 0)
      entries.push_back({"wallet:" + to_string(leg.wallet), move.available});
    if (move.held != 0)
      entries.push_back({"held:" + to_string(leg.wallet), move.held});
  }
  if (const Minor gain = gain_of_wallets(record); gain != 0)
    entries.push_back({other_side(record), -gain});
  return entries;
}

std::vector<Entry> system_entries(const Record& record) {
  const Minor gain = gain_of_wallets(record);
  if (gain == 0)
    return {};
  ensure(record.transaction != nullptr, "money moves only by a transaction");
  return {{other_side(record), -gain}, {"wallets:" + std::string{record.transaction->currency.text()}, gain}};
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
