#pragma once

#include <functional>
#include <string>

#include "domain/wallet.hpp"
#include "http/exchange.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// Goes on when the wallet is there, the user's own and not closed; otherwise the exchange is refused.
void with_wallet_of(Services& services, const ExchangePtr& exchange, const WalletId& wallet, const UserId& user,
                    std::function<void()> then);

/// Goes on when there is such a user, not in the trash; otherwise the exchange is refused.
void with_user(Services& services, const ExchangePtr& exchange, const UserId& user, std::function<void()> then);

/// Opens a wallet for the user and goes on with its id; otherwise the exchange is refused.
void open_wallet_for(Services& services, const ExchangePtr& exchange, const UserId& user, std::string name,
                     const Currency& currency, std::function<void(const WalletId& wallet)> then);

}  // namespace dompet::http
