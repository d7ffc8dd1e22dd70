#include <utility>

#include "events/event.hpp"
#include "http/access/identity.hpp"
#include "http/answers.hpp"
#include "http/body_fields.hpp"
#include "http/list.hpp"
#include "http/query.hpp"
#include "http/reference/resource.hpp"
#include "http/render_webhook.hpp"
#include "outbound/http_client.hpp"
#include "persistence/vault.hpp"

namespace dompet::http {

namespace {

constexpr std::size_t longest_url = 2'000;
constexpr std::size_t most_patterns = 50;
/// Of the secrets that Standard Webhooks asks for: 24 to 64.
constexpr std::size_t secret_bytes = 32;

/// What one may say of an endpoint; of a change only what is there.
struct EndpointBody {
  std::optional<Uuid> merchant{};
  WebhookEndpointChange change{};
};

void read_url(BodyFields& fields, const WebhookSettings& settings, WebhookEndpointChange& change) {
  change.url = fields.name("url", longest_url);
  const OutboundSettings rules{.allow_private_addresses = settings.allow_private_addresses,
                               .allow_plain_http = settings.allow_plain_http};
  if (const std::string fault = fault_of_url(*change.url, rules); !change.url->empty() && !fault.empty())
    fields.fault("url", "invalid_field", "A URL to call, but " + fault + ".");
}

std::string read_event_types(BodyFields& fields) {
  std::string list;
  JsonWriter json(list);
  json.begin_array();
  const JsonValue* value = fields.optional("event_types");
  const bool is_list =
      value == nullptr || (value->kind == JsonValue::Kind::array && value->items.size() <= most_patterns);
  if (!is_list)
    fields.fault("event_types", "invalid_field", "A list of at most 50 types; empty for all.");
  for (const JsonValue& item : is_list&& value != nullptr ? value->items : std::vector<JsonValue>{}) {
    if (!events::is_type_pattern(item.text))
      fields.fault("event_types", "invalid_field",
                   "Types such as payment.captured, or payment.* for all of a kind; docs/events.md lists them.");
    json.text(item.text);
  }
  json.end_array();
  return list;
}

Read<EndpointBody> read_endpoint(std::string_view body, const WebhookSettings& settings, bool is_new) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields = is_new ? BodyFields(*object, {"url", "description", "event_types", "merchant_id"}, errors)
                             : BodyFields(*object, {"url", "description", "event_types"}, errors);
  EndpointBody read;
  if (is_new || fields.optional("url") != nullptr)
    read_url(fields, settings, read.change);
  if (is_new || fields.optional("description") != nullptr)
    read.change.description = fields.free_text("description", longest_description);
  if (is_new || fields.optional("event_types") != nullptr)
    read.change.event_types = read_event_types(fields);
  if (is_new)
    read.merchant = fields.optional_id("merchant_id");
  return value_or_errors(std::move(read), std::move(errors));
}

struct FreshSecret {
  std::string sealed{};
  /// As its owner sees it, once.
  std::string shown{};
};

FreshSecret fresh_secret(Services& services) {
  const std::string bytes = random_bytes(secret_bytes);
  return {services.identity.vault().seal(bytes), std::string{"whsec_"}.append(base64(bytes))};
}

HttpResponse response_of(const WebhookResult<WebhookEndpoint>& result, const HttpRequest& request, int status = 200,
                         const std::string& secret = {}) {
  if (!result)
    return webhook_refusal(result.error(), request);
  std::string text;
  JsonWriter json(text);
  append_webhook_endpoint(json, *result, secret);
  HttpResponse response = json_response(std::move(text), status);
  if (status == 201)
    response.headers.emplace_back("Location", "/v1/webhook-endpoints/" + to_string(result->id));
  return response;
}

/// Does something with the endpoint of the path and answers with it.
template <class Work>
void answer_with_endpoint(Services& services, const ExchangePtr& exchange, Work work, std::string secret = {}) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange,
                  [id = *id, work = std::move(work), secret = std::move(secret), owner = owner_of(*exchange),
                   act = act_of(*exchange)](Reader& reader, const HttpRequest& request) {
                    WebhookEndpoints endpoints(reader);
                    return response_of(work(endpoints, id, owner, act), request, 200, secret);
                  });
}

/// For routes whose body says nothing.
bool says_nothing(const ExchangePtr& exchange) {
  const auto body = read_nothing(exchange->request.body);
  if (!body)
    refuse(exchange, body.error());
  return body.has_value();
}

