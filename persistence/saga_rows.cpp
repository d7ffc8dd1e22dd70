#include "persistence/saga_rows.hpp"

namespace dompet {

std::string saga_table_columns() {
  return "s.id, s.state, s.source_shard, s.destination_shard, s.source, s.destination, s.currency, s.amount, "
         "s.attempts, s.last_error, " +
         milliseconds("s.created_at") + ", " + milliseconds("s.updated_at") + ", s.kind";
}

SagaListing saga_of(const Row& row) {
  SagaListing saga;
  saga.id = {row.uuid(0)};
  saga.state = static_cast<SagaState>(row.number(1));
  saga.source_shard = static_cast<Shard>(row.number(2));
  saga.destination_shard = static_cast<Shard>(row.number(3));
  saga.source = {row.uuid(4)};
  saga.destination = {row.uuid(5)};
  saga.currency = currency_of(row.number(6));
  saga.amount = row.number(7);
  saga.attempts = static_cast<int>(row.number(8));
  saga.last_error = row.text(9);
  saga.created_at_ms = row.number(10);
  saga.updated_at_ms = row.number(11);
  saga.kind = static_cast<TransactionKind>(row.number(12));
  return saga;
}

SagaListing saga_of(const Record& record, Shard shard_count) {
  const Transaction& transaction = *record.transaction;
  SagaListing saga;
  saga.id = record.id;
  saga.state = record.kind == RecordKind::transfer ? SagaState::settled : SagaState::declined;
  saga.compact = true;
  saga.source_shard = record.shard;
  saga.destination_shard = shard_of(transaction.destination, shard_count);
  saga.source = transaction.source;
  saga.destination = transaction.destination;
  saga.currency = transaction.currency;
  saga.amount = transaction.amount;
  saga.kind = transaction.kind;
  saga.last_error = record.decline ? std::string{code(*record.decline)} : std::string{};
  saga.created_at_ms = record.at_ms;
  saga.updated_at_ms = record.at_ms;
  return saga;
}

std::string beside_columns(const std::string& id) {
  return "mark.label, mark.assignee, mark.pinned, mark.paused_by, " + milliseconds("mark.paused_at") +
         ", mark.paused_epoch, (SELECT count(*) FROM saga_note n WHERE n.saga = " + id +
         "), progress.attempts, progress.last_error, progress.last_node, " + milliseconds("progress.error_since");
}

std::string beside_joins(const std::string& id) {
  return " LEFT JOIN saga_mark mark ON mark.saga = " + id +
         " LEFT JOIN saga_progress progress ON progress.saga = " + id;
}

void read_beside(const Row& row, int first, SagaRow& into) {
  if (!row.is_null(first)) {
    into.label = row.text(first);
    into.assignee = row.text(first + 1);
    into.pinned = row.is_true(first + 2);
    if (!row.is_null(first + 4))
      into.pause = SagaPause{std::string{row.text(first + 3)}, row.number(first + 4),
                             static_cast<std::uint64_t>(row.number(first + 5))};
  }
  into.note_count = static_cast<int>(row.number(first + 6));
  if (!row.is_null(first + 7)) {
    into.saga.attempts = static_cast<int>(row.number(first + 7));
    into.saga.last_error = row.text(first + 8);
    into.last_node = row.text(first + 9);
    into.error_since_ms = row.number(first + 10);
  }
}

SagaRow saga_row(const Row& row) {
  SagaRow result{.saga = saga_of(row)};
  read_beside(row, saga_width, result);
  return result;
}

SagaRow compact_row(const Row& row, Shard shard_count) {
  SagaRow result{.saga = saga_of(record_of(row), shard_count)};
  read_beside(row, journal_width, result);
  return result;
}

}  // namespace dompet
