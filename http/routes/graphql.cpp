#include <memory>
#include <utility>
#include <vector>

#include "http/answers.hpp"
#include "http/body.hpp"
#include "http/graphql/json_value.hpp"
#include "http/graphql/rules.hpp"
#include "http/graphql/schema.hpp"
#include "http/graphql/visit.hpp"
#include "http/routes.hpp"

namespace dompet::http::routes {

namespace {

constexpr std::string_view graphql_type = "application/graphql-response+json; charset=utf-8";
constexpr std::string_view json_type = "application/json; charset=utf-8";

/// What a client that says nothing, or that it takes anything, gets is GraphQL's own media type, by which a refused
/// document is 400; one that asks for plain JSON alone gets that, by which it is 200 (GraphQL over HTTP, 6.4).
std::string_view media_type_for(const HttpRequest& request) {
  const std::string_view accepted = request.header("Accept").value_or("*/*");
  const bool takes_json = accepted.find("application/json") != accepted.npos;
  const bool takes_graphql = accepted.find("application/graphql-response+json") != accepted.npos;
  return takes_json && !takes_graphql ? json_type : graphql_type;
}

struct Sent {
  std::string text{};
  std::string operation{};
  graphql::Value variables{};
};

bool is_of(const JsonValue* member, JsonValue::Kind kind) {
  return member == nullptr || member->kind == kind || member->kind == JsonValue::Kind::null;
}

Read<Sent> read_sent(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  for (const auto& [name, value] : object->members)
    if (name != "query" && name != "operationName" && name != "variables" && name != "extensions")
      errors.push_back({name, "unknown_field", "This route does not know the field."});
  const JsonValue* text = object->find("query");
  const JsonValue* operation = object->find("operationName");
  const JsonValue* variables = object->find("variables");
  if (text == nullptr)
    errors.push_back({"query", "missing_field", "The field is required."});
  else if (text->kind != JsonValue::Kind::text)
    errors.push_back({"query", "invalid_field", "The field is a text."});
  if (!is_of(operation, JsonValue::Kind::text))
    errors.push_back({"operationName", "invalid_field", "The field is a text."});
  for (const std::string_view name : {"variables", "extensions"})
    if (!is_of(object->find(name), JsonValue::Kind::object))
      errors.push_back({std::string{name}, "invalid_field", "The field is an object."});
  Sent sent;
  if (errors.empty())
    sent = {text->text, operation == nullptr ? std::string{} : operation->text,
            variables == nullptr ? graphql::Value{} : value_of(*variables)};
  return value_or_errors(std::move(sent), std::move(errors));
}

}  // namespace

void answer_graphql(Services& services, const ExchangePtr& exchange) {
  if (!services.settings.graphql.enabled)
    return refuse(exchange, {.code = "not_found", .detail = "This server has GraphQL switched off."});
  auto sent = read_sent(exchange->request.body);
  if (!sent)
    return refuse(exchange, sent.error());
  const std::string_view media_type = media_type_for(exchange->request);
  exchange->headers.emplace_back("Cache-Control", "no-store");
  const auto prepared = graphql::prepare(
      services.graphql.schema(),
      {.text = sent->text, .operation = std::move(sent->operation), .variables = std::move(sent->variables)},
      rules_of(services.settings.graphql));
  if (!prepared)
    return exchange->answer({.status = media_type == json_type ? 200 : 400,
                             .content_type = media_type,
                             .body = graphql::json_of(prepared.error())});
  std::make_shared<Visit>(services, exchange, media_type)->begin(*prepared);
}

}  // namespace dompet::http::routes
