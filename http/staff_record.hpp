#pragma once

#include "http/answers.hpp"
#include "http/exchange.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// Puts on record what staff changed: called for every request that is over. Every write that was granted for everybody
/// has a row, money too, once, by the request that made it: an answer that was given before (Idempotent-Replayed) has
/// none. So have a customer's changes of his own wallets, which a thief of his session would make. What else customers
/// do with their money is in the journal and costs nothing here. Reference data, sagas, the cluster and logins write
/// their own audit, in the transaction of what they do; here the row follows the deed (audit_queue.hpp). Io thread.
void record_staff_write(Services& services, const Exchange& exchange, int status);

/// Notes for the record that staff made this transaction; also when nobody knows whether it did.
void note_made(Exchange& exchange, const MoneyOutcome& outcome, const Uuid& transaction);

}  // namespace dompet::http
