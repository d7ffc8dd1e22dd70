#pragma once

#include <functional>
#include <optional>

#include "http/exchange.hpp"
#include "http/services.hpp"
#include "persistence/movement_reader.hpp"

namespace dompet::http {

/// Goes on with whose a card or a merchant is and which wallet is behind it, also of one in the trash; with nothing
/// when there is none. Whether the caller may know is asked by who goes on. 503 while database 0, which knows them, is
/// silent. Io thread.
using ThenParty = std::function<void(const std::optional<MovementParty>& party)>;
void with_card(Services& services, const ExchangePtr& exchange, const Uuid& card, ThenParty then);
void with_merchant(Services& services, const ExchangePtr& exchange, const Uuid& merchant, ThenParty then);

}  // namespace dompet::http
