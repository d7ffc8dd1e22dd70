#pragma once

#include "http/exchange.hpp"
#include "persistence/user_rules.hpp"

namespace dompet::http {

/// Whether the caller has permissions himself, as he was when he sent the request: nobody gives, takes or touches what
/// he has not.
Holds rights_of(const Exchange& exchange);

}  // namespace dompet::http
