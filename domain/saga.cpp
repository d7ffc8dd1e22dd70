#include "domain/saga.hpp"

#include "domain/ensure.hpp"

namespace dompet {

namespace {

/// Nobody was asked, so nobody can have said anything: a credit here is money that moved without an approval.
SagaStep step_under_review(SagaInput input) {
  switch (input) {
    case SagaInput::approval_requested: return {SagaState::reserved, SagaAction::append_approved};
    case SagaInput::cancel_requested: return {SagaState::cancelling, SagaAction::append_cancelling};
    case SagaInput::credited: return {SagaState::under_review, SagaAction::raise_alarm};
    default: return {SagaState::under_review, SagaAction::nothing};
  }
}

SagaStep open_step(SagaState state, SagaInput input) {
  switch (input) {
    case SagaInput::review_durable:
    case SagaInput::approval_requested: return {state, SagaAction::nothing};
    case SagaInput::reserved_durable:
    case SagaInput::cancelling_durable: return {state, message_of(state)};
    case SagaInput::credited: return {SagaState::settled, SagaAction::append_settled};
    case SagaInput::refused: return {SagaState::released, SagaAction::append_released};
    case SagaInput::no_answer: return {state, SagaAction::resend_later};
    case SagaInput::cancel_requested:
      if (state == SagaState::cancelling)
        return {state, SagaAction::nothing};
      return {SagaState::cancelling, SagaAction::append_cancelling};
  }
  throw Bug("a saga hears known inputs");
}

/// A final saga ignores everything but a proof that contradicts it.
SagaStep final_step(SagaState state, SagaInput input) {
  const bool contradiction = (state == SagaState::released && input == SagaInput::credited) ||
                             (state == SagaState::settled && input == SagaInput::refused);
  return {state, contradiction ? SagaAction::raise_alarm : SagaAction::nothing};
}

}  // namespace

std::string_view name_of(SagaState state) {
  switch (state) {
    case SagaState::none: return "none";
    case SagaState::reserved: return "reserved";
    case SagaState::cancelling: return "cancelling";
    case SagaState::settled: return "settled";
    case SagaState::released: return "released";
    case SagaState::declined: return "declined";
    case SagaState::under_review: return "under_review";
  }
  throw Bug("a saga has a known state");
}

std::string_view name_of(Decision decision) {
  switch (decision) {
    case Decision::none: return "none";
    case Decision::credited: return "credited";
    case Decision::refused: return "refused";
  }
  throw Bug("a decision is known");
}

SagaStep step(SagaState state, SagaInput input) {
  ensure(state != SagaState::none, "only a saga that exists can hear something");
  if (state == SagaState::under_review)
    return step_under_review(input);
  return is_final(state) ? final_step(state, input) : open_step(state, input);
}

SagaAction message_of(SagaState state) {
  switch (state) {
    case SagaState::reserved: return SagaAction::send_credit;
    case SagaState::cancelling: return SagaAction::send_cancel;
    default: return SagaAction::nothing;
  }
}

DeciderAction on_credit(Decision known) {
  switch (known) {
    case Decision::none: return DeciderAction::decide;
    case Decision::credited: return DeciderAction::answer_credited;
    case Decision::refused: return DeciderAction::answer_refused;
  }
  throw Bug("a decision is known");
}

DeciderAction on_cancel(Decision known) {
  return known == Decision::none ? DeciderAction::record_refusal : on_credit(known);
}

}  // namespace dompet
