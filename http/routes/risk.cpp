#include <utility>

#include "http/access/access.hpp"
#include "http/across.hpp"
#include "http/list.hpp"
#include "http/query.hpp"
#include "http/reference/pool.hpp"
#include "http/reference/resource.hpp"
#include "http/render_risk.hpp"
#include "http/risk_body.hpp"
#include "http/router.hpp"
#include "http/routes.hpp"
#include "persistence/risk_store.hpp"

// Risk rules, and what they said about movements of money. Questions to them: risk_checks.cpp; decisions of officers:
// risk_reviews.cpp.

namespace dompet::http::routes {

namespace {

bool wants_csv(const HttpRequest& request) {
  const auto accept = request.header("Accept").value_or("");
  const auto csv = accept.find("text/csv");
  return csv != accept.npos && csv < accept.find("application/json");
}

HttpResponse rules_response(const StoredRiskRules& stored) {
  HttpResponse response = json_response(render_risk_rules(stored));
  response.headers.emplace_back("ETag", '"' + std::to_string(stored.rules.version) + '"');
  return response;
}

AssessmentQuery read_query(QueryParameters& parameters) {
  AssessmentQuery query;
  query.action = read_risk_action(parameters);
  const std::string state = parameters.choice("state", {"pending", "approved", "rejected"});
  for (const ReviewState possible : {ReviewState::pending, ReviewState::approved, ReviewState::rejected})
    if (name_of(possible) == state)
      query.state = possible;
  if (const auto wallet = parameters.id("wallet_id"))
    query.wallet = WalletId{*wallet};
  query.from_ms = parameters.time_ms("from");
  query.until_ms = parameters.time_ms("to");
  query.min_score = static_cast<int>(parameters.number("min_score", 0, 100).value_or(0));
  return query;
}

Position position_of(const AssessedMovement& movement) { return {movement.record.id.uuid, 0}; }

HttpResponse render_csv(const Page& page, const std::vector<AssessedMovement>& rows) {
  HttpResponse response{.content_type = "text/csv; charset=utf-8", .body = std::string{assessment_csv_header()}};
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"risk-assessments.csv\"");
  const std::size_t count = std::min(rows.size(), static_cast<std::size_t>(page.limit));
  for (std::size_t i = 0; i < count; ++i)
    append_assessment_csv(response.body, rows[i]);
  if (rows.size() > count)
    response.headers.emplace_back("Link", "</v1/risk/assessments?limit=" + std::to_string(page.limit) +
                                              "&cursor=" + write_cursor(page.filters, position_of(rows[count - 1])) +
                                              ">; rel=\"next\"");
  return response;
}

}  // namespace

void list_assessments(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query,
                             {"limit", "cursor", "action", "state", "wallet_id", "from", "to", "min_score"});
  AssessmentQuery query = read_query(parameters);
  const auto page = read_page(parameters, "/v1/risk/assessments", wants_csv(exchange->request));
  if (!page)
    return refuse(exchange, page.error());
  query.limit = page->limit + 1;
  if (page->after)
    query.before = page->after->id;
  answer_list<AssessedMovement>(
      services, exchange, [query](Reader& reader) { return AssessmentReader(reader).list(query); },
      [](const AssessedMovement& left, const AssessedMovement& right) { return left.record.id > right.record.id; },
      query.limit,
      [page = *page](const std::vector<AssessedMovement>& rows, const HttpRequest& request) {
        return wants_csv(request) ? render_csv(page, rows) : render_list(page, rows, append_assessment, position_of);
      });
}

void read_assessment(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_search(services, exchange,
                   [id = TransactionId{*id}](Reader& reader, const HttpRequest&) -> std::optional<HttpResponse> {
                     const auto found = AssessmentReader(reader).find(id);
                     if (!found)
                       return std::nullopt;
                     std::string text;
                     JsonWriter json(text);
                     append_assessment(json, *found);
                     return json_response(std::move(text));
                   },
                   {.code = "assessment_not_found"});
}

void read_risk_rules(Services& services, const ExchangePtr& exchange) {
  answer_by_query(services, exchange,
                  [](Reader& reader, const HttpRequest&) { return rules_response(RiskRuleStore(reader).rules()); });
}

void list_risk_rule_versions(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor"});
  const auto page = read_page(parameters, exchange->route->path);
  if (!page)
    return refuse(exchange, page.error());
  answer_by_query(services, exchange, [page = *page](Reader& reader, const HttpRequest&) {
    const std::uint64_t before = page.after ? page.after->seq : 0;
    return render_list(page, RiskRuleStore(reader).versions(before, page.limit + 1), append_risk_rules,
                       [](const StoredRiskRules& stored) { return Position{{}, stored.rules.version}; });
  });
}

void replace_risk_rules(Services& services, const ExchangePtr& exchange) {
  auto rules = http::read_risk_rules(exchange->request.body);
  if (!rules)
    return refuse(exchange, rules.error());
  using Replaced = std::optional<StoredRiskRules>;
  ask_pool<Replaced>(
      services, exchange,
      [rules = std::move(*rules), act = act_of(*exchange)](Reader& reader) {
        return RiskRuleStore(reader).replace(rules, act);
      },
      [&services, exchange](const Replaced& stored) {
        if (!stored)
          return refuse(exchange, {.code = "version_mismatch"});
        services.engine.set_risk_rules(std::make_shared<const RiskRules>(stored->rules));
        exchange->answer(rules_response(*stored));
      });
}

}  // namespace dompet::http::routes
