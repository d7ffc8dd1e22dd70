#pragma once

#include <functional>

#include "http/answers.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// Before a money request is refused because of what may have changed since it was sent first (a card was frozen, a
/// merchant ended, a user renamed): its key may have been used for the same request, whose answer then still holds.
/// Goes on with that answer, otherwise with the problem. Io thread.
void outcome_unless_known(Services& services, const ExchangePtr& exchange, const Stamp& stamp, const Problem& problem,
                          std::function<void(MoneyOutcome outcome)> then);

/// The same, and answers the exchange.
void refuse_unless_known(Services& services, const ExchangePtr& exchange, const Stamp& stamp, const Problem& problem);

}  // namespace dompet::http
