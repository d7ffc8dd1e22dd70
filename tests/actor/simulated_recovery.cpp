// The reading half of the simulated ledger: what recovery finds after a restart.

#include <algorithm>

#include "tests/actor/simulated_ledger.hpp"

namespace dompet::simulated {

namespace {

/// What a provider confirmed is the end of its top-up: the key is with what began it.
bool begins(const Record& record) {
  const RecordKind kind = record.kind;
  if (kind == RecordKind::topup && !record.stamp)
    return false;
  return kind == RecordKind::topup || kind == RecordKind::transfer || kind == RecordKind::declined ||
         kind == RecordKind::hold_placed || kind == RecordKind::payment_authorized ||
         kind == RecordKind::payment_incremented || kind == RecordKind::payment_voided ||
         kind == RecordKind::topup_begun;
}

const Leg* leg_on(const Record& record, const WalletId& wallet, std::uint64_t seq) {
  for (const Leg& leg : record.all_legs())
    if (leg.wallet == wallet && leg.seq == seq)
      return &leg;
  return nullptr;
}

}  // namespace

std::optional<SagaState> SimulatedLedger::saga(const TransactionId& id) const {
  const auto found = sagas_.find(id);
  return found == sagas_.end() ? std::nullopt : std::optional{found->second.state};
}

std::vector<Decision> SimulatedLedger::decisions(const TransactionId& id) const {
  std::vector<Decision> words;
  if (const auto found = decisions_.find(id); found != decisions_.end())
    for (const DecisionRow& row : found->second)
      words.push_back(row.outcome);
  return words;
}

std::size_t SimulatedLedger::open_sagas() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(sagas_, [](const auto& entry) { return !is_final(entry.second.state); }));
}

std::size_t SimulatedLedger::snapshots_of(const WalletId& wallet) const {
  const auto found = snapshots_.find(wallet);
  return found == snapshots_.end() ? 0 : found->second.size();
}

std::string SimulatedLedger::status_of(const WalletId& wallet) const {
  const auto found = wallets_.find(wallet);
  return found == wallets_.end() ? std::string{} : std::string{found->second.status};
}

void SimulatedLedger::corrupt(const WalletId& wallet) {
  Legs legs = as_wallet_[wallet];
  legs.insert(as_peer_[wallet].begin(), as_peer_[wallet].end());
  journal_[legs.rbegin()->second].payload.back() ^= 1;
}

void SimulatedLedger::corrupt_snapshots(const WalletId& wallet) {
  for (auto& [seq, state] : snapshots_[wallet])
    state.back() ^= 1;
}

std::optional<WalletHistory> SimulatedLedger::newest_snapshot(const WalletId& wallet) const {
  const auto kept = snapshots_.find(wallet);
  if (kept == snapshots_.end())
    return std::nullopt;
  for (auto snapshot = kept->second.rbegin(); snapshot != kept->second.rend(); ++snapshot)
    try {
      return decode_snapshot(snapshot->second);
    } catch (const Unreadable&) {
      continue;  // the one before it, then
    }
  return std::nullopt;
}

std::optional<WalletHistory> SimulatedLedger::load_wallet(const WalletId& wallet) {
  Legs legs = as_wallet_[wallet];
  legs.insert(as_peer_[wallet].begin(), as_peer_[wallet].end());
  if (legs.empty())
    return std::nullopt;
  WalletHistory history;
  history.wallet.id = wallet;
  if (auto snapshot = newest_snapshot(wallet))
    history = std::move(*snapshot);
  for (auto place = legs.upper_bound(history.seq); place != legs.end(); ++place) {
    const Record record = decode(journal_[place->second]);
    const Leg* leg = leg_on(record, wallet, place->first);
    if (leg == nullptr || leg->digest != link(history.digest, record, *leg) || !replay(history, *leg))
      throw Unreadable("wallet " + to_string(wallet) + " does not replay at seq " + std::to_string(place->first));
  }
  return history;
}

std::optional<Record> SimulatedLedger::record_of_key(const KeyId& key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? std::nullopt : std::optional{decode(journal_[found->second])};
}

/// Why its last record gave it back.
std::optional<Decline> SimulatedLedger::refusal_of(const TransactionId& id) const {
  const auto [begin, end] = by_id_.equal_range(id);
  for (auto place = begin; place != end; ++place) {
    const Record record = decode(journal_[place->second]);
    if (record.kind == RecordKind::hold_released || record.kind == RecordKind::topup_refused)
      return record.decline;
  }
  return std::nullopt;
}

