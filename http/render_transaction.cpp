#include "domain/ensure.hpp"
#include "http/render.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

void append_id_or_null(JsonWriter& json, std::string_view name, const WalletId& id) {
  if (id.uuid.is_nil())
    json.key(name).null();
  else
    json.plain(name, to_string(id));
}

void append_text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  if (text.empty())
    json.key(name).null();
  else
    json.member(name, text);
}

void append_decline(JsonWriter& json, const std::optional<Decline>& decline) {
  json.key("decline");
  if (!decline) {
    json.null();
    return;
  }
  json.begin_object().plain("code", code(*decline)).member("detail", sentence(*decline)).end_object();
}

}  // namespace

TransactionView view_of(const MoneyAnswer& answer) {
  ensure(answer.record != nullptr, "a money answer has its record");
  return {*answer.record, answer.state, answer.completed_at_ms, answer.refusal};
}

TransactionView view_of(const StoredTransaction& stored) {
  return {stored.record, stored.state, stored.completed_at_ms, stored.refusal};
}

TransactionStatus status_of(const TransactionView& view) {
  if (view.record.kind == RecordKind::declined || view.state == SagaState::declined)
    return TransactionStatus::declined;
  if (view.record.kind == RecordKind::topup || view.record.kind == RecordKind::transfer)
    return TransactionStatus::completed;
  if (view.state == SagaState::settled)
    return TransactionStatus::completed;
  return view.state == SagaState::released ? TransactionStatus::failed : TransactionStatus::pending;
}

std::string_view name_of(TransactionStatus status) {
  switch (status) {
    case TransactionStatus::pending: return "pending";
    case TransactionStatus::completed: return "completed";
    case TransactionStatus::declined: return "declined";
    case TransactionStatus::failed: return "failed";
  }
  throw Bug("a transaction has a known status");
}

std::optional<Decline> decline_of(const TransactionView& view) {
  return view.refusal ? view.refusal : view.record.decline;
}

void append_transaction(JsonWriter& json, const TransactionView& view) {
  ensure(view.record.transaction != nullptr, "a money record has its transaction");
  const Transaction& transaction = *view.record.transaction;
  const TransactionStatus status = status_of(view);
  json.begin_object();
  json.plain("id", to_string(transaction.id)).plain("kind", name_of(transaction.kind));
  json.plain("status", name_of(status)).plain("amount", format_amount(transaction.amount, transaction.currency));
  json.plain("currency", transaction.currency.text());
  append_id_or_null(json, "source_wallet_id", transaction.source);
  append_id_or_null(json, "destination_wallet_id", transaction.destination);
  if (transaction.kind == TransactionKind::topup)
    json.member("method", transaction.method);
  append_text_or_null(json, "description", transaction.description);
  json.key("metadata").raw(transaction.metadata.empty() ? std::string_view{"{}"} : transaction.metadata);
  append_decline(json, decline_of(view));
  json.plain("created_at", format_time(unix_ms_of(transaction.id.uuid)));
  if (status == TransactionStatus::pending || view.completed_at_ms == 0)
    json.key("completed_at").null();
  else
    json.plain("completed_at", format_time(view.completed_at_ms));
  json.end_object();
}

std::string render_transaction(const TransactionView& view) {
  std::string text;
  text.reserve(512);
  JsonWriter json(text);
  append_transaction(json, view);
  return text;
}

}  // namespace dompet::http
