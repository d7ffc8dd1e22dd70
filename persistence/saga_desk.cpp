#include "persistence/saga_desk.hpp"

#include <nlohmann/json.hpp>

#include "persistence/saga_rows.hpp"

namespace dompet {

namespace {

/// Attempts that are kept of one transfer.
constexpr const char* most_attempts_kept = "1000";

std::optional<SagaListing> find(SqlSession& session, const TransactionId& id, Shard shard_count) {
  static const std::string stepwise = "SELECT " + saga_table_columns() + " FROM saga s WHERE s.id = $1";
  static const std::string compact =
      "SELECT " + journal_columns() + " FROM journal j WHERE j.id = $1 AND " + is_compact;
  const Rows sagas = session.ask_prepared(stepwise, Parameters{}.add(id.uuid));
  if (!sagas.empty())
    return saga_of(sagas[0]);
  const Rows records = session.ask_prepared(compact, Parameters{}.add(id.uuid));
  if (!records.empty())
    return saga_of(record_of(records[0]), shard_count);
  return std::nullopt;
}

nlohmann::json rows_of(const std::vector<SagaAttempt>& attempts) {
  nlohmann::json rows = nlohmann::json::array();
  for (const SagaAttempt& attempt : attempts)
    rows.push_back({{"number", attempt.number},
                    {"cancel", attempt.cancel},
                    {"at_ms", attempt.at_ms},
                    {"took_ms", attempt.took_ms ? nlohmann::json(*attempt.took_ms) : nlohmann::json()},
                    {"node", attempt.node},
                    {"answer", attempt.answer}});
  return rows;
}

/// The first one of those that told the last error, one after another; nothing when none told one.
const SagaAttempt* begin_of_error(const std::vector<SagaAttempt>& attempts) {
  const SagaAttempt* first = nullptr;
  for (auto at = attempts.rbegin(); at != attempts.rend(); ++at) {
    if (first != nullptr && at->answer != first->answer)
      break;
    if (is_error(*at))
      first = &*at;
  }
  return first;
}

}  // namespace

SagaDesk::SagaDesk(Reader& reader) : session_(*reader.session_), shard_count_(reader.session_->shard_count()) {}

void SagaDesk::write(const std::function<void()>& body) { session_.within("BEGIN READ WRITE", body); }

void SagaDesk::write_audit(const AuditEntry& entry, const std::optional<TransactionId>& saga) {
  Parameters values;
  values.add(entry.id).add(entry.who).add(entry.what).add(entry.why).add(entry.evidence);
  if (saga)
    values.add(saga->uuid);
  else
    values.add_null();
  session_.ask_prepared(
      "INSERT INTO audit (id, who, what, why, evidence, saga) VALUES ($1, $2, $3, $4, $5::jsonb, $6::uuid)", values);
}

void SagaDesk::audit(const AuditEntry& entry, const std::optional<TransactionId>& saga) {
  write([&] { write_audit(entry, saga); });
}

bool SagaDesk::add_note(const TransactionId& saga, const NewNote& note) {
  if (!find(session_, saga, shard_count_))
    return false;
  write([&] {
    session_.ask_prepared("INSERT INTO saga_note (id, saga, who, text) VALUES ($1, $2, $3, $4)",
                          Parameters{}.add(note.id).add(saga.uuid).add(note.who).add(note.text));
    if (!note.label && !note.assignee)
      return;
    Parameters values = Parameters{}.add(saga.uuid);
    for (const auto& text : {note.label, note.assignee})
      text ? values.add(*text) : values.add_null();
    session_.ask_prepared("INSERT INTO saga_mark AS m (saga, label, assignee)"
                          " VALUES ($1, coalesce($2::text, ''), coalesce($3::text, '')) ON CONFLICT (saga) DO UPDATE"
                          " SET label = coalesce($2::text, m.label), assignee = coalesce($3::text, m.assignee)",
                          values);
  });
  return true;
}

std::optional<SagaListing> SagaDesk::announce_order(const TransactionId& saga, const AuditEntry& entry) {
  const auto listing = find(session_, saga, shard_count_);
  if (listing && !is_final(listing->state))
    write([&] { write_audit(entry, saga); });
  return listing;
}

void SagaDesk::mark_paused(const TransactionId& saga, const std::string& by, std::uint64_t epoch) {
  write([&] {
    session_.ask_prepared("INSERT INTO saga_mark AS m (saga, paused_by, paused_at, paused_epoch)"
                          " VALUES ($1, $2, now(), $3) ON CONFLICT (saga) DO UPDATE"
                          " SET paused_by = excluded.paused_by, paused_at = excluded.paused_at,"
                          " paused_epoch = excluded.paused_epoch",
                          Parameters{}.add(saga.uuid).add(by).add(static_cast<std::int64_t>(epoch)));
  });
}

void SagaDesk::mark_resumed(const TransactionId& saga) {
  write([&] {
    session_.ask_prepared("UPDATE saga_mark SET paused_by = '', paused_at = NULL, paused_epoch = 0 WHERE saga = $1",
                          Parameters{}.add(saga.uuid));
  });
}

std::vector<SagaView> SagaDesk::views() {
  std::vector<SagaView> views;
  session_.ask_prepared("SELECT name, filter::text FROM saga_view ORDER BY name").each([&](const Row& row) {
    views.push_back({std::string{row.text(0)}, std::string{row.text(1)}});
  });
  return views;
}

bool SagaDesk::save_view(const SagaView& view) {
  bool saved = false;
  write([&] {
    saved = !session_
                 .ask_prepared("INSERT INTO saga_view (name, filter) SELECT $1, $2::jsonb WHERE (SELECT count(*) FROM"
                               " saga_view WHERE name <> $1) < $3 ON CONFLICT (name) DO UPDATE SET filter ="
                               " excluded.filter, saved_at = now() RETURNING 1",
                               Parameters{}.add(view.name).add(view.filter).add(most_views))
                 .empty();
  });
  return saved;
}

bool SagaDesk::delete_view(const std::string& name) {
  bool deleted = false;
  write([&] {
    deleted =
        !session_.ask_prepared("DELETE FROM saga_view WHERE name = $1 RETURNING 1", Parameters{}.add(name)).empty();
  });
  return deleted;
}

void Reader::store_attempts(const TransactionId& saga, const std::vector<SagaAttempt>& attempts) {
  if (attempts.empty())
    return;
  // One that is known by its time gets its answer; how many are new adds to the sum.
  static const std::string add =
      "WITH stored AS (INSERT INTO saga_attempt (saga, number, cancel, at, took_ms, node, answer)"
      " SELECT $1, r.number, r.cancel, to_timestamp(r.at_ms / 1000.0), r.took_ms, r.node, r.answer FROM"
      " jsonb_to_recordset($2::jsonb) AS r (number int, cancel boolean, at_ms bigint, took_ms bigint, node text,"
      " answer text) ON CONFLICT (saga, number, at) DO UPDATE SET took_ms = excluded.took_ms,"
      " answer = excluded.answer RETURNING xmax = 0 AS is_new)"
      " INSERT INTO saga_progress AS p (saga, attempts, last_error, last_node, last_at, error_since)"
      " SELECT $1, (SELECT count(*) FROM stored WHERE is_new), $3, $4, to_timestamp($5::bigint / 1000.0),"
      " to_timestamp($6::bigint / 1000.0) ON CONFLICT (saga) DO UPDATE"
      " SET attempts = p.attempts + excluded.attempts, last_at = excluded.last_at,"
      " last_node = CASE WHEN excluded.last_error = '' THEN p.last_node ELSE excluded.last_node END,"
      " error_since = CASE WHEN excluded.last_error IN ('', p.last_error) THEN p.error_since"
      " ELSE excluded.error_since END,"
      " last_error = CASE WHEN excluded.last_error = '' THEN p.last_error ELSE excluded.last_error END";
  static const std::string forget = std::string{"DELETE FROM saga_attempt WHERE saga = $1 AND at < (SELECT at FROM"
                                                " saga_attempt WHERE saga = $1 ORDER BY at DESC OFFSET "} +
                                    most_attempts_kept + " LIMIT 1)";
  const SagaAttempt* error = begin_of_error(attempts);
  const SagaAttempt& last = attempts.back();
  session_->within("BEGIN READ WRITE", [&] {
    session_->ask_prepared(add, Parameters{}
                                    .add(saga.uuid)
                                    .add(rows_of(attempts).dump())
                                    .add(error != nullptr ? error->answer : "")
                                    .add(error != nullptr ? error->node : "")
                                    .add(last.at_ms)
                                    .add(error != nullptr ? error->at_ms : last.at_ms));
    session_->ask_prepared(forget, Parameters{}.add(saga.uuid));
  });
}

}  // namespace dompet
