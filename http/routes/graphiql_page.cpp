#include "http/answers.hpp"
#include "http/embedded.hpp"
#include "http/routes.hpp"

namespace dompet::http::routes {

namespace {

/// Its own files and this server alone, as the inspector; its editor writes styles and starts workers from itself.
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' "
    "data:; "
    "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void answer_asset(const Services& services, const ExchangePtr& exchange, std::string_view path) {
  const GraphqlSettings& settings = services.settings.graphql;
  if (!settings.enabled || !settings.graphiql)
    return refuse(exchange, {.code = "not_found", .detail = "This server has GraphiQL switched off."});
  for (const Asset& asset : graphiql_assets)
    if (asset.path == path)
      return exchange->answer({.content_type = asset.content_type,
                               .body = std::string{asset.body},
                               .headers = {{"Cache-Control", "no-cache"},
                                           {"Content-Security-Policy", std::string{content_security_policy}},
                                           {"X-Content-Type-Options", "nosniff"},
                                           {"Referrer-Policy", "no-referrer"}}});
  if (graphiql_assets.empty())
    return refuse(exchange, {.code = "not_found",
                             .detail = "This dompetd was built without GraphiQL, because its packages had not been "
                                       "fetched. Run scripts/bootstrap and build again; /graphql is there."});
  refuse(exchange, {.code = "not_found"});
}

}  // namespace

void show_graphiql(Services& services, const ExchangePtr& exchange) { answer_asset(services, exchange, "index.html"); }

void show_graphiql_asset(Services& services, const ExchangePtr& exchange) {
  answer_asset(services, exchange, exchange->captures[0]);
}

}  // namespace dompet::http::routes
