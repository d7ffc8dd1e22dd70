#pragma once

#include <optional>
#include <span>
#include <string>

#include "domain/history.hpp"
#include "domain/record.hpp"
#include "domain/saga.hpp"

namespace dompet::invariants {

// The safety invariants of the ledger (protocol 5.1), a function each. All take durable facts and give the
// sentence that says what is broken, or nothing. `dompetctl verify`, the simulator and the tests call them.

using Violation = std::optional<std::string>;

/// I1: in a shard's stream, epochs never fall and shard_seq is contiguous. Records in shard_seq order.
Violation epochs_never_fall(std::span<const Record> stream);

/// I2: a wallet's legs are contiguous and replay to the balances that they state; nothing is negative.
/// Legs in seq order, starting at seq 1.
Violation wallet_replays(const WalletId& wallet, std::span<const Leg> legs);

/// I3: at most one decision; CREDITED exactly when one Credited event exists.
Violation one_decision(std::span<const Decision> decisions, int credited_events);

/// I4 and I5: settled needs CREDITED, released needs REFUSED, and a credit needs a hold that was not released.
Violation saga_agrees(SagaState saga, Decision decision);

/// I9: what is to be reviewed is credited only after an approval, and nothing else is ever approved.
Violation review_is_kept(bool is_to_be_reviewed, int approvals, bool is_credited);

/// I6: what a client was told is backed: success by a credit, final failure by no credit.
Violation reply_is_backed(bool told_success, SagaState saga, Decision decision);

/// I7: what all wallets have and the house exchanged (`position`: the total of `fx:`, what came in for other
/// currencies less what went out), less what is credited but not yet captured, is what came from outside.
/// All in minor units of one currency.
Violation conserved(Minor available, Minor held, Minor in_transit, Minor net_inflow, Minor position = 0);

/// I8: a key belongs to at most one transaction. Records of one key.
Violation one_transaction_per_key(std::span<const Record> records);

/// Every record's entries add up to nothing in each currency, and a conversion gives what its rate says, rounded down.
/// A refund's share is what the payment's records leave, and no single record can tell.
Violation record_balances(const Record& record);

}  // namespace dompet::invariants
