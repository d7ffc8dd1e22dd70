#pragma once

#include <cstdint>
#include <string_view>

namespace dompet {

/// Where a transfer is, as its source shard has it on record (protocol 5.5). The numbers are stored.
enum class SagaState : std::uint8_t {
  none = 0,
  reserved = 1,
  cancelling = 2,
  settled = 3,
  released = 4,
  declined = 5,
  /// Held, and nobody is asked to take the money until an officer has let it go on.
  under_review = 6,
};

/// What the destination shard has on record about a transfer: written once, never changed.
enum class Decision : std::uint8_t { none = 0, credited = 1, refused = 2 };

std::string_view name_of(SagaState state);
std::string_view name_of(Decision decision);

constexpr bool is_final(SagaState state) {
  return state == SagaState::settled || state == SagaState::released || state == SagaState::declined;
}

/// What a coordinator can hear about its saga. Only `credited` and `refused` are proof: the destination sends
/// them after its decision is durable.
enum class SagaInput {
  /// The hold is durable; also what recovery says of a saga that it found open.
  reserved_durable,
  /// The hold is durable, and an officer must look at it first; also what recovery says of one that it found so.
  review_durable,
  /// An officer lets it go on.
  approval_requested,
  /// The wish to cancel is durable.
  cancelling_durable,
  credited,
  refused,
  /// Busy, not the owner, no answer in time, link down: nothing is known.
  no_answer,
  /// A client or an operator wants it cancelled, or it is older than the policy allows.
  cancel_requested,
};

/// What the coordinator must do now.
enum class SagaAction {
  nothing,
  send_credit,
  send_cancel,
  /// Resend what belongs to the state, after a back-off.
  resend_later,
  append_settled,
  append_released,
  append_cancelling,
  append_approved,
  /// Two proofs contradict each other: money rules are broken, stop and call for people.
  raise_alarm,
};

struct SagaStep {
  /// The state to record; equal to the old one when there is nothing to append.
  SagaState next = SagaState::none;
  SagaAction action = SagaAction::nothing;
  bool operator==(const SagaStep&) const = default;
};

/// The coordinator's table of protocol 5.5. Release happens only on proof: no input but `refused` leads to it.
SagaStep step(SagaState state, SagaInput input);

/// The message that belongs to an open saga: what recovery and resends send.
SagaAction message_of(SagaState state);

/// What the destination does with a message about a transfer (protocol 5.5, destination rules).
enum class DeciderAction { decide, record_refusal, answer_credited, answer_refused };

DeciderAction on_credit(Decision known);
DeciderAction on_cancel(Decision known);

}  // namespace dompet
