#include "http/saga_proof.hpp"

#include <variant>

#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

Decision outcome_of(const SagaStory& story) { return story.decision ? story.decision->outcome : Decision::none; }

std::string where_and_when(const RegisteredDecision& decision) {
  std::string text =
      "decided by shard " + std::to_string(decision.shard) + " at " + format_time(decision.decided_at_ms);
  if (decision.reason && decision.outcome == Decision::refused)
    text += ", because of " + std::string{code(*decision.reason)};
  return text;
}

std::string sentence_of(const SagaStory& story, bool register_read) {
  const SagaState state = story.row->saga.state;
  if (state == SagaState::declined)
    return "No: it was declined before any hold, there is nothing to release.";
  if (state == SagaState::settled)
    return "No: it is settled. The only undo is a new transfer in the opposite direction.";
  if (outcome_of(story) == Decision::refused)
    return state == SagaState::released ? "Yes, and it was: the destination's register says REFUSED."
                                        : "Yes: the destination's register says REFUSED, its owner will release it.";
  if (outcome_of(story) == Decision::credited)
    return "No: the destination has credited the money, so the hold must be captured.";
  if (state == SagaState::under_review)
    return "No: it waits for an officer, and nobody was asked yet. Reject it, or ask for a cancellation, which makes "
           "the "
           "destination decide.";
  if (!register_read)
    return "No: the destination's register cannot be read now, and silence is not a permission.";
  return "No: the destination has not decided. That no decision is found is not a permission, since a CREDIT may be on "
         "its way; ask for a cancellation, which makes the destination decide.";
}

Conservation conservation_of(const SagaStory& story) {
  Conservation sum;
  for (const StoryRecord& told : story.records)
    for (const Leg& leg : told.record.all_legs()) {
      if (const auto* hold = std::get_if<HoldPlaced>(&leg.event))
        sum.held += hold->amount;
      else if (const auto* capture = std::get_if<HoldCaptured>(&leg.event))
        sum.held -= capture->amount, sum.source_out += capture->amount;
      else if (const auto* release = std::get_if<HoldReleased>(&leg.event))
        sum.held -= release->amount;
      else if (const auto* out = std::get_if<TransferredOut>(&leg.event))
        sum.source_out += out->amount;
      else if (const auto* in = std::get_if<Credited>(&leg.event))
        sum.destination_in += in->amount;
    }
  const Minor amount = story.row->saga.amount;
  Minor arriving = amount;
  for (const StoryRecord& told : story.records)
    if (told.record.transaction && told.record.transaction->fx) {
      arriving = told.record.transaction->fx->amount;
      sum.destination_currency = told.record.transaction->fx->currency;
    }
  const bool is_credited = outcome_of(story) == Decision::credited;
  switch (story.row->saga.state) {
    case SagaState::settled:
      sum.ok = sum.source_out == amount && sum.destination_in == arriving && sum.held == 0;
      sum.sentence = "What left the source is what arrived, and nothing is held.";
      break;
    case SagaState::released:
    case SagaState::declined:
      sum.ok = sum.source_out == 0 && sum.destination_in == 0 && sum.held == 0;
      sum.sentence = "Nothing left the source, nothing arrived, and nothing is held.";
      break;
    default:
      sum.ok = sum.source_out == 0 && sum.held == amount && sum.destination_in == (is_credited ? arriving : 0);
      sum.sentence = is_credited ? "The amount has arrived and is still held at the source, in transit."
                                 : "The amount is held at the source, and nothing has arrived.";
  }
  return sum;
}

}  // namespace

SagaProof prove(const SagaStory& story, bool register_read) {
  const SagaState state = story.row->saga.state;
  const Decision outcome = outcome_of(story);
  SagaProof proof;
  proof.may_be_released = outcome == Decision::refused && state != SagaState::settled;
  proof.sentence = sentence_of(story, register_read);
  const bool has_hold = !story.records.empty() && story.records.front().record.kind == RecordKind::hold_placed;
  proof.evidence.push_back({"A durable hold stands in the source's journal", has_hold,
                            has_hold ? "placed at " + format_time(story.records.front().record.at_ms)
                                     : "this transfer never had a hold of its own"});
  proof.evidence.push_back({"The destination's register can be read", register_read || story.decision.has_value(),
                            register_read ? "it was read for this answer" : "a database did not answer"});
  proof.evidence.push_back({"The destination's register says REFUSED", outcome == Decision::refused,
                            outcome == Decision::refused ? where_and_when(*story.decision) : "there is no such row"});
  proof.evidence.push_back({"The destination's register says CREDITED", outcome == Decision::credited,
                            outcome == Decision::credited ? where_and_when(*story.decision) : "there is no such row"});
  proof.conservation = conservation_of(story);
  if (!proof.conservation.ok)
    proof.conservation.sentence = register_read
                                      ? "The records do not add up to what the state says: run `dompetctl verify`."
                                      : "It cannot be said: not every database answered.";
  return proof;
}

}  // namespace dompet::http
