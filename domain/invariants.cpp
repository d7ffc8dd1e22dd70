#include "domain/invariants.hpp"

#include <algorithm>

#include "domain/ensure.hpp"
#include "domain/posting.hpp"

namespace dompet::invariants {

Violation epochs_never_fall(std::span<const Record> stream) {
  for (std::size_t i = 1; i < stream.size(); ++i) {
    const std::string where = "shard " + std::to_string(stream[i].shard) + " at " + std::to_string(stream[i].shard_seq);
    if (stream[i].shard_seq != stream[i - 1].shard_seq + 1)
      return "I1: a gap in the stream of " + where;
    if (stream[i].epoch < stream[i - 1].epoch)
      return "I1: the epoch falls in the stream of " + where;
  }
  return std::nullopt;
}

Violation wallet_replays(const WalletId& wallet, std::span<const Leg> legs) {
  WalletHistory history;
  history.wallet.id = wallet;
  for (const Leg& leg : legs)
    if (!replay(history, leg))
      return "I2: wallet " + to_string(wallet) + " does not replay at seq " + std::to_string(leg.seq);
  return std::nullopt;
}

Violation one_decision(std::span<const Decision> decisions, int credited_events) {
  if (decisions.size() > 1)
    return "I3: a transfer was decided twice";
  const bool credited = !decisions.empty() && decisions.front() == Decision::credited;
  if (credited_events != (credited ? 1 : 0))
    return "I3: decision and credits disagree";
  return std::nullopt;
}

Violation saga_agrees(SagaState saga, Decision decision) {
  if (saga == SagaState::settled && decision != Decision::credited)
    return "I4: settled without a credit";
  if (saga == SagaState::released && decision != Decision::refused)
    return "I4: released without a refusal";
  // Of a saga under review nobody was asked: neither a credit nor a refusal can be on record.
  if (saga == SagaState::under_review && decision != Decision::none)
    return "I9: decided while it was under review";
  const bool has_hold = saga == SagaState::reserved || saga == SagaState::cancelling || saga == SagaState::settled;
  if (decision == Decision::credited && !has_hold)
    return "I5: credited without a hold";
  return std::nullopt;
}

Violation review_is_kept(bool is_to_be_reviewed, int approvals, bool is_credited) {
  if (approvals > (is_to_be_reviewed ? 1 : 0))
    return "I9: approved twice, or without a review";
  if (is_to_be_reviewed && is_credited && approvals == 0)
    return "I9: credited without the approval that it was to wait for";
  return std::nullopt;
}

Violation reply_is_backed(bool told_success, SagaState saga, Decision decision) {
  if (told_success && decision != Decision::credited)
    return "I6: success was answered without a durable credit";
  if (!told_success && (decision == Decision::credited || !is_final(saga)))
    return "I6: a final failure was answered though money may move";
  return std::nullopt;
}

Violation conserved(Minor available, Minor held, Minor in_transit, Minor net_inflow, Minor position) {
  if (in_transit < 0)
    return "I7: more was captured than credited";
  const Minor there = available + held + position - in_transit;
  if (there != net_inflow)
    return "I7: the wallets hold " + std::to_string(there) + " but " + std::to_string(net_inflow) + " came in";
  return std::nullopt;
}

Violation one_transaction_per_key(std::span<const Record> records) {
  const auto other = [&](const Record& record) { return record.id != records.front().id; };
  if (std::ranges::any_of(records, other))
    return "I8: two transactions have one idempotency key";
  return std::nullopt;
}

namespace {

bool converts_rightly(const Record& record) {
  const Transaction* transaction = record.transaction.get();
  if (transaction == nullptr || !transaction->fx || record.legs == 0 || transaction->kind == TransactionKind::refund)
    return true;
  const FxLeg& fx = *transaction->fx;
  return convert(transaction->amount, fx.rate, transaction->currency, fx.currency) == fx.amount;
}

}  // namespace

Violation record_balances(const Record& record) {
  const std::string which = "record " + to_string(record.id);
  try {
    if (!is_balanced(postings(record)))
      return which + " does not balance";
    if (!converts_rightly(record))
      return which + " gives another amount than its rate says";
  } catch (const Bug& broken) {
    return which + ": " + broken.what();
  }
  return std::nullopt;
}

}  // namespace dompet::invariants
