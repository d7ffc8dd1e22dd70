#include <algorithm>

#include "actors/saga_engine.hpp"

// SagaEngine as people see it: what it tried, what it waits for, and what an operator can order.

namespace dompet {

namespace {

constexpr std::size_t remembered_attempts = 20;

}  // namespace

/// The node that is asked; a provider goes by its own name. Empty when nobody is known.
std::string SagaEngine::name_of_asked(const Saga& saga) const {
  const Transaction& request = *saga.transfer->transaction;
  if (asks_provider(request.kind))
    return request.method.empty() ? "provider" : request.method;
  const auto view = node_->view.load();
  const Shard destination = saga.transfer->destination_shard;
  const NodeView* owner = destination < view->shards.size() ? view->find(view->shards[destination].row.owner) : nullptr;
  if (node_->serves(destination))
    return node_->me.name;
  return owner ? owner->row.name : "";
}

void SagaEngine::note_attempt(Saga& saga, bool cancel) {
  close_attempt(saga, "no_answer");
  saga.sent = self_->clock().now();
  saga.attempts += 1;
  saga.last_attempts.push_back(
      {.number = saga.attempts, .cancel = cancel, .at_ms = node_->unix_ms(), .node = name_of_asked(saga)});
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

SagaReport SagaEngine::report(const Saga& saga) const {
  SagaReport report{.open = true, .state = saga.state, .paused = saga.paused, .attempts = saga.attempts};
  const auto left = saga.next_send - self_->clock().now();
  if (!saga.paused && !saga.step_pending && saga.state != SagaState::under_review)
    report.next_attempt_in_ms =
        std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
  const std::string destination = "shard " + std::to_string(saga.transfer->destination_shard);
  if (saga.finishing)
    report.waits_for = "the commit of its last step";
  else if (saga.step_pending)
    report.waits_for =
        saga.state == SagaState::under_review ? "the commit of its approval" : "the commit of the wish to cancel";
  else if (saga.state == SagaState::under_review)
    report.waits_for = "an officer's decision";
  else if (saga.paused)
    report.waits_for = "an operator who resumes it";
  else if (asks_provider(saga.transfer->transaction->kind))
    report.waits_for = "the word of the provider";
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
      // A review is an officer's to end.
      accepted = !saga.finishing && saga.state != SagaState::under_review;
      saga.paused = false;
      if (accepted && saga.state != SagaState::cancelling && !saga.step_pending)
        hear(saga, SagaInput::cancel_requested);
      break;
    case SagaOrder::approve:
    case SagaOrder::reject: return decide_review(saga, order);
  }
  SagaReport answer = report(saga);
  answer.accepted = accepted;
  node_->answer(order.correlation, std::move(answer));
}

}  // namespace dompet
