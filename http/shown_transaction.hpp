#pragma once

#include <functional>

#include "http/exchange.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// Goes on with the transaction of the path's id, if the caller may see it: a party's wallet is his, or the merchant
/// is; otherwise the exchange is refused, 404 for what is others'. Io thread.
void with_shown_transaction(Services& services, const ExchangePtr& exchange,
                            std::function<void(const StoredTransaction& stored)> then);

}  // namespace dompet::http
