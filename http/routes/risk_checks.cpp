#include <utility>

#include "http/access/access.hpp"
#include "http/list.hpp"
#include "http/ownership.hpp"
#include "http/query.hpp"
#include "http/reference/pool.hpp"
#include "http/render_risk.hpp"
#include "http/risk_body.hpp"
#include "http/router.hpp"
#include "http/routes.hpp"
#include "persistence/risk_check_store.hpp"

// Questions to the risk rules about what nobody does, and all that were asked.

namespace dompet::http::routes {

namespace {

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
                  .owner = question.owner,
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
        RiskCheckStore(reader).add(check);
        return check;
      },
      [exchange](const RiskCheck& kept) { exchange->answer(json_response(render_risk_answer(kept))); });
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

void list_risk_checks(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "action", "wallet_id"});
  RiskCheckQuery query{.action = read_risk_action(parameters), .wallet = parameters.id("wallet_id")};
  const auto page = read_page_by_id(parameters, exchange->route->path, query);
  if (!page)
    return refuse(exchange, page.error());
  answer_by_query(services, exchange, [query, page = *page](Reader& reader, const HttpRequest&) {
    return render_list(page, RiskCheckStore(reader).list(query), append_risk_check,
                       [](const RiskCheck& check) { return Position{check.id, 0}; });
  });
}

}  // namespace dompet::http::routes
