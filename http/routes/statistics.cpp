#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "http/access/access.hpp"
#include "http/across.hpp"
#include "http/answers.hpp"
#include "http/party.hpp"
#include "http/render_statistics.hpp"
#include "http/routes.hpp"
#include "http/statistics_query.hpp"

namespace dompet::http::routes {

namespace {

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Before and behind everything that ever was.
constexpr Month first_month(1970, 1);
constexpr Month behind_last_month(9999, 1);

bool is_merchant(const Exchange& exchange) { return exchange.caller.kind == Caller::Kind::merchant; }

/// A merchant's key sees the merchant it is for and that one's wallet, and nothing else of the user it belongs to.
bool may_see_wallet(const Exchange& exchange, const Wallet& wallet) {
  return is_merchant(exchange) ? exchange.caller.wallet == wallet.id : may_touch(exchange, wallet.owner.uuid);
}
bool may_see_merchant(const Exchange& exchange, const Uuid& merchant, const MovementParty& party) {
  return is_merchant(exchange) ? exchange.caller.merchant == merchant : may_touch(exchange, party.user);
}
bool may_see_card(const Exchange& exchange, const MovementParty& party) {
  return !is_merchant(exchange) && may_touch(exchange, party.user);
}

void ask_databases(Services& services, const ExchangePtr& exchange, MovementQuestion question,
                   std::function<std::string(const MovementAnswer& answer)> render) {
  answer_from_all<MovementAnswer>(
      services, exchange,
      [question = std::move(question)](Reader& reader) { return MovementReader(reader).answer(question); }, unite,
      [render = std::move(render)](const MovementAnswer& answer, const HttpRequest&) {
        return json_response(render(answer));
      });
}

/// Asks the wallet first: it says whether there is one, whose it is, and in which currency an answer about nothing is
/// written.
void with_wallet(Services& services, const ExchangePtr& exchange, const WalletId& wallet,
                 std::function<void(const Wallet& wallet)> then) {
  services.ask.ask(ReadWalletRequest{wallet, false}, [exchange, then = std::move(then)](const Reply& reply) {
    const auto* history = reply.result == nullptr ? nullptr : std::get_if<WalletHistory>(reply.result);
    if (history == nullptr)
      return answer_wallet(exchange, reply);
    then(history->wallet);
  });
}

void answer_statistics(Services& services, const ExchangePtr& exchange, const StatisticsQuery& query,
                       std::vector<WalletId> wallets, const Uuid& party) {
  ask_databases(services, exchange, question_of(query, std::move(wallets), party),
                [query](const MovementAnswer& answer) { return render_statistics(query, answer); });
}

/// What one wallet moved, or what of it belongs to a card or merchant whose owner was looked at already.
void answer_about(Services& services, const ExchangePtr& exchange, const StatisticsQuery& query, const WalletId& wallet,
                  const Uuid& party) {
  with_wallet(services, exchange, wallet, [&services, exchange, query, party](const Wallet& known) {
    if (party.is_nil() && !may_see_wallet(*exchange, known))
      return refuse(exchange, {.code = "wallet_not_found"});
    StatisticsQuery complete = query;
    if (!complete.currency)
      complete.currency = known.currency;
    answer_statistics(services, exchange, complete, {known.id}, party);
  });
}

void answer_about_card(Services& services, const ExchangePtr& exchange, const StatisticsQuery& query) {
  with_card(services, exchange, *query.card, [&services, exchange, query](const std::optional<MovementParty>& party) {
    if (!party || !may_see_card(*exchange, *party))
      return refuse(exchange, {.code = "card_not_found"});
    answer_about(services, exchange, query, party->wallet, *query.card);
  });
}

void answer_about_merchant(Services& services, const ExchangePtr& exchange, const StatisticsQuery& query) {
  with_merchant(services, exchange, *query.merchant,
                [&services, exchange, query](const std::optional<MovementParty>& party) {
                  if (!party || !may_see_merchant(*exchange, *query.merchant, *party))
                    return refuse(exchange, {.code = "merchant_not_found"});
                  answer_about(services, exchange, query, party->wallet, *query.merchant);
                });
}

MovementQuestion of_all_times() {
  return {.from = first_month, .to = behind_last_month, .outcome = MovementOutcome::completed};
}

void answer_ledger_dashboard(Services& services, const ExchangePtr& exchange) {
  ask_databases(services, exchange, of_all_times(),
                [](const MovementAnswer& answer) { return render_dashboard({.scope = "ledger"}, answer); });
}

/// The caller's wallets, wherever they live; a merchant has one.
void with_own_wallets(Services& services, const ExchangePtr& exchange,
                      std::function<void(std::vector<WalletId> wallets)> then) {
  using Wallets = std::vector<WalletId>;
  if (is_merchant(*exchange))
    return then({exchange->caller.wallet});
  gather<Wallets>(
      services, exchange,
      [user = exchange->caller.user](Reader& reader) { return MovementReader(reader).wallets_of(user); },
      [exchange, then = std::move(then)](const Parts<Wallets>& parts) {
        Wallets wallets;
        for (std::size_t database = 0; database < parts.size(); ++database) {
          if (!parts[database])
            return refuse(exchange, database_silent(static_cast<int>(database)));
          wallets.insert(wallets.end(), parts[database]->begin(), parts[database]->end());
        }
        if (wallets.size() > most_wallets_a_question)
          return refuse(exchange, {.code = "too_many_wallets"});
        then(std::move(wallets));
      });
}

/// Who has no wallet moved nothing; no wallets at all would be a question about the ledger.
void ask_about_wallets(Services& services, const ExchangePtr& exchange, MovementQuestion question,
                       std::function<std::string(const MovementAnswer& answer)> render) {
  if (question.wallets.empty())
    return exchange->answer(json_response(render({.as_of_ms = now_ms()})));
  ask_databases(services, exchange, std::move(question), std::move(render));
}

void answer_own_statistics(Services& services, const ExchangePtr& exchange, const StatisticsQuery& query) {
  with_own_wallets(services, exchange, [&services, exchange, query](std::vector<WalletId> wallets) {
    MovementQuestion question = question_of(query, std::move(wallets), {});
    question.each_once = !query.direction && query.measure != Measure::balance;
    ask_about_wallets(services, exchange, std::move(question),
                      [query](const MovementAnswer& answer) { return render_statistics(query, answer); });
  });
}

void answer_own_dashboard(Services& services, const ExchangePtr& exchange) {
  with_own_wallets(services, exchange, [&services, exchange](std::vector<WalletId> wallets) {
    const DashboardOf of{.scope = "wallets", .wallets = wallets.size()};
    MovementQuestion question = of_all_times();
    question.wallets = std::move(wallets);
    ask_about_wallets(services, exchange, std::move(question),
                      [of](const MovementAnswer& answer) { return render_dashboard(of, answer); });
  });
}

}  // namespace

void read_statistics(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, statistics_parameters);
  auto query = read_statistics_query(parameters, month_of(now_ms()));
  if (!query)
    return refuse(exchange, query.error());
  if (!query->is_about_somebody() && is_merchant(*exchange))
    query->merchant = exchange->caller.merchant;
  if (query->wallet)
    return answer_about(services, exchange, *query, {*query->wallet}, {});
  if (query->card)
    return answer_about_card(services, exchange, *query);
  if (query->merchant)
    return answer_about_merchant(services, exchange, *query);
  if (exchange->grant != Grant::any)
    return answer_own_statistics(services, exchange, *query);
  answer_statistics(services, exchange, *query, {}, {});
}

/// Of the ledger for whoever may see it, of the own wallets for everybody else.
void read_dashboard(Services& services, const ExchangePtr& exchange) {
  const QueryParameters parameters(exchange->request.query, {});
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  if (exchange->grant == Grant::any)
    return answer_ledger_dashboard(services, exchange);
  answer_own_dashboard(services, exchange);
}

void read_card_dashboard(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  const QueryParameters parameters(exchange->request.query, {});
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  with_card(services, exchange, *id, [&services, exchange, id = *id](const std::optional<MovementParty>& party) {
    if (!party || !may_see_card(*exchange, *party))
      return refuse(exchange, {.code = "card_not_found"});
    with_wallet(services, exchange, party->wallet, [&services, exchange, id](const Wallet& wallet) {
      MovementQuestion question = of_all_times();
      question.wallets = {wallet.id};
      question.party = id;
      const DashboardOf of{.scope = "card",
                           .card = CardId{id},
                           .wallet = wallet.id,
                           .balance = wallet.total(),
                           .currency = wallet.currency};
      ask_databases(services, exchange, std::move(question),
                    [of](const MovementAnswer& answer) { return render_dashboard(of, answer); });
    });
  });
}

}  // namespace dompet::http::routes
