#include "persistence/webhook_queue.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

#include "persistence/array_text.hpp"
#include "persistence/audit_log.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

/// The newest attempts that a delivery remembers.
constexpr int most_attempts_kept = 20;
/// Rows that one step of clearing away takes.
constexpr int rows_a_step = 500;
/// From then on an endpoint is left alone for a while between two attempts (webhooks/judgement.cpp).
constexpr int failures_of_a_failing_one = 5;
/// Endpoints that one claim looks at, of those that seem to be due.
constexpr int most_looks = 100;
/// How often those are looked at who may not hear anything now.
constexpr const char* unheard_pause = "10 seconds";
/// Of what a receiver's failure is remembered by.
constexpr std::size_t longest_error = 300;

constexpr const char* add_sql =
    "INSERT INTO webhook_delivery (id, endpoint_id, event_id, event_type, wallet_id, wallet_seq, body)"
    " SELECT id, endpoint, event, type, wallet, seq, body FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[],"
    " $5::uuid[], $6::bigint[], $7::text[]) WITH ORDINALITY"
    " AS made (id, endpoint, event, type, wallet, seq, body, number) ORDER BY number";

/// After the deliveries: whoever finishes with a queue meanwhile waits for us and then sees them.
constexpr const char* queue_sql =
    "INSERT INTO webhook_queue AS q (endpoint_id, wallet_id) SELECT DISTINCT endpoint, wallet FROM"
    " unnest($1::uuid[], $2::uuid[]) AS made (endpoint, wallet) ORDER BY 1, 2"
    " ON CONFLICT (endpoint_id, wallet_id) DO UPDATE SET next_attempt_at = q.next_attempt_at";

/// Locks every row, also one that it leaves as it is: who looks at the queues to raise it waits for us and sees ours.
constexpr const char* due_sql =
    "INSERT INTO webhook_due AS d (endpoint_id, due_at) SELECT e.id, greatest(now() + $2::bigint * interval"
    " '1 millisecond', e.quiet_until) FROM webhook_endpoint e WHERE e.id = ANY ($1::uuid[]) ORDER BY e.id"
    " ON CONFLICT (endpoint_id) DO UPDATE SET due_at = excluded.due_at WHERE d.due_at > excluded.due_at";

/// The one that has been due for longest. The lock makes the count of claims a bound, and lets other nodes go on with
/// other endpoints; rows that refer to the endpoint can be added meanwhile. One after the other is looked at, so that
/// no more are locked, and none is looked at behind the one that is found.
constexpr const char* endpoint_sql =
    "WITH busy AS MATERIALIZED (SELECT endpoint_id FROM webhook_queue WHERE claim IS NOT NULL AND claimed_until > now()"
    " GROUP BY endpoint_id HAVING count(*) >= $1) SELECT found.id FROM (SELECT endpoint_id FROM webhook_due WHERE"
    " due_at <= now() ORDER BY due_at) AS d CROSS JOIN LATERAL (SELECT e.id FROM webhook_endpoint e JOIN app_user u ON"
    " u.id = e.user_id AND u.status = 'active' AND u.deleted_at IS NULL LEFT JOIN merchant m ON m.id = e.merchant_id"
    " WHERE e.id = d.endpoint_id AND e.status = 'active' AND e.deleted_at IS NULL AND m.deleted_at IS NULL AND"
    " coalesce(e.quiet_until <= now(), true) AND e.id NOT IN (SELECT endpoint_id FROM busy)"
    " FOR NO KEY UPDATE OF e SKIP LOCKED) AS found LIMIT 1";

/// When the first of its queues is due again, one that is claimed when the claim ends; null when there is none.
constexpr const char* next_due_sql =
    "SELECT least((SELECT q.next_attempt_at FROM webhook_queue q WHERE q.endpoint_id = $1 AND coalesce(q.claimed_until"
    " <= now(), true) ORDER BY q.next_attempt_at LIMIT 1), (SELECT min(q.claimed_until) FROM webhook_queue q WHERE"
    " q.endpoint_id = $1 AND q.claim IS NOT NULL AND q.claimed_until > now())) AS at";