std::optional<StoredTransaction> SimulatedLedger::transaction(const TransactionId& id) {
  const auto [begin, end] = by_id_.equal_range(id);
  for (auto place = begin; place != end; ++place) {
    StoredTransaction stored{.record = decode(journal_[place->second])};
    if (!begins(stored.record))
      continue;
    stored.completed_at_ms = stored.record.at_ms;
    if (stored.record.kind == RecordKind::declined)
      stored.state = SagaState::declined;
    if (stored.record.kind != RecordKind::hold_placed && stored.record.kind != RecordKind::topup_begun)
      return stored;
    const Saga& saga = sagas_.at(id);
    stored.state = saga.state;
    stored.completed_at_ms = is_final(saga.state) ? saga.row.updated_at_ms : 0;
    if (saga.state == SagaState::released)
      stored.refusal = refusal_of(id);
    return stored;
  }
  return std::nullopt;
}

StoredDecision SimulatedLedger::decision(const TransactionId& id) {
  if (const auto found = decisions_.find(id); found != decisions_.end()) {
    const DecisionRow& row = found->second.front();
    if (flaw_ == Flaw::hides_refusals && row.outcome == Decision::refused)
      return {};
    return {row.outcome, row.reason, row.wallet, row.amount, row.currency};
  }
  const auto stored = transaction(id);
  if (!stored || stored->record.kind != RecordKind::transfer)
    return {};
  const Transaction& request = *stored->record.transaction;
  const Money credit = credit_of(request);
  return {Decision::credited, 0, request.destination, credit.amount, credit.currency};
}

std::optional<Decline> SimulatedLedger::wish_to_cancel(const TransactionId& id) {
  const auto [begin, end] = by_id_.equal_range(id);
  for (auto place = begin; place != end; ++place)
    if (const Record record = decode(journal_[place->second]); record.kind == RecordKind::transfer_cancelling)
      return record.decline;
  return std::nullopt;
}

RecentMovements SimulatedLedger::movements_since(const WalletId& wallet, std::int64_t since_ms, int limit) {
  RecentMovements recent;
  const Legs& legs = as_wallet_[wallet];
  for (auto place = legs.rbegin(); place != legs.rend() && std::ssize(recent.movements) < limit; ++place) {
    const Record record = decode(journal_[place->second]);
    const bool takes = record.kind == RecordKind::transfer || record.kind == RecordKind::hold_placed ||
                       record.kind == RecordKind::payment_authorized || record.kind == RecordKind::payment_incremented;
    if (takes && record.at_ms >= since_ms && is_counted_by_velocity(record.transaction->kind))
      recent.movements.push_back(
          {record.id, record.transaction->kind, record.transaction->currency, record.transaction->amount});
  }
  recent.is_cut = std::ssize(recent.movements) == limit;
  return recent;
}

std::optional<UserId> SimulatedLedger::owner_of(const WalletId& wallet) {
  const auto found = wallets_.find(wallet);
  return found == wallets_.end() ? std::nullopt : std::optional{found->second.owner};
}

std::vector<SagaListing> SimulatedLedger::open_sagas(Shard shard) {
  std::vector<SagaListing> open;
  for (const auto& [id, saga] : sagas_)
    if (!is_final(saga.state) && saga.row.source_shard == shard)
      open.push_back(saga.row);
  return open;
}

std::vector<Record> SimulatedLedger::records_of_payment(const TransactionId& payment) const {
  std::vector<Record> records;
  for (const JournalRow& row : journal_)
    if (row.id == payment.uuid || row.parent == payment.uuid)
      records.push_back(decode(row));
  return records;
}

Refundable SimulatedLedger::refundable(const TransactionId& payment, const WalletId& merchant_wallet) {
  return refundable_of(merchant_wallet, records_of_payment(payment));
}

std::vector<ExpiredPayment> SimulatedLedger::authorizations_before(Shard shard, std::int64_t begun_before_ms,
                                                                   const TransactionId& after, int limit) {
  std::map<TransactionId, ExpiredPayment> found;
  for (const JournalRow& row : journal_) {
    if (row.shard != shard || row.kind != static_cast<std::int16_t>(RecordKind::payment_authorized))
      continue;
    const Record begun = decode(row);
    if (begun.id > after && unix_ms_of(begun.id.uuid) < begun_before_ms &&
        totals_of(records_of_payment(begun.id)).remaining > 0)
      found[begun.id] = {begun.id, begun.transaction->source, begun.transaction->expires_at_ms,
                         begun.transaction->currency};
  }
  std::vector<ExpiredPayment> first;
  for (const auto& [id, payment] : found)
    if (std::ssize(first) < limit)
      first.push_back(payment);
  return first;
}

void SimulatedLedger::keys_of(Shard shard, const std::function<void(const KeyId&)>& take) {
  for (const JournalRow& row : journal_)
    if (row.shard == shard && row.key)
      take({*row.key});
}

}  // namespace dompet::simulated
