#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "http/ask.hpp"
#include "http/exchange.hpp"
#include "http/services.hpp"

namespace dompet::http {

// Whose wallet it is. Every route that touches one goes through here, so that none can forget to ask. A caller with the
// grant `own` touches only wallets that he owns; a wallet of another's is to him like one that is not there (404).

/// Whom a request is for: the caller, or nobody in particular (nil) when he may do it with everybody's.
UserId on_behalf_of(const Exchange& exchange);

/// Whose wallets somebody may see: everybody's, a user his own, a merchant's servers the merchant's one. A value, for
/// the threads that read.
struct Viewer {
  std::optional<UserId> owner{};
  std::optional<WalletId> wallet{};

  bool may_see(const Wallet& other) const {
    return (!owner || other.owner == *owner) && (!wallet || other.id == *wallet);
  }
};
Viewer viewer_of(const Exchange& exchange);

/// Goes on with the wallet as memory has it; otherwise the exchange is refused.
void with_wallet(Services& services, const ExchangePtr& exchange, const ReadWalletRequest& request,
                 std::function<void(const WalletHistory& history)> then);

/// Changes the wallet and answers with it. It looks at its owner itself, in the moment of the change.
void change_wallet(Services& services, const ExchangePtr& exchange, const WalletId& wallet,
                   std::vector<WalletChange> changes);

/// Staff that a request is from, when it may be about everybody's money; otherwise nil.
UserId staff_of(const Exchange& exchange);

/// Moves money in the caller's name. The wallet that is asked first, a top-up's destination or everything else's
/// source, looks at its owner itself, in the moment of the decision.
void move_money(Services& services, const ExchangePtr& exchange, Transaction transaction, const Stamp& stamp,
                Continuation then);

/// Moves money for which the caller has another right than to own the wallet: the merchant's to what his payment
/// authorized, or a card that was shown to him. The route has made sure of it.
void move_money_by_right(Services& services, const ExchangePtr& exchange, Transaction transaction, const Stamp& stamp,
                         Continuation then);

}  // namespace dompet::http