constexpr const char* claim_sql =
    "UPDATE webhook_queue SET claim = $2, claimed_until = now() + $3::bigint * interval '1 millisecond'"
    " WHERE (endpoint_id, wallet_id) = (SELECT q.endpoint_id, q.wallet_id FROM webhook_queue q WHERE q.endpoint_id = $1"
    " AND q.next_attempt_at <= now() AND coalesce(q.claimed_until <= now(), true) ORDER BY q.next_attempt_at LIMIT 1)"
    " AND (SELECT count(*) FROM webhook_queue c WHERE c.endpoint_id = $1 AND c.claim IS NOT NULL AND c.claimed_until >"
    " now()) < $4 RETURNING wallet_id";

constexpr const char* outcomes_sql =
    "UPDATE webhook_delivery d SET state = o.state, attempts = d.attempts + 1,"
    " next_attempt_at = CASE WHEN o.state = 'pending' THEN now() + o.pause_ms * interval '1 millisecond' END,"
    " finished_at = CASE WHEN o.state <> 'pending' THEN now() END,"
    " log = CASE WHEN jsonb_array_length(d.log) < $2 THEN d.log ELSE d.log - 0 END || o.entry"
    " FROM jsonb_to_recordset($1::jsonb) AS o (id uuid, state text, pause_ms bigint, entry jsonb)"
    " WHERE d.id = o.id AND d.state = 'pending'";

/// The columns of new deliveries, an array each.
struct Columns {
  ArrayText id, endpoint, event, type, wallet, seq, body;

  void add(const NewWebhookDelivery& delivery) {
    id.add(to_string(delivery.id));
    endpoint.add(to_string(delivery.endpoint));
    event.add(delivery.event_id);
    type.add(delivery.event_type);
    wallet.add(to_string(delivery.wallet));
    if (delivery.wallet_seq)
      seq.add(std::to_string(*delivery.wallet_seq));
    else
      seq.add_null();
    body.add(delivery.body);
  }
};

nlohmann::json json_of(const WebhookOutcome& outcome) {
  nlohmann::json entry{{"at_ms", outcome.at_ms}, {"status", nullptr}, {"error", nullptr}, {"duration_ms", 0}};
  if (outcome.status != 0)
    entry["status"] = outcome.status;
  if (!outcome.error.empty())
    entry["error"] = outcome.error.substr(0, longest_error);
  entry["duration_ms"] = outcome.took.count();
  return {{"id", to_string(outcome.delivery)},
          {"state", outcome.state},
          {"pause_ms", outcome.pause.count()},
          {"entry", std::move(entry)}};
}

/// A list as JSON, whatever bytes a receiver's words are made of.
std::string list_of(const std::vector<WebhookOutcome>& outcomes) {
  nlohmann::json list = nlohmann::json::array();
  for (const WebhookOutcome& outcome : outcomes)
    list.push_back(json_of(outcome));
  return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Without waiting for the disk: what a crash of the database takes back is sent again.
constexpr const char* begin_loosely = "BEGIN; SET LOCAL synchronous_commit = off";

void audit_disabled(SqlSession& session, const Uuid& endpoint, const std::string& why) {
  write_audit(session,
              {{.who = "dompetd", .why = why}, "webhook_endpoint.disable", "webhook_endpoint:" + to_string(endpoint)});
}

}  // namespace

void add_webhook_deliveries(SqlSession& session, const std::vector<NewWebhookDelivery>& deliveries) {
  if (deliveries.empty())
    return;
  Columns made;
  for (const NewWebhookDelivery& delivery : deliveries)
    made.add(delivery);
  const std::string endpoints = std::move(made.endpoint).finish();
  const std::string wallets = std::move(made.wallet).finish();
  session.ask_prepared(add_sql, Parameters{}
                                    .add(std::move(made.id).finish())
                                    .add(endpoints)
                                    .add(std::move(made.event).finish())
                                    .add(std::move(made.type).finish())
                                    .add(wallets)
                                    .add(std::move(made.seq).finish())
                                    .add(std::move(made.body).finish()));
  session.ask_prepared(queue_sql, Parameters{}.add(endpoints).add(wallets));
  session.ask_prepared(due_sql, Parameters{}.add(endpoints).add(std::int64_t{0}));
}

