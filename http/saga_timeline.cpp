#include "http/saga_timeline.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "http/render.hpp"
#include "http/saga_reason.hpp"

namespace dompet::http {

namespace {

/// Where a record must stand: what a hold has caused cannot come before it, whatever the clocks said.
int rank(RecordKind kind) {
  switch (kind) {
    case RecordKind::hold_placed: return 0;
    case RecordKind::hold_captured:
    case RecordKind::hold_released: return 2;
    default: return 1;
  }
}

std::string title_of(const Leg& leg, std::string_view side, const Money& moved) {
  const std::string money = format_amount(moved.amount, moved.currency) + " " + std::string{moved.currency.text()};
  const std::string wallet = "the " + std::string{side} + " wallet";
  const std::string_view kind = kind_of(leg.event);
  if (kind == "hold_placed")
    return money + " set aside in " + wallet;
  if (kind == "hold_captured")
    return money + " that was set aside has left " + wallet;
  if (kind == "hold_released")
    return money + " given back to " + wallet;
  if (kind == "transferred_out")
    return money + " has left " + wallet;
  return money + " credited to " + wallet;
}

/// ": Over 50; Often"
std::string reasons_of(const Record& record) {
  std::string text;
  for (const RiskReason& reason : record.risk->reasons)
    text.append(text.empty() ? ": " : "; ").append(reason.text);
  return text;
}

/// What a record means for the saga, or for its decision.
std::pair<std::string_view, std::string> meaning_of(const Record& record) {
  const std::string why = record.decline ? ": " + std::string{code(*record.decline)} : "";
  switch (record.kind) {
    case RecordKind::hold_placed:
      if (awaits_review(record.risk))
        return {"saga", "UNDER_REVIEW: the hold is durable, an officer must look at it" + reasons_of(record)};
      return {"saga", "RESERVED: the hold is durable, CREDIT may be sent"};
    case RecordKind::review_approved: return {"saga", "RESERVED: an officer approved it, CREDIT may be sent"};
    case RecordKind::transfer_credited: return {"decision", "The destination's shard decided CREDITED"};
    case RecordKind::transfer_refused: return {"decision", "The destination's shard decided REFUSED" + why};
    case RecordKind::transfer_cancelling: return {"saga", "CANCELLING: from now on CANCEL is sent" + why};
    case RecordKind::hold_captured: return {"saga", "SETTLED: the transfer is complete"};
    case RecordKind::hold_released: return {"saga", "RELEASED: the transfer has failed, the money is back"};
    case RecordKind::transfer: return {"saga", "SETTLED: held, credited and captured in one commit"};
    case RecordKind::declined: return {"saga", "DECLINED before any money moved" + why};
    default: return {"event", "Not a step of a transfer"};
  }
}

void add_record(std::vector<TimelineStep>& steps, const StoryRecord& told) {
  const Record& record = told.record;
  const std::size_t first = steps.size();
  const Transaction& transaction = *record.transaction;
  for (std::size_t i = 0; i < record.legs; ++i) {
    const Leg& leg = record.leg[i];
    const bool is_source = leg.wallet == transaction.source;
    const std::string_view side = is_source ? "source" : "destination";
    const Money moved = is_source ? Money{transaction.currency, transaction.amount} : credit_of(transaction);
    steps.push_back({.at_ms = record.at_ms,
                     .what = "event",
                     .title = title_of(leg, side, moved),
                     .record = &record,
                     .wallet = leg.wallet,
                     .side = side,
                     .event = kind_of(leg.event),
                     .wallet_seq = leg.seq,
                     .before = told.before[i],
                     .after = LegBalances{leg.available_after, leg.held_after},
                     .shard = record.shard});
  }
  auto [what, title] = meaning_of(record);
  steps.push_back(
      {.at_ms = record.at_ms, .what = what, .title = std::move(title), .record = &record, .shard = record.shard});
  steps[first].is_first_of_record = true;
}

TimelineStep step_of(const OperatorAction& action) {
  const std::string verb = action.what.substr(action.what.find('.') + 1);
  TimelineStep step{.at_ms = action.at_ms, .what = "action", .who = action.who, .why = action.why};
  constexpr std::string_view not_taken = ".not_taken";
  if (verb.ends_with(not_taken))
    step.title = "The order to " + verb.substr(0, verb.size() - not_taken.size()) + " was not taken";
  else
    step.title = action.who + " ordered: " + verb;
  return step;
}

TimelineStep step_of(const SagaNote& note) {
  return {.at_ms = note.at_ms, .what = "action", .title = "Note: " + note.text, .who = note.who};
}

std::vector<TimelineStep> merged_by_time(const std::vector<TimelineStep>& left,
                                         const std::vector<TimelineStep>& right) {
  std::vector<TimelineStep> merged;
  std::ranges::merge(left, right, std::back_inserter(merged), {}, &TimelineStep::at_ms, &TimelineStep::at_ms);
  return merged;
}

TimelineStep gap_between(std::int64_t from_ms, std::int64_t to_ms, const char* until) {
  return {.at_ms = from_ms,
          .what = "gap",
          .title = "Nothing for " + duration_text(to_ms - from_ms) + until,
          .gap_ms = to_ms - from_ms};
}

}  // namespace

TimelineStep step_of(const SagaAttempt& attempt) {
  TimelineStep step{.at_ms = attempt.at_ms,
                    .what = "attempt",
                    .attempt = attempt.number,
                    .node = attempt.node,
                    .duration_ms = attempt.took_ms,
                    .answer = attempt.answer};
  step.title = std::string{attempt.cancel ? "CANCEL" : "CREDIT"} + " sent" +
               (attempt.node.empty() ? "" : " to node " + attempt.node) +
               (attempt.answer.empty() ? "" : ", answer: " + attempt.answer);
  return step;
}

/// A record with legs in two databases is kept in both; each knows what its own wallet had before.
void unite_copies(std::vector<StoryRecord>& records) {
  const auto same_place = [](StoryRecord& kept, const StoryRecord& next) {
    if (kept.record.shard != next.record.shard || kept.record.shard_seq != next.record.shard_seq)
      return false;
    for (std::size_t i = 0; i < kept.before.size(); ++i)
      if (!kept.before[i])
        kept.before[i] = next.before[i];
    return true;
  };
  std::vector<StoryRecord> united;
  for (StoryRecord& record : records)
    if (std::ranges::none_of(united, [&](StoryRecord& kept) { return same_place(kept, record); }))
      united.push_back(std::move(record));
  records = std::move(united);
}

SagaStory whole_story(std::vector<std::optional<SagaStory>> parts) {
  SagaStory whole;
  const auto append = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  for (auto& part : parts) {
    if (!part)
      continue;
    if (part->row)
      whole.row = std::move(part->row);
    if (part->decision)
      whole.decision = part->decision;
    append(whole.records, part->records);
    append(whole.attempts, part->attempts);
    append(whole.notes, part->notes);
    append(whole.actions, part->actions);
  }
  std::ranges::stable_sort(whole.records, [](const StoryRecord& left, const StoryRecord& right) {
    return std::pair{rank(left.record.kind), left.record.at_ms} <
           std::pair{rank(right.record.kind), right.record.at_ms};
  });
  unite_copies(whole.records);
  return whole;
}

std::vector<TimelineStep> timeline_of(const SagaStory& story, std::int64_t now_ms) {
  std::vector<TimelineStep> attempts;
  for (const SagaAttempt& attempt : story.attempts)
    attempts.push_back(step_of(attempt));
  std::vector<TimelineStep> actions;
  for (const OperatorAction& action : story.actions)
    actions.push_back(step_of(action));
  for (const SagaNote& note : story.notes)
    actions.push_back(step_of(note));
  std::ranges::stable_sort(actions, {}, &TimelineStep::at_ms);
  std::vector<TimelineStep> records;
  for (const StoryRecord& told : story.records)
    add_record(records, told);
  // Within a millisecond an order comes before what it led to, and a record before the message that it allows.
  const std::vector<TimelineStep> merged = merged_by_time(actions, merged_by_time(records, attempts));

  std::vector<TimelineStep> steps;
  std::int64_t last_ms = merged.empty() ? now_ms : merged.front().at_ms;
  for (const TimelineStep& step : merged) {
    if (step.at_ms - last_ms > gap_from_ms)
      steps.push_back(gap_between(last_ms, step.at_ms, ""));
    last_ms = std::max(last_ms, step.at_ms);
    steps.push_back(step);
  }
  const bool is_open = story.row && !is_final(story.row->saga.state);
  if (is_open && now_ms - last_ms > gap_from_ms)
    steps.push_back(gap_between(last_ms, now_ms, " until now"));
  return steps;
}

}  // namespace dompet::http
