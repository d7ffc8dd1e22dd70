#include <algorithm>

#include "actors/not_now.hpp"
#include "actors/wallet.hpp"
#include "domain/ensure.hpp"
#include "domain/spending.hpp"
#include "persistence/failpoint.hpp"

// WalletKeeper's side of money requests: how they begin, and the fast path, where both wallets' legs are one record
// (protocol 5.6).

namespace dompet {

namespace {

/// The destination tells the source not only that it appended, but also, behind that, that the entry is in the lane.
bool waits_for_lane(TransactionKind kind) {
  return kind == TransactionKind::capture || kind == TransactionKind::refund;
}

/// The source's leg, when what it set aside leaves in the same record.
Event debit_of(const Transfer& transfer) {
  const Transaction& request = *transfer.transaction;
  if (request.kind == TransactionKind::capture)
    return AuthorizationCaptured{request.parent, request.amount, transfer.rest, request.fx ? request.fx->amount : 0};
  return TransferredOut{request.id, request.amount, transfer.spending};
}

/// A bill's payment that nothing durable was written of: whoever looks for it may have given it up
/// (domain/invoice.hpp). By the clock alone: what a wallet saw of another clock must not make every request old.
bool is_given_up(const Transaction& request, std::int64_t now_ms) {
  return request.bill && now_ms - unix_ms_of(request.id.uuid) > invoice_decision_ms;
}

}  // namespace

void WalletKeeper::begin(const BeginTransfer& work) {
  ensure(!failpoint("wallet.begin"), "failpoint: a command that crashes its wallet");
  const TransferPtr& transfer = work.transfer;
  const Transaction& request = *transfer->transaction;
  if (!may_use(wallet_, transfer->on_behalf_of))
    return decline(*transfer, Decline::wallet_not_found);
  switch (request.kind) {
    case TransactionKind::capture: return capture(transfer);
    case TransactionKind::increment: return increase(transfer);
    case TransactionKind::void_payment: return give_up(*transfer);
    case TransactionKind::refund: return refund(transfer);
    default: break;
  }
  if (!can_assess(transfer))
    return;
  if (request.kind == TransactionKind::payment && request.manual_capture)
    return authorize(transfer);
  if (is_given_up(request, node_->unix_ms()))
    return decline(*transfer, Decline::cancelled);
  const auto hold = decide_hold(*transfer);
  if (!hold || !passes_rules(*transfer))
    return;
  dompet::apply(wallet_, *hold);
  send_on(transfer);
}

/// A clock that goes back must not open a day's limit again: nothing is dated before what was counted last.
Spending WalletKeeper::spending_of(TransactionKind kind) const {
  const auto counted = [this](SpendingKind as) {
    return Spending{as, std::max(day_of(node_->unix_ms()), wallet_.spent.day)};
  };
  switch (kind) {
    case TransactionKind::transfer: return counted(SpendingKind::transfer);
    case TransactionKind::withdrawal: return counted(SpendingKind::withdrawal);
    case TransactionKind::payment:
    case TransactionKind::increment: return counted(SpendingKind::payment);
    default: return {};
  }
}

std::optional<HoldPlaced> WalletKeeper::decide_hold(Transfer& transfer, bool authorization) {
  const Transaction& request = *transfer.transaction;
  if (request.destination == wallet_.id) {
    decline(transfer, Decline::same_wallet);
    return std::nullopt;
  }
  transfer.spending = spending_of(request.kind);
  const auto hold = decide(wallet_, PlaceHold{.transaction = request.id,
                                              .currency = request.currency,
                                              .amount = request.amount,
                                              .spending = transfer.spending,
                                              .on_behalf_of = transfer.on_behalf_of,
                                              .card = request.card,
                                              .authorization = authorization});
  if (!hold) {
    decline(transfer, hold.error());
    return std::nullopt;
  }
  return *hold;
}

void WalletKeeper::send_on(const TransferPtr& transfer) {
  const Transaction& request = *transfer->transaction;
  const bool in_one_lane = request.kind != TransactionKind::withdrawal &&
                           node_->seats[transfer->destination_shard].generation == generation_;
  if (!in_one_lane || !node_->settings.fast_path || awaits_review(transfer->risk))
    return append_begun(transfer);
  transfer->source_actor = self_;
  transfer->source_durable = durable_;
  under_way_.push_back(transfer);
  self_->send(node_->shards[transfer->destination_shard], Route{request.destination, FinishTransfer{transfer}});
}

Credit WalletKeeper::credit_asked_by(const Transfer& transfer) const {
  const Transaction& request = *transfer.transaction;
  const Money credit = credit_of(request);
  return {.transaction = request.id,
          .currency = credit.currency,
          .amount = credit.amount,
          .invoice = request.bill ? std::optional{request.bill->terms} : std::nullopt,
          .now_ms = node_->unix_ms()};
}

/// Protocol 5.6: both legs in one entry, so the three steps of the transfer can never be cut apart. The source hears
/// of it before the lane does, so that a reset of the lane cannot overtake the news; but after the entry was counted,
/// so that it cannot be let go in between. A transfer of another generation finds or found its source abandoned, or
/// comes from one that heard of the new generation earlier than this wallet did.
void WalletKeeper::finish(const FinishTransfer& work) {
  ensure(!failpoint("wallet.finish"), "failpoint: a command that crashes its wallet");
  const Transfer& transfer = *work.transfer;
  if (transfer.generation != generation_)
    return self_->send(transfer.source_actor, TransferNotAppended{work.transfer, NotNow{false, interrupted_sentence}});
  const Transaction& request = *transfer.transaction;
  if (is_given_up(request, node_->unix_ms()))
    return decline_at_destination(work.transfer, Decline::cancelled);
  const auto credited = decide(wallet_, credit_asked_by(transfer));
  if (!credited)
    return decline_at_destination(work.transfer, credited.error());
  dompet::apply(wallet_, *credited);
  LaneEntryPtr entry = new_entry(transfer, RecordKind::transfer);
  entry->record->stamp = transfer.stamp;
  entry->record->risk = transfer.risk;
  entry->record->add_leg(request.source, debit_of(transfer));
  entry->record->add_leg(wallet_.id, *credited);
  entry->wallets = {transfer.source_durable, durable_};
  entry->correlation = transfer.correlation;
  mark_pending(*entry);
  self_->send(transfer.source_actor, TransferAppended{work.transfer});
  hand_over(std::move(entry));
  if (waits_for_lane(request.kind))
    self_->send(transfer.source_actor, TransferInLane{work.transfer});
}

/// The destination says no. The source hears of it before the lane does, but finds its entry counted already.
void WalletKeeper::decline_at_destination(const TransferPtr& transfer, Decline reason) {
  if (reason == Decline::wallet_not_found)
    return self_->send(transfer->source_actor, TransferNotAppended{transfer, reason});
  LaneEntryPtr entry = declined_entry(*transfer, reason, transfer->source_durable);
  mark_pending(*entry);
  self_->send(transfer->source_actor, TransferNotAppended{transfer, std::nullopt});
  hand_over(std::move(entry));
}

// --- what the destination says ---

bool WalletKeeper::forget(const TransferPtr& transfer) {
  const auto found = std::ranges::find(under_way_, transfer);
  if (found == under_way_.end())
    return false;
  *found = std::move(under_way_.back());
  under_way_.pop_back();
  return true;
}

void WalletKeeper::settle(const Transfer& transfer) {
  const Transaction& request = *transfer.transaction;
  if (request.kind == TransactionKind::capture)
    return dompet::apply(wallet_, CaptureSettled{request.id, request.amount, transfer.rest});
  dompet::apply(wallet_, HoldCaptured{request.id, request.amount});
}

void WalletKeeper::give_back(const Transfer& transfer) {
  const Transaction& request = *transfer.transaction;
  if (request.kind == TransactionKind::capture)
    return dompet::apply(wallet_, CaptureReturned{request.parent, request.id, request.amount + transfer.rest});
  dompet::apply(wallet_, HoldReleased{request.id, request.amount});
}

void WalletKeeper::on_appended(const TransferPtr& transfer) {
  ensure(forget(transfer), "only a transfer under way can be appended");
  if (transfer->transaction->kind == TransactionKind::capture)
    settling_.push_back(transfer);
  else
    settle(*transfer);
}

void WalletKeeper::on_in_lane(const TransferPtr& transfer) {
  if (transfer->transaction->kind == TransactionKind::refund)
    return next_refund(transfer);
  std::erase(settling_, transfer);
  settle(*transfer);
}

void WalletKeeper::on_not_appended(const TransferNotAppended& message) {
  const TransferPtr& transfer = message.transfer;
  ensure(forget(transfer), "only a transfer under way can be refused");
  if (message.moved) {
    transfer->source_actor = WalletActor{};
    transfer->source_durable.reset();
    return append_begun(transfer);
  }
  give_back(*transfer);
  risk_.forget(transfer->transaction->id);
  if (message.answer)
    turn_down(*transfer, *message.answer);
  next_refund(transfer);
}

void WalletKeeper::probe(const Probe& work) { self_->send(work.transfer->source_actor, ProbeReturned{work.transfer}); }

/// The destination handled everything that was sent before the probe. A transfer that is still under way was lost
/// with the destination's former actor: it was not appended and never will be.
void WalletKeeper::on_probe_returned(const TransferPtr& transfer) {
  if (!forget(transfer))
    return;
  give_back(*transfer);
  risk_.forget(transfer->transaction->id);
  turn_down(*transfer, NotNow{false, interrupted_sentence});
  next_refund(transfer);
}

void WalletKeeper::on_peer_crashed(const WalletId& peer) {
  for (const TransferPtr& transfer : under_way_)
    if (transfer->transaction->destination == peer)
      self_->send(node_->shards[transfer->destination_shard], Route{peer, Probe{transfer}});
}

}  // namespace dompet