void make_webhooks_due(SqlSession& session, const Uuid& endpoint, std::chrono::milliseconds pause) {
  session.ask_prepared(due_sql, Parameters{}.add("{" + to_string(endpoint) + "}").add(std::int64_t{pause.count()}));
}

bool is_room_for_webhooks(SqlSession& database0) {
  return database0
      .ask_prepared("SELECT 1 FROM webhook_endpoint WHERE is_overfull AND status = 'active' AND deleted_at IS NULL"
                    " LIMIT 1")
      .empty();
}

WebhookQueue::WebhookQueue(std::string database, std::string application_name, int connect_timeout_s)
    : session_({.database = std::move(database),
                .application_name = std::move(application_name),
                .connect_timeout_s = connect_timeout_s,
                .statement_timeout_ms = 15'000,
                .lock_timeout_ms = 5'000,
                .read_only = false}) {}

std::optional<Uuid> WebhookQueue::lock_endpoint(int most_at_once) {
  const Rows rows = session_.ask_prepared(endpoint_sql, Parameters{}.add(std::int64_t{most_at_once}));
  return rows.empty() ? std::nullopt : std::optional{rows[0].uuid(0)};
}

bool WebhookQueue::claim_queue(WebhookWork& work, std::chrono::milliseconds lifetime, int most_at_once) {
  const Rows rows = session_.ask_prepared(claim_sql, Parameters{}
                                                         .add(work.endpoint)
                                                         .add(work.claim)
                                                         .add(std::int64_t{lifetime.count()})
                                                         .add(std::int64_t{most_at_once}));
  if (rows.empty())
    return false;
  work.wallet = {rows[0].uuid(0)};
  return true;
}

void WebhookQueue::read_waiting(WebhookWork& work, int most) {
  const Rows endpoint = session_.ask_prepared(
      "SELECT url, secret_sealed, CASE WHEN previous_ends_at > now() THEN previous_sealed ELSE '' END,"
      " failures_in_row, coalesce(extract(epoch FROM now() - failing_since), 0)::bigint FROM webhook_endpoint"
      " WHERE id = $1",
      Parameters{}.add(work.endpoint));
  work.url = std::string{endpoint[0].text(0)};
  work.secret_sealed = endpoint[0].bytes(1);
  work.previous_sealed = endpoint[0].bytes(2);
  work.failures_in_row = static_cast<int>(endpoint[0].number(3));
  work.failing_for = std::chrono::seconds{endpoint[0].number(4)};
  session_
      .ask_prepared("SELECT id, event_id, body, attempts FROM webhook_delivery WHERE endpoint_id = $1"
                    " AND wallet_id = $2 AND state = 'pending' ORDER BY place LIMIT $3",
                    Parameters{}.add(work.endpoint).add(work.wallet.uuid).add(std::int64_t{most}))
      .each([&](const Row& row) {
        work.waiting.push_back(
            {row.uuid(0), std::string{row.text(1)}, std::string{row.text(2)}, static_cast<int>(row.number(3))});
      });
}

std::optional<WebhookWork> WebhookQueue::claim(std::chrono::milliseconds lifetime, int most_at_once, int most) {
  std::optional<WebhookWork> claimed;
  const auto begin = std::chrono::steady_clock::now();
  bool is_due = true;
  // One that was due too early is put right, and the next is looked at.
  for (int looks = 0; looks < most_looks && is_due && !claimed; ++looks)
    session_.within(begin_loosely, [&] {
      const auto endpoint = lock_endpoint(most_at_once);
      is_due = endpoint.has_value();
      if (!is_due)
        return;
      WebhookWork work{.claim = make_row_id(), .endpoint = *endpoint, .claimed_at = begin};
      const bool has_queue = claim_queue(work, lifetime, most_at_once);
      put_due_right(*endpoint);
      if (!has_queue)
        return;
      read_waiting(work, most);
      claimed = std::move(work);
    });
  return claimed;
}

