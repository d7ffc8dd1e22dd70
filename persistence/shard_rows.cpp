#include "persistence/shard_rows.hpp"

#include <algorithm>

#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

/// Rows a statement: about a megabyte.
constexpr int rows_a_copy = 1'000;
constexpr std::int64_t rows_a_deletion = 5'000;

/// Rows that stand in order of their columns as one text each; every type of ours survives JSON and back.
class Copier {
 public:
  Copier(SqlSession& to, const ShardRows& rows)
      : to_(to), sql_("INSERT INTO " + rows.table + " SELECT * FROM json_populate_recordset(NULL::" + rows.table +
                      ", $1::json) ON CONFLICT DO NOTHING") {}

  void take(std::string_view row) {
    batch_ += (batch_.empty() ? '[' : ',');
    batch_ += row;
    if (++count_ % rows_a_copy == 0)
      flush();
  }
  std::int64_t finish() {
    if (!batch_.empty())
      flush();
    return count_;
  }

 private:
  void flush() {
    to_.ask(sql_, Parameters{}.add(batch_ + ']'));
    batch_.clear();
  }

  SqlSession& to_;
  std::string sql_;
  std::string batch_{};
  std::int64_t count_ = 0;
};

/// Deletes in parts, so that no statement takes long.
void delete_some_by_some(SqlSession& session, const std::string& table, const std::string& where) {
  const std::string sql = "DELETE FROM " + table + " WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM " + table +
                          " t WHERE " + where + " LIMIT " + std::to_string(rows_a_deletion) + ")) RETURNING 1";
  while (session.ask(sql).size() == rows_a_deletion) {
  }
}

/// Records of the shard's stream, but for those with a leg on a wallet that lives here.
void clear_stream(SqlSession& session, const std::string& shard) {
  const Rows last = session.ask("SELECT coalesce(max(shard_seq), 0) FROM journal WHERE shard = " + shard);
  const std::string kept =
      "(t.peer_seq IS NOT NULL AND t.peer IN (SELECT w.id FROM wallet w WHERE w.shard IN " + shards_here_sql + "))";
  for (std::int64_t from = 0; from <= last[0].number(0); from += rows_a_deletion)
    session.ask("DELETE FROM journal t WHERE t.shard = " + shard + " AND t.shard_seq >= " + std::to_string(from) +
                " AND t.shard_seq < " + std::to_string(from + rows_a_deletion) + " AND NOT " + kept);
}

}  // namespace

std::array<ShardRows, 12> rows_of(Shard shard) {
  const std::string number = std::to_string(shard);
  const std::string wallets = " IN (SELECT w.id FROM wallet w WHERE w.shard = " + number + ")";
  const std::string begun =
      "t.saga IN (SELECT j.id FROM journal j WHERE j.shard = " + number + " AND j.kind IN (3, 4, 5))";
  return {{{"wallet", "t.shard = " + number},
           {"journal", "t.shard = " + number, ShardRows::Kind::stream},
           {"journal", "t.peer_seq IS NOT NULL AND t.shard <> " + number + " AND t.peer" + wallets,
            ShardRows::Kind::visiting},
           {"snapshot", "t.wallet" + wallets},
           {"saga", "t.source_shard = " + number},
           {"decision", "t.shard = " + number},
           {"transit", "t.shard = " + number},
           {"system_total", "t.shard = " + number},
           {"saga_note", begun},
           {"saga_mark", begun},
           {"saga_attempt", begun},
           {"saga_progress", begun}}};
}

std::int64_t copy_rows(SqlSession& from, SqlSession& to, const ShardRows& rows) {
  if (rows.kind == ShardRows::Kind::state)
    delete_some_by_some(to, rows.table, rows.where);
  Copier copier(to, rows);
  from.within("BEGIN READ ONLY", [&] {
    Cursor cursor(from, "rows", "SELECT row_to_json(t)::text FROM " + rows.table + " t WHERE " + rows.where);
    for (; cursor.front() != nullptr; cursor.advance())
      copier.take(cursor.front()->text(0));
  });
  return copier.finish();
}

RowsDigest digest_of(SqlSession& session, const ShardRows& rows) {
  const Rows answer =
      session.ask("SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)"
                  " FROM " +
                  rows.table + " t WHERE " + rows.where);
  return {answer[0].number(0), std::string{answer[0].text(1)}};
}

void clear_rows(SqlSession& session, Shard shard) {
  const std::string number = std::to_string(shard);
  const auto rows = rows_of(shard);
  // They go on elsewhere: what the journal says for good (0011_risk) may be deleted here.
  session.ask("SET dompet.moves_shard = 'on'");
  // In the reverse order, so that what was cut off can be gone on with: conditions still find what they look at.
  for (auto part = rows.rbegin(); part != rows.rend(); ++part) {
    switch (part->kind) {
      case ShardRows::Kind::state: delete_some_by_some(session, part->table, part->where); break;
      case ShardRows::Kind::stream: clear_stream(session, number); break;
      case ShardRows::Kind::visiting:
        delete_some_by_some(session, part->table, part->where + " AND t.shard NOT IN " + shards_here_sql);
        break;
    }
  }
  session.ask("RESET dompet.moves_shard");
}

}  // namespace dompet
