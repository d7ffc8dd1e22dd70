#include "actors/saga_engine.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "persistence/failpoint.hpp"

namespace dompet {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(50);
constexpr auto retry_recovery = std::chrono::milliseconds(200);

std::shared_ptr<Transaction> transaction_of(const SagaListing& row) {
  auto transaction = std::make_shared<Transaction>();
  transaction->id = row.id;
  transaction->currency = row.currency;
  transaction->amount = row.amount;
  transaction->source = row.source;
  transaction->destination = row.destination;
  return transaction;
}

/// A saga found open after a restart. Nobody waits for its answer any more.
TransferPtr transfer_of(const SagaListing& row, RecoveryStore& store, std::uint64_t generation) {
  auto transfer = std::make_shared<Transfer>();
  const auto stored = store.transaction(row.id);
  transfer->transaction = stored && stored->record.transaction ? stored->record.transaction : transaction_of(row);
  transfer->generation = generation;
  transfer->source_shard = row.source_shard;
  transfer->destination_shard = row.destination_shard;
  return transfer;
}

}  // namespace

SagaEngine::SagaEngine(SagaEngineActor::pointer self, NodePtr node, Shard shard)
    : self_(self), node_(std::move(node)), shard_(shard), jitter_(shard + 1U) {}

void SagaEngine::begin_generation(std::uint64_t generation) {
  generation_ = generation;
  for (auto& [id, saga] : sagas_)
    if (saga.transfer->correlation != 0)
      waited_for_[id] = std::move(saga.transfer);
  sagas_.clear();
  ended_meanwhile_.clear();
  look_for_sagas();
}

void SagaEngine::look_for_sagas() {
  look_again_.reset();
  is_looking_ = true;
  const bool queued = node_->pool->read(
      [self = SagaEngineActor{self_}, shard = shard_, generation = generation_](RecoveryStore& store) {
        SagasFound found{generation, {}, {}, {}};
        for (const SagaListing& row : store.open_sagas(shard))
          (row.state == SagaState::reserved ? found.reserved : found.cancelling)
              .push_back(transfer_of(row, store, generation));
        caf::anon_send(self, std::move(found));
      },
      [self = SagaEngineActor{self_}, generation = generation_](const std::string& reason, bool) {
        caf::anon_send(self, SagasFound{generation, {}, {}, reason});
      });
  if (!queued)
    look_again_ = self_->clock().now() + retry_recovery;
}

void SagaEngine::on_found(const SagasFound& found) {
  if (found.generation != generation_)
    return;
  if (!found.failure.empty()) {
    look_again_ = self_->clock().now() + retry_recovery;
    return;
  }
  for (const TransferPtr& transfer : found.reserved)
    if (is_news(transfer)) {
      reunite(transfer);
      on_reserved(transfer);
    }
  for (const TransferPtr& transfer : found.cancelling)
    if (is_news(transfer)) {
      reunite(transfer);
      on_cancelling(transfer);
    }
  // Those that are not open any more were answered when they ended.
  waited_for_.clear();
  ended_meanwhile_.clear();
  is_looking_ = false;
}

bool SagaEngine::is_news(const TransferPtr& transfer) const {
  return !sagas_.contains(transfer->transaction->id) && !ended_meanwhile_.contains(transfer->transaction->id);
}

void SagaEngine::reunite(const TransferPtr& transfer) {
  const auto former = waited_for_.extract(transfer->transaction->id);
  if (former.empty())
    return;
  transfer->correlation = former.mapped()->correlation;
  transfer->begun = former.mapped()->begun;
}

void SagaEngine::on_reserved(const TransferPtr& transfer) {
  if (transfer->generation != generation_)
    return;
  Saga& saga = sagas_[transfer->transaction->id];
  saga.transfer = transfer;
  saga.begun = self_->clock().now();
  hear(saga, SagaInput::reserved_durable);
}

void SagaEngine::on_cancelling(const TransferPtr& transfer) {
  if (transfer->generation != generation_)
    return;
  Saga& saga = sagas_[transfer->transaction->id];
  saga.transfer = transfer;
  saga.state = SagaState::cancelling;
  saga.cancel_pending = false;
  hear(saga, SagaInput::cancelling_durable);
}

void SagaEngine::hear(Saga& saga, SagaInput input, std::optional<Decline> reason) {
  const SagaStep next = step(saga.state, input);
  switch (next.action) {
    case SagaAction::nothing: return;
    case SagaAction::send_credit:
    case SagaAction::send_cancel: return send_message(saga, next.action);
    case SagaAction::resend_later: return schedule(saga);
    case SagaAction::append_settled:
    case SagaAction::append_released: return finish(saga, next.next, reason);
    case SagaAction::append_cancelling: return append_cancelling(saga);
    case SagaAction::raise_alarm: return raise_alarm(saga);
  }
}

void SagaEngine::raise_alarm(const Saga& saga) {
  node_->counters.integrity_alarms += 1;
  node_->give_up("transfer " + to_string(saga.transfer->transaction->id) + " has contradicting proofs");
}

