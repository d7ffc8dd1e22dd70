#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "http/answers.hpp"
#include "http/body_fields.hpp"
#include "http/id_source.hpp"
#include "http/reference/routes.hpp"
#include "http/timestamp.hpp"
#include "persistence/api_key_store.hpp"
#include "persistence/vault.hpp"

namespace dompet::http {

namespace {

/// What a merchant's servers may be let do: never more than is the merchant's own.
constexpr std::array<std::string_view, 14> scopes_of_keys{
    "payments:write",    "refunds:write",         "fx:read",      "fx:quote",
    "transactions:read", "statistics:read",       "wallets:read", "merchants:read",
    "invoices:read",     "invoices:write",        "events:read",  "webhooks:read",
    "webhooks:write",    "virtual_accounts:read",
};

std::string all_scopes() {
  std::string list;
  for (const std::string_view scope : scopes_of_keys)
    list.append(list.empty() ? "" : ", ").append(scope);
  return list;
}

struct NewKey {
  std::string name{};
  /// A JSON list.
  std::string scopes = "[]";
  std::optional<std::int64_t> expires_at_ms{};
};

std::string read_scopes(BodyFields& fields) {
  std::string list;
  JsonWriter json(list);
  json.begin_array();
  const JsonValue* value = fields.optional("scopes");
  const bool is_list = value != nullptr && value->kind == JsonValue::Kind::array && !value->items.empty();
  if (!is_list)
    fields.fault("scopes", value == nullptr ? "missing_field" : "invalid_field", "A list of what the key may do.");
  for (const JsonValue& item : is_list ? value->items : std::vector<JsonValue>{}) {
    if (std::ranges::find(scopes_of_keys, item.text) == std::end(scopes_of_keys))
      fields.fault("scopes", "unknown_permission", std::string{"A key may have "}.append(all_scopes()).append("."));
    json.text(item.text);
  }
  json.end_array();
  return list;
}

std::optional<std::int64_t> read_expiry(BodyFields& fields) {
  const JsonValue* value = fields.optional("expires_at");
  if (value == nullptr || value->kind == JsonValue::Kind::null)
    return std::nullopt;
  const auto time = value->kind == JsonValue::Kind::text ? parse_time(value->text) : std::nullopt;
  if (!time || *time <= wall_clock_ms())
    fields.fault("expires_at", "invalid_field", "A time to come, of RFC 3339, such as 2030-11-20T10:15:30Z.");
  return time;
}

Read<NewKey> read_new_key(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"name", "scopes", "expires_at"}, errors);
  NewKey key;
  key.name = fields.name("name", longest_name);
  key.scopes = read_scopes(fields);
  key.expires_at_ms = read_expiry(fields);
  return value_or_errors(std::move(key), std::move(errors));
}

/// Eight characters by which its owner tells one key from another.
std::string fresh_prefix() { return "dpk_" + hash_of_api_key(random_bytes(16)).substr(0, 8); }

void append_time(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& time_ms) {
  json.key(name);
  time_ms ? json.text(format_time(*time_ms)) : json.null();
}

/// The key itself only when it has just been made.
void append_key(JsonWriter& json, const StoredApiKey& key, const std::string& secret = {}) {
  json.begin_object().plain("id", to_string(key.id)).plain("merchant_id", to_string(key.merchant));
  json.member("name", key.name).plain("prefix", key.prefix);
  if (!secret.empty())
    json.plain("key", secret);
  json.key("scopes").raw(key.scopes).plain("created_at", format_time(key.created_at_ms));
  append_time(json, "last_used_at", key.last_used_at_ms);
  append_time(json, "expires_at", key.expires_at_ms);
  append_time(json, "revoked_at", key.revoked_at_ms);
  json.end_object();
}

HttpResponse refusal_of(ApiKeyStore::Fault fault, const HttpRequest& request) {
  switch (fault) {
    case ApiKeyStore::Fault::no_merchant: return respond({.code = "merchant_not_found"}, request);
    case ApiKeyStore::Fault::in_trash: return respond({.code = "in_trash"}, request);
    case ApiKeyStore::Fault::too_many: break;
  }
  return respond({.code = "too_many_api_keys", .detail = "Revoke one first."}, request);
}

/// The `{key_id}` of the path; otherwise the request is refused.
std::optional<Uuid> captured_key(const ExchangePtr& exchange) {
  const auto id = parse_uuid(exchange->captures[1]);
  if (!id)
    refuse(exchange, {.code = "invalid_id", .detail = "The key's id in the path is not a UUID."});
  return id;
}

}  // namespace

namespace routes {

void create_api_key(Services& services, const ExchangePtr& exchange) {
  const auto body = read_new_key(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  const auto merchant = captured_id(exchange);
  if (!merchant)
    return;
  StoredApiKey key{.id = exchange->request.id,
                   .merchant = *merchant,
                   .name = body->name,
                   .prefix = fresh_prefix(),
                   .scopes = body->scopes,
                   .created_at_ms = wall_clock_ms(),
                   .expires_at_ms = body->expires_at_ms};
  const std::string secret = key.prefix + '_' + base64url(random_bytes(32));
  answer_by_query(
      services, exchange,
      [key, secret, owner = owner_of(*exchange), act = act_of(*exchange)](Reader& reader, const HttpRequest& request) {
        if (const auto fault = ApiKeyStore(reader).add(key, hash_of_api_key(secret), owner, act))
          return refusal_of(*fault, request);
        std::string text;
        JsonWriter json(text);
        append_key(json, key, secret);
        HttpResponse response = json_response(std::move(text), 201);
        response.headers.emplace_back("Cache-Control", "no-store");
        return response;
      });
}

void list_api_keys(Services& services, const ExchangePtr& exchange) {
  const auto merchant = captured_id(exchange);
  if (!merchant)
    return;
  answer_by_query(services, exchange,
                  [merchant = *merchant, owner = owner_of(*exchange)](Reader& reader, const HttpRequest& request) {
                    const auto keys = ApiKeyStore(reader).list(merchant, owner);
                    if (!keys)
                      return respond({.code = "merchant_not_found"}, request);
                    std::string text;
                    JsonWriter json(text);
                    json.begin_object().key("data").begin_array();
                    for (const StoredApiKey& key : *keys)
                      append_key(json, key);
                    json.end_array().key("next_cursor").null().end_object();
                    return json_response(std::move(text));
                  });
}

void revoke_api_key(Services& services, const ExchangePtr& exchange) {
  const auto merchant = captured_id(exchange);
  const auto key = merchant ? captured_key(exchange) : std::nullopt;
  if (!key)
    return;
  answer_by_query(services, exchange,
                  [merchant = *merchant, key = *key, owner = owner_of(*exchange),
                   act = act_of(*exchange)](Reader& reader, const HttpRequest& request) {
                    if (!ApiKeyStore(reader).revoke(merchant, key, owner, act))
                      return respond({.code = "api_key_not_found"}, request);
                    std::string text;
                    JsonWriter json(text);
                    json.begin_object().plain("id", to_string(key)).key("revoked").truth(true).end_object();
                    return json_response(std::move(text));
                  });
}

}  // namespace routes

}  // namespace dompet::http
