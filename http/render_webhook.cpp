#include "http/render_webhook.hpp"

#include "http/problem.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

void append_time(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& time_ms) {
  json.key(name);
  time_ms ? json.text(format_time(*time_ms)) : json.null();
}

void append_attempt(JsonWriter& json, const JsonValue& attempt) {
  json.begin_object().plain("at", format_time(attempt.find("at_ms")->integer)).key("status");
  const JsonValue& status = *attempt.find("status");
  status.kind == JsonValue::Kind::integer ? json.number(status.integer) : json.null();
  json.key("error");
  const JsonValue& error = *attempt.find("error");
  error.kind == JsonValue::Kind::text ? json.text(error.text) : json.null();
  json.key("duration_ms").number(attempt.find("duration_ms")->integer).end_object();
}

/// The attempts; the log is ours, so it can be read.
std::vector<JsonValue> attempts_of(const WebhookDelivery& delivery) {
  auto log = parse_json(delivery.log);
  return log ? std::move(log->items) : std::vector<JsonValue>{};
}

void append_members(JsonWriter& json, const WebhookDelivery& delivery) {
  json.plain("id", to_string(delivery.id)).plain("endpoint_id", to_string(delivery.endpoint));
  json.member("event_id", delivery.event_id).member("event_type", delivery.event_type).key("wallet_id");
  delivery.wallet.uuid.is_nil() ? json.null() : json.text(to_string(delivery.wallet));
  json.key("wallet_seq");
  delivery.wallet_seq ? json.number(*delivery.wallet_seq) : json.null();
  json.plain("state", delivery.state).key("attempts").number(delivery.attempts);
  json.plain("created_at", format_time(delivery.created_at_ms));
  append_time(json, "next_attempt_at", delivery.next_attempt_at_ms);
  append_time(json, "finished_at", delivery.finished_at_ms);
}

}  // namespace

void append_webhook_endpoint(JsonWriter& json, const WebhookEndpoint& endpoint, const std::string& secret) {
  json.begin_object().plain("id", to_string(endpoint.id)).plain("user_id", to_string(endpoint.user));
  json.key("merchant_id");
  endpoint.merchant ? json.text(to_string(*endpoint.merchant)) : json.null();
  json.member("url", endpoint.url).member("description", endpoint.description);
  json.key("event_types").raw(endpoint.event_types).plain("status", endpoint.is_active ? "active" : "disabled");
  json.key("disabled_reason");
  endpoint.disabled_why.empty() ? json.null() : json.text(endpoint.disabled_why);
  append_time(json, "disabled_at", endpoint.disabled_at_ms);
  append_time(json, "failing_since", endpoint.failing_since_ms);
  if (!secret.empty())
    json.plain("secret", secret);
  append_time(json, "previous_secret_ends_at", endpoint.previous_secret_ends_at_ms);
  json.plain("created_at", format_time(endpoint.created_at_ms));
  json.plain("updated_at", format_time(endpoint.updated_at_ms)).end_object();
}

void append_webhook_delivery(JsonWriter& json, const WebhookDelivery& delivery) {
  json.begin_object();
  append_members(json, delivery);
  const std::vector<JsonValue> attempts = attempts_of(delivery);
  json.key("last_attempt");
  if (attempts.empty())
    json.null();
  else
    append_attempt(json, attempts.back());
  json.end_object();
}

void append_whole_webhook_delivery(JsonWriter& json, const WebhookDelivery& delivery) {
  json.begin_object();
  append_members(json, delivery);
  json.member("body", delivery.body).key("attempt_log").begin_array();
  for (const JsonValue& attempt : attempts_of(delivery))
    append_attempt(json, attempt);
  json.end_array().end_object();
}

HttpResponse webhook_refusal(WebhookFault fault, const HttpRequest& request) {
  switch (fault) {
    case WebhookFault::no_endpoint: return respond({.code = "webhook_endpoint_not_found"}, request);
    case WebhookFault::no_delivery: return respond({.code = "webhook_delivery_not_found"}, request);
    case WebhookFault::no_merchant: return respond({.code = "merchant_not_found"}, request);
    case WebhookFault::is_disabled: return respond({.code = "webhook_endpoint_disabled"}, request);
    case WebhookFault::too_many: break;
  }
  return respond({.code = "too_many_webhook_endpoints", .detail = "Delete one first."}, request);
}

}  // namespace dompet::http
