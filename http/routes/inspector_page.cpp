#include "http/answers.hpp"
#include "http/embedded.hpp"
#include "http/routes.hpp"

namespace dompet::http::routes {

namespace {

/// The page holds what may be done to people's money: it runs its own files alone, talks to this server alone, and is
/// shown in no other page's frame.
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void answer_asset(const ExchangePtr& exchange, std::string_view path) {
  for (const Asset& asset : inspector_assets)
    if (asset.path == path)
      // The names are the same in every version, so a browser asks again each time.
      return exchange->answer({.content_type = asset.content_type,
                               .body = std::string{asset.body},
                               .headers = {{"Cache-Control", "no-cache"},
                                           {"Content-Security-Policy", std::string{content_security_policy}},
                                           {"X-Content-Type-Options", "nosniff"},
                                           {"Referrer-Policy", "no-referrer"}}});
  if (inspector_assets.empty())
    return refuse(exchange, {.code = "not_found",
                             .detail = "This dompetd was built without the inspector's page, because its packages had "
                                       "not been fetched. Run scripts/bootstrap and build again; the API is there."});
  refuse(exchange, {.code = "not_found"});
}

}  // namespace

void show_inspector(Services&, const ExchangePtr& exchange) { answer_asset(exchange, "index.html"); }

void show_inspector_asset(Services&, const ExchangePtr& exchange) { answer_asset(exchange, exchange->captures[0]); }

}  // namespace dompet::http::routes
