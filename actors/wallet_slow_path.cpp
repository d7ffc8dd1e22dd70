#include "actors/not_now.hpp"
#include "actors/wallet.hpp"
#include "domain/ensure.hpp"
#include "persistence/failpoint.hpp"

// The other half of WalletKeeper: transfers whose steps are committed one by one. Each step is durable before the next
// is sent (protocol 5.5).

namespace dompet {

namespace {

/// What the saga's row says, from the request.
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
          request.currency};
}

}  // namespace

void WalletKeeper::append_reserved(const TransferPtr& transfer, const HoldPlaced& hold) {
  LaneEntryPtr entry = new_entry(*transfer, RecordKind::hold_placed);
  entry->record->stamp = transfer->stamp;
  entry->record->add_leg(wallet_.id, hold);
  entry->wallets[0] = durable_;
  entry->saga = saga_change(*transfer, SagaState::none, SagaState::reserved);
  entry->when_durable = [engine = node_->sagas[transfer->source_shard], transfer](const RecordPtr& record) {
    transfer->begun = record;
    caf::anon_send(engine, SagaReserved{transfer});
  };
  entry->when_lost = [node = node_, correlation = transfer->correlation.load()](bool may_be_applied) {
    node->answer(correlation, NotNow{may_be_applied, interrupted_sentence});
  };
  append(std::move(entry));
}

void WalletKeeper::decide_credit(const DecideCredit& work) {
  ensure(!failpoint("wallet.decide_credit"), "failpoint: a command that crashes its wallet");
  if (work.transfer->generation != generation_)
    return;
  const Transaction& request = *work.transfer->transaction;
  append_decision(work.transfer, decide(wallet_, Credit{request.id, request.currency, request.amount}));
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
  entry->transit = TransitChange{transfer->destination_shard, transfer->source_shard, transfer->transaction->currency,
                                 0, transfer->transaction->amount};
  add_decision(node_, *entry, transfer, Decision::credited, std::nullopt);
  append(std::move(entry));
}

void WalletKeeper::finish_hold(const FinishHold& work) {
  const TransferPtr& transfer = work.transfer;
  if (transfer->generation != generation_)
    return;
  const Transaction& request = *transfer->transaction;
  if (wallet_.find_hold(request.id) == nullptr)
    return;
  const bool captured = work.next == SagaState::settled;
  const Event event =
      captured ? Event{HoldCaptured{request.id, request.amount}} : Event{HoldReleased{request.id, request.amount}};
  dompet::apply(wallet_, event);
  LaneEntryPtr entry = new_entry(*transfer, captured ? RecordKind::hold_captured : RecordKind::hold_released);
  entry->record->decline = work.refusal;
  entry->record->add_leg(wallet_.id, event);
  entry->wallets[0] = durable_;
  entry->saga = saga_change(*transfer, work.expected, work.next);
  if (captured)
    entry->transit =
        TransitChange{transfer->source_shard, transfer->destination_shard, request.currency, request.amount, 0};
  entry->when_durable = [node = node_, work](const RecordPtr& record) {
    const Transfer& done = *work.transfer;
    caf::anon_send(node->sagas[done.source_shard], SagaFinished{work.transfer, work.next});
    if (done.begun)
      node->answer(work.transfer->take_asker(), MoneyAnswer{done.begun, work.next, record->at_ms, work.refusal, false});
  };
  append(std::move(entry));
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
  entry.decision = DecisionRow{request.id,
                               transfer->destination_shard,
                               outcome,
                               reason ? static_cast<std::uint8_t>(*reason) : std::uint8_t{0},
                               request.destination,
                               request.amount,
                               request.currency};
  entry.when_durable = [node, transfer, outcome, reason](const RecordPtr&) {
    caf::anon_send(node->shards[transfer->destination_shard], DecisionDurable{transfer, outcome, reason});
  };
}

}  // namespace dompet
