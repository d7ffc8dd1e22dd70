#include <catch2/catch_test_macros.hpp>

#include <string>

#include "persistence/reference_store.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

/// A hundred thousand merchants of a thousand users, a tenth of them in the trash; half of the last users' names rare.
void fill(SqlSession& sql) {
  // Its pages would be counted with those of the questions.
  for (const char* table : {"app_user", "merchant", "card", "audit"})
    sql.run(std::string{"ALTER TABLE "}.append(table).append(" SET (autovacuum_enabled = off)"));
  sql.run("INSERT INTO app_user (id, username, first_name, last_name, email, password_hash)"
          " SELECT md5('user' || n)::uuid, 'user' || n, 'First' || n, 'Last' || n, 'user' || n || '@example.com', 'x'"
          " FROM generate_series(1, 1000) n");
  sql.run("INSERT INTO merchant (id, user_id, wallet_id, name, status, deleted_at)"
          " SELECT md5('merchant' || n)::uuid, md5('user' || (n % 1000 + 1))::uuid, md5('wallet' || n)::uuid,"
          " 'Warung ' || md5(n::text) || CASE WHEN n = 77777 THEN ' Sumber Rejeki' ELSE '' END,"
          " CASE WHEN n % 100 = 1 THEN 'pending' ELSE 'active' END, CASE WHEN n % 10 = 0 THEN now() END"
          " FROM generate_series(1, 100000) n");
  sql.run("INSERT INTO card (id, user_id, wallet_id, type, provider, number_sealed, number_hash, number_masked,"
          " expires_on) SELECT md5('card' || n)::uuid, md5('user' || (n % 1000 + 1))::uuid, md5('wallet' || n)::uuid,"
          " 'debit', 'visa', 'x', decode(md5('hash' || n), 'hex'), '************' || lpad((n % 10000)::text, 4, '0'),"
          " '2030-01-31' FROM generate_series(1, 100000) n");
  sql.run("INSERT INTO audit (id, who, what, why, actor, target) SELECT md5('audit' || n)::uuid, 'x',"
          " 'thing.verb' || n % 1000, '', md5('user' || (n % 1000 + 1))::uuid, 'card:' || n"
          " FROM generate_series(1, 100000) n");
  sql.run("ANALYZE");
  // Otherwise this session tells within a second or so what it read to get here, as if a question had.
  sql.ask("SELECT pg_stat_force_next_flush()");
  sql.ask("SELECT 1");
}

/// Rows that PostgreSQL read one by one from the whole of a table, by its own counters.
std::int64_t rows_scanned(SqlSession& sql) {
  sql.ask("SELECT pg_stat_clear_snapshot()");
  return sql
      .ask("SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables"
           " WHERE relname IN ('merchant', 'card', 'audit', 'app_user')")[0]
      .number(0);
}

/// Pages of 8 KiB that the tables and their indexes were asked for.
std::int64_t pages_read(SqlSession& sql) {
  return sql
      .ask("SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))"
           " FROM pg_statio_user_tables WHERE relname IN ('merchant', 'card', 'audit', 'app_user')")[0]
      .number(0);
}

}  // namespace

TEST_CASE("no list or search of reference data looks through its table", "[reference][indexes]") {
  make_empty_ledger();
  auto sql = open_session();
  fill(sql);
  const Uuid user = sql.ask("SELECT md5('user7')::uuid")[0].uuid(0);
  const Uuid middle = *parse_uuid("80000000-0000-0000-0000-000000000000");
  const std::string some_user = to_string(user);

  struct Question {
    std::string name;
    std::function<std::size_t(Reader&)> ask;
    std::size_t expected;
  };
  const auto merchants = [](ReferenceQuery query) {
    return [query](Reader& reader) { return ReferenceStore(reader, merchant_table).list(query).size(); };
  };
  const auto cards = [](ReferenceQuery query) {
    return [query](Reader& reader) { return ReferenceStore(reader, card_table).list(query).size(); };
  };
  const auto audit = [](AuditQuery query) {
    return [query](Reader& reader) { return AuditLog(reader).list(query).size(); };
  };
  const Question questions[]{
      {"the newest", merchants({}), 50},
      {"a page in the middle", merchants({.before = middle}), 50},
      {"the trash", merchants({.state = TrashState::trashed}), 50},
      {"all", merchants({.state = TrashState::all, .before = middle}), 50},
      {"one's own", merchants({.owner = user}), 50},
      {"one's own trash", merchants({.state = TrashState::trashed, .owner = user}), 0},
      {"those that wait for a review", merchants({.equal = {{"status", "pending"}}}), 50},
      {"a rare word", merchants({.search = "rejeki"}), 1},
      {"a rare beginning", merchants({.search = "su"}), 1},
      {"a word that every row has", merchants({.search = "warung"}), 50},
      {"a word that no row has", merchants({.search = "nothing like this"}), 0},
      {"a rare word among one's own", merchants({.search = "rejeki", .owner = user}), 0},
      {"a card's last digits", cards({.search = "0042"}), 10},
      {"a user's cards", cards({.equal = {{"user_id", some_user}}}), 50},
      {"a card by its number",
       [](Reader& reader) {
         return ReferenceStore(reader, card_table).find_by("number_hash", "\\xd41d8cd98f00b204e9800998ecf8427e") ? 1U
                                                                                                                 : 0U;
       },
       0},
      {"the audit", audit({}), 50},
      {"the audit of one", audit({.actor = user}), 50},
      {"the audit of a deed", audit({.what = "thing.verb7"}), 50},
      {"the audit of a thing", audit({.target = "card:777"}), 1},
  };
  for (const Question& question : questions) {
    INFO(question.name);
    const auto scanned = rows_scanned(sql);
    const auto pages = pages_read(sql);
    {
      // Its session ends with it, and tells the counters what it read.
      Reader reader({.database = database_url(), .application_name = "dompet/test/list"});
      CHECK(question.ask(reader) == question.expected);
    }
    await(sql, "(SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name ="
               " 'dompet/test/list')) gone");
    CHECK(rows_scanned(sql) == scanned);
    // A hundred thousand rows are some three thousand pages.
    CHECK(pages_read(sql) - pages < 700);
  }
}

}  // namespace dompet::testing
