#include "http/staff_record.hpp"

#include <algorithm>

#include "config/logging.hpp"
#include "http/reference/resource.hpp"
#include "http/router.hpp"

namespace dompet::http {

namespace {

/// Their audit is their own business.
constexpr std::string_view recorded_elsewhere[]{"/v1/auth",  "/v1/users",     "/v1/roles",
                                                "/v1/cards", "/v1/merchants", "/v1/merchant-documents",
                                                "/v1/sagas", "/v1/cluster"};

bool is_worth_a_record(const Exchange& exchange, int status) {
  const Route* route = exchange.route;
  const bool was_done = status >= 200 && status < 300;
  if (route == nullptr || !was_done || exchange.caller.kind != Caller::Kind::user || exchange.grant != Grant::any)
    return false;
  // What is made anew belongs to its maker; what is changed may be another's.
  const bool changes = route->method != Method::get && !exchange.captures[0].empty() && !route->needs_key;
  return changes && std::ranges::none_of(recorded_elsewhere, [route](std::string_view beginning) {
           return route->path.starts_with(beginning);
         });
}

}  // namespace

void record_staff_write(Services& services, const Exchange& exchange, int status) {
  if (!is_worth_a_record(exchange, status))
    return;
  NewAudit audit{.act = act_of(exchange), .what = {}, .target = std::string{exchange.request.path}};
  audit.what = std::string{name_of(exchange.route->method)} + ' ' + std::string{exchange.route->path};
  const auto fail = [request_id = audit.act.request_id](const std::string& reason) {
    log_event(LogLevel::error, "what staff did was not recorded", {{"request_id", request_id}, {"reason", reason}});
  };
  const bool is_taken = services.engine.query([audit](Reader& reader) { AuditLog(reader).write(audit); }, fail);
  if (!is_taken)
    fail("the query pool is full");
}

}  // namespace dompet::http
