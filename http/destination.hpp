#pragma once

#include <expected>
#include <functional>

#include "http/body_money.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// Where the money goes.
struct FoundDestination {
  /// Nil when nobody can receive it so. Whatever it was that was missing is answered alike (404 destination_not_found),
  /// so that nobody learns who has an account.
  WalletId wallet{};
  /// For the fingerprint: who was asked for, and no number of a card.
  std::string text{};
};

/// Finds the wallet that a card number or a username stands for: the card's, or the user's oldest active one in the
/// currency. A problem when a database could not say. `then` runs on the io thread, now or later.
void find_destination(Services& services, const ExchangePtr& exchange, const NamedDestination& named,
                      const Currency& currency,
                      std::function<void(std::expected<FoundDestination, Problem> found)> then);

}  // namespace dompet::http
