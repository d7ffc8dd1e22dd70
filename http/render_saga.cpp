#include "http/render_saga.hpp"

#include "http/render.hpp"
#include "http/saga_query.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

void append_owner(JsonWriter& json, const ClusterView& view, Shard shard) {
  json.key("owner");
  const auto owner = owner_of(view, shard);
  if (!owner) {
    json.null();
    return;
  }
  json.begin_object().member("node", owner->node).plain("incarnation", to_string(owner->incarnation));
  json.key("epoch").number(static_cast<std::int64_t>(owner->epoch));
  json.key("reachable").truth(owner->reachable).end_object();
}

void append_text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty())
    json.null();
  else
    json.text(text);
}

/// The members of a transfer, without the brackets around them.
void append_members(JsonWriter& json, const SagaRow& row, const ClusterView& view, std::int64_t now_ms, bool paused,
                    const SagaReason& reason) {
  const SagaListing& saga = row.saga;
  json.plain("id", to_string(saga.id)).plain("state", name_of(saga.state));
  json.plain("kind", name_of(saga.kind));
  json.plain("path", saga.compact ? "one_commit" : "stepwise").key("compact").truth(saga.compact);
  json.plain("source_wallet_id", to_string(saga.source)).plain("destination_wallet_id", to_string(saga.destination));
  json.plain("amount", format_amount(saga.amount, saga.currency)).plain("currency", saga.currency.text());
  json.key("source_shard").number(saga.source_shard);
  json.key("destination_shard").number(saga.destination_shard);
  json.plain("created_at", format_time(saga.created_at_ms)).plain("updated_at", format_time(saga.updated_at_ms));
  json.key("age_ms").number(std::max<std::int64_t>(0, now_ms - saga.created_at_ms));
  json.key("age_in_state_ms").number(std::max<std::int64_t>(0, now_ms - saga.updated_at_ms));
  json.key("attempts").number(saga.attempts);
  json.member("last_error", saga.last_error);
  json.key("paused").truth(paused);
  json.member("label", row.label).member("assignee", row.assignee);
  json.key("pinned").truth(row.pinned).key("note_count").number(row.note_count);
  append_owner(json, view, saga.source_shard);
  append_text_or_null(json, "reason", reason.sentence);
  json.key("stuck").truth(reason.stuck);
}

SagaReason reason_from_tables(const SagaRow& row, const ClusterView& view, std::int64_t now_ms) {
  return is_final(row.saga.state) ? SagaReason{} : reason_of(facts_of(row, view, now_ms), view);
}

void append_decision(JsonWriter& json, const std::optional<RegisteredDecision>& decision) {
  json.key("decision");
  if (!decision) {
    json.null();
    return;
  }
  json.begin_object().plain("outcome", name_of(decision->outcome));
  const bool has_reason = decision->outcome == Decision::refused && decision->reason;
  append_text_or_null(json, "reason", has_reason ? code(*decision->reason) : std::string_view{});
  json.key("shard").number(decision->shard);
  json.plain("decided_at", format_time(decision->decided_at_ms)).end_object();
}

void append_transaction_of(JsonWriter& json, const SagaStory& story) {
  const SagaListing& saga = story.row->saga;
  StoredTransaction stored{.record = story.records.front().record, .state = saga.state};
  stored.completed_at_ms = is_final(saga.state) ? saga.updated_at_ms : 0;
  if (saga.state == SagaState::released && story.decision)
    stored.refusal = story.decision->reason;
  append_transaction(json.key("transaction"), view_of(stored));
}

std::string_view says(const std::optional<AskedOwner>& owner) {
  if (!owner)
    return "it is over; this is what the tables say";
  return owner->report ? "from the owner's memory" : "the owner is down; this is what the tables say";
}

void append_step(JsonWriter& json, const TimelineStep& step, const Currency& currency);

void append_live(JsonWriter& json, const std::optional<AskedOwner>& owner, const Currency& currency) {
  const SagaReport* report = owner && owner->report ? &*owner->report : nullptr;
  json.key("live").begin_object().key("available").truth(report != nullptr);
  json.plain("says", says(owner));
  json.key("loaded").truth(report != nullptr && report->open);
  json.key("next_attempt_in_ms");
  if (report != nullptr && report->next_attempt_in_ms)
    json.number(*report->next_attempt_in_ms);
  else
    json.null();
  append_text_or_null(json, "waiting_for", report != nullptr ? report->waits_for : "");
  json.key("attempts").begin_array();
  if (report != nullptr)
    for (const SagaAttempt& attempt : report->last_attempts)
      append_step(json, step_of(attempt), currency);
  json.end_array().end_object();
}

void append_balances(JsonWriter& json, std::string_view name, const LegBalances& balances, const Currency& currency) {
  json.key(name).begin_object().plain("available", format_amount(balances.available, currency));
  json.plain("held", format_amount(balances.held, currency)).end_object();
}

void append_record(JsonWriter& json, const TimelineStep& step) {
  json.key("shard").number(*step.shard);
  json.key("epoch").number(static_cast<std::int64_t>(step.record->epoch));
  json.key("batch").number(static_cast<std::int64_t>(step.record->batch));
  if (step.is_first_of_record)
    append_whole_record(json, *step.record);
}

