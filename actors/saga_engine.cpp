#include "actors/saga_engine.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "actors/not_now.hpp"
#include "actors/wallet.hpp"
#include "persistence/failpoint.hpp"

namespace dompet {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(50);

}  // namespace

SagaEngine::SagaEngine(SagaEngineActor::pointer self, NodePtr node, Shard shard)
    : self_(self), node_(std::move(node)), shard_(shard), jitter_(shard + 1U) {}

/// What was held before the shard left is driven by its next owner: whoever waits here hears how far it is.
void SagaEngine::on_reserved(const TransferPtr& transfer) {
  if (transfer->generation != generation_) {
    if (transfer->begun)
      node_->answer(transfer->take_asker(), MoneyAnswer{transfer->begun, SagaState::reserved, 0, std::nullopt, false});
    return;
  }
  Saga& saga = sagas_[transfer->transaction->id];
  saga.transfer = transfer;
  saga.state = SagaState::reserved;
  saga.step_pending = false;
  saga.begun = self_->clock().now();
  node_->counters.slow_transfers += 1;
  hear(saga, SagaInput::reserved_durable);
}

void SagaEngine::on_cancelling(const TransferPtr& transfer) {
  if (transfer->generation != generation_)
    return;
  Saga& saga = sagas_[transfer->transaction->id];
  saga.transfer = transfer;
  saga.state = SagaState::cancelling;
  saga.step_pending = false;
  if (transfer->why_cancelled)
    saga.refusal = transfer->why_cancelled;
  hear(saga, SagaInput::cancelling_durable);
}

void SagaEngine::hear(Saga& saga, SagaInput input, std::optional<Decline> reason) {
  const SagaStep next = step(saga.state, input);
  switch (next.action) {
    case SagaAction::nothing: return;
    case SagaAction::send_credit:
    case SagaAction::send_cancel: return send_message(saga, next.action);
    case SagaAction::resend_later: return schedule(saga, std::chrono::milliseconds{0});
    case SagaAction::append_settled:
    case SagaAction::append_released: return finish(saga, next.next, reason);
    case SagaAction::append_cancelling: return append_cancelling(saga);
    case SagaAction::append_approved: return append_approved(saga);
    case SagaAction::raise_alarm: return raise_alarm(saga);
  }
}

void SagaEngine::raise_alarm(const Saga& saga) {
  node_->counters.integrity_alarms += 1;
  node_->give_up("transfer " + to_string(saga.transfer->transaction->id) + " has contradicting proofs");
}

void SagaEngine::send_message(Saga& saga, SagaAction action) {
  const bool cancel = action == SagaAction::send_cancel;
  failpoint(cancel ? "saga.send_cancel" : "saga.send_credit");
  note_attempt(saga, cancel);
  schedule(saga, node_->settings.attempt_timeout);
  const Transfer& transfer = *saga.transfer;
  if (asks_provider(transfer.transaction->kind))
    return ask_provider(saga, cancel);
  node_->ask_destination(
      {transfer.transaction, cancel, shard_, transfer.destination_shard, epoch_, saga.attempts, Incarnation{}});
}

/// Back-off doubles up to its limit, with jitter; an attempt that is under way gets its time first.
void SagaEngine::schedule(Saga& saga, std::chrono::milliseconds at_least) {
  const auto& settings = node_->settings;
  std::uniform_int_distribution<std::int64_t> spread(saga.back_off.count() / 2, saga.back_off.count());
  saga.next_send = self_->clock().now() + std::max(at_least, std::chrono::milliseconds(spread(jitter_)));
  saga.back_off =
      saga.back_off.count() == 0 ? settings.resend_first : std::min(saga.back_off * 2, settings.resend_most);
}

void SagaEngine::on_no_proof(const NoProof& word) {
  const auto place = sagas_.find(word.saga);
  if (place == sagas_.end() || place->second.finishing)
    return;
  Saga& saga = place->second;
  close_attempt(saga, name_of(word.reason));
  store_attempts(saga);
  hear(saga, SagaInput::no_answer);
}

void SagaEngine::on_proof(const Proof& proof) {
  const auto place = sagas_.find(proof.saga);
  if (place == sagas_.end() || asks_provider(place->second.transfer->transaction->kind))
    return;
  Saga& saga = place->second;
  const SagaInput input = proof.outcome == Decision::credited ? SagaInput::credited : SagaInput::refused;
  close_attempt(saga, name_of(proof.outcome));
  store_attempts(saga);
  if (!saga.finishing)
    return hear(saga, input, saga.refusal ? saga.refusal : proof.reason);
  if (step(saga.finishing->next, input).action == SagaAction::raise_alarm)
    raise_alarm(saga);
}

void SagaEngine::finish(Saga& saga, SagaState next, std::optional<Decline> refusal) {
  failpoint(next == SagaState::settled ? "saga.settle" : "saga.release");
  const auto reason = next == SagaState::released ? refusal : std::nullopt;
  saga.finishing = FinishSaga{saga.transfer, saga.state, next, reason, std::make_shared<bool>(false)};
  if (next == SagaState::released && saga.transfer->transaction->kind == TransactionKind::topup)
    return append_topup_refused(saga);
  send_last_step(saga);
}

