#include "persistence/webhook_endpoints.hpp"

#include <stdexcept>
#include <utility>

#include "persistence/reader_rows.hpp"
#include "persistence/session.hpp"
#include "persistence/vault.hpp"

namespace dompet {

namespace {

const std::string& columns() {
  static const std::string text =
      "e.id, e.user_id, e.merchant_id, e.url, e.description, array_to_json(e.event_types)::text, e.status = 'active',"
      " coalesce(e.disabled_why, ''), " +
      milliseconds("e.disabled_at") + ", " + milliseconds("e.failing_since") +
      ", CASE WHEN e.previous_ends_at > now() THEN " + milliseconds("e.previous_ends_at") + " END, " +
      milliseconds("e.created_at") + ", " + milliseconds("e.updated_at");
  return text;
}

WebhookEndpoint endpoint_of(const Row& row) {
  return {.id = row.uuid(0),
          .user = row.uuid(1),
          .merchant = row.uuid_if_any(2),
          .url = std::string{row.text(3)},
          .description = std::string{row.text(4)},
          .event_types = std::string{row.text(5)},
          .is_active = row.is_true(6),
          .disabled_why = std::string{row.text(7)},
          .disabled_at_ms = row.number_if_any(8),
          .failing_since_ms = row.number_if_any(9),
          .previous_secret_ends_at_ms = row.number_if_any(10),
          .created_at_ms = row.number(11),
          .updated_at_ms = row.number(12)};
}

/// " AND it is the owner's".
std::string owned_by(const WebhookEndpoints::Owner& owner, Parameters& values) {
  std::string sql;
  if (owner)
    sql.append(" AND e.user_id = ").append(values.add(owner->user).last());
  if (owner && owner->merchant)
    sql.append(" AND e.merchant_id = ").append(values.add(*owner->merchant).last());
  return sql;
}

NewAudit audit_of(const Act& act, std::string_view deed, const Uuid& id, std::string evidence = "{}") {
  return {act, std::string{"webhook_endpoint."}.append(deed), "webhook_endpoint:" + to_string(id), std::move(evidence)};
}

/// Whose merchant it is; locked, so that two who count its endpoints do so one after the other.
std::optional<Uuid> owner_of_merchant(SqlSession& session, const Uuid& merchant, const WebhookEndpoints::Owner& owner) {
  Parameters values;
  std::string sql = "SELECT user_id FROM merchant WHERE deleted_at IS NULL AND id = " + values.add(merchant).last();
  if (owner)
    sql.append(" AND user_id = ").append(values.add(owner->user).last());
  if (owner && owner->merchant)
    sql.append(" AND id = ").append(values.add(*owner->merchant).last());
  const Rows rows = session.ask_prepared(sql + " FOR NO KEY UPDATE", values);
  return rows.empty() ? std::nullopt : std::optional{rows[0].uuid(0)};
}

std::int64_t count_of(SqlSession& session, const Uuid& user, const std::optional<Uuid>& merchant) {
  Parameters values = Parameters{}.add(user);
  const std::string whose =
      merchant ? "merchant_id = " + values.add(*merchant).last() : std::string{"merchant_id IS NULL"};
  return session
      .ask_prepared("SELECT count(*) FROM webhook_endpoint WHERE user_id = $1 AND deleted_at IS NULL AND " + whose,
                    values)[0]
      .number(0);
}

}  // namespace

WebhookEndpoints::WebhookEndpoints(Reader& reader) : session_(reader.session()) {}

WebhookResult<WebhookEndpoint> WebhookEndpoints::add(const NewWebhookEndpoint& endpoint, const Owner& owner,
                                                     const Act& act, int most) {
  WebhookResult<WebhookEndpoint> result = std::unexpected(WebhookFault::no_merchant);
  session_.within("BEGIN READ WRITE", [&] {
    std::optional<Uuid> user = endpoint.user;
    if (endpoint.merchant)
      user = owner_of_merchant(session_, *endpoint.merchant, owner);
    else
      session_.ask_prepared("SELECT 1 FROM app_user WHERE id = $1 FOR NO KEY UPDATE", Parameters{}.add(*user));
    if (!user)
      return;
    if (count_of(session_, *user, endpoint.merchant) >= most) {
      result = std::unexpected(WebhookFault::too_many);
      return;
    }
    Parameters values = Parameters{}.add(endpoint.id).add(*user);
    endpoint.merchant ? values.add(*endpoint.merchant) : values.add_null();
    values.add(endpoint.url).add(endpoint.description).add(endpoint.event_types).add_bytes(endpoint.secret_sealed);
    const Rows rows = session_.ask_prepared(
        "INSERT INTO webhook_endpoint AS e (id, user_id, merchant_id, url, description, event_types, secret_sealed)"
        " VALUES ($1, $2, $3, $4, $5, ARRAY(SELECT jsonb_array_elements_text($6::jsonb)), $7) RETURNING " +
            columns(),
        values);
    result = endpoint_of(rows[0]);
    write_audit(session_, audit_of(act, "create", endpoint.id, R"({"event_types":)" + endpoint.event_types + "}"));
  });
  return result;
}

std::vector<WebhookEndpoint> WebhookEndpoints::list(const WebhookEndpointQuery& query) {
  Parameters values;
  std::string sql = "SELECT " + columns() + " FROM webhook_endpoint e WHERE e.deleted_at IS NULL";
  sql += owned_by(query.owner, values);
  if (query.merchant)
    sql.append(" AND e.merchant_id = ").append(values.add(*query.merchant).last());
  if (!query.status.empty())
    sql.append(" AND e.status = ").append(values.add(query.status).last());
  if (query.before)
    sql.append(" AND e.id < ").append(values.add(*query.before).last());
  sql += " ORDER BY e.id DESC LIMIT " + std::to_string(query.limit);
  std::vector<WebhookEndpoint> endpoints;
  session_.ask(sql, values).each([&](const Row& row) { endpoints.push_back(endpoint_of(row)); });
  return endpoints;
}

WebhookResult<WebhookEndpoint> WebhookEndpoints::find(const Uuid& id, const Owner& owner) {
  Parameters values = Parameters{}.add(id);
  const std::string sql = "SELECT " + columns() + " FROM webhook_endpoint e WHERE e.id = $1 AND e.deleted_at IS NULL" +
                          owned_by(owner, values);
  const Rows rows = session_.ask_prepared(sql, values);
  if (rows.empty())
    return std::unexpected(WebhookFault::no_endpoint);
  return endpoint_of(rows[0]);
}

WebhookResult<WebhookEndpoint> WebhookEndpoints::update(const Uuid& id, const Owner& owner,
                                                        const std::string& assignments, Parameters values,
                                                        const NewAudit& audit) {
  WebhookResult<WebhookEndpoint> result = std::unexpected(WebhookFault::no_endpoint);
  session_.within("BEGIN READ WRITE", [&] {
    const std::string where = " WHERE e.id = " + values.add(id).last() + " AND e.deleted_at IS NULL";
    const std::string sql = "UPDATE webhook_endpoint AS e SET updated_at = now(), " + assignments + where +
                            owned_by(owner, values) + " RETURNING " + columns();
    const Rows rows = session_.ask_prepared(sql, values);
    if (rows.empty())
      return;
    result = endpoint_of(rows[0]);
    write_audit(session_, audit);
  });
  return result;
}

WebhookResult<WebhookEndpoint> WebhookEndpoints::change(const Uuid& id, const WebhookEndpointChange& change,
                                                        const Owner& owner, const Act& act) {
  Parameters values;
  std::string assignments = "id = e.id";
  if (change.url)
    assignments.append(", url = ").append(values.add(*change.url).last());
  if (change.description)
    assignments.append(", description = ").append(values.add(*change.description).last());
  if (change.event_types)
    assignments.append(", event_types = ARRAY(SELECT jsonb_array_elements_text(")
        .append(values.add(*change.event_types).last())
        .append("::jsonb))");
  return update(id, owner, assignments, values, audit_of(act, "change", id));
}

WebhookResult<WebhookEndpoint> WebhookEndpoints::rotate(const Uuid& id, const std::string& secret_sealed,
                                                        std::chrono::seconds overlap, const Owner& owner,
                                                        const Act& act) {
  return update(id, owner,
                "previous_sealed = secret_sealed, previous_ends_at = now() + make_interval(secs => $2),"
                " secret_sealed = $1",
                Parameters{}.add_bytes(secret_sealed).add(overlap.count()), audit_of(act, "rotate_secret", id));
}

WebhookResult<WebhookEndpoint> WebhookEndpoints::enable(const Uuid& id, const Owner& owner, const Act& act) {
  return update(id, owner,
                "status = 'active', disabled_why = NULL, disabled_at = NULL, failing_since = NULL, failures_in_row = 0,"
                " quiet_until = NULL, is_overfull = false, behind_since = NULL",
                {}, audit_of(act, "enable", id));
}

WebhookResult<WebhookEndpoint> WebhookEndpoints::disable(const Uuid& id, const std::string& why, const Owner& owner,
                                                         const Act& act) {
  return update(id, owner,
                "status = 'disabled', disabled_why = coalesce(disabled_why, $1),"
                " disabled_at = coalesce(disabled_at, now())",
                Parameters{}.add(why), audit_of(act, "disable", id));
}

WebhookResult<WebhookEndpoint> WebhookEndpoints::remove(const Uuid& id, const Owner& owner, const Act& act) {
  return update(id, owner, "deleted_at = now(), status = 'disabled'", {}, audit_of(act, "delete", id));
}

namespace {

std::string sealed_again(const Vault& vault, const Uuid& endpoint, const std::string& sealed) {
  const auto secret = vault.unseal(sealed);
  if (!secret)
    throw std::runtime_error("A secret of webhook endpoint " + to_string(endpoint) +
                             " was sealed with a key that the key file does not have.");
  return vault.seal(*secret);
}

}  // namespace

std::optional<Uuid> seal_webhook_secrets_again(SqlSession& session, const Vault& vault,
                                               const std::optional<Uuid>& after, int limit, std::int64_t& sealed) {
  const Rows rows = session.ask("SELECT id, secret_sealed, previous_sealed IS NULL, coalesce(previous_sealed, '')"
                                " FROM webhook_endpoint WHERE id > $1 ORDER BY id LIMIT $2 FOR NO KEY UPDATE",
                                Parameters{}.add(after.value_or(Uuid{})).add(std::int64_t{limit}));
  std::optional<Uuid> last;
  rows.each([&](const Row& row) {
    last = row.uuid(0);
    Parameters values = Parameters{}.add(*last).add_bytes(sealed_again(vault, *last, row.bytes(1)));
    row.is_true(2) ? values.add_null() : values.add_bytes(sealed_again(vault, *last, row.bytes(3)));
    session.ask_prepared("UPDATE webhook_endpoint SET secret_sealed = $2, previous_sealed = $3 WHERE id = $1", values);
    ++sealed;
  });
  return rows.size() == limit ? last : std::nullopt;
}

}  // namespace dompet
