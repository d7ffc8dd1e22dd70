#include "http/body_fields.hpp"

#include <algorithm>
#include <utility>

namespace dompet::http {

namespace {

std::string describe(AmountFault fault, const Currency& currency) {
  switch (fault) {
    case AmountFault::not_a_number:
      return "An amount is a decimal such as \"125000.00\", without sign, exponent or spaces.";
    case AmountFault::too_many_decimals:
      return std::string{currency.text()} + " has " + std::to_string(currency.exponent) + " decimals.";
    case AmountFault::not_positive: return "The amount must be greater than zero.";
    case AmountFault::too_large: return "The amount is more than 10^15 of the currency's smallest unit.";
  }
  return "This is not an amount.";
}

bool is_zero(const JsonValue& value) {
  if (value.kind == JsonValue::Kind::integer)
    return value.integer == 0;
  return value.kind == JsonValue::Kind::text && value.text.starts_with('0') &&
         value.text.find_first_not_of("0.") == std::string::npos;
}

bool is_control(char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F; }

}  // namespace

BodyFields::BodyFields(const JsonValue& object, std::initializer_list<std::string_view> known,
                       std::vector<FieldError>& errors, std::string within)
    : object_(object), errors_(errors), within_(std::move(within)) {
  for (const auto& [member, value] : object.members)
    if (std::ranges::find(known, member) == known.end())
      fault(member, "unknown_field", "This route does not know the field.");
}

void BodyFields::fault(std::string_view name, std::string_view code, std::string detail) {
  constexpr std::size_t most_errors = 20;
  if (errors_.size() < most_errors)
    errors_.push_back({within_ + std::string{name}, code, std::move(detail)});
}

const JsonValue* BodyFields::required(std::string_view name) {
  const JsonValue* value = object_.find(name);
  if (value != nullptr && value->kind != JsonValue::Kind::null)
    return value;
  fault(name, "missing_field", "The field is required.");
  return nullptr;
}

WalletId BodyFields::wallet_id(std::string_view name) {
  const JsonValue* value = required(name);
  if (value == nullptr)
    return {};
  const auto uuid = value->kind == JsonValue::Kind::text ? parse_uuid(value->text) : std::nullopt;
  if (!uuid || uuid->is_nil())
    fault(name, "invalid_id", "A wallet's id is a UUID in canonical text form.");
  return {uuid.value_or(Uuid{})};
}

std::optional<Uuid> BodyFields::optional_id(std::string_view name) {
  const JsonValue* value = object_.find(name);
  if (value == nullptr || value->kind == JsonValue::Kind::null)
    return std::nullopt;
  const auto uuid = value->kind == JsonValue::Kind::text ? parse_uuid(value->text) : std::nullopt;
  if (uuid && !uuid->is_nil())
    return uuid;
  fault(name, "invalid_id", "An id is a UUID in canonical text form.");
  return std::nullopt;
}

bool BodyFields::truth(std::string_view name, bool otherwise) {
  const JsonValue* value = object_.find(name);
  if (value == nullptr)
    return otherwise;
  if (value->kind != JsonValue::Kind::truth)
    fault(name, "invalid_field", "The field is true or false.");
  return value->truth;
}

std::optional<FxLeg> BodyFields::quote() {
  const auto id = optional_id("quote_id");
  return id ? std::optional{FxLeg{.quote = {*id}}} : std::nullopt;
}

std::optional<Currency> BodyFields::currency(std::string_view name) {
  const JsonValue* value = required(name);
  if (value == nullptr)
    return std::nullopt;
  const auto found = value->kind == JsonValue::Kind::text ? find_currency(value->text) : std::nullopt;
  if (!found)
    fault(name, "unknown_currency", "A currency is a three-letter code of ISO 4217, in upper case.");
  return found;
}

Minor BodyFields::amount(std::string_view name, const std::optional<Currency>& currency) {
  constexpr Currency most_decimals{"XXX", 999, 4};
  const JsonValue* value = required(name);
  if (value == nullptr)
    return 0;
  const auto amount = amount_of(*value, currency.value_or(most_decimals));
  if (!amount)
    fault(name, "invalid_amount", amount.error());
  return amount.value_or(0);
}

std::string BodyFields::name(std::string_view name, std::size_t most) {
  const JsonValue* value = required(name);
  if (value == nullptr)
    return {};
  if (value->kind != JsonValue::Kind::text || value->text.empty() || characters_in(value->text) > most ||
      std::ranges::any_of(value->text, is_control)) {
    fault(name, "invalid_field", "A text of 1 to " + std::to_string(most) + " characters, no control characters.");
    return {};
  }
  return value->text;
}

std::string BodyFields::free_text(std::string_view name, std::size_t most) {
  const JsonValue* value = object_.find(name);
  if (value == nullptr || value->kind == JsonValue::Kind::null)
    return {};
  if (value->kind != JsonValue::Kind::text || characters_in(value->text) > most || value->text.contains('\0')) {
    fault(name, "invalid_field", "A text of at most " + std::to_string(most) + " characters.");
    return {};
  }
  return value->text;
}

std::string BodyFields::word(std::string_view name) {
  const JsonValue* value = required(name);
  if (value == nullptr)
    return {};
  if (value->kind != JsonValue::Kind::text)
    fault(name, "invalid_field", "The field is a text.");
  return value->text;
}

std::string BodyFields::card_number(std::string_view name) {
  constexpr std::size_t digits = 16;
  std::string number = word(name);
  std::erase_if(number, [](char letter) { return letter == ' ' || letter == '-'; });
  if (!number.empty() && (number.size() != digits || number.find_first_not_of("0123456789") != std::string::npos))
    fault(name, "invalid_field", "A card's number has sixteen digits.");
  return number;
}

std::string BodyFields::json_object(std::string_view name, std::size_t most) {
  const JsonValue* value = object_.find(name);
  if (value == nullptr || value->kind == JsonValue::Kind::null)
    return {};
  std::string text;
  if (value->kind == JsonValue::Kind::object && !value->members.empty())
    append_canonical(text, *value);
  if (value->kind != JsonValue::Kind::object || text.size() > most)
    fault(name, "invalid_field", "A JSON object of at most " + std::to_string(most) + " bytes.");
  return text;
}

std::expected<Minor, std::string> amount_of(const JsonValue& value, const Currency& currency) {
  std::expected<Minor, AmountFault> amount = std::unexpected(AmountFault::not_a_number);
  if (value.kind == JsonValue::Kind::text)
    amount = parse_amount(value.text, currency);
  else if (value.kind == JsonValue::Kind::integer)
    amount = amount_of_major_units(value.integer, currency);
  if (!amount)
    return std::unexpected(describe(amount.error(), currency));
  return *amount;
}

std::expected<Minor, std::string> amount_or_zero_of(const JsonValue& value, const Currency& currency) {
  if (is_zero(value))
    return 0;
  return amount_of(value, currency);
}

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char letter) { return (static_cast<unsigned char>(letter) & 0xC0) != 0x80; }));
}

}  // namespace dompet::http