void append_step(JsonWriter& json, const TimelineStep& step, const Currency& currency) {
  json.begin_object();
  json.plain("at", format_time(step.at_ms)).plain("what", step.what).member("title", step.title);
  if (step.wallet) {
    json.plain("wallet_id", to_string(*step.wallet)).plain("side", step.side).plain("event", step.event);
    json.key("wallet_seq").number(static_cast<std::int64_t>(step.wallet_seq));
    if (step.before)
      append_balances(json, "balances_before", *step.before, currency);
    append_balances(json, "balances_after", *step.after, currency);
  }
  if (step.record != nullptr)
    append_record(json, step);
  if (step.what == "attempt") {
    json.key("attempt").number(step.attempt).member("node", step.node).member("answer", step.answer);
    if (step.duration_ms)
      json.key("duration_ms").number(*step.duration_ms);
  }
  if (step.gap_ms)
    json.key("gap_ms").number(*step.gap_ms);
  if (step.what == "action")
    json.member("who", step.who).member("why", step.why);
  json.end_object();
}

}  // namespace

void append_saga(JsonWriter& json, const SagaRow& row, const ClusterView& view, std::int64_t now_ms) {
  json.begin_object();
  append_members(json, row, view, now_ms, pause_of(row, view) != nullptr, reason_from_tables(row, view, now_ms));
  json.end_object();
}

std::string render_saga(const SagaStory& story, const std::optional<AskedOwner>& owner, bool register_read,
                        const ClusterView& view, std::int64_t now_ms) {
  SagaRow row = *story.row;
  SagaFacts facts = facts_of(row, view, now_ms);
  facts.asked_owner = owner.has_value();
  if (owner)
    facts.live = owner->report;
  if (facts.live && facts.live->open)
    row.saga.attempts = std::max(row.saga.attempts, facts.live->attempts);
  if (story.decision)
    facts.decision = story.decision->outcome;
  else if (register_read)
    facts.decision = Decision::none;
  const SagaReason reason = is_final(row.saga.state) ? SagaReason{} : reason_of(facts, view);
  const bool paused = facts.live && facts.live->open ? facts.live->paused : !facts.paused_by.empty();

  std::string text;
  JsonWriter json(text);
  json.begin_object();
  append_members(json, row, view, now_ms, paused, reason);
  append_transaction_of(json, story);
  append_decision(json, story.decision);
  append_live(json, owner, row.saga.currency);
  json.key("evidence").begin_array();
  for (const std::string& sentence : reason.evidence)
    json.text(sentence);
  json.end_array().end_object();
  return text;
}

std::string render_timeline(const SagaStory& story, std::int64_t now_ms) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("id", to_string(story.row->saga.id)).key("data").begin_array();
  for (const TimelineStep& step : timeline_of(story, now_ms))
    append_step(json, step, story.row->saga.currency);
  json.end_array().end_object();
  return text;
}

std::string render_proof(const SagaStory& story, const SagaProof& proof) {
  const Currency& currency = story.row->saga.currency;
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("id", to_string(story.row->saga.id));
  json.key("may_be_released").truth(proof.may_be_released).member("sentence", proof.sentence);
  json.key("evidence").begin_array();
  for (const ProvenFact& fact : proof.evidence)
    json.begin_object()
        .member("fact", fact.fact)
        .key("holds")
        .truth(fact.holds)
        .member("detail", fact.detail)
        .end_object();
  json.end_array().key("conservation").begin_object().key("ok").truth(proof.conservation.ok);
  json.plain("source_out", format_amount(proof.conservation.source_out, currency));
  json.plain("destination_in", format_amount(proof.conservation.destination_in,
                                             proof.conservation.destination_currency.value_or(currency)));
  json.plain("held", format_amount(proof.conservation.held, currency));
  json.member("sentence", proof.conservation.sentence).end_object().end_object();
  return text;
}

std::string render_notes(const std::vector<SagaNote>& notes) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("data").begin_array();
  for (const SagaNote& note : notes)
    json.begin_object()
        .plain("at", format_time(note.at_ms))
        .member("who", note.who)
        .member("text", note.text)
        .end_object();
  json.end_array().end_object();
  return text;
}

std::string render_counts(const SagaCounts& counts, const ClusterView& view, std::int64_t now_ms) {
  const auto age_of = [now_ms](std::int64_t created_ms) { return std::max<std::int64_t>(0, now_ms - created_ms); };
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("as_of", format_time(now_ms)).key("states").begin_object();
  json.key("reserved").number(counts.reserved).key("cancelling").number(counts.cancelling);
  json.key("under_review").number(counts.under_review);
  json.key("settled").number(counts.settled).key("released").number(counts.released).end_object();
  json.key("open_by_age").begin_array();
  for (std::size_t i = 0; i < counts.open_by_age.size(); ++i) {
    json.begin_object().key("up_to_s");
    if (i < saga_age_classes_s.size())
      json.number(saga_age_classes_s[i]);
    else
      json.null();
    json.key("count").number(counts.open_by_age[i]).end_object();
  }
  json.end_array().key("causes").begin_array();
  for (const SagaCause& cause : counts.causes) {
    const auto owner = owner_of(view, cause.destination_shard);
    json.begin_object().member("error", cause.error).key("destination_shard").number(cause.destination_shard);
    append_text_or_null(json, "node", !cause.node.empty() ? cause.node : owner ? owner->node : "");
    json.key("count").number(cause.count).key("oldest_age_ms").number(age_of(cause.oldest_created_ms)).end_object();
  }
  json.end_array().key("oldest_age_ms").number(counts.oldest_created_ms ? age_of(*counts.oldest_created_ms) : 0);
  json.end_object();
  return text;
}

}  // namespace dompet::http