void SagaEngine::send_message(Saga& saga, SagaAction action) {
  failpoint(action == SagaAction::send_credit ? "saga.send_credit" : "saga.send_cancel");
  self_->send(node_->shards[saga.transfer->destination_shard],
              AskDecision{saga.transfer, action == SagaAction::send_cancel});
  schedule(saga);
}

/// The next resend: back-off doubles up to its limit, with full jitter.
void SagaEngine::schedule(Saga& saga) {
  const auto& settings = node_->settings;
  saga.back_off =
      saga.back_off.count() == 0 ? settings.resend_first : std::min(saga.back_off * 2, settings.resend_most);
  std::uniform_int_distribution<std::int64_t> spread(saga.back_off.count() / 2, saga.back_off.count());
  saga.next_send = self_->clock().now() + std::chrono::milliseconds(spread(jitter_));
}

void SagaEngine::on_proof(const Proof& proof) {
  const auto place = sagas_.find(proof.transfer->transaction->id);
  if (place == sagas_.end())
    return;
  Saga& saga = place->second;
  const SagaInput input = proof.outcome == Decision::credited ? SagaInput::credited : SagaInput::refused;
  if (!saga.finishing)
    return hear(saga, input, proof.reason);
  if (step(saga.finishing->next, input).action == SagaAction::raise_alarm)
    raise_alarm(saga);
}

void SagaEngine::finish(Saga& saga, SagaState next, std::optional<Decline> refusal) {
  failpoint(next == SagaState::settled ? "saga.settle" : "saga.release");
  saga.finishing = FinishHold{saga.transfer, saga.state, next, next == SagaState::released ? refusal : std::nullopt};
  self_->send(node_->shards[shard_], Route{saga.transfer->transaction->source, *saga.finishing});
  schedule(saga);
}

void SagaEngine::on_finished(const SagaFinished& finished) {
  sagas_.erase(finished.transfer->transaction->id);
  if (is_looking_)
    ended_meanwhile_.insert(finished.transfer->transaction->id);
}

void SagaEngine::append_cancelling(Saga& saga) {
  failpoint("saga.cancel");
  // The lane keeps the order: whatever finishes the saga from here on finds it CANCELLING.
  saga.state = SagaState::cancelling;
  saga.cancel_pending = true;
  auto entry = std::make_shared<LaneEntry>();
  entry->record = std::make_shared<Record>();
  entry->record->kind = RecordKind::transfer_cancelling;
  entry->record->id = saga.transfer->transaction->id;
  entry->record->transaction = saga.transfer->transaction;
  entry->record->shard = shard_;
  entry->generation = generation_;
  const Transaction& request = *saga.transfer->transaction;
  entry->saga = SagaChange{
      request.id,     SagaState::reserved, SagaState::cancelling, shard_,          saga.transfer->destination_shard,
      request.source, request.destination, request.amount,        request.currency};
  entry->when_durable = [self = SagaEngineActor{self_}, transfer = saga.transfer](const RecordPtr&) {
    caf::anon_send(self, SagaCancelling{transfer});
  };
  self_->send(node_->lane, Append{std::move(entry)});
}

void SagaEngine::tick() {
  const auto now = self_->clock().now();
  if (look_again_ && now >= *look_again_)
    look_for_sagas();
  for (auto& [id, saga] : sagas_) {
    if (saga.cancel_pending)
      continue;
    const bool expired = now - saga.begun > node_->settings.transfer_expiry;
    if (expired && saga.state == SagaState::reserved && !saga.finishing)
      hear(saga, SagaInput::cancel_requested);
    else if (now >= saga.next_send)
      resend(saga);
  }
  self_->delayed_send(self_, tick_interval, Tick{});
}

void SagaEngine::resend(Saga& saga) {
  node_->counters.saga_resends += 1;
  if (saga.finishing)
    self_->send(node_->shards[shard_], Route{saga.transfer->transaction->source, *saga.finishing});
  else
    send_message(saga, message_of(saga.state));
  schedule(saga);
}

SagaEngineActor::behavior_type saga_engine_actor(SagaEngineActor::stateful_pointer<std::unique_ptr<SagaEngine>> self,
                                                 NodePtr node, Shard shard) {
  self->state = std::make_unique<SagaEngine>(self, std::move(node), shard);
  self->send(self, Tick{});
  return {
      [self](const SagaReserved& message) { self->state->on_reserved(message.transfer); },
      [self](const SagaCancelling& message) { self->state->on_cancelling(message.transfer); },
      [self](const Proof& message) { self->state->on_proof(message); },
      [self](const SagaFinished& message) { self->state->on_finished(message); },
      [self](const SagasFound& message) { self->state->on_found(message); },
      [self](const BeginGeneration& message) { self->state->begin_generation(message.generation); },
      [self](const Tick&) { self->state->tick(); },
  };
}

}  // namespace dompet