/// Two statements, so that the second sees what was committed until the first had the lock.
void WebhookQueue::put_due_right(const Uuid& endpoint) {
  static const std::string raise =
      std::string{"WITH next AS ("} + next_due_sql +
      "), gone AS (DELETE FROM webhook_due USING next WHERE endpoint_id = $1 AND at IS"
      " NULL) UPDATE webhook_due SET due_at = at FROM next WHERE endpoint_id = $1 AND at <>"
      " due_at";
  const Parameters whose = Parameters{}.add(endpoint);
  session_.ask_prepared("SELECT 1 FROM webhook_due WHERE endpoint_id = $1 FOR UPDATE", whose);
  session_.ask_prepared(raise, whose);
}

bool WebhookQueue::finish(const WebhookWork& work, const std::vector<WebhookOutcome>& outcomes,
                          const WebhookVerdict& verdict) {
  bool is_ours = false;
  session_.within(begin_loosely, [&] {
    // The endpoint before its queue, as whoever claims.
    write_verdict(work, verdict);
    is_ours = !session_
                   .ask_prepared("SELECT 1 FROM webhook_queue WHERE endpoint_id = $1 AND wallet_id = $2 AND claim = $3"
                                 " FOR UPDATE",
                                 Parameters{}.add(work.endpoint).add(work.wallet.uuid).add(work.claim))
                   .empty();
    if (!is_ours)
      return;
    write_outcomes(outcomes);
    const bool is_waiting = !outcomes.empty() && outcomes.back().state == "pending";
    free_queue(work, is_waiting ? outcomes.back().pause : std::chrono::milliseconds{0});
    put_off_or_wake(work, verdict);
  });
  return is_ours;
}

/// The endpoint's other queues: they wait with it while it is quiet, and no longer once it has taken something.
void WebhookQueue::put_off_or_wake(const WebhookWork& work, const WebhookVerdict& verdict) {
  if (!verdict.has_failed && work.failures_in_row > 0)
    make_webhooks_due(session_, work.endpoint);
  if (verdict.quiet > std::chrono::milliseconds{0})
    session_.ask_prepared("UPDATE webhook_due d SET due_at = e.quiet_until FROM webhook_endpoint e WHERE e.id = $1 AND"
                          " d.endpoint_id = e.id AND d.due_at < e.quiet_until",
                          Parameters{}.add(work.endpoint));
}

void WebhookQueue::write_outcomes(const std::vector<WebhookOutcome>& outcomes) {
  if (!outcomes.empty())
    session_.ask_prepared(outcomes_sql, Parameters{}.add(list_of(outcomes)).add(std::int64_t{most_attempts_kept}));
}

void WebhookQueue::free_queue(const WebhookWork& work, std::chrono::milliseconds pause) {
  const Parameters whose = Parameters{}.add(work.endpoint).add(work.wallet.uuid);
  const bool is_over = session_
                           .ask_prepared("SELECT 1 FROM webhook_delivery WHERE endpoint_id = $1 AND wallet_id = $2"
                                         " AND state = 'pending' LIMIT 1",
                                         whose)
                           .empty();
  if (is_over) {
    session_.ask_prepared("DELETE FROM webhook_queue WHERE endpoint_id = $1 AND wallet_id = $2", whose);
    return;
  }
  Parameters values = whose;
  session_.ask_prepared("UPDATE webhook_queue SET claim = NULL, claimed_until = NULL, next_attempt_at = now()"
                        " + $3::bigint * interval '1 millisecond' WHERE endpoint_id = $1 AND wallet_id = $2",
                        values.add(std::int64_t{pause.count()}));
  make_webhooks_due(session_, work.endpoint, pause);
}

