#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "domain/ensure.hpp"
#include "domain/invariants.hpp"
#include "domain/saga.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;
using enum SagaState;
using enum SagaAction;

namespace {

struct Row {
  SagaState state;
  SagaInput input;
  SagaState next;
  SagaAction action;
};

/// Protocol 5.5, coordinator rules, every pair of state and input.
constexpr Row table[]{
    {reserved, SagaInput::reserved_durable, reserved, send_credit},
    {reserved, SagaInput::cancelling_durable, reserved, send_credit},
    {reserved, SagaInput::credited, settled, append_settled},
    {reserved, SagaInput::refused, released, append_released},
    {reserved, SagaInput::no_answer, reserved, resend_later},
    {reserved, SagaInput::review_durable, reserved, nothing},
    {reserved, SagaInput::approval_requested, reserved, nothing},
    {reserved, SagaInput::cancel_requested, cancelling, append_cancelling},

    {cancelling, SagaInput::reserved_durable, cancelling, send_cancel},
    {cancelling, SagaInput::cancelling_durable, cancelling, send_cancel},
    {cancelling, SagaInput::credited, settled, append_settled},
    {cancelling, SagaInput::refused, released, append_released},
    {cancelling, SagaInput::no_answer, cancelling, resend_later},
    {cancelling, SagaInput::review_durable, cancelling, nothing},
    {cancelling, SagaInput::approval_requested, cancelling, nothing},
    {cancelling, SagaInput::cancel_requested, cancelling, nothing},

    {settled, SagaInput::reserved_durable, settled, nothing},
    {settled, SagaInput::cancelling_durable, settled, nothing},
    {settled, SagaInput::credited, settled, nothing},
    {settled, SagaInput::refused, settled, raise_alarm},
    {settled, SagaInput::no_answer, settled, nothing},
    {settled, SagaInput::review_durable, settled, nothing},
    {settled, SagaInput::approval_requested, settled, nothing},
    {settled, SagaInput::cancel_requested, settled, nothing},

    {released, SagaInput::reserved_durable, released, nothing},
    {released, SagaInput::cancelling_durable, released, nothing},
    {released, SagaInput::credited, released, raise_alarm},
    {released, SagaInput::refused, released, nothing},
    {released, SagaInput::no_answer, released, nothing},
    {released, SagaInput::review_durable, released, nothing},
    {released, SagaInput::approval_requested, released, nothing},
    {released, SagaInput::cancel_requested, released, nothing},

    {declined, SagaInput::reserved_durable, declined, nothing},
    {declined, SagaInput::cancelling_durable, declined, nothing},
    {declined, SagaInput::credited, declined, nothing},
    {declined, SagaInput::refused, declined, nothing},
    {declined, SagaInput::no_answer, declined, nothing},
    {declined, SagaInput::review_durable, declined, nothing},
    {declined, SagaInput::approval_requested, declined, nothing},
    {declined, SagaInput::cancel_requested, declined, nothing},

    {under_review, SagaInput::reserved_durable, under_review, nothing},
    {under_review, SagaInput::cancelling_durable, under_review, nothing},
    {under_review, SagaInput::credited, under_review, raise_alarm},
    {under_review, SagaInput::refused, under_review, nothing},
    {under_review, SagaInput::no_answer, under_review, nothing},
    {under_review, SagaInput::review_durable, under_review, nothing},
    {under_review, SagaInput::approval_requested, reserved, append_approved},
    {under_review, SagaInput::cancel_requested, cancelling, append_cancelling},
};

constexpr SagaInput inputs[]{SagaInput::reserved_durable, SagaInput::cancelling_durable, SagaInput::credited,
                             SagaInput::refused,          SagaInput::no_answer,          SagaInput::cancel_requested,
                             SagaInput::review_durable,   SagaInput::approval_requested};

/// The destination, as its register has it.
struct Destination {
  Decision known = Decision::none;
  std::vector<Decision> written{};

  Decision hear(DeciderAction action, bool accepts) {
    if (action == DeciderAction::decide || action == DeciderAction::record_refusal) {
      known = action == DeciderAction::decide && accepts ? Decision::credited : Decision::refused;
      written.push_back(known);
    }
    return known;
  }
};

/// A transfer whose messages are lost, repeated and late, and whose coordinator forgets everything but what is durable.
struct Schedule {
  explicit Schedule(std::uint64_t seed) : random(seed), state(seed % 3 == 0 ? under_review : reserved) {}

  given::Random random;
  SagaState state;
  Destination destination{};
  bool refusal_seen = false;
  std::vector<bool> to_destination{};  // true: cancel
  std::vector<Decision> to_coordinator{};

  template <class Message>
  Message draw(std::vector<Message>& network) {
    const std::size_t at = random.upto(network.size() - 1);
    const Message message = network[at];
    if (random.upto(2) > 0)  // otherwise it stays: it will be delivered again
      network.erase(network.begin() + static_cast<std::ptrdiff_t>(at));
    return message;
  }

