#include "actors/saga_engine.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "persistence/failpoint.hpp"

namespace dompet {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(50);
constexpr auto retry_recovery = std::chrono::milliseconds(200);
constexpr std::size_t remembered_attempts = 20;

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

/// The same generation again: the shard was to be let go, and stays. Nothing of what is known was lost.
void SagaEngine::begin_generation(const BeginGeneration& begun) {
  if (begun.generation == generation_) {
    is_paused_ = false;
    return;
  }
  generation_ = begun.generation;
  epoch_ = begun.epoch != 0 ? begun.epoch : epoch_;
  is_paused_ = false;
  for (auto& [id, saga] : sagas_)
    if (saga.transfer->correlation != 0)
      waited_for_[id] = std::move(saga.transfer);
  sagas_.clear();
  ended_meanwhile_.clear();
  look_for_sagas();
}

void SagaEngine::end_tenure() {
  generation_ = 0;
  for (auto& [id, saga] : sagas_)
    if (saga.transfer->begun)
      node_->answer(saga.transfer->take_asker(), MoneyAnswer{saga.transfer->begun, saga.state, 0, std::nullopt, false});
  sagas_.clear();
  waited_for_.clear();
  ended_meanwhile_.clear();
  look_again_.reset();
}

void SagaEngine::look_for_sagas() {
  look_again_.reset();
  is_looking_ = true;
  const bool queued = node_->pool_of(shard_).read(
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
  transfer->correlation = former.mapped()->take_asker();
  transfer->begun = former.mapped()->begun;
}

/// What was held before the shard left is driven by its next owner: whoever waits here hears how far it is.
void SagaEngine::on_reserved(const TransferPtr& transfer) {
  if (transfer->generation != generation_) {
    if (transfer->begun)
      node_->answer(transfer->take_asker(), MoneyAnswer{transfer->begun, SagaState::reserved, 0, std::nullopt, false});
    return;
  }
  Saga& saga = sagas_[transfer->transaction->id];
  saga.transfer = transfer;
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
  saga.cancel_pending = false;
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

void SagaEngine::note_attempt(Saga& saga, bool cancel) {
  close_attempt(saga, "no_answer");
  saga.sent = self_->clock().now();
  saga.attempts += 1;
  const auto view = node_->view.load();
  const Shard destination = saga.transfer->destination_shard;
  const NodeView* owner = destination < view->shards.size() ? view->find(view->shards[destination].row.owner) : nullptr;
  saga.last_attempts.push_back({.number = saga.attempts,
                                .cancel = cancel,
                                .at_ms = node_->unix_ms(),
                                .node = node_->serves(destination) ? node_->me.name
                                        : owner                    ? owner->row.name
                                                                   : ""});
  if (saga.last_attempts.size() > remembered_attempts)
    saga.last_attempts.pop_front();
}

void SagaEngine::close_attempt(Saga& saga, std::string_view answer) {
  if (saga.last_attempts.empty() || !saga.last_attempts.back().answer.empty())
    return;
  SagaAttempt& attempt = saga.last_attempts.back();
  attempt.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(self_->clock().now() - saga.sent).count();
  attempt.answer = answer;
}

/// What was tried more than once is put on record, beside the ledger: for people, not for the protocol.
void SagaEngine::store_attempts(Saga& saga) {
  if (saga.attempts < 2 || saga.stored_attempts == saga.attempts)
    return;
  const TransactionId id = saga.transfer->transaction->id;
  std::vector<SagaAttempt> fresh;
  for (const SagaAttempt& attempt : saga.last_attempts)
    if (attempt.number > saga.stored_attempts && !attempt.answer.empty())
      fresh.push_back(attempt);
  if (fresh.empty())
    return;
  saga.stored_attempts = fresh.back().number;
  node_->pool_of(shard_).scan([id, fresh](RecoveryStore& store) { store.store_attempts(id, fresh); },
                              [](const std::string&, bool) {});
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
  if (place == sagas_.end())
    return;
  Saga& saga = place->second;
  const SagaInput input = proof.outcome == Decision::credited ? SagaInput::credited : SagaInput::refused;
  close_attempt(saga, name_of(proof.outcome));
  store_attempts(saga);
  if (!saga.finishing)
    return hear(saga, input, proof.reason);
  if (step(saga.finishing->next, input).action == SagaAction::raise_alarm)
    raise_alarm(saga);
}

void SagaEngine::finish(Saga& saga, SagaState next, std::optional<Decline> refusal) {
  failpoint(next == SagaState::settled ? "saga.settle" : "saga.release");
  saga.finishing = FinishHold{saga.transfer, saga.state, next, next == SagaState::released ? refusal : std::nullopt};
  self_->send(node_->shards[shard_], Route{saga.transfer->transaction->source, *saga.finishing});
  schedule(saga, node_->settings.attempt_timeout);
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
  node_->append(shard_, std::move(entry));
}

void SagaEngine::tick() {
  const auto now = self_->clock().now();
  if (look_again_ && now >= *look_again_)
    look_for_sagas();
  if (!is_paused_)
    for (auto& [id, saga] : sagas_) {
      answer_if_late(saga);
      if (saga.cancel_pending)
        continue;
      const bool expired = now - saga.begun > node_->settings.transfer_expiry;
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
  self_->send(node_->shards[shard_], Route{saga.transfer->transaction->source, *saga.finishing});
  schedule(saga, node_->settings.attempt_timeout);
}

// --- operators ---

SagaReport SagaEngine::report(const Saga& saga) const {
  SagaReport report{.open = true, .state = saga.state, .paused = saga.paused, .attempts = saga.attempts};
  const auto left = saga.next_send - self_->clock().now();
  if (!saga.paused && !saga.cancel_pending)
    report.next_attempt_in_ms =
        std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
  const std::string destination = "shard " + std::to_string(saga.transfer->destination_shard);
  if (saga.finishing)
    report.waits_for = "the commit of its last step";
  else if (saga.cancel_pending)
    report.waits_for = "the commit of the wish to cancel";
  else if (saga.paused)
    report.waits_for = "an operator who resumes it";
  else
    report.waits_for = "the word of the destination's " + destination;
  report.last_attempts.assign(saga.last_attempts.begin(), saga.last_attempts.end());
  return report;
}

void SagaEngine::on_order(const OrderSaga& order) {
  const auto place = sagas_.find(order.request.saga);
  if (place == sagas_.end())
    return node_->answer(order.correlation, SagaReport{.accepted = order.request.order == SagaOrder::inspect});
  Saga& saga = place->second;
  bool accepted = true;
  switch (order.request.order) {
    case SagaOrder::inspect: break;
    case SagaOrder::pause: saga.paused = true; break;
    case SagaOrder::resume:
      saga.paused = false;
      saga.next_send = self_->clock().now();
      break;
    case SagaOrder::retry:
      saga.back_off = std::chrono::milliseconds{0};
      saga.next_send = self_->clock().now();
      break;
    case SagaOrder::cancel:
      accepted = !saga.finishing;
      saga.paused = false;
      if (accepted && saga.state == SagaState::reserved && !saga.cancel_pending)
        hear(saga, SagaInput::cancel_requested);
      break;
  }
  SagaReport answer = report(saga);
  answer.accepted = accepted;
  node_->answer(order.correlation, std::move(answer));
}

SagaEngineActor::behavior_type saga_engine_actor(SagaEngineActor::stateful_pointer<std::unique_ptr<SagaEngine>> self,
                                                 NodePtr node, Shard shard) {
  self->state = std::make_unique<SagaEngine>(self, std::move(node), shard);
  self->send(self, Tick{});
  return {
      [self](const SagaReserved& message) { self->state->on_reserved(message.transfer); },
      [self](const SagaCancelling& message) { self->state->on_cancelling(message.transfer); },
      [self](const Proof& message) { self->state->on_proof(message); },
      [self](const NoProof& message) { self->state->on_no_proof(message); },
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
