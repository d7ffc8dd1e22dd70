#include "persistence/reader_rows.hpp"

#include <algorithm>

namespace dompet {

Shard Reader::Session::shard_count() {
  if (shard_count_ == 0) {
    const Rows rows = ask_prepared("SELECT shard_count FROM ledger");
    if (rows.empty())
      throw Unavailable("the database holds no ledger; migrate it first");
    shard_count_ = static_cast<Shard>(rows[0].number(0));
  }
  return shard_count_;
}

std::string Reader::Session::only_here(const std::string& column) const {
  return one_of_several_ ? " AND " + column + " IN " + shards_here_sql : std::string{};
}

std::string milliseconds(const std::string& expression) {
  return "round(date_part('epoch', " + expression + ") * 1000)::bigint";
}

std::string journal_columns(const std::string& table) {
  std::string list;
  for (const char* name : {"shard", "kind", "currency", "shard_seq", "epoch", "batch", "amount", "wallet_seq",
                           "peer_seq", "id", "key", "wallet", "peer", "payload"})
    list += table + "." + name + ", ";
  return list + milliseconds(table + ".at") + ", " + table + ".parent, " + table + ".risk";
}

Uuid first_uuid_of(std::int64_t unix_ms) {
  Uuid uuid = make_uuid_v7(unix_ms, {});
  std::fill(uuid.bytes.begin() + 6, uuid.bytes.end(), std::uint8_t{0});
  return uuid;
}

JournalRow journal_row(const Row& row, int first) {
  JournalRow journal;
  int column = first;
  journal.shard = static_cast<Shard>(row.number(column++));
  journal.kind = static_cast<std::int16_t>(row.number(column++));
  journal.currency = static_cast<std::int16_t>(row.number(column++));
  journal.shard_seq = row.number(column++);
  journal.epoch = row.number(column++);
  journal.batch = row.number(column++);
  journal.amount = row.number(column++);
  journal.wallet_seq = row.number_if_any(column++);
  journal.peer_seq = row.number_if_any(column++);
  journal.id = row.uuid(column++);
  journal.key = row.uuid_if_any(column++);
  journal.wallet = row.uuid_if_any(column++);
  journal.peer = row.uuid_if_any(column++);
  journal.payload = row.bytes(column++);
  journal.at_ms = row.number(column++);
  journal.parent = row.uuid_if_any(column++);
  if (const auto risk = row.number_if_any(column++))
    journal.risk = static_cast<std::int16_t>(*risk);
  return journal;
}

Record record_of(const Row& row, int first) { return decode(journal_row(row, first)); }

std::string transaction_columns() {
  return journal_columns() + ", s.state, " + milliseconds("s.updated_at") + ", d.reason";
}

bool has_saga(const Row& row) { return !row.is_null(journal_width); }

StoredTransaction stored_transaction(const Row& row) {
  StoredTransaction stored{.record = record_of(row)};
  stored.completed_at_ms = stored.record.at_ms;
  if (stored.record.kind == RecordKind::declined)
    stored.state = SagaState::declined;
  if (stored.record.kind != RecordKind::hold_placed && stored.record.kind != RecordKind::topup_begun)
    return stored;
  if (!has_saga(row))
    throw Unreadable("transaction " + to_string(stored.record.id) + " was begun but has no saga");
  stored.state = static_cast<SagaState>(row.number(journal_width));
  stored.completed_at_ms = is_final(stored.state) ? row.number(journal_width + 1) : 0;
  // Of what an officer could look at the register only knows that it was cancelled: the record of the release says why.
  if (stored.state == SagaState::released && !awaits_review(stored.record.risk))
    if (const auto reason = row.number_if_any(journal_width + 2))
      stored.refusal = decline_of(static_cast<std::uint8_t>(*reason));
  return stored;
}

Currency currency_of(std::int64_t numeric) {
  const auto currency = find_currency(static_cast<std::uint16_t>(numeric));
  if (!currency)
    throw Unreadable("a row is in the unknown currency " + std::to_string(numeric));
  return *currency;
}

const Leg* leg_of(const Record& record, const WalletId& wallet) {
  for (const Leg& leg : record.all_legs())
    if (leg.wallet == wallet)
      return &leg;
  return nullptr;
}

}  // namespace dompet
