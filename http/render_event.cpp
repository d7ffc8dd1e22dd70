#include "http/render_event.hpp"

#include <type_traits>

#include "http/render.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

SagaState state_after(const Record& record) {
  switch (record.kind) {
    case RecordKind::declined: return SagaState::declined;
    case RecordKind::hold_placed:
    case RecordKind::topup_begun: return SagaState::reserved;
    case RecordKind::transfer_cancelling: return SagaState::cancelling;
    case RecordKind::hold_released:
    case RecordKind::topup_refused: return SagaState::released;
    default: return SagaState::settled;
  }
}

void append_name_if_any(JsonWriter& json, const dompet::Event& change) {
  if (const auto* opened = std::get_if<WalletOpened>(&change)) {
    json.member("name", opened->name).plain("currency", opened->currency.text()).key("user_id");
    if (opened->owner == UserId{})
      json.null();
    else
      json.raw('"' + to_string(opened->owner) + '"');
  }
  if (const auto* renamed = std::get_if<NameChanged>(&change))
    json.member("name", renamed->name);
}

/// The part of the wallet that the event changed; of limits only that they did.
void append_change(JsonWriter& json, const events::Event& event) {
  const dompet::Event& change = event.leg->event;
  json.key("wallet").begin_object().plain("id", to_string(event.wallet));
  append_name_if_any(json, change);
  if (std::holds_alternative<WalletOpened>(change) || std::holds_alternative<WalletUnfrozen>(change))
    json.plain("status", "active");
  if (std::holds_alternative<WalletFrozen>(change))
    json.plain("status", "frozen");
  if (std::holds_alternative<WalletClosed>(change))
    json.plain("status", "closed");
  if (std::holds_alternative<LimitsChanged>(change))
    json.key("limits_changed").truth(true);
  json.end_object();
  const auto append_card = [&json](const CardId& card, bool is_blocked) {
    json.key("card").begin_object().plain("id", to_string(card)).key("blocked").truth(is_blocked).end_object();
  };
  if (const auto* blocked = std::get_if<CardBlocked>(&change))
    append_card(blocked->card, true);
  if (const auto* allowed = std::get_if<CardAllowed>(&change))
    append_card(allowed->card, false);
}

/// The record of an act that says nothing of how its payment stands names the payment alone.
void append_named_payment(JsonWriter& json, const Record& record) {
  json.begin_object().plain("id", to_string(shown_id(record))).plain("kind", "payment").key("decline");
  if (record.decline)
    json.begin_object().plain("code", code(*record.decline)).member("detail", sentence(*record.decline)).end_object();
  else
    json.null();
  json.end_object();
}

void append_movement(JsonWriter& json, const events::Event& event) {
  const Record& record = *event.record;
  const Transaction& transaction = *record.transaction;
  json.plain("direction", name_of(*event.direction));
  const Money moved =
      *event.direction == Direction::in ? credit_of(transaction) : Money{transaction.currency, transaction.amount};
  json.plain("amount", format_amount(moved.amount, moved.currency));
  json.plain("currency", moved.currency.text()).key("balance_after");
  if (event.leg == nullptr) {
    json.null();
  } else {
    json.begin_object().plain("available", format_amount(event.leg->available_after, moved.currency));
    json.plain("held", format_amount(event.leg->held_after, moved.currency)).end_object();
  }
  json.key("transaction");
  if (is_act_on_payment(transaction.kind) && !record.payment)
    return append_named_payment(json, record);
  const bool was_refused = record.kind == RecordKind::hold_released || record.kind == RecordKind::topup_refused;
  append_transaction(json, {.record = record,
                            .state = state_after(record),
                            .completed_at_ms = record.at_ms,
                            .refusal = was_refused ? record.decline : std::nullopt,
                            .payment = record.payment});
}

}  // namespace

std::string render_event(const events::Event& event) {
  std::string text;
  text.reserve(1'280);
  JsonWriter json(text);
  json.begin_object().plain("id", event.id).plain("type", event.type);
  json.plain("created_at", format_time(event.created_at_ms)).plain("wallet_id", to_string(event.wallet));
  json.key("wallet_seq");
  if (event.wallet_seq)
    json.number(static_cast<std::int64_t>(*event.wallet_seq));
  else
    json.null();
  json.key("data").begin_object();
  if (event.record->transaction)
    append_movement(json, event);
  else
    append_change(json, event);
  json.end_object().end_object();
  return text;
}

}  // namespace dompet::http
