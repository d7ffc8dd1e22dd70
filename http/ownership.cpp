#include "http/ownership.hpp"

#include <memory>
#include <utility>

#include "http/answers.hpp"

namespace dompet::http {

UserId on_behalf_of(const Exchange& exchange) {
  return exchange.grant == Grant::any ? UserId{} : UserId{exchange.caller.user};
}

UserId staff_of(const Exchange& exchange) {
  return exchange.grant == Grant::any ? UserId{exchange.caller.user} : UserId{};
}

Viewer viewer_of(const Exchange& exchange) {
  if (exchange.grant == Grant::any)
    return {};
  Viewer viewer{.owner = UserId{exchange.caller.user}};
  if (exchange.caller.kind == Caller::Kind::merchant)
    viewer.wallet = exchange.caller.wallet;
  return viewer;
}

void with_wallet(Services& services, const ExchangePtr& exchange, const ReadWalletRequest& request,
                 std::function<void(const WalletHistory& history)> then) {
  services.ask.ask(request, [exchange, then = std::move(then)](const Reply& reply) {
    const auto* history = reply.result == nullptr ? nullptr : std::get_if<WalletHistory>(reply.result);
    if (history == nullptr)
      return refuse(exchange, problem_of(reply, false));
    if (!viewer_of(*exchange).may_see(history->wallet))
      return refuse(exchange, declined(Decline::wallet_not_found));
    then(*history);
  });
}

void change_wallet(Services& services, const ExchangePtr& exchange, const WalletId& wallet,
                   std::vector<WalletChange> changes) {
  services.ask.ask(ChangeWalletRequest{wallet, std::move(changes), on_behalf_of(*exchange)},
                   [exchange](const Reply& reply) { answer_wallet(exchange, reply); });
}

void move_money(Services& services, const ExchangePtr& exchange, Transaction transaction, const Stamp& stamp,
                Continuation then) {
  services.ask.move_money({std::make_shared<const Transaction>(std::move(transaction)), stamp, on_behalf_of(*exchange),
                           staff_of(*exchange)},
                          std::move(then));
}

void move_money_by_right(Services& services, const ExchangePtr& exchange, Transaction transaction, const Stamp& stamp,
                         Continuation then) {
  services.ask.move_money(
      {std::make_shared<const Transaction>(std::move(transaction)), stamp, UserId{}, staff_of(*exchange)},
      std::move(then));
}

}  // namespace dompet::http
