#include <algorithm>

#include "persistence/reader.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

std::string saga_table_columns() {
  return "s.id, s.state, s.source_shard, s.destination_shard, s.source, s.destination, s.currency, s.amount, "
         "s.attempts,"
         " s.last_error, " +
         milliseconds("s.created_at") + ", " + milliseconds("s.updated_at");
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
  return saga;
}

/// The saga of a transfer that is one record: it was begun and ended in one commit.
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
  saga.last_error = record.decline ? std::string{code(*record.decline)} : std::string{};
  saga.created_at_ms = record.at_ms;
  saga.updated_at_ms = record.at_ms;
  return saga;
}

/// Records of kinds 3 (whole) and 4 (declined; one without a peer is a top-up) in the order of the list.
std::string records_sql(const SagaFilter& filter, Parameters& parameters, const std::string& id,
                        const std::string& limit) {
  const std::string newest = " AND j.id < " + id + " ORDER BY j.id DESC" + limit;
  const bool whole = !filter.state || *filter.state == SagaState::settled;
  const bool declined = !filter.state || *filter.state == SagaState::declined;
  std::string kinds;
  if (whole && declined)
    kinds = "(j.kind = 3 OR j.kind = 4 AND j.peer IS NOT NULL)";
  else
    kinds = whole ? "j.kind = 3" : "j.kind = 4 AND j.peer IS NOT NULL";
  const std::string select = "SELECT " + journal_columns() + " FROM journal j WHERE ";
  if (!filter.wallet)
    return select + kinds + newest;
  const std::string wallet = parameters.add(filter.wallet->uuid).last();
  std::vector<std::string> branches;
  if (whole) {
    branches.push_back(select + "j.wallet = " + wallet + " AND j.kind = 3 AND j.kind <> 4" + newest);
    branches.push_back(select + "j.peer = " + wallet + " AND j.peer_seq IS NOT NULL" + newest);
  }
  if (declined)
    branches.push_back(select + "j.wallet = " + wallet + " AND j.kind = 4 AND j.peer IS NOT NULL" + newest);
  std::string sql;
  for (const std::string& branch : branches)
    sql += (sql.empty() ? "(" : " UNION ALL (") + branch + ")";
  return sql;
}

bool in_one_record(const SagaFilter& filter) {
  return !filter.state || *filter.state == SagaState::settled || *filter.state == SagaState::declined;
}

}  // namespace

std::vector<SagaListing> Reader::sagas(const SagaFilter& filter, const std::optional<TransactionId>& before,
                                       int limit) {
  Uuid below;
  below.bytes.fill(0xFF);
  if (before)
    below = before->uuid;
  const std::string bound = " LIMIT " + std::to_string(limit);
  Parameters parameters;
  const std::string id = parameters.add(below).last();
  std::string sql = "SELECT " + saga_table_columns() + " FROM saga s WHERE s.id < " + id;
  if (filter.state)
    sql += " AND s.state = " + parameters.add(static_cast<std::int64_t>(*filter.state)).last();
  if (filter.wallet) {
    const std::string wallet = parameters.add(filter.wallet->uuid).last();
    sql += " AND (s.source = " + wallet + " OR s.destination = " + wallet + ")";
  }
  std::vector<SagaListing> page;
  session_->ask(sql + " ORDER BY s.id DESC" + bound, parameters).each([&](const Row& row) {
    page.push_back(saga_of(row));
  });
  if (in_one_record(filter)) {
    const Shard shards = session_->shard_count();
    Parameters values;
    const std::string first = values.add(below).last();
    const std::string records = records_sql(filter, values, first, bound);
    session_->ask(records, values).each([&](const Row& row) { page.push_back(saga_of(record_of(row), shards)); });
  }
  std::ranges::sort(page, std::ranges::greater{}, &SagaListing::id);
  if (page.size() > static_cast<std::size_t>(limit))
    page.resize(static_cast<std::size_t>(limit));
  return page;
}

std::vector<SagaListing> Reader::open_sagas(Shard shard) {
  static const std::string sql =
      "SELECT " + saga_table_columns() + " FROM saga s WHERE s.source_shard = $1 AND s.state IN (1, 2) ORDER BY s.id";
  std::vector<SagaListing> open;
  session_->ask_prepared(sql, Parameters{}.add(shard)).each([&](const Row& row) { open.push_back(saga_of(row)); });
  return open;
}

}  // namespace dompet
