#include <algorithm>
#include <tuple>

#include "persistence/reader.hpp"
#include "persistence/reader_payments.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

/// Whether a record of this kind begins a transaction, and which of two does: a top-up that a provider confirmed has
/// both. Zero when it does not.
int precedence_of_beginning(RecordKind kind) {
  switch (kind) {
    case RecordKind::topup: return 1;
    case RecordKind::transfer:
    case RecordKind::declined:
    case RecordKind::hold_placed:
    case RecordKind::payment_authorized:
    case RecordKind::payment_incremented:
    case RecordKind::payment_voided:
    case RecordKind::topup_begun: return 2;
    default: return 0;
  }
}

/// Records of one transaction, batches being equally old, follow in this order.
int rank(RecordKind kind) {
  switch (kind) {
    case RecordKind::review_approved:
    case RecordKind::transfer_cancelling: return 1;
    case RecordKind::transfer_credited:
    case RecordKind::transfer_refused: return 2;
    case RecordKind::topup:
    case RecordKind::topup_refused:
    case RecordKind::hold_captured:
    case RecordKind::hold_released: return 3;
    default: return 0;
  }
}

}  // namespace

std::optional<Record> Reader::record_of_key(const KeyId& key) {
  static const std::string sql = "SELECT " + journal_columns() + " FROM journal j WHERE key = $1";
  const Rows rows = session_->ask_prepared(sql, Parameters{}.add(key.uuid));
  if (rows.empty())
    return std::nullopt;
  return record_of(rows[0]);
}

std::optional<StoredTransaction> Reader::transaction(const TransactionId& id) {
  static const std::string sql =
      "SELECT " + transaction_columns() + " FROM journal j" + transaction_joins + " WHERE j.id = $1";
  const Rows rows = session_->ask_prepared(sql, Parameters{}.add(id.uuid));
  std::optional<int> beginning;
  const auto precedence = [&rows](int index) {
    return precedence_of_beginning(static_cast<RecordKind>(rows[index].number(1)));
  };
  for (int index = 0; index < rows.size(); ++index)
    if (precedence(index) > (beginning ? precedence(*beginning) : 0))
      beginning = index;
  if (!beginning)
    return std::nullopt;
  StoredTransaction stored = stored_transaction(rows[*beginning]);
  find_refusal(stored);
  if (stored.record.kind != RecordKind::declined && stored.record.transaction->kind == TransactionKind::payment)
    fill_payment(stored, records_of_payments(*session_, {id})[id]);
  return stored;
}

std::optional<StoredTransaction> Reader::shown_transaction(const TransactionId& id) {
  const auto stored = transaction(id);
  if (!stored || !is_act_on_payment(stored->record.transaction->kind))
    return stored;
  return transaction(stored->record.transaction->parent);
}

/// Where the destination's register is in another database, the record of the release says why.
void Reader::find_refusal(StoredTransaction& stored) {
  if (stored.state != SagaState::released || stored.refusal)
    return;
  for (const Record& record : timeline(stored.record.id))
    if (record.kind == RecordKind::hold_released || record.kind == RecordKind::topup_refused)
      stored.refusal = record.decline;
}

std::vector<Record> Reader::timeline(const TransactionId& id) {
  static const std::string sql = "SELECT " + journal_columns() + " FROM journal j WHERE j.id = $1";
  std::vector<Record> records;
  session_->ask_prepared(sql, Parameters{}.add(id.uuid)).each([&](const Row& row) {
    records.push_back(record_of(row));
  });
  std::ranges::sort(records, {}, [](const Record& record) {
    return std::tuple{record.at_ms, rank(record.kind), record.shard, record.shard_seq};
  });
  return records;
}

std::optional<Decline> Reader::wish_to_cancel(const TransactionId& id) {
  for (const Record& record : timeline(id))
    if (record.kind == RecordKind::transfer_cancelling)
      return record.decline;
  return std::nullopt;
}

StoredDecision Reader::decision(const TransactionId& id) {
  // A transfer in one record was credited by being written; its `peer` is the destination.
  static const std::string sql =
      "SELECT outcome, reason, wallet, amount, currency, false FROM decision WHERE id = $1"
      " UNION ALL SELECT 1, 0, peer, amount, currency, true FROM journal WHERE id = $1 AND kind = 3";
  const Rows rows = session_->ask_prepared(sql, Parameters{}.add(id.uuid));
  if (rows.empty())
    return {};
  StoredDecision decision{static_cast<Decision>(rows[0].number(0)),
                          static_cast<std::uint8_t>(rows[0].number(1)),
                          {rows[0].uuid(2)},
                          rows[0].number(3),
                          currency_of(rows[0].number(4))};
  // The journal's columns are the source's side.
  if (rows[0].is_true(5))
    if (const auto stored = transaction(id); stored && stored->record.transaction) {
      const Money credit = credit_of(*stored->record.transaction);
      decision.amount = credit.amount;
      decision.currency = credit.currency;
    }
  return decision;
}

}  // namespace dompet
