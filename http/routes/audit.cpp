#include "http/answers.hpp"
#include "http/list.hpp"
#include "http/query.hpp"
#include "http/reference/routes.hpp"
#include "http/timestamp.hpp"
#include "persistence/audit_log.hpp"

namespace dompet::http::routes {

namespace {

constexpr std::size_t longest_word = 200;

std::string word(QueryParameters& parameters, std::string_view name) {
  std::string text = parameters.text(name).value_or("");
  if (text.size() > longest_word || text.contains('\0'))
    parameters.fault(name, "A text of at most " + std::to_string(longest_word) + " bytes.");
  return text;
}

void append_row(JsonWriter& json, const AuditRow& row) {
  json.begin_object().plain("id", to_string(row.id)).plain("at", format_time(row.at_ms)).key("actor");
  row.actor ? json.text(to_string(*row.actor)) : json.null();
  json.member("who", row.who).member("what", row.what).member("target", row.target).member("why", row.why);
  json.member("request_id", row.request_id).key("evidence").raw(row.evidence).end_object();
}

}  // namespace

void list_audit(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "actor", "what", "target", "from", "to"});
  AuditQuery query{.actor = parameters.id("actor"),
                   .what = word(parameters, "what"),
                   .target = word(parameters, "target"),
                   .from_ms = parameters.time_ms("from"),
                   .until_ms = parameters.time_ms("to")};
  const auto page = read_page_by_id(parameters, "/v1/audit", query);
  if (!page)
    return refuse(exchange, page.error());
  answer_by_query(services, exchange, [query, page = *page](Reader& reader, const HttpRequest&) {
    return render_list(page, AuditLog(reader).list(query), append_row,
                       [](const AuditRow& row) { return Position{row.id, 0}; });
  });
}

}  // namespace dompet::http::routes
