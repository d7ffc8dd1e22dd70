#include "domain/ensure.hpp"
#include "http/render.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

template <class Id>
void append_id_or_null(JsonWriter& json, std::string_view name, const Id& id) {
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

/// An authorization as it stands: authorized while something can still be captured, or is being captured.
TransactionStatus status_of_authorization(const TransactionView& view) {
  if (view.record.kind == RecordKind::hold_placed && view.state == SagaState::released)
    return TransactionStatus::failed;
  const bool is_open = view.state != SagaState::none && !is_final(view.state);
  if (is_open || view.payment->remaining > 0)
    return TransactionStatus::authorized;
  return view.payment->captured > 0 ? TransactionStatus::completed : TransactionStatus::cancelled;
}

/// The payment that a record of it, or of an act on it, tells of.
PaymentState payment_of(const TransactionView& view, TransactionStatus status) {
  if (view.payment)
    return *view.payment;
  const Transaction& transaction = *view.record.transaction;
  if (status != TransactionStatus::completed)
    return {.authorized = transaction.amount};
  return {.authorized = transaction.amount,
          .captured = transaction.amount,
          .converted = transaction.fx ? transaction.fx->amount : 0};
}

void append_payout(JsonWriter& json, const std::string& account) {
  const auto slash = account.find('/');
  json.key("destination").begin_object();
  json.member("bank_code", account.substr(0, slash));
  json.member("account_number", slash == account.npos ? "" : account.substr(slash + 1)).end_object();
}

/// What only some kinds have.
void append_details(JsonWriter& json, const Transaction& transaction) {
  if (transaction.kind == TransactionKind::topup || transaction.kind == TransactionKind::withdrawal ||
      transaction.kind == TransactionKind::payment || is_act_on_payment(transaction.kind))
    json.member("method", transaction.method);
  if (transaction.kind == TransactionKind::withdrawal)
    append_payout(json, transaction.payout_account);
  if (transaction.kind == TransactionKind::refund)
    append_id_or_null(json, "payment_id", transaction.parent);
  if (transaction.merchant != MerchantId{} || transaction.kind == TransactionKind::payment) {
    append_id_or_null(json, "merchant_id", transaction.merchant);
    append_id_or_null(json, "card_id", transaction.card);
  }
  if (transaction.bill)
    json.plain("invoice_id", to_string(transaction.bill->terms.invoice))
        .member("va_number", transaction.bill->va_number);
}

/// A payment that is authorized first, and captured later.
bool is_manual(const TransactionView& view) { return view.payment || view.record.transaction->manual_capture; }

void append_payment(JsonWriter& json, const TransactionView& view, const PaymentState& payment) {
  const Transaction& transaction = *view.record.transaction;
  const auto amount = [&](std::string_view name, Minor minor) {
    json.plain(name, format_amount(minor, transaction.currency));
  };
  json.plain("capture", is_manual(view) ? "manual" : "automatic");
  amount("authorized_amount", payment.authorized);
  amount("captured_amount", payment.captured);
  amount("remaining_amount", payment.remaining);
  if (view.refunded)
    amount("refunded_amount", *view.refunded);
  if (transaction.expires_at_ms == 0)
    json.key("expires_at").null();
  else
    json.plain("expires_at", format_time(transaction.expires_at_ms));
}

/// The other side of a conversion. Of a payment that is authorized first: what the whole would come to at once, and
/// what its captures came to, each rounded by itself; then the rounding is theirs. Of a refund the rounding is against
/// the payment's rate, and may be either side's.
void append_conversion(JsonWriter& json, const Transaction& transaction, const PaymentState& payment, bool is_manual) {
  const FxLeg& fx = *transaction.fx;
  const auto rounding = [&](Minor paid, Minor given) {
    return rounding_of(paid, fx.rate, transaction.currency, fx.currency, given);
  };
  const bool is_act = is_act_on_payment(transaction.kind);
  const Minor given =
      is_act ? convert(payment.authorized, fx.rate, transaction.currency, fx.currency).value_or(0) : fx.amount;
  const std::string left = transaction.kind == TransactionKind::refund
                               ? rounding_of(fx.amount, fx.rate, fx.currency, transaction.currency, transaction.amount)
                           : is_manual && payment.captured > 0 ? rounding(payment.captured, payment.converted)
                                                               : rounding(payment.authorized, given);
  json.key("fx").begin_object().plain("quote_id", to_string(fx.quote)).plain("rate", format_rate(fx.rate));
  json.plain("rate_at", format_time(fx.rate_at_ms)).plain("destination_amount", format_amount(given, fx.currency));
  if (is_manual)
    json.plain("captured_destination_amount", format_amount(payment.converted, fx.currency));
  json.plain("destination_currency", fx.currency.text()).plain("rounding", left.empty() ? "0" : left).end_object();
}

bool is_over(TransactionStatus status) {
  return status != TransactionStatus::pending && status != TransactionStatus::authorized;
}

}  // namespace