using Owner = WebhookEndpoints::Owner;

}  // namespace

namespace routes {

void create_webhook_endpoint(Services& services, const ExchangePtr& exchange) {
  auto body = read_endpoint(exchange->request.body, services.settings.webhooks, true);
  if (!body)
    return refuse(exchange, body.error());
  const Caller& caller = exchange->caller;
  if (caller.kind == Caller::Kind::merchant && !body->merchant)
    body->merchant = caller.merchant;
  const FreshSecret secret = fresh_secret(services);
  NewWebhookEndpoint made{.id = exchange->request.id,
                          .user = caller.user,
                          .merchant = body->merchant,
                          .url = *body->change.url,
                          .description = *body->change.description,
                          .event_types = *body->change.event_types,
                          .secret_sealed = secret.sealed};
  answer_by_query(services, exchange,
                  [made = std::move(made), secret = secret.shown, owner = owner_of(*exchange), act = act_of(*exchange),
                   most = services.settings.webhooks.most_endpoints](Reader& reader, const HttpRequest& request) {
                    return response_of(WebhookEndpoints(reader).add(made, owner, act, most), request, 201, secret);
                  });
}

void list_webhook_endpoints(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "status", "merchant_id"});
  WebhookEndpointQuery query{.owner = owner_of(*exchange),
                             .merchant = parameters.id("merchant_id"),
                             .status = parameters.choice("status", {"active", "disabled"})};
  const auto page = read_page_by_id(parameters, "/v1/webhook-endpoints", query);
  if (!page)
    return refuse(exchange, page.error());
  answer_by_query(services, exchange, [query, page = *page](Reader& reader, const HttpRequest&) {
    return render_list(
        page, WebhookEndpoints(reader).list(query),
        [](JsonWriter& json, const WebhookEndpoint& endpoint) { append_webhook_endpoint(json, endpoint); },
        [](const WebhookEndpoint& endpoint) { return Position{endpoint.id, 0}; });
  });
}

void read_webhook_endpoint(Services& services, const ExchangePtr& exchange) {
  answer_with_endpoint(services, exchange,
                       [](WebhookEndpoints& endpoints, const Uuid& id, const Owner& owner, const Act&) {
                         return endpoints.find(id, owner);
                       });
}

void change_webhook_endpoint(Services& services, const ExchangePtr& exchange) {
  const auto body = read_endpoint(exchange->request.body, services.settings.webhooks, false);
  if (!body)
    return refuse(exchange, body.error());
  answer_with_endpoint(services, exchange,
                       [change = body->change](WebhookEndpoints& endpoints, const Uuid& id, const Owner& owner,
                                               const Act& act) { return endpoints.change(id, change, owner, act); });
}

void delete_webhook_endpoint(Services& services, const ExchangePtr& exchange) {
  answer_with_endpoint(services, exchange,
                       [](WebhookEndpoints& endpoints, const Uuid& id, const Owner& owner, const Act& act) {
                         return endpoints.remove(id, owner, act);
                       });
}

void rotate_webhook_secret(Services& services, const ExchangePtr& exchange) {
  if (!says_nothing(exchange))
    return;
  const FreshSecret secret = fresh_secret(services);
  answer_with_endpoint(
      services, exchange,
      [sealed = secret.sealed, overlap = services.settings.webhooks.secret_overlap](
          WebhookEndpoints& endpoints, const Uuid& id, const Owner& owner, const Act& act) {
        return endpoints.rotate(id, sealed, overlap, owner, act);
      },
      secret.shown);
}

void enable_webhook_endpoint(Services& services, const ExchangePtr& exchange) {
  if (!says_nothing(exchange))
    return;
  answer_with_endpoint(services, exchange,
                       [](WebhookEndpoints& endpoints, const Uuid& id, const Owner& owner, const Act& act) {
                         return endpoints.enable(id, owner, act);
                       });
}

void disable_webhook_endpoint(Services& services, const ExchangePtr& exchange) {
  if (!says_nothing(exchange))
    return;
  answer_with_endpoint(services, exchange,
                       [](WebhookEndpoints& endpoints, const Uuid& id, const Owner& owner, const Act& act) {
                         return endpoints.disable(id, "It was asked for.", owner, act);
                       });
}

}  // namespace routes

}  // namespace dompet::http
