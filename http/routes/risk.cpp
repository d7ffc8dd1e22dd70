#include <utility>

#include "http/access/access.hpp"
#include "http/across.hpp"
#include "http/list.hpp"
#include "http/ownership.hpp"
#include "http/query.hpp"
#include "http/reference/pool.hpp"
#include "http/reference/resource.hpp"
#include "http/render_risk.hpp"
#include "http/risk_body.hpp"
#include "http/routes.hpp"
#include "persistence/risk_store.hpp"

// Risk rules, questions to them, and what they said about movements of money. Decisions of officers: risk_reviews.cpp.

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
  const std::string action = parameters.choice("action", {"allow", "review", "block"});
  for (const RiskAction possible : {RiskAction::allow, RiskAction::review, RiskAction::block})
    if (name_of(possible) == action)
      query.action = possible;
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

/// A question on its way: the wallets say whose they are, the journal what left lately, the rules what they think.
struct Question {
  Transaction asked{};
  UserId owner{};
  UserId other_owner{};
  RiskRulesPtr rules{};
};

void answer_question(Services& services, const ExchangePtr& exchange, const Question& question,
                     const RecentMovements& recent) {
  RiskCheck check{.id = exchange->request.id,
                  .who = signature(*exchange),
                  .asked = question.asked,
                  .rules_version = question.rules->version};
  check.said = assess(*question.rules, {.transaction = question.asked,
                                        .owner = question.owner,
                                        .other_owner = question.other_owner,
                                        .movements = recent.movements,
                                        .is_cut = recent.is_cut})
                   .value_or(Assessment{});
  ask_pool<RiskCheck>(
      services, exchange,
      [check](Reader& reader) {
        AssessmentReader(reader).log(check);
        return check;
      },
      [exchange](const RiskCheck& logged) { exchange->answer(json_response(render_risk_check(logged))); });
}

/// From the journal: the wallet's actor may know of movements that are on their way there.
void look_back(Services& services, const ExchangePtr& exchange, const Question& question) {
  const WalletId& wallet =
      question.asked.kind == TransactionKind::topup ? question.asked.destination : question.asked.source;
  const Shard shard = shard_of(wallet, services.engine.shard_count());
  const auto database = services.engine.database_of(shard);
  if (!database)
    return refuse(exchange, shard_on_its_way(shard));
  const std::int64_t window_ms = needs_of(*question.rules, question.asked).window_ms;
  if (window_ms == 0)
    return answer_question(services, exchange, question, {});
  const std::int64_t since_ms = unix_ms_of(question.asked.id.uuid) - window_ms;
  ask_pool<RecentMovements>(
      services, exchange,
      [wallet, since_ms](Reader& reader) {
        return reader.movements_since(wallet, since_ms, static_cast<int>(most_remembered_movements));
      },
      [&services, exchange, question](const RecentMovements& recent) {
        answer_question(services, exchange, question, recent);
      },
      [exchange](const Problem& problem) { refuse(exchange, problem); }, *database);
}

}  // namespace

void score_risk(Services& services, const ExchangePtr& exchange) {
  auto asked = read_risk_question(exchange->request.body);
  if (!asked)
    return refuse(exchange, asked.error());
  Question question{.asked = std::move(*asked), .rules = services.engine.risk_rules()};
  if (!question.rules)
    return refuse(exchange, {.code = "risk_unavailable"});
  question.asked.id = {exchange->request.id};
  const bool is_topup = question.asked.kind == TransactionKind::topup;
  const WalletId wallet = is_topup ? question.asked.destination : question.asked.source;
  with_wallet(services, exchange, {wallet},
              [&services, exchange, question, is_topup](const WalletHistory& known) mutable {
                question.owner = known.wallet.owner;
                if (is_topup || question.asked.destination == WalletId{})
                  return look_back(services, exchange, question);
                with_wallet(services, exchange, {question.asked.destination},
                            [&services, exchange, question](const WalletHistory& other) mutable {
                              question.other_owner = other.wallet.owner;
                              look_back(services, exchange, question);
                            });
              });
}

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
