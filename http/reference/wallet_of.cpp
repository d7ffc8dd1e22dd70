#include "http/reference/wallet_of.hpp"

#include <utility>

#include "http/answers.hpp"
#include "http/reference/pool.hpp"
#include "persistence/reference_store.hpp"

namespace dompet::http {

namespace {

const WalletHistory* history_of(const Reply& reply) {
  return reply.result == nullptr ? nullptr : std::get_if<WalletHistory>(reply.result);
}

}  // namespace

void with_wallet_of(Services& services, const ExchangePtr& exchange, const WalletId& wallet, const UserId& user,
                    std::function<void()> then) {
  services.ask.ask(ReadWalletRequest{wallet, false}, [exchange, user, then = std::move(then)](const Reply& reply) {
    const WalletHistory* history = history_of(reply);
    if (history == nullptr)
      return refuse(exchange, problem_of(reply, false));
    // Also of a wallet that is somebody else's nobody learns that it exists.
    if (history->wallet.status == WalletStatus::absent || history->wallet.owner != user)
      return refuse(exchange, {.code = "wallet_not_found"});
    if (history->wallet.status == WalletStatus::closed)
      return refuse(exchange, {.code = "wallet_closed"});
    then();
  });
}

void with_user(Services& services, const ExchangePtr& exchange, const UserId& user, std::function<void()> then) {
  if (exchange->caller.user == user.uuid)
    return then();
  ask_pool<bool>(
      services, exchange,
      [user](Reader& reader) {
        const auto found = ReferenceStore(reader, user_table).find(user.uuid);
        return found && !found->is_trashed();
      },
      [exchange, then = std::move(then)](bool is_there) {
        if (!is_there)
          return refuse(exchange, {.code = "user_not_found"});
        then();
      });
}

void open_wallet_for(Services& services, const ExchangePtr& exchange, const UserId& user, std::string name,
                     const Currency& currency, std::function<void(const WalletId& wallet)> then) {
  OpenWalletRequest request{};
  request.wallet = {services.ids.next()};
  request.command.currency = currency;
  request.command.name = std::move(name);
  request.command.owner = user;
  services.ask.ask(request, [exchange, then = std::move(then)](const Reply& reply) {
    const WalletHistory* history = history_of(reply);
    if (history == nullptr)
      return refuse(exchange, problem_of(reply, true));
    then(history->wallet.id);
  });
}

}  // namespace dompet::http
