#include <catch2/catch_test_macros.hpp>

#include "http/saga_proof.hpp"
#include "http/saga_timeline.hpp"

namespace dompet::http {

namespace {

const Currency idr = *find_currency("IDR");

WalletId wallet(std::uint8_t number) {
  WalletId made;
  made.uuid.bytes[0] = number;
  return made;
}

const WalletId ayu = wallet(1);
const WalletId budi = wallet(2);

StoryRecord record(RecordKind kind, std::int64_t at_ms) {
  static const auto transaction = std::make_shared<const Transaction>(Transaction{
      .kind = TransactionKind::transfer, .currency = idr, .amount = 300, .source = ayu, .destination = budi});
  StoryRecord told{
      .record = {
          .kind = kind, .transaction = transaction, .shard_seq = static_cast<std::uint64_t>(at_ms), .at_ms = at_ms}};
  const TransactionId id = transaction->id;
  if (kind == RecordKind::hold_placed)
    told.record.add_leg(ayu, HoldPlaced{id, 300});
  else if (kind == RecordKind::transfer_credited)
    told.record.add_leg(budi, Credited{id, 300});
  else if (kind == RecordKind::hold_captured)
    told.record.add_leg(ayu, HoldCaptured{id, 300});
  else if (kind == RecordKind::hold_released)
    told.record.add_leg(ayu, HoldReleased{id, 300});
  return told;
}

SagaStory story(SagaState state, std::vector<StoryRecord> records, Decision decision = Decision::none) {
  SagaStory told;
  told.row = SagaRow{.saga = {.state = state, .source = ayu, .destination = budi, .currency = idr, .amount = 300}};
  told.records = std::move(records);
  if (decision != Decision::none)
    told.decision = RegisteredDecision{decision, Decline::cancelled, 17, 2'000};
  return told;
}

std::vector<std::string> titles(const std::vector<TimelineStep>& steps) {
  std::vector<std::string> all;
  for (const TimelineStep& step : steps)
    all.push_back(step.title);
  return all;
}

}  // namespace

TEST_CASE("two databases' parts become one story, in the order of cause and effect", "[timeline]") {
  // The destination's clock is behind: its credit seems to come before the hold.
  SagaStory source =
      story(SagaState::settled, {record(RecordKind::hold_placed, 1'000), record(RecordKind::hold_captured, 1'300)});
  SagaStory destination;
  destination.records = {record(RecordKind::transfer_credited, 900)};
  destination.decision = RegisteredDecision{Decision::credited, {}, 17, 900};
  const SagaStory whole = whole_story({std::move(destination), std::nullopt, std::move(source)});
  REQUIRE(whole.records.size() == 3);
  CHECK(whole.records[0].record.kind == RecordKind::hold_placed);
  CHECK(whole.records[1].record.kind == RecordKind::transfer_credited);
  CHECK(whole.decision->outcome == Decision::credited);
  CHECK(prove(whole, true).conservation.ok);
  const auto steps = timeline_of(whole, 5'000);
  CHECK(steps.front().title == "3.00 IDR set aside in the source wallet");
  CHECK(steps.back().title == "SETTLED: the transfer is complete");
}

TEST_CASE("silence of more than a second is told, also until now", "[timeline]") {
  SagaStory told = story(SagaState::reserved, {record(RecordKind::hold_placed, 1'000)});
  told.attempts = {{.number = 1, .at_ms = 1'005, .took_ms = 3, .node = "b", .answer = "busy"},
                   {.number = 2, .at_ms = 4'005, .node = "b"}};
  CHECK(titles(timeline_of(told, 4'500)) ==
        std::vector<std::string>{"3.00 IDR set aside in the source wallet",
                                 "RESERVED: the hold is durable, CREDIT may be sent",
                                 "CREDIT sent to node b, answer: busy", "Nothing for 3.0 s", "CREDIT sent to node b"});
  const auto later = timeline_of(told, 9'005);
  CHECK(later.back().title == "Nothing for 5.0 s until now");
  CHECK(later.back().gap_ms == 5'000);
}

TEST_CASE("an order stands before what it led to within the same millisecond", "[timeline]") {
  SagaStory told = story(SagaState::cancelling,
                         {record(RecordKind::hold_placed, 1'000), record(RecordKind::transfer_cancelling, 1'500)});
  told.actions = {{1'500, "dewi", "saga.cancel", "the customer called"}};
  told.attempts = {{.number = 2, .cancel = true, .at_ms = 1'500, .node = "b"}};
  const auto all = titles(timeline_of(told, 1'600));
  CHECK(std::vector(all.begin() + 2, all.end()) == std::vector<std::string>{"dewi ordered: cancel",
                                                                            "CANCELLING: from now on CANCEL is sent",
                                                                            "CANCEL sent to node b"});
}

TEST_CASE("a hold may be released only with the destination's refusal in hand", "[proof]") {
  const std::vector hold{record(RecordKind::hold_placed, 1'000)};
  for (const SagaState state : {SagaState::reserved, SagaState::cancelling}) {
    CHECK_FALSE(prove(story(state, hold), true).may_be_released);
    CHECK_FALSE(prove(story(state, hold), false).may_be_released);
    CHECK_FALSE(prove(story(state, hold, Decision::credited), true).may_be_released);
    CHECK(prove(story(state, hold, Decision::refused), true).may_be_released);
  }
  CHECK(prove(story(SagaState::reserved, hold), true).sentence.contains("not a permission"));
  CHECK(prove(story(SagaState::reserved, hold), false).sentence.contains("silence is not a permission"));
}

TEST_CASE("records that do not add up to the state are seen", "[proof]") {
  const StoryRecord hold = record(RecordKind::hold_placed, 1'000);
  const StoryRecord credit = record(RecordKind::transfer_credited, 2'000);
  const StoryRecord capture = record(RecordKind::hold_captured, 3'000);
  const StoryRecord release = record(RecordKind::hold_released, 3'000);
  CHECK(prove(story(SagaState::settled, {hold, credit, capture}, Decision::credited), true).conservation.ok);
  CHECK(prove(story(SagaState::reserved, {hold, credit}, Decision::credited), true).conservation.ok);
  CHECK(prove(story(SagaState::released, {hold, release}, Decision::refused), true).conservation.ok);
  CHECK_FALSE(prove(story(SagaState::settled, {hold, capture}, Decision::credited), true).conservation.ok);
  CHECK_FALSE(prove(story(SagaState::released, {hold, credit, release}, Decision::refused), true).conservation.ok);
  CHECK_FALSE(prove(story(SagaState::released, {hold}, Decision::refused), true).conservation.ok);
  CHECK_FALSE(prove(story(SagaState::reserved, {hold, credit}), true).conservation.ok);
}

}  // namespace dompet::http
