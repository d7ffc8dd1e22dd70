#include "domain/posting.hpp"
#include "http/render.hpp"
#include "http/render_saga.hpp"
#include "http/saga_query.hpp"
#include "http/timestamp.hpp"
#include "persistence/codec.hpp"

namespace dompet::http {

namespace {

std::string_view name_of(RecordKind kind) {
  switch (kind) {
    case RecordKind::wallet_changed: return "wallet_changed";
    case RecordKind::topup: return "topup";
    case RecordKind::transfer: return "transfer";
    case RecordKind::declined: return "declined";
    case RecordKind::hold_placed: return "hold_placed";
    case RecordKind::transfer_credited: return "transfer_credited";
    case RecordKind::transfer_refused: return "transfer_refused";
    case RecordKind::transfer_cancelling: return "transfer_cancelling";
    case RecordKind::hold_captured: return "hold_captured";
    case RecordKind::hold_released: return "hold_released";
    case RecordKind::payment_authorized: return "payment_authorized";
    case RecordKind::payment_incremented: return "payment_incremented";
    case RecordKind::payment_voided: return "payment_voided";
    case RecordKind::topup_begun: return "topup_begun";
    case RecordKind::topup_refused: return "topup_refused";
    case RecordKind::review_approved: return "review_approved";
  }
  return "unknown";
}

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

template <class Value>
void append_if_any(JsonWriter& json, std::string_view name, const std::optional<Value>& value) {
  json.key(name);
  if (!value)
    json.null();
  else if constexpr (std::is_integral_v<Value>)
    json.number(*value);
  else
    json.text(to_string(*value));
}

/// The journal's row, as it is stored.
void append_journal_row(JsonWriter& json, const JournalRow& row) {
  json.begin_object().key("shard").number(row.shard).key("shard_seq").number(row.shard_seq);
  json.key("kind").number(row.kind).key("currency").number(row.currency);
  json.key("epoch").number(row.epoch).key("batch").number(row.batch).key("at_ms").number(row.at_ms);
  json.key("amount").number(row.amount);
  append_if_any(json, "wallet_seq", row.wallet_seq);
  append_if_any(json, "peer_seq", row.peer_seq);
  json.plain("id", to_string(row.id));
  append_if_any(json, "key", row.key);
  append_if_any(json, "wallet", row.wallet);
  append_if_any(json, "peer", row.peer);
  json.plain("payload_hex", hex(row.payload)).end_object();
}

void append_attempt(JsonWriter& json, const SagaAttempt& attempt) {
  json.begin_object().key("number").number(attempt.number).key("cancel").truth(attempt.cancel);
  json.key("at_ms").number(attempt.at_ms);
  append_if_any(json, "took_ms", attempt.took_ms);
  json.member("node", attempt.node).member("answer", attempt.answer).end_object();
}

}  // namespace

void append_whole_record(JsonWriter& json, const Record& record) {
  json.plain("step", name_of(record.kind));
  json.key("shard_seq").number(static_cast<std::int64_t>(record.shard_seq));
  json.key("decline");
  if (record.decline)
    json.begin_object().plain("code", code(*record.decline)).member("detail", sentence(*record.decline)).end_object();
  else
    json.null();
  json.key("postings").begin_array();
  for (const Entry& entry : postings(record))
    json.begin_object()
        .member("account", entry.account)
        .plain("amount", format_amount(entry.amount, entry.currency))
        .end_object();
  json.end_array();
}

std::string render_bundle(const SagaStory& story, const ClusterView& view, std::int64_t now_ms) {
  const SagaListing& saga = story.row->saga;
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("id", to_string(saga.id)).plain("exported_at", format_time(now_ms));
  json.key("versions").begin_object().key("bundle").number(1).key("payload").number(payload_version);
  for (const NodeView& node : view.nodes)
    if (node.is_me)
      json.member("build", node.row.build);
  json.end_object();
  json.key("saga").begin_object().plain("state", dompet::name_of(saga.state)).key("compact").truth(saga.compact);
  json.key("source_shard").number(saga.source_shard).key("destination_shard").number(saga.destination_shard);
  json.plain("source", to_string(saga.source)).plain("destination", to_string(saga.destination));
  json.key("amount_minor").number(saga.amount).plain("currency", saga.currency.text());
  json.key("created_at_ms").number(saga.created_at_ms).key("updated_at_ms").number(saga.updated_at_ms).end_object();
  json.key("records").begin_array();
  for (const StoryRecord& told : story.records)
    append_journal_row(json, encode(told.record));
  json.end_array().key("decision");
  if (story.decision) {
    json.begin_object().plain("outcome", dompet::name_of(story.decision->outcome));
    json.key("reason").number(story.decision->reason ? static_cast<std::int64_t>(*story.decision->reason) : 0);
    json.key("shard").number(story.decision->shard);
    json.key("decided_at_ms").number(story.decision->decided_at_ms).end_object();
  } else {
    json.null();
  }
  json.key("attempts").begin_array();
  for (const SagaAttempt& attempt : story.attempts)
    append_attempt(json, attempt);
  json.end_array().key("actions").begin_array();
  for (const OperatorAction& action : story.actions)
    json.begin_object()
        .key("at_ms")
        .number(action.at_ms)
        .member("who", action.who)
        .member("what", action.what)
        .member("why", action.why)
        .end_object();
  json.end_array().end_object();
  return text;
}

std::string_view saga_csv_header() {
  return "id,state,path,amount,currency,source_wallet_id,destination_wallet_id,source_shard,destination_shard,"
         "created_at,updated_at,attempts,last_error,owner,label,assignee,notes\r\n";
}

void append_saga_csv(std::string& out, const SagaRow& row, const ClusterView& view) {
  const SagaListing& saga = row.saga;
  out += to_string(saga.id);
  const auto column = [&out](std::string_view text) { (out += ',') += text; };
  column(dompet::name_of(saga.state));
  column(saga.compact ? "one_commit" : "stepwise");
  column(format_amount(saga.amount, saga.currency));
  column(saga.currency.text());
  column(to_string(saga.source));
  column(to_string(saga.destination));
  column(std::to_string(saga.source_shard));
  column(std::to_string(saga.destination_shard));
  column(format_time(saga.created_at_ms));
  column(format_time(saga.updated_at_ms));
  column(std::to_string(saga.attempts));
  column(saga.last_error);
  const auto owner = owner_of(view, saga.source_shard);
  append_quoted_csv(out, owner ? owner->node : "");
  append_quoted_csv(out, row.label);
  append_quoted_csv(out, row.assignee);
  column(std::to_string(row.note_count));
  out += "\r\n";
}

}  // namespace dompet::http
