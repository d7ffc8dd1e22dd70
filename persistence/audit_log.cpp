#include "persistence/audit_log.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>

#include "persistence/reader_rows.hpp"
#include "persistence/session.hpp"

namespace dompet {

namespace {

/// The first id that a moment can have.
Uuid first_id_at(std::int64_t unix_ms) { return make_uuid_v7(unix_ms, {}); }

AuditRow audit_row(const Row& row) {
  return {.id = row.uuid(0),
          .at_ms = unix_ms_of(row.uuid(0)),  // what the list is filtered and ordered by
          .actor = row.uuid_if_any(1),
          .who = std::string{row.text(2)},
          .what = std::string{row.text(3)},
          .target = std::string{row.text(4)},
          .why = std::string{row.text(5)},
          .request_id = std::string{row.text(6)},
          .evidence = std::string{row.text(7)}};
}

}  // namespace

Uuid make_row_id() {
  constexpr std::int64_t ticks_per_ms = 4'096;  // what the twelve bits behind the milliseconds can tell apart
  static std::atomic<std::int64_t> last_tick{0};
  const std::int64_t us =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  const std::int64_t now = us / 1'000 * ticks_per_ms + us % 1'000 * ticks_per_ms / 1'000;
  std::int64_t last = last_tick;
  while (!last_tick.compare_exchange_weak(last, std::max(now, last + 1))) {
  }
  const std::int64_t tick = std::max(now, last + 1);
  std::array<std::uint8_t, 10> tail{};
  randombytes_buf(tail.data(), tail.size());
  tail[0] = static_cast<std::uint8_t>(tick >> 8);
  tail[1] = static_cast<std::uint8_t>(tick);
  return make_uuid_v7(tick / ticks_per_ms, tail);
}

void write_audit(SqlSession& session, const NewAudit& audit) {
  Parameters values;
  values.add(make_row_id()).add(audit.act.who).add(audit.what).add(audit.act.why).add(audit.evidence);
  if (audit.act.actor.is_nil())
    values.add_null();
  else
    values.add(audit.act.actor);
  values.add(audit.act.request_id).add(audit.target);
  session.ask_prepared("INSERT INTO audit (id, who, what, why, evidence, actor, request_id, target)"
                       " VALUES ($1, $2, $3, $4, $5::jsonb, $6::uuid, $7, $8)",
                       values);
}

AuditLog::AuditLog(Reader& reader) : session_(reader.session()) {}

void AuditLog::write(const NewAudit& audit) {
  session_.within("BEGIN READ WRITE", [&] { write_audit(session_, audit); });
}

void AuditLog::write(const std::vector<NewAudit>& audits) {
  session_.within("BEGIN READ WRITE", [&] {
    for (const NewAudit& audit : audits)
      write_audit(session_, audit);
  });
}

std::vector<AuditRow> AuditLog::list(const AuditQuery& query) {
  Parameters values;
  std::string sql = "SELECT id, actor, who, what, coalesce(target, ''), why, coalesce(request_id, ''), evidence::text"
                    " FROM audit WHERE true";
  if (query.actor)
    sql += " AND actor = " + values.add(*query.actor).last();
  if (!query.what.empty())
    sql += " AND what = " + values.add(query.what).last();
  if (!query.target.empty())
    sql += " AND target = " + values.add(query.target).last();
  if (query.from_ms)
    sql += " AND id >= " + values.add(first_id_at(*query.from_ms)).last();
  if (query.until_ms)
    sql += " AND id < " + values.add(first_id_at(*query.until_ms)).last();
  if (query.before)
    sql += " AND id < " + values.add(*query.before).last();
  sql += " ORDER BY id DESC LIMIT " + std::to_string(query.limit);
  std::vector<AuditRow> rows;
  session_.ask(sql, values).each([&](const Row& row) { rows.push_back(audit_row(row)); });
  return rows;
}

}  // namespace dompet
