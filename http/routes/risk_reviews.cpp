#include <utility>

#include "http/access/access.hpp"
#include "http/gather.hpp"
#include "http/id_source.hpp"
#include "http/ownership.hpp"
#include "http/risk_body.hpp"
#include "http/routes.hpp"
#include "http/saga_orders.hpp"
#include "persistence/risk_store.hpp"

// An officer lets a movement go on, or not. Like every order to a saga it goes to the transfer's owner, on whatever
// node, and is audited before it is given; unlike others it is answered when it is durable.

namespace dompet::http::routes {

namespace {

using Found = std::optional<AssessedMovement>;

/// Goes on unless one of these wallets is the officer's own. What cannot be known is not allowed.
void unless_own(Services& services, const ExchangePtr& exchange, std::vector<WalletId> wallets,
                std::function<void()> then) {
  std::erase(wallets, WalletId{});
  if (wallets.empty())
    return then();
  const WalletId wallet = wallets.back();
  wallets.pop_back();
  services.ask.ask(ReadWalletRequest{wallet}, [&services, exchange, wallets = std::move(wallets),
                                               then = std::move(then)](const Reply& reply) mutable {
    const auto* history = reply.result == nullptr ? nullptr : std::get_if<WalletHistory>(reply.result);
    const bool is_nobodys = reply.result != nullptr && std::holds_alternative<Decline>(*reply.result);
    if (history == nullptr && !is_nobodys)
      return refuse(exchange, problem_of(reply, false));
    if (history != nullptr && history->wallet.owner == UserId{exchange->caller.user} &&
        history->wallet.owner != UserId{})
      return refuse(exchange, {.code = "own_transaction"});
    unless_own(services, exchange, std::move(wallets), std::move(then));
  });
}

void give(Services& services, const ExchangePtr& exchange, const TransactionId& id, SagaOrder order,
          const std::string& note) {
  give_order(services, {id, order, signature(*exchange), note, {}}, [exchange, id, order](const OrderOutcome& outcome) {
    if (!outcome.accepted)
      return refuse(exchange, outcome.problem);
    std::string text;
    JsonWriter json(text);
    json.begin_object().plain("id", to_string(id));
    json.plain("state", order == SagaOrder::approve ? "approved" : "rejected");
    json.member("sentence", outcome.sentence).end_object();
    exchange->answer(json_response(std::move(text)));
  });
}

/// Why this officer cannot decide so, whatever the transfer's owner says.
std::optional<Problem> fault_of(Services& services, const Exchange& exchange, const AssessedMovement& movement,
                                SagaOrder order) {
  if (movement.state != ReviewState::pending)
    return Problem{.code = "not_under_review"};
  const UserId asked_by = movement.record.risk->asked_by;
  if (asked_by != UserId{} && asked_by.uuid == exchange.caller.user)
    return Problem{.code = "own_transaction", .detail = "You made this transaction: somebody else decides on it."};
  const ReviewEnd end = services.engine.end_of_review(*movement.record.transaction);
  if (order == SagaOrder::approve && end.why == Decline::rate_expired && wall_clock_ms() >= end.at_ms)
    return Problem{.code = "rate_expired",
                   .detail = "The rate of its conversion is too old: it is rejected, and the money comes back."};
  return std::nullopt;
}

void decide(Services& services, const ExchangePtr& exchange, SagaOrder order) {
  auto note = read_risk_note(exchange->request.body);
  if (!note)
    return refuse(exchange, note.error());
  const auto captured = captured_id(exchange);
  if (!captured)
    return;
  const TransactionId id{*captured};
  gather<Found>(
      services, exchange, [id](Reader& reader) { return AssessmentReader(reader).find(id); },
      [&services, exchange, id, order, note = std::move(*note)](const Parts<Found>& parts) {
        for (const auto& part : parts)
          if (part && *part) {
            if (const auto fault = fault_of(services, *exchange, **part, order))
              return refuse(exchange, *fault);
            const Transaction& transaction = *(*part)->record.transaction;
            return unless_own(services, exchange, {transaction.source, transaction.destination},
                              [&services, exchange, id, order, note] { give(services, exchange, id, order, note); });
          }
        refuse(exchange, is_whole(parts) ? Problem{.code = "assessment_not_found"}
                                         : Problem{.code = "unavailable", .detail = "A database cannot answer now."});
      });
}

}  // namespace

void approve_assessment(Services& services, const ExchangePtr& exchange) {
  decide(services, exchange, SagaOrder::approve);
}
void reject_assessment(Services& services, const ExchangePtr& exchange) {
  decide(services, exchange, SagaOrder::reject);
}

}  // namespace dompet::http::routes
