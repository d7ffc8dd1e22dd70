#include "persistence/database_number.hpp"

#include "persistence/session.hpp"

namespace dompet {

namespace {

struct LedgerRow {
  std::int64_t number = 0;
  std::int64_t shard_count = 0;
};

LedgerRow ledger_in(SqlSession& session) {
  const Rows rows = session.ask("SELECT database_id, shard_count FROM ledger");
  if (rows.empty())
    throw WrongDatabase("The database has no ledger; migrate it first.");
  return {rows[0].number(0), rows[0].number(1)};
}

/// Only while no node was ever registered and nothing was written: shards of number 0 live in a database that is used.
bool take_number(SqlSession& session, int number) {
  const Rows changed =
      session.ask("UPDATE ledger SET database_id = $1 WHERE database_id = 0 AND NOT EXISTS (SELECT FROM node)"
                  " AND NOT EXISTS (SELECT FROM journal) RETURNING 1",
                  Parameters{}.add(number));
  return !changed.empty();
}

}  // namespace

void number_database(const std::string& url, int number, Shard shard_count) {
  SqlSession session({.database = url,
                      .application_name = "dompet/number",
                      .connect_timeout_s = 5,
                      .statement_timeout_ms = 10'000,
                      .read_only = false});
  const LedgerRow before = ledger_in(session);
  if (before.shard_count != shard_count)
    throw WrongDatabase("The database that is configured as number " + std::to_string(number) + " was made for " +
                        std::to_string(before.shard_count) + " shards, the ledger has " + std::to_string(shard_count) +
                        ".");
  if (before.number == number || (before.number == 0 && take_number(session, number)))
    return;
  // Another node may have numbered it between the two statements.
  const std::int64_t now = ledger_in(session).number;
  if (now == number)
    return;
  throw WrongDatabase("The database that is configured as number " + std::to_string(number) +
                      (now == 0 ? " is in use as the ledger's first database (number 0)."
                                : " is the ledger's database number " + std::to_string(now) + "."));
}

}  // namespace dompet