void WebhookQueue::write_verdict(const WebhookWork& work, const WebhookVerdict& verdict) {
  const Parameters whose = Parameters{}.add(work.endpoint);
  if (!verdict.has_failed) {
    if (work.failures_in_row > 0)
      session_.ask_prepared("UPDATE webhook_endpoint SET failing_since = NULL, failures_in_row = 0, quiet_until = NULL"
                            " WHERE id = $1",
                            whose);
    return;
  }
  Parameters values = whose;
  values.add(std::int64_t{verdict.quiet.count()}).add(std::string{verdict.has_delivered ? "true" : "false"});
  session_.ask_prepared("UPDATE webhook_endpoint SET failing_since = CASE WHEN $3::boolean THEN now() ELSE"
                        " coalesce(failing_since, now()) END, failures_in_row = CASE WHEN $3::boolean THEN 1 ELSE"
                        " failures_in_row + 1 END, quiet_until = greatest(quiet_until, now() + $2::bigint * interval"
                        " '1 millisecond') WHERE id = $1",
                        values);
  if (verdict.disabled_why.empty())
    return;
  values = whose;
  const Rows disabled = session_.ask_prepared(
      "UPDATE webhook_endpoint SET status = 'disabled', disabled_why = $2, disabled_at = now(), updated_at = now()"
      " WHERE id = $1 AND status = 'active' RETURNING 1",
      values.add(verdict.disabled_why));
  if (!disabled.empty())
    audit_disabled(session_, work.endpoint, verdict.disabled_why);
}

/// What waits for an endpoint that is disabled or gone, queue by queue, oldest first.
int WebhookQueue::discard_step() {
  const Rows queue = session_.ask_prepared(
      "SELECT q.endpoint_id, q.wallet_id FROM webhook_queue q JOIN webhook_endpoint e ON e.id = q.endpoint_id"
      " WHERE e.status = 'disabled' AND coalesce(q.claimed_until <= now(), true) LIMIT 1 FOR UPDATE OF q SKIP LOCKED");
  if (queue.empty())
    return 0;
  const WebhookWork work{.endpoint = queue[0].uuid(0), .wallet = {queue[0].uuid(1)}};
  const Rows rows = session_.ask_prepared(
      "UPDATE webhook_delivery SET state = 'discarded', finished_at = now(), next_attempt_at = NULL WHERE id IN (SELECT"
      " id FROM webhook_delivery WHERE endpoint_id = $1 AND wallet_id = $2 AND state = 'pending' ORDER BY place"
      " LIMIT $3) RETURNING 1",
      Parameters{}.add(work.endpoint).add(work.wallet.uuid).add(std::int64_t{rows_a_step}));
  free_queue(work, {});
  put_due_right(work.endpoint);
  return rows.size() + 1;
}

int WebhookQueue::sweep_step(const std::string& sql, Parameters values) {
  return session_.ask_prepared(sql, values.add(std::int64_t{rows_a_step})).size();
}

int WebhookQueue::sweep(const WebhookBounds& bounds) {
  const std::string old = "DELETE FROM webhook_delivery WHERE id IN (SELECT id FROM webhook_delivery WHERE state = ";
  // The state once more: whoever replays one meanwhile has it.
  const auto old_end = [](const std::string& state) {
    return " AND finished_at < now() - $1::bigint * interval '1 hour' ORDER BY finished_at LIMIT $2) AND state = " +
           state + " RETURNING 1";
  };
  const std::string delivered = "'delivered'";
  int rows = 0;
  session_.within(begin_loosely, [&] { rows += discard_step(); });
  rows +=
      sweep_step(old + delivered + old_end(delivered), Parameters{}.add(std::int64_t{bounds.keep_delivered.count()}));
  for (const char* state : {"'failed'", "'discarded'"})
    rows += sweep_step(old + state + old_end(state), Parameters{}.add(std::int64_t{bounds.keep_failed.count()}));
  // One endpoint after the other, so that each step goes by the index.
  rows +=
      sweep_step("DELETE FROM webhook_delivery WHERE id IN (SELECT d.id FROM webhook_delivery d WHERE d.endpoint_id ="
                 " (SELECT id FROM webhook_endpoint WHERE deleted_at IS NOT NULL ORDER BY id LIMIT 1) AND d.state <>"
                 " 'pending' ORDER BY d.id LIMIT $1) AND state <> 'pending' RETURNING 1",
                 {});
  rows += sweep_step("DELETE FROM webhook_endpoint e WHERE e.id IN (SELECT g.id FROM webhook_endpoint g WHERE"
                     " g.deleted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id"
                     " = g.id) LIMIT $1) RETURNING 1",
                     {});
  return rows;
}

