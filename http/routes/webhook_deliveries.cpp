#include <utility>

#include "http/answers.hpp"
#include "http/body_fields.hpp"
#include "http/id_source.hpp"
#include "http/list.hpp"
#include "http/query.hpp"
#include "http/reference/resource.hpp"
#include "http/render_webhook.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

constexpr std::string_view ping_type = "webhook.ping";
constexpr std::size_t longest_type = 64;

/// In the form of every event.
std::string ping_body(const std::string& event_id, const Uuid& endpoint) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("id", event_id).plain("type", ping_type).plain("created_at", format_time(wall_clock_ms()));
  json.key("wallet_id").null().key("wallet_seq").null().key("data").begin_object();
  json.plain("endpoint_id", to_string(endpoint)).end_object().end_object();
  return text;
}

HttpResponse response_of(const WebhookResult<WebhookDelivery>& result, const HttpRequest& request, int status = 200) {
  if (!result)
    return webhook_refusal(result.error(), request);
  std::string text;
  JsonWriter json(text);
  append_whole_webhook_delivery(json, *result);
  return json_response(std::move(text), status);
}

std::optional<std::int64_t> read_time(BodyFields& fields, std::string_view name) {
  const JsonValue* value = fields.optional(name);
  if (value == nullptr || value->kind == JsonValue::Kind::null)
    return std::nullopt;
  const auto time = value->kind == JsonValue::Kind::text ? parse_time(value->text) : std::nullopt;
  if (!time)
    fields.fault(name, "invalid_field", "A time of RFC 3339, such as 2026-11-20T10:15:30Z.");
  return time;
}

Read<WebhookSpan> read_span(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"from", "to", "delivered_too", "after"}, errors);
  WebhookSpan span{.from_ms = read_time(fields, "from"), .until_ms = read_time(fields, "to")};
  span.delivered_too = fields.truth("delivered_too", false);
  span.after = fields.optional_id("after");
  if (span.delivered_too && !span.from_ms)
    fields.fault("from", "missing_field", "What was delivered is sent once more only from a moment on.");
  return value_or_errors(span, std::move(errors));
}

}  // namespace

namespace routes {

void test_webhook_endpoint(Services& services, const ExchangePtr& exchange) {
  const auto body = read_nothing(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  const std::string event_id = "ping-" + to_string(exchange->request.id);
  answer_by_query(services, exchange,
                  [id = *id, event_id, owner = owner_of(*exchange),
                   act = act_of(*exchange)](Reader& reader, const HttpRequest& request) {
                    return response_of(WebhookDeliveries(reader).ping(id, event_id, std::string{ping_type},
                                                                      ping_body(event_id, id), owner, act),
                                       request, 202);
                  });
}

void list_webhook_deliveries(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "state", "event_type"});
  WebhookDeliveryQuery query{.endpoint = *id,
                             .state = parameters.choice("state", {"pending", "delivered", "failed", "discarded"}),
                             .event_type = parameters.text("event_type").value_or("")};
  if (query.event_type.size() > longest_type || query.event_type.contains('\0'))
    parameters.fault("event_type", "A type of events.");
  const auto page = read_page_by_id(parameters, "/v1/webhook-endpoints/" + to_string(*id) + "/deliveries", query);
  if (!page)
    return refuse(exchange, page.error());
  answer_by_query(services, exchange,
                  [query, page = *page, owner = owner_of(*exchange)](Reader& reader, const HttpRequest& request) {
                    const auto deliveries = WebhookDeliveries(reader).list(query, owner);
                    if (!deliveries)
                      return webhook_refusal(deliveries.error(), request);
                    return render_list(page, *deliveries, append_webhook_delivery,
                                       [](const WebhookDelivery& delivery) { return Position{delivery.id, 0}; });
                  });
}

void read_webhook_delivery(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange,
                  [id = *id, owner = owner_of(*exchange)](Reader& reader, const HttpRequest& request) {
                    return response_of(WebhookDeliveries(reader).find(id, owner), request);
                  });
}

void replay_webhook_delivery(Services& services, const ExchangePtr& exchange) {
  const auto body = read_nothing(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(
      services, exchange,
      [id = *id, owner = owner_of(*exchange), act = act_of(*exchange)](Reader& reader, const HttpRequest& request) {
        return response_of(WebhookDeliveries(reader).replay(id, owner, act), request, 202);
      });
}

void replay_webhook_span(Services& services, const ExchangePtr& exchange) {
  const auto span = read_span(exchange->request.body);
  if (!span)
    return refuse(exchange, span.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange,
                  [id = *id, span = *span, owner = owner_of(*exchange),
                   act = act_of(*exchange)](Reader& reader, const HttpRequest& request) {
                    const auto replay = WebhookDeliveries(reader).replay(id, span, owner, act);
                    if (!replay)
                      return webhook_refusal(replay.error(), request);
                    std::string text;
                    JsonWriter json(text);
                    json.begin_object().key("replayed").number(replay->replayed);
                    json.key("has_more").truth(replay->has_more);
                    if (replay->next_after)
                      json.plain("next_after", to_string(*replay->next_after));
                    else
                      json.key("next_after").null();
                    json.end_object();
                    return json_response(std::move(text), 202);
                  });
}

}  // namespace routes

}  // namespace dompet::http
