#pragma once

#include <functional>

#include "http/answers.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// Before a money request is refused because of what may have changed since it was sent first (a card was frozen, a
/// merchant ended, a quote's time is over): its key may have been used for the same request, whose answer then still
/// holds, also one that is on its way. The wallet that would be asked first says so, behind everything that it was sent
/// before; `asked` names it. Goes on with that answer, with the problem when there is none, and when nobody knows with
/// what says so. Io thread.
void outcome_unless_known(Services& services, const ExchangePtr& exchange, Transaction asked, const Stamp& stamp,
                          const Problem& problem, std::function<void(MoneyOutcome outcome)> then);

/// The same, and answers the exchange.
void refuse_unless_known(Services& services, const ExchangePtr& exchange, Transaction asked, const Stamp& stamp,
                         const Problem& problem);

}  // namespace dompet::http
