#include "http/answers.hpp"
#include "http/embedded.hpp"
#include "http/json.hpp"
#include "http/routes.hpp"

namespace dompet::http::routes {

namespace {

bool prefers(const HttpRequest& request, std::string_view media_type) {
  const auto accept = request.header("Accept");
  return accept && accept->contains(media_type);
}

}  // namespace

void say_alive(Services&, const ExchangePtr& exchange) { exchange->answer(json_response(R"({"status":"alive"})")); }

void say_ready(Services& services, const ExchangePtr& exchange) {
  const Pressure pressure = services.engine.pressure();
  if (!pressure.ready || pressure.leaving)
    return refuse(exchange, {.code = "not_ready"});
  if (pressure.unready_databases.empty())
    return exchange->answer(json_response(R"({"status":"ready"})"));
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("status", "ready").key("unready_databases").begin_array();
  for (const int database : pressure.unready_databases)
    json.number(database);
  json.end_array().end_object();
  exchange->answer(json_response(std::move(text)));
}

void show_metrics(Services& services, const ExchangePtr& exchange) {
  exchange->answer(
      {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = services.metrics.expose(services)});
}

void show_openapi(Services&, const ExchangePtr& exchange) {
  exchange->answer(json_response(std::string{openapi_document}));
}

void explain_problem(Services&, const ExchangePtr& exchange) {
  const ProblemType* type = find_problem_type(exchange->captures[0]);
  if (type == nullptr)
    return refuse(exchange, {.code = "not_found"});
  if (prefers(exchange->request, "application/json"))
    exchange->answer(json_response(explain_as_json(*type)));
  else
    exchange->answer({.content_type = "text/html; charset=utf-8", .body = explain_as_html(*type)});
}

}  // namespace dompet::http::routes
