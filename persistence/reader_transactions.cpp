#include <algorithm>
#include <tuple>

#include "persistence/reader.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

/// Kinds whose record begins a transaction: the one that lists show.
bool begins(RecordKind kind) {
  return kind == RecordKind::topup || kind == RecordKind::transfer || kind == RecordKind::declined ||
         kind == RecordKind::hold_placed;
}

/// Records of one transaction, batches being equally old, follow in this order.
int rank(RecordKind kind) {
  switch (kind) {
    case RecordKind::transfer_cancelling: return 1;
    case RecordKind::transfer_credited:
    case RecordKind::transfer_refused: return 2;
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
  for (int index = 0; index < rows.size(); ++index)
    if (begins(static_cast<RecordKind>(rows[index].number(1)))) {
      StoredTransaction stored = stored_transaction(rows[index]);
      find_refusal(stored);
      return stored;
    }
  return std::nullopt;
}

/// Where the destination's register is in another database, the record of the release says why.
void Reader::find_refusal(StoredTransaction& stored) {
  if (stored.state != SagaState::released || stored.refusal)
    return;
  for (const Record& record : timeline(stored.record.id))
    if (record.kind == RecordKind::hold_released)
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

StoredDecision Reader::decision(const TransactionId& id) {
  // A transfer in one record was credited by being written; its `peer` is the destination.
  static const std::string sql =
      "SELECT outcome, reason, wallet, amount, currency FROM decision WHERE id = $1"
      " UNION ALL SELECT 1, 0, peer, amount, currency FROM journal WHERE id = $1 AND kind = 3";
  const Rows rows = session_->ask_prepared(sql, Parameters{}.add(id.uuid));
  if (rows.empty())
    return {};
  return {static_cast<Decision>(rows[0].number(0)),
          static_cast<std::uint8_t>(rows[0].number(1)),
          {rows[0].uuid(2)},
          rows[0].number(3),
          currency_of(rows[0].number(4))};
}

}  // namespace dompet
