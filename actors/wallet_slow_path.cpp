#include "actors/not_now.hpp"
#include "actors/wallet.hpp"
#include "domain/ensure.hpp"
#include "persistence/failpoint.hpp"

// The other half of WalletKeeper: transfers whose steps are committed one by one. Each step is durable before the next
// is sent (protocol 5.5).

namespace dompet {

namespace {

/// What is on record as set aside for the request, when it begins.
Event reserved_by(const Transfer& transfer) {
  const Transaction& request = *transfer.transaction;
  if (request.kind == TransactionKind::capture)
    return CaptureReserved{request.parent, request.id, request.amount, transfer.rest,
                           request.fx ? request.fx->amount : 0};
  return HoldPlaced{request.id, request.amount, transfer.spending};
}

template <class Fact>
std::optional<Event> fact_of(const Decided<Fact>& decided) {
  return decided ? std::optional<Event>{*decided} : std::nullopt;
}

/// The end of what was set aside; nothing when it has ended already.
std::optional<Event> end_of(const Wallet& wallet, const Transaction& request, bool settles) {
  if (request.kind == TransactionKind::capture)
    return settles ? fact_of(decide(wallet, SettleCapture{request.id}))
                   : fact_of(decide(wallet, ReturnCapture{request.id}));
  return settles ? fact_of(decide(wallet, CaptureHold{request.id, request.amount}))
                 : fact_of(decide(wallet, ReleaseHold{request.id}));
}

}  // namespace

SagaChange saga_change(const Transfer& transfer, SagaState expected, SagaState next) {
  const Transaction& request = *transfer.transaction;
  return {request.id,
          expected,
          next,
          transfer.source_shard,
          transfer.destination_shard,
          request.source,
          request.destination,
          request.amount,
          request.currency,
          request.kind};
}

/// The saga begins: RESERVED, or UNDER_REVIEW. A top-up that waits for its provider has nothing set aside yet.
void WalletKeeper::append_begun(const TransferPtr& transfer) {
  const bool has_hold = transfer->transaction->kind != TransactionKind::topup;
  LaneEntryPtr entry = new_entry(*transfer, has_hold ? RecordKind::hold_placed : RecordKind::topup_begun);
  entry->record->stamp = transfer->stamp;
  entry->record->risk = transfer->risk;
  if (has_hold) {
    entry->record->add_leg(wallet_.id, reserved_by(*transfer));
    entry->wallets[0] = durable_;
  }
  const bool waits = awaits_review(transfer->risk);
  entry->saga = saga_change(*transfer, SagaState::none, waits ? SagaState::under_review : SagaState::reserved);
  entry->when_durable = [engine = node_->sagas[transfer->source_shard], transfer, waits](const RecordPtr& record) {
    transfer->begun = record;
    if (waits)
      caf::anon_send(engine, SagaUnderReview{transfer});
    else
      caf::anon_send(engine, SagaReserved{transfer});
  };
  entry->when_lost = [node = node_, correlation = transfer->correlation.load()](bool may_be_applied) {
    node->answer(correlation, NotNow{may_be_applied, interrupted_sentence});
  };
  append(std::move(entry));
  next_refund(transfer);
}

void WalletKeeper::decide_credit(const DecideCredit& work) {
  ensure(!failpoint("wallet.decide_credit"), "failpoint: a command that crashes its wallet");
  if (work.transfer->generation != generation_)
    return;
  append_decision(work.transfer, decide(wallet_, credit_asked_by(*work.transfer)));
}

void WalletKeeper::append_decision(const TransferPtr& transfer, const Decided<Credited>& decided) {
  if (!decided) {
    LaneEntryPtr refusal = make_refusal(transfer, generation_, decided.error());
    add_decision(node_, *refusal, transfer, Decision::refused, decided.error());
    return append(std::move(refusal));
  }
  dompet::apply(wallet_, *decided);
  LaneEntryPtr entry = new_entry(*transfer, RecordKind::transfer_credited);
  entry->record->shard = transfer->destination_shard;
  entry->record->add_leg(wallet_.id, *decided);
  entry->wallets[0] = durable_;
  const Transaction& request = *transfer->transaction;
  if (!request.fx)
    entry->transit =
        TransitChange{transfer->destination_shard, transfer->source_shard, request.currency, 0, request.amount};
  add_decision(node_, *entry, transfer, Decision::credited, std::nullopt);
  append(std::move(entry));
}

void WalletKeeper::finish_saga(const FinishSaga& work) {
  const Transfer& transfer = *work.transfer;
  if (transfer.generation != generation_)
    return;
  const Transaction& request = *transfer.transaction;
  if (request.kind == TransactionKind::topup)
    return finish_topup(work);
  const bool settles = work.next == SagaState::settled;
  if (const auto end = end_of(wallet_, request, settles))
    append_last_step(work, settles ? RecordKind::hold_captured : RecordKind::hold_released, *end);
}

/// The provider has the money. It was asked before whether the wallet takes it, but that may have changed.
void WalletKeeper::finish_topup(const FinishSaga& work) {
  if (*work.was_heard)
    return;
  const Transfer& transfer = *work.transfer;
  const Transaction& request = *transfer.transaction;
  const auto credited = decide(wallet_, Credit{request.id, request.currency, request.amount});
  if (credited)
    append_last_step(work, RecordKind::topup, *credited);
  else
    self_->send(node_->sagas[transfer.source_shard], CannotTake{work.transfer, credited.error()});
  *work.was_heard = true;
}

void WalletKeeper::append_last_step(const FinishSaga& work, RecordKind kind, const Event& event) {
  const Transfer& transfer = *work.transfer;
  const Transaction& request = *transfer.transaction;
  dompet::apply(wallet_, event);
  LaneEntryPtr entry = new_entry(transfer, kind);
  entry->record->decline = work.refusal;
  entry->record->add_leg(wallet_.id, event);
  entry->wallets[0] = durable_;
  entry->saga = saga_change(transfer, work.expected, work.next);
  if (kind == RecordKind::hold_captured && !asks_provider(request.kind) && !request.fx)
    entry->transit =
        TransitChange{transfer.source_shard, transfer.destination_shard, request.currency, request.amount, 0};
  entry->when_durable = tell_end(node_, work);
  append(std::move(entry));
}

std::function<void(const RecordPtr&)> tell_end(NodePtr node, FinishSaga work) {
  return [node = std::move(node), work = std::move(work)](const RecordPtr& record) {
    const Transfer& done = *work.transfer;
    caf::anon_send(node->sagas[done.source_shard], SagaFinished{work.transfer, work.next});
    if (done.begun)
      node->answer(work.transfer->take_asker(), MoneyAnswer{done.begun, work.next, record->at_ms, work.refusal, false});
  };
}

LaneEntryPtr make_refusal(const TransferPtr& transfer, std::uint64_t generation, Decline reason) {
  auto entry = std::make_shared<LaneEntry>();
  entry->record = std::make_shared<Record>();
  entry->record->kind = RecordKind::transfer_refused;
  entry->record->id = transfer->transaction->id;
  entry->record->transaction = transfer->transaction;
  entry->record->shard = transfer->destination_shard;
  entry->record->decline = reason;
  entry->generation = generation;
  return entry;
}

void add_decision(const NodePtr& node, LaneEntry& entry, const TransferPtr& transfer, Decision outcome,
                  std::optional<Decline> reason) {
  const Transaction& request = *transfer->transaction;
  const Money credit = credit_of(request);
  entry.decision = DecisionRow{request.id,
                               transfer->destination_shard,
                               outcome,
                               reason ? static_cast<std::uint8_t>(*reason) : std::uint8_t{0},
                               request.destination,
                               credit.amount,
                               credit.currency};
  entry.when_durable = [node, transfer, outcome, reason](const RecordPtr&) {
    caf::anon_send(node->shards[transfer->destination_shard], DecisionDurable{transfer, outcome, reason});
  };
}

}  // namespace dompet
