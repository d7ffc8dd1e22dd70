#pragma once

#include "http/exchange.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// Puts on record what staff changed that is not its own: called for every request that is over. Reference data, sagas,
/// the cluster and logins write their own audit, in the transaction of what they do; money is in the journal, with who
/// asked. What is left, wallets above all, changes in an actor's memory and the lane, so its row follows. Io thread.
void record_staff_write(Services& services, const Exchange& exchange, int status);

}  // namespace dompet::http