  void hear(SagaInput input) {
    refusal_seen |= input == SagaInput::refused;
    const SagaStep next = step(state, input);
    CHECK(next.action != raise_alarm);
    if (next.next == released && state != released)
      CHECK(refusal_seen);
    CHECK((state != under_review || (to_destination.empty() && destination.known == Decision::none)));
    state = next.next;
    if (next.action == send_credit || next.action == send_cancel || next.action == resend_later)
      send();
  }
  void send() {
    const SagaAction message = message_of(state);
    if (message != nothing && random.upto(3) > 0)  // otherwise lost
      to_destination.push_back(message == send_cancel);
  }
  void deliver_to_destination() {
    const bool cancel = draw(to_destination);
    const DeciderAction action = cancel ? on_cancel(destination.known) : on_credit(destination.known);
    const Decision answer = destination.hear(action, random.coin());
    if (random.upto(3) > 0)
      to_coordinator.push_back(answer);
  }
  void deliver_to_coordinator() {
    hear(draw(to_coordinator) == Decision::credited ? SagaInput::credited : SagaInput::refused);
  }
  /// A crash forgets what was on its way to the coordinator; recovery says again what belongs to the state.
  void crash() {
    to_coordinator.clear();
    hear(SagaInput::reserved_durable);
  }

  void move() {
    switch (random.upto(6)) {
      case 0:
      case 1: return to_destination.empty() ? hear(SagaInput::no_answer) : deliver_to_destination();
      case 2:
      case 3: return to_coordinator.empty() ? hear(SagaInput::no_answer) : deliver_to_coordinator();
      case 4: return random.upto(4) == 0 ? crash() : hear(SagaInput::no_answer);
      case 5: return random.upto(4) == 0 ? hear(SagaInput::cancel_requested) : hear(SagaInput::no_answer);
      default: return hear(state == under_review ? SagaInput::approval_requested : SagaInput::no_answer);
    }
  }
};

}  // namespace

TEST_CASE("a transfer takes the step that its state and what it heard allow, in every case") {
  CHECK(std::size(table) == 6 * std::size(inputs));
  for (const Row& row : table) {
    INFO(name_of(row.state) << " hears input " << static_cast<int>(row.input));
    const SagaStep taken = step(row.state, row.input);
    CHECK(name_of(taken.next) == name_of(row.next));
    CHECK(static_cast<int>(taken.action) == static_cast<int>(row.action));
  }
}

TEST_CASE("held money is given back only when the destination refused") {
  for (SagaState state : {under_review, reserved, cancelling, settled, declined})
    for (SagaInput input : inputs)
      CHECK((step(state, input).next == released) ==
            (input == SagaInput::refused && (state == reserved || state == cancelling)));
}

TEST_CASE("a transfer that ended stays as it ended") {
  for (SagaState state : {settled, released, declined})
    for (SagaInput input : inputs)
      CHECK(step(state, input).next == state);
}

TEST_CASE("a transfer that does not exist hears nothing") {
  for (SagaInput input : inputs)
    CHECK_THROWS_AS(step(none, input), Bug);
}

TEST_CASE("recovery sends again what belongs to an open transfer") {
  CHECK(message_of(reserved) == send_credit);
  CHECK(message_of(cancelling) == send_cancel);
  for (SagaState state : {none, under_review, settled, released, declined})
    CHECK(message_of(state) == nothing);
}

TEST_CASE("a destination decides once and answers the same ever after") {
  CHECK(on_credit(Decision::none) == DeciderAction::decide);
  CHECK(on_credit(Decision::credited) == DeciderAction::answer_credited);
  CHECK(on_credit(Decision::refused) == DeciderAction::answer_refused);
  CHECK(on_cancel(Decision::none) == DeciderAction::record_refusal);
  CHECK(on_cancel(Decision::credited) == DeciderAction::answer_credited);
  CHECK(on_cancel(Decision::refused) == DeciderAction::answer_refused);
}

TEST_CASE("however messages are lost, repeated and late, a transfer ends once and as its destination decided") {
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    CAPTURE(seed);
    Schedule schedule(seed);
    schedule.hear(schedule.state == under_review ? SagaInput::review_durable : SagaInput::reserved_durable);
    for (int i = 0; i < 400 && !is_final(schedule.state); ++i) {
      schedule.move();
      CHECK_FALSE(invariants::saga_agrees(schedule.state, schedule.destination.known));
    }
    CHECK(is_final(schedule.state));
    CHECK(schedule.destination.written.size() == 1);
    // What is still under way must not change anything.
    for (int i = 0; i < 20; ++i)
      schedule.move();
    CHECK(schedule.destination.written.size() == 1);
    CHECK_FALSE(invariants::saga_agrees(schedule.state, schedule.destination.known));
  }
}