void WebhookQueue::judge_overfull(const WebhookBounds& bounds) {
  session_.within(begin_loosely, [&] {
    const Rows lock = session_.ask_prepared("SELECT pg_try_advisory_xact_lock(hashtext('dompet overfull webhooks'))");
    if (!lock[0].is_true(0))
      return;
    // Behind ends at the half: who is overfull again and again holds up everybody all the same.
    session_.ask_prepared(
        "WITH waiting AS MATERIALIZED (SELECT e.id, (SELECT count(*) FROM (SELECT 1 FROM webhook_delivery d WHERE"
        " d.endpoint_id = e.id AND d.state = 'pending' LIMIT $1::bigint + 1) AS rows) AS number FROM webhook_endpoint e"
        " WHERE e.status = 'active' AND e.deleted_at IS NULL), judged AS (SELECT w.id, w.number > $1::bigint AS"
        " is_overfull, CASE WHEN w.number > $1::bigint THEN coalesce(e.behind_since, now()) WHEN w.number * 2 >"
        " $1::bigint THEN e.behind_since END AS behind_since FROM waiting w JOIN webhook_endpoint e ON e.id = w.id)"
        " UPDATE webhook_endpoint e SET is_overfull = j.is_overfull, behind_since = j.behind_since FROM judged j WHERE"
        " e.id = j.id AND (e.is_overfull, e.behind_since) IS DISTINCT FROM (j.is_overfull, j.behind_since)",
        Parameters{}.add(std::int64_t{bounds.most_pending}));
    disable_overfull(bounds);
    put_off_unheard();
  });
}

/// So that no claim walks past them again and again; when they may hear again, they do so a little later.
void WebhookQueue::put_off_unheard() {
  static const std::string sql =
      std::string{"UPDATE webhook_due d SET due_at = now() + interval '"} + unheard_pause +
      "' FROM webhook_endpoint e JOIN app_user u ON u.id = e.user_id LEFT JOIN merchant m ON m.id = e.merchant_id WHERE"
      " d.endpoint_id = e.id AND d.due_at <= now() AND (u.status <> 'active' OR u.deleted_at IS NOT NULL OR"
      " m.deleted_at IS NOT NULL)";
  session_.ask_prepared(sql);
}

void WebhookQueue::disable_overfull(const WebhookBounds& bounds) {
  const std::string why = "More than " + std::to_string(bounds.most_pending) + " deliveries waited.";
  session_
      .ask_prepared("UPDATE webhook_endpoint SET status = 'disabled', disabled_at = now(), updated_at = now(),"
                    " disabled_why = $1, is_overfull = false, behind_since = NULL WHERE is_overfull AND status ="
                    " 'active' AND (failures_in_row >= $2 OR behind_since <= now() - $3::bigint * interval '1 second')"
                    " RETURNING id",
                    Parameters{}
                        .add(why)
                        .add(std::int64_t{failures_of_a_failing_one})
                        .add(std::int64_t{bounds.longest_behind.count()}))
      .each([&](const Row& row) { audit_disabled(session_, row.uuid(0), why); });
}

WebhookBacklog WebhookQueue::backlog() {
  const Rows rows = session_.ask_prepared(
      "SELECT (SELECT count(*) FROM (SELECT 1 FROM webhook_delivery WHERE state = 'pending' LIMIT 100000) AS p),"
      " (SELECT count(*) FROM (SELECT 1 FROM webhook_delivery WHERE state = 'failed' AND finished_at IS NOT NULL"
      " LIMIT 100000) AS f), (SELECT coalesce(extract(epoch FROM now() - min((SELECT d.created_at FROM webhook_delivery"
      " d WHERE d.endpoint_id = q.endpoint_id AND d.wallet_id = q.wallet_id AND d.state = 'pending' ORDER BY d.place"
      " LIMIT 1))), 0)::bigint FROM (SELECT * FROM webhook_queue LIMIT 1000) AS q)");
  return {rows[0].number(0), rows[0].number(1), std::chrono::seconds{rows[0].number(2)}};
}

}  // namespace dompet
