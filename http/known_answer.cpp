#include "http/known_answer.hpp"

#include <memory>
#include <utility>

namespace dompet::http {

namespace {

bool is_free(const Reply& reply) {
  const auto* not_now = reply.result == nullptr ? nullptr : std::get_if<NotNow>(reply.result);
  return not_now != nullptr && not_now->cause == NotNow::Cause::key_is_free;
}

}  // namespace

void outcome_unless_known(Services& services, const ExchangePtr& exchange, Transaction asked, const Stamp& stamp,
                          const Problem& problem, std::function<void(MoneyOutcome outcome)> then) {
  // It is not carried out: of its other side only what came from the client may be there.
  asked.fx.reset();
  asked.bill.reset();
  MoveMoneyRequest question{
      .transaction = std::make_shared<const Transaction>(std::move(asked)), .stamp = stamp, .only_if_known = true};
  services.ask.known_money(std::move(question), [exchange, problem, then = std::move(then)](const Reply& reply) {
    const HttpRequest& request = exchange->request;
    then(is_free(reply) ? outcome_of(problem, request.path, request.request_id)
                        : outcome_of(reply, request.path, request.request_id));
  });
}

void refuse_unless_known(Services& services, const ExchangePtr& exchange, Transaction asked, const Stamp& stamp,
                         const Problem& problem) {
  outcome_unless_known(services, exchange, std::move(asked), stamp, problem,
                       [exchange](MoneyOutcome outcome) { exchange->answer(response_of(std::move(outcome))); });
}

}  // namespace dompet::http
