#include <utility>

#include "actors/not_now.hpp"
#include "actors/saga_engine.hpp"
#include "domain/review.hpp"

// SagaEngine's side of reviews: what risk rules hold up waits here, with its money set aside, until an officer decides
// or its time is over. Nobody is asked before; a rejection takes the way of every cancellation, so that the money comes
// back only with the destination's word.

namespace dompet {

/// Who asked is told at once: an officer may take days.
void SagaEngine::on_under_review(const TransferPtr& transfer) {
  if (transfer->begun)
    node_->answer(transfer->take_asker(),
                  MoneyAnswer{transfer->begun, SagaState::under_review, 0, std::nullopt, false});
  if (transfer->generation != generation_)
    return;
  Saga& saga = sagas_[transfer->transaction->id];
  saga.transfer = transfer;
  saga.state = SagaState::under_review;
  saga.begun = self_->clock().now();
  hear(saga, SagaInput::review_durable);
}

bool SagaEngine::is_reviewable(const Saga& saga) const {
  return saga.state == SagaState::under_review && !saga.step_pending;
}

/// The answer comes with the commit, so that an officer's yes is never lost behind his back.
void SagaEngine::decide_review(Saga& saga, const OrderSaga& order) {
  // The shard is being let go: whoever has it next decides.
  if (is_paused_)
    return node_->answer(order.correlation, not_now(interrupted_sentence));
  end_review_if_over(saga);
  if (!is_reviewable(saga))
    return node_->answer(order.correlation, SagaReport{.open = true, .accepted = false, .state = saga.state});
  saga.order = order.correlation;
  saga.verdict = order.request.verdict;
  if (order.request.order == SagaOrder::approve)
    return hear(saga, SagaInput::approval_requested);
  saga.refusal = Decline::risk_rejected;
  hear(saga, SagaInput::cancel_requested);
}

void SagaEngine::append_approved(Saga& saga) {
  LaneEntryPtr entry = step_entry(saga, RecordKind::review_approved, SagaState::reserved);
  entry->when_durable = [self = SagaEngineActor{self_}, node = node_, transfer = saga.transfer,
                         order = std::exchange(saga.order, 0)](const RecordPtr&) {
    caf::anon_send(self, SagaReserved{transfer});
    node->answer(order, SagaReport{.open = true, .state = SagaState::reserved});
  };
  node_->append(shard_, std::move(entry));
}

/// By the wall clock, so that restarts do not begin the time anew; a jump of it can only reject too early.
void SagaEngine::end_review_if_over(Saga& saga) {
  if (!is_reviewable(saga))
    return;
  const ReviewEnd end = end_of_review(*saga.transfer->transaction, node_->settings.review_bounds());
  if (node_->unix_ms() < end.at_ms)
    return;
  saga.refusal = end.why;
  hear(saga, SagaInput::cancel_requested);
}

}  // namespace dompet