void SagaEngine::send_last_step(Saga& saga) {
  self_->send(node_->shards[shard_], Route{first_wallet(*saga.transfer->transaction), *saga.finishing});
  schedule(saga, node_->settings.attempt_timeout);
}

void SagaEngine::on_finished(const SagaFinished& finished) {
  sagas_.erase(finished.transfer->transaction->id);
  if (is_looking_)
    ended_meanwhile_.insert(finished.transfer->transaction->id);
}

void SagaEngine::append_cancelling(Saga& saga) {
  failpoint("saga.cancel");
  LaneEntryPtr entry = step_entry(saga, RecordKind::transfer_cancelling, SagaState::cancelling);
  entry->record->decline = saga.transfer->why_cancelled = saga.refusal;
  entry->when_durable = [self = SagaEngineActor{self_}, node = node_, transfer = saga.transfer,
                         order = std::exchange(saga.order, 0)](const RecordPtr&) {
    caf::anon_send(self, SagaCancelling{transfer});
    node->answer(order, SagaReport{.open = true, .state = SagaState::cancelling});
  };
  // The lane keeps the order: whatever finishes the saga from here on finds it CANCELLING.
  saga.state = SagaState::cancelling;
  node_->append(shard_, std::move(entry));
}

LaneEntryPtr SagaEngine::step_entry(Saga& saga, RecordKind kind, SagaState next) const {
  auto entry = std::make_shared<LaneEntry>();
  entry->record = std::make_shared<Record>();
  entry->record->kind = kind;
  entry->record->id = saga.transfer->transaction->id;
  entry->record->transaction = saga.transfer->transaction;
  entry->record->shard = shard_;
  entry->record->verdict = std::exchange(saga.verdict, std::nullopt);
  entry->generation = generation_;
  entry->saga = saga_change(*saga.transfer, saga.state, next);
  entry->when_lost = [node = node_, order = saga.order](bool may_be_applied) {
    node->answer(order, NotNow{may_be_applied, interrupted_sentence});
  };
  saga.step_pending = true;
  return entry;
}

void SagaEngine::tick() {
  const auto now = self_->clock().now();
  if (look_again_ && now >= *look_again_)
    look_for_sagas();
  if (!is_paused_)
    for (auto& [id, saga] : sagas_) {
      answer_if_late(saga);
      if (saga.step_pending)
        continue;
      if (saga.state == SagaState::under_review) {
        end_review_if_over(saga);
        continue;
      }
      // A provider has no time limit: only its word ends what it was asked for.
      const bool expired =
          now - saga.begun > node_->settings.transfer_expiry && !asks_provider(saga.transfer->transaction->kind);
      if (expired && !saga.paused && saga.state == SagaState::reserved && !saga.finishing)
        hear(saga, SagaInput::cancel_requested);
      else if (now >= saga.next_send && (!saga.paused || saga.finishing))
        resend(saga);
    }
  self_->delayed_send(self_, tick_interval, Tick{});
}

/// 202: the outcome will be reached and can be asked for; nothing else is promised.
void SagaEngine::answer_if_late(Saga& saga) {
  Transfer& transfer = *saga.transfer;
  const bool is_late = self_->clock().now() - saga.begun >= answer_open_after;
  if (transfer.correlation == 0 || !transfer.begun || saga.finishing || !is_late)
    return;
  node_->answer(transfer.take_asker(), MoneyAnswer{transfer.begun, saga.state, 0, std::nullopt, false});
}

void SagaEngine::resend(Saga& saga) {
  node_->counters.saga_resends += 1;
  if (!saga.finishing)
    return send_message(saga, message_of(saga.state));
  const bool has_no_wallet =
      saga.transfer->transaction->kind == TransactionKind::topup && saga.finishing->next == SagaState::released;
  if (has_no_wallet)
    return schedule(saga, node_->settings.attempt_timeout);
  send_last_step(saga);
}

SagaEngineActor::behavior_type saga_engine_actor(SagaEngineActor::stateful_pointer<std::unique_ptr<SagaEngine>> self,
                                                 NodePtr node, Shard shard) {
  self->state = std::make_unique<SagaEngine>(self, std::move(node), shard);
  self->send(self, Tick{});
  return {
      [self](const SagaReserved& message) { self->state->on_reserved(message.transfer); },
      [self](const SagaCancelling& message) { self->state->on_cancelling(message.transfer); },
      [self](const SagaUnderReview& message) { self->state->on_under_review(message.transfer); },
      [self](const Proof& message) { self->state->on_proof(message); },
      [self](const NoProof& message) { self->state->on_no_proof(message); },
      [self](const ProviderWord& message) { self->state->on_provider_word(message); },
      [self](const CannotTake& message) { self->state->on_cannot_take(message); },
      [self](const OrderSaga& message) { self->state->on_order(message); },
      [self](const PauseSagas&) { self->state->pause(); },
      [self](const SagaFinished& message) { self->state->on_finished(message); },
      [self](const SagasFound& message) { self->state->on_found(message); },
      [self](const BeginGeneration& message) { self->state->begin_generation(message); },
      [self](const EndTenure&) { self->state->end_tenure(); },
      [self](const Tick&) { self->state->tick(); },
  };
}

}  // namespace dompet
