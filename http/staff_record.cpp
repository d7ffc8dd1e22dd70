#include "http/staff_record.hpp"

#include <algorithm>

#include "http/audit_queue.hpp"
#include "http/reference/resource.hpp"
#include "http/router.hpp"

namespace dompet::http {

namespace {

/// Their audit is their own business.
constexpr std::string_view recorded_elsewhere[]{"/v1/auth",  "/v1/users",     "/v1/roles",
                                                "/v1/cards", "/v1/merchants", "/v1/merchant-documents",
                                                "/v1/sagas", "/v1/cluster"};
constexpr std::string_view changes_of_wallets = "/v1/wallets/{id}";

bool moves_money(const Route& route) { return route.needs_key || route.body == Body::bulk_json; }

bool is_recorded_elsewhere(const Route& route) {
  return std::ranges::any_of(recorded_elsewhere,
                             [&route](std::string_view beginning) { return route.path.starts_with(beginning); });
}

bool is_worth_a_record(const Exchange& exchange, int status) {
  const Route* route = exchange.route;
  if (route == nullptr || route->method == Method::get || exchange.caller.kind != Caller::Kind::user)
    return false;
  const bool was_done = status >= 200 && status < 300;
  if (exchange.grant != Grant::any)
    return was_done && route->path.starts_with(changes_of_wallets);
  // Nobody in particular: a test without access.
  if (exchange.caller.user.is_nil() || is_recorded_elsewhere(*route))
    return false;
  return moves_money(*route) ? !exchange.made.empty() : was_done;
}

/// Where what was made is to be found; otherwise what was changed.
std::string target_of(const Exchange& exchange) {
  const Route& route = *exchange.route;
  if (route.needs_key && exchange.made.size() == 1 && exchange.captures[0].empty())
    return std::string{"/v1/transactions/"}.append(to_string(exchange.made.front()));
  if (route.method == Method::post && route.path == "/v1/wallets")
    return std::string{"/v1/wallets/"}.append(to_string(exchange.request.id));
  return std::string{exchange.request.path};
}

std::string evidence_of(const Exchange& exchange, int status) {
  if (exchange.made.empty())
    return exchange.evidence.empty() ? "{}" : exchange.evidence;
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("status").number(status).key("transactions").begin_array();
  for (const Uuid& transaction : exchange.made)
    json.text(to_string(transaction));
  json.end_array().end_object();
  return text;
}

}  // namespace

void record_staff_write(Services& services, const Exchange& exchange, int status) {
  if (!is_worth_a_record(exchange, status))
    return;
  NewAudit audit{.act = act_of(exchange),
                 .what = std::string{name_of(exchange.route->method)},
                 .target = target_of(exchange),
                 .evidence = evidence_of(exchange, status)};
  audit.what.append(1, ' ').append(exchange.route->path);
  services.audit.add(std::move(audit));
}

void note_made(Exchange& exchange, const MoneyOutcome& outcome, const Uuid& transaction) {
  const bool is_new = outcome.status < 300 && !outcome.is_replay;
  if (exchange.grant == Grant::any && (is_new || outcome.is_unknown))
    exchange.made.push_back(transaction);
}

}  // namespace dompet::http
