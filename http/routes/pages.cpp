#include "http/answers.hpp"
#include "http/embedded.hpp"
#include "http/routes.hpp"

// The pages that the server carries: /docs, /inspector and /graphiql. Each runs its own files alone and talks to this
// server alone.

namespace dompet::http::routes {

namespace {

struct Page {
  /// What a page without assets was built without.
  std::string_view name;
  std::string_view content_security_policy;
};

constexpr Page swagger{"the Swagger UI", ""};

/// It holds what may be done to people's money, and is shown in no other page's frame.
constexpr Page inspector{"the inspector's page",
                         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                         "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"};

/// The same; its editor writes styles and starts workers from itself.
constexpr Page graphiql{"GraphiQL",
                        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' "
                        "data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; "
                        "form-action 'none'; frame-ancestors 'none'"};

HttpResponse response_of(const Page& page, const Asset& asset) {
  // The names are the same in every version, so a browser asks again each time.
  HttpResponse response{.content_type = asset.content_type,
                        .body = std::string{asset.body},
                        .headers = {{"Cache-Control", "no-cache"},
                                    {"X-Content-Type-Options", "nosniff"},
                                    {"Referrer-Policy", "no-referrer"}}};
  if (!page.content_security_policy.empty())
    response.headers.emplace_back("Content-Security-Policy", std::string{page.content_security_policy});
  return response;
}

void answer_asset(const ExchangePtr& exchange, const Page& page, std::span<const Asset> assets, std::string_view path) {
  for (const Asset& asset : assets)
    if (asset.path == path)
      return exchange->answer(response_of(page, asset));
  if (!assets.empty())
    return refuse(exchange, {.code = "not_found"});
  refuse(exchange, {.code = "not_found",
                    .detail = std::string{"This dompetd was built without "}.append(page.name).append(
                        ", because its packages had not been fetched. Run scripts/bootstrap and build again; "
                        "the API is there.")});
}

void answer_graphiql(const Services& services, const ExchangePtr& exchange, std::string_view path) {
  const GraphqlSettings& settings = services.settings.graphql;
  if (!settings.enabled || !settings.graphiql)
    return refuse(exchange, {.code = "not_found", .detail = "This server has GraphiQL switched off."});
  answer_asset(exchange, graphiql, graphiql_assets, path);
}

}  // namespace

void show_docs(Services&, const ExchangePtr& exchange) {
  answer_asset(exchange, swagger, swagger_assets, "index.html");
}

void show_docs_asset(Services&, const ExchangePtr& exchange) {
  answer_asset(exchange, swagger, swagger_assets, exchange->captures[0]);
}

void show_inspector(Services&, const ExchangePtr& exchange) {
  answer_asset(exchange, inspector, inspector_assets, "index.html");
}

void show_inspector_asset(Services&, const ExchangePtr& exchange) {
  answer_asset(exchange, inspector, inspector_assets, exchange->captures[0]);
}

void show_graphiql(Services& services, const ExchangePtr& exchange) {
  answer_graphiql(services, exchange, "index.html");
}

void show_graphiql_asset(Services& services, const ExchangePtr& exchange) {
  answer_graphiql(services, exchange, exchange->captures[0]);
}

}  // namespace dompet::http::routes
