#include "persistence/webhook_deliveries.hpp"

#include <utility>

#include "persistence/reader_rows.hpp"
#include "persistence/session.hpp"
#include "persistence/webhook_queue.hpp"

namespace dompet {

namespace {

/// All but the body, which comes last.
const std::string& columns() {
  static const std::string text =
      "d.id, d.endpoint_id, d.event_id, d.event_type, d.wallet_id, d.wallet_seq, d.state, d.attempts, " +
      milliseconds("d.created_at") + ", " + milliseconds("d.next_attempt_at") + ", " + milliseconds("d.finished_at") +
      ", d.log::text, ";
  return text;
}

WebhookDelivery delivery_of(const Row& row) {
  return {.id = row.uuid(0),
          .endpoint = row.uuid(1),
          .event_id = std::string{row.text(2)},
          .event_type = std::string{row.text(3)},
          .wallet = {row.uuid(4)},
          .wallet_seq = row.number_if_any(5),
          .state = std::string{row.text(6)},
          .attempts = static_cast<int>(row.number(7)),
          .created_at_ms = row.number(8),
          .next_attempt_at_ms = row.number_if_any(9),
          .finished_at_ms = row.number_if_any(10),
          .log = std::string{row.text(11)},
          .body = std::string{row.text(12)}};
}

/// Of the span as well, so that an audit tells what was asked for.
std::string evidence_of(const WebhookSpan& span, int replayed) {
  const auto number = [](const std::optional<std::int64_t>& ms) { return ms ? std::to_string(*ms) : "null"; };
  return R"({"from_ms":)" + number(span.from_ms) + R"(,"until_ms":)" + number(span.until_ms) + R"(,"delivered_too":)" +
         (span.delivered_too ? "true" : "false") + R"(,"replayed":)" + std::to_string(replayed) + "}";
}

/// Locks the queues in their order before any of their deliveries waits again.
constexpr const char* requeue_sql =
    "WITH queued AS (INSERT INTO webhook_queue AS q (endpoint_id, wallet_id) SELECT DISTINCT endpoint_id, wallet_id"
    " FROM webhook_delivery WHERE id = ANY ($1::uuid[]) ORDER BY 1, 2 ON CONFLICT (endpoint_id, wallet_id)"
    " DO UPDATE SET next_attempt_at = least(q.next_attempt_at, now()) RETURNING 1)"
    " UPDATE webhook_delivery SET state = 'pending', attempts = 0, next_attempt_at = NULL, finished_at = NULL"
    " WHERE id = ANY ($1::uuid[]) AND (SELECT count(*) FROM queued) > 0";

/// Before its queues are locked, as whoever sends does it.
void ask_at_once(SqlSession& session, const Uuid& endpoint) {
  session.ask_prepared("UPDATE webhook_endpoint SET quiet_until = NULL WHERE id = $1", Parameters{}.add(endpoint));
}

}  // namespace

WebhookDeliveries::WebhookDeliveries(Reader& reader) : endpoints_(reader), session_(reader.session()) {}

WebhookResult<std::vector<WebhookDelivery>> WebhookDeliveries::list(const WebhookDeliveryQuery& query,
                                                                    const Owner& owner) {
  if (const auto endpoint = endpoints_.find(query.endpoint, owner); !endpoint)
    return std::unexpected(endpoint.error());
  Parameters values = Parameters{}.add(query.endpoint);
  std::string sql = "SELECT " + columns() + "'' FROM webhook_delivery d WHERE d.endpoint_id = $1";
  if (!query.state.empty())
    sql.append(" AND d.state = ").append(values.add(query.state).last());
  if (!query.event_type.empty())
    sql.append(" AND d.event_type = ").append(values.add(query.event_type).last());
  if (query.before)
    sql.append(" AND d.id < ").append(values.add(*query.before).last());
  sql += " ORDER BY d.id DESC LIMIT " + std::to_string(query.limit);
  std::vector<WebhookDelivery> deliveries;
  session_.ask(sql, values).each([&](const Row& row) { deliveries.push_back(delivery_of(row)); });
  return deliveries;
}

WebhookResult<WebhookDelivery> WebhookDeliveries::find(const Uuid& id, const Owner& owner) {
  const Rows rows = session_.ask_prepared("SELECT " + columns() + "d.body FROM webhook_delivery d WHERE d.id = $1",
                                          Parameters{}.add(id));
  if (rows.empty() || !endpoints_.find(rows[0].uuid(1), owner))
    return std::unexpected(WebhookFault::no_delivery);
  return delivery_of(rows[0]);
}

WebhookResult<WebhookEndpoint> WebhookDeliveries::active(const Uuid& endpoint, const Owner& owner) {
  auto found = endpoints_.find(endpoint, owner);
  if (found && !found->is_active)
    return std::unexpected(WebhookFault::is_disabled);
  return found;
}

WebhookResult<WebhookDelivery> WebhookDeliveries::ping(const Uuid& endpoint, const std::string& event_id,
                                                       const std::string& event_type, const std::string& body,
                                                       const Owner& owner, const Act& act) {
  if (const auto found = active(endpoint, owner); !found)
    return std::unexpected(found.error());
  const Uuid id = make_row_id();
  session_.within("BEGIN READ WRITE", [&] {
    add_webhook_deliveries(
        session_,
        {{.id = id, .endpoint = endpoint, .event_id = event_id, .event_type = event_type, .wallet = {}, .body = body}});
    write_audit(session_, {act, "webhook_endpoint.test", "webhook_endpoint:" + to_string(endpoint), "{}"});
  });
  return find(id, owner);
}

WebhookResult<WebhookDelivery> WebhookDeliveries::replay(const Uuid& id, const Owner& owner, const Act& act) {
  const auto delivery = find(id, owner);
  if (!delivery)
    return delivery;
  if (const auto endpoint = active(delivery->endpoint, owner); !endpoint)
    return std::unexpected(endpoint.error());
  session_.within("BEGIN READ WRITE", [&] {
    ask_at_once(session_, delivery->endpoint);
    session_.ask_prepared(requeue_sql, Parameters{}.add("{" + to_string(id) + "}"));
    make_webhooks_due(session_, delivery->endpoint);
    write_audit(session_, {act, "webhook_delivery.replay", "webhook_delivery:" + to_string(id), "{}"});
  });
  return find(id, owner);
}

WebhookResult<WebhookReplay> WebhookDeliveries::replay(const Uuid& endpoint, const WebhookSpan& span,
                                                       const Owner& owner, const Act& act) {
  if (const auto found = active(endpoint, owner); !found)
    return std::unexpected(found.error());
  Parameters values = Parameters{}.add(endpoint);
  std::string sql = "SELECT id FROM webhook_delivery WHERE endpoint_id = $1 AND state ";
  sql += span.delivered_too ? "<> 'pending'" : "IN ('failed', 'discarded')";
  if (span.from_ms)
    sql.append(" AND id >= ").append(values.add(first_uuid_of(*span.from_ms)).last());
  if (span.until_ms)
    sql.append(" AND id < ").append(values.add(first_uuid_of(*span.until_ms)).last());
  if (span.after)
    sql.append(" AND id > ").append(values.add(*span.after).last());
  sql += " ORDER BY id LIMIT " + std::to_string(most_replayed + 1);
  WebhookReplay replay{.next_after = span.after};
  session_.within("BEGIN READ WRITE", [&] {
    ask_at_once(session_, endpoint);
    std::string ids;
    session_.ask(sql, values).each([&](const Row& row) {
      if (replay.replayed == most_replayed) {
        replay.has_more = true;
        return;
      }
      ids.append(ids.empty() ? "{" : ",").append(to_string(row.uuid(0)));
      replay.next_after = row.uuid(0);
      ++replay.replayed;
    });
    if (!ids.empty())
      session_.ask_prepared(requeue_sql, Parameters{}.add(ids + "}"));
    make_webhooks_due(session_, endpoint);
    write_audit(session_, {act, "webhook_endpoint.replay", "webhook_endpoint:" + to_string(endpoint),
                           evidence_of(span, replay.replayed)});
  });
  return replay;
}

}  // namespace dompet