TransactionView view_of(const MoneyAnswer& answer) {
  ensure(answer.record != nullptr, "a money answer has its record");
  return {*answer.record, answer.state, answer.completed_at_ms, answer.refusal, answer.record->payment, {}};
}

TransactionView view_of(const StoredTransaction& stored) {
  TransactionView view{stored.record, stored.state, stored.completed_at_ms, stored.refusal, stored.record.payment, {}};
  if (!stored.payment)
    return view;
  view.refunded = stored.payment->refunded;
  if (stored.record.kind == RecordKind::payment_authorized) {
    // What a capture under way has reserved is still set aside, and it may come back.
    const PaymentTotals& totals = *stored.payment;
    view.payment =
        PaymentState{totals.authorized, totals.captured, totals.remaining + totals.under_way, totals.converted};
    view.state = SagaState::settled;
  }
  return view;
}

TransactionStatus status_of(const TransactionView& view) {
  if (view.record.kind == RecordKind::declined || view.state == SagaState::declined)
    return TransactionStatus::declined;
  if (view.payment)
    return status_of_authorization(view);
  if (view.record.kind == RecordKind::topup || view.record.kind == RecordKind::transfer)
    return TransactionStatus::completed;
  if (view.state == SagaState::settled)
    return TransactionStatus::completed;
  if (view.state != SagaState::released)
    return TransactionStatus::pending;
  return was_called_off(view.refusal) ? TransactionStatus::cancelled : TransactionStatus::failed;
}

bool is_under_way(const TransactionView& view) {
  const bool is_begun = view.record.kind == RecordKind::hold_placed || view.record.kind == RecordKind::topup_begun;
  return is_begun && !is_final(view.state);
}

std::string_view name_of(TransactionStatus status) {
  switch (status) {
    case TransactionStatus::pending: return "pending";
    case TransactionStatus::authorized: return "authorized";
    case TransactionStatus::completed: return "completed";
    case TransactionStatus::declined: return "declined";
    case TransactionStatus::cancelled: return "cancelled";
    case TransactionStatus::failed: return "failed";
  }
  throw Bug("a transaction has a known status");
}

std::optional<Decline> decline_of(const TransactionView& view) {
  return view.refusal ? view.refusal : view.record.decline;
}

TransactionId shown_id(const Record& record) {
  if (record.transaction == nullptr || !is_act_on_payment(record.transaction->kind))
    return record.id;
  return record.transaction->parent;
}

void append_transaction(JsonWriter& json, const TransactionView& view) {
  ensure(view.record.transaction != nullptr, "a money record has its transaction");
  const Transaction& transaction = *view.record.transaction;
  const TransactionId id = shown_id(view.record);
  const bool is_payment = transaction.kind == TransactionKind::payment || is_act_on_payment(transaction.kind);
  const TransactionStatus status = status_of(view);
  const PaymentState payment = payment_of(view, status);
  json.begin_object();
  json.plain("id", to_string(id)).plain("kind", is_payment ? "payment" : name_of(transaction.kind));
  json.plain("status", name_of(status)).plain("amount", format_amount(payment.authorized, transaction.currency));
  json.plain("currency", transaction.currency.text());
  append_id_or_null(json, "source_wallet_id", transaction.source);
  append_id_or_null(json, "destination_wallet_id", transaction.destination);
  append_details(json, transaction);
  append_text_or_null(json, "description", transaction.description);
  json.key("metadata").raw(transaction.metadata.empty() ? std::string_view{"{}"} : transaction.metadata);
  if (is_payment)
    append_payment(json, view, payment);
  if (transaction.fx)
    append_conversion(json, transaction, payment, is_payment && is_manual(view));
  append_decline(json, decline_of(view));
  json.plain("created_at", format_time(unix_ms_of(id.uuid)));
  if (!is_over(status) || view.completed_at_ms == 0)
    json.key("completed_at").null();
  else
    json.plain("completed_at", format_time(view.completed_at_ms));
  json.end_object();
}

std::string render_transaction(const TransactionView& view) {
  std::string text;
  text.reserve(768);
  JsonWriter json(text);
  append_transaction(json, view);
  return text;
}

}  // namespace dompet::http
