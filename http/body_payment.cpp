#include <charconv>
#include <utility>

#include "domain/va_number.hpp"
#include "http/body_fields.hpp"
#include "http/body_money.hpp"
#include "http/topup_methods.hpp"

// Bodies of payments and of what is done to them.

namespace dompet::http {

namespace {

bool is_given(BodyFields& fields, std::string_view name) {
  const JsonValue* value = fields.optional(name);
  return value != nullptr && value->kind != JsonValue::Kind::null;
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

/// Two digits; less than nothing when they are none.
int two_digits(std::string_view text) {
  if (text.size() != 2 || !is_digit(text[0]) || !is_digit(text[1]))
    return -1;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

/// "MM/YY", as it is printed.
void read_expiry(BodyFields& fields, CardShown& card) {
  const std::string text = fields.word("expiry");
  if (text.empty())
    return;
  card.month = two_digits(std::string_view{text}.substr(0, 2));
  card.year = text.size() == 5 && text[2] == '/' ? two_digits(std::string_view{text}.substr(3)) : -1;
  if (card.month < 1 || card.month > 12 || card.year < 0)
    fields.fault("expiry", "invalid_field", "Month and year as printed on the card: MM/YY.");
  constexpr int century = 2000;
  card.year += century;
}

CardShown read_card(const JsonValue& value, std::vector<FieldError>& errors) {
  BodyFields fields(value, {"number", "expiry", "cvv"}, errors, "card.");
  CardShown card;
  card.number = fields.card_number("number");
  read_expiry(fields, card);
  card.cvv = fields.word("cvv");
  if (!card.cvv.empty() && (card.cvv.size() != 3 || card.cvv.find_first_not_of("0123456789") != std::string::npos))
    fields.fault("cvv", "invalid_field", "Three digits.");
  return card;
}

void read_payer(BodyFields& fields, PaymentBody& payment, std::vector<FieldError>& errors) {
  if (is_given(fields, "card") == is_given(fields, "wallet_id"))
    return fields.fault("card", "invalid_field", "A payment has a card or a wallet_id.");
  if (is_given(fields, "wallet_id")) {
    payment.wallet = fields.wallet_id("wallet_id");
    return;
  }
  const JsonValue& card = *fields.optional("card");
  if (card.kind != JsonValue::Kind::object)
    return fields.fault("card", "invalid_field", "A card is {number, expiry, cvv}.");
  payment.card = read_card(card, errors);
}

void read_capture_mode(BodyFields& fields, Transaction& transaction) {
  if (!is_given(fields, "capture"))
    return;
  const std::string mode = fields.word("capture");
  transaction.manual_capture = mode == "manual";
  if (mode != "manual" && mode != "automatic")
    fields.fault("capture", "invalid_field", "automatic or manual.");
}

/// The method is a word for the merchant's records and for statistics: how the payer was asked to pay.
void read_method(BodyFields& fields, Transaction& transaction, bool has_card) {
  transaction.method = has_card ? "card" : "wallet";
  if (!is_given(fields, "method"))
    return;
  transaction.method = fields.word("method");
  if (!is_payment_method(transaction.method))
    fields.fault("method", "unknown_method", "card, wallet, or one of GET /v1/topups/methods.");
}

/// Who is paid is the bill's to say, and a bill is paid at once and in full.
void read_bill(BodyFields& fields, PaymentBody& payment) {
  payment.transaction.method = va_method;
  std::erase_if(payment.va_number = fields.word("va_number"), [](char letter) { return letter == ' '; });
  for (const std::string_view name : {"card", "merchant_id", "capture", "method", "quote_id"})
    if (is_given(fields, name))
      fields.fault(name, "invalid_field", "A payment with a va_number has none.");
  if (!payment.va_number.empty() && !can_be_va_number(payment.va_number))
    fields.fault("va_number", "invalid_va_number", "Letters, digits and dashes, at most 34.");
}

Read<PaymentAct> read_act(std::string_view body, std::initializer_list<std::string_view> known, bool needs_amount) {
  const auto object = body.empty() ? Read<JsonValue>{JsonValue{.kind = JsonValue::Kind::object}} : read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, known, errors);
  PaymentAct act;
  if (is_given(fields, "amount"))
    act.amount = *fields.optional("amount");
  else if (needs_amount)
    fields.fault("amount", "missing_field", "The field is required.");
  act.is_final = fields.truth("final", false);
  return value_or_errors(std::move(act), std::move(errors));
}

}  // namespace

Read<PaymentBody> read_payment(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object,
                    {"card", "wallet_id", "merchant_id", "amount", "currency", "capture", "method", "quote_id",
                     "description", "metadata", "va_number"},
                    errors);
  PaymentBody payment{.transaction = {.kind = TransactionKind::payment}};
  Transaction& transaction = payment.transaction;
  read_payer(fields, payment, errors);
  payment.merchant = {fields.optional_id("merchant_id").value_or(Uuid{})};
  const auto currency = fields.currency("currency");
  transaction.currency = currency.value_or(Currency{});
  transaction.amount = fields.amount("amount", currency);
  transaction.fx = fields.quote();
  if (is_given(fields, "va_number")) {
    read_bill(fields, payment);
  } else {
    read_capture_mode(fields, transaction);
    read_method(fields, transaction, payment.card.has_value());
  }
  transaction.description = fields.free_text("description", longest_description);
  transaction.metadata = fields.json_object("metadata", longest_metadata);
  return value_or_errors(std::move(payment), std::move(errors));
}

Read<PaymentAct> read_increment(std::string_view body) { return read_act(body, {"amount"}, true); }

Read<PaymentAct> read_capture(std::string_view body) { return read_act(body, {"amount", "final"}, false); }

Read<PaymentAct> read_refund(std::string_view body) { return read_act(body, {"amount"}, false); }

Read<std::optional<Minor>> amount_of(const PaymentAct& act, const Currency& currency) {
  if (!act.amount)
    return std::nullopt;
  const auto amount = amount_of(*act.amount, currency);
  if (!amount)
    return std::unexpected(invalid({{"amount", "invalid_amount", amount.error()}}));
  return std::optional{*amount};
}

}  // namespace dompet::http
