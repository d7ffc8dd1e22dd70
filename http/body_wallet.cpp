#include <array>
#include <utility>

#include "http/body.hpp"
#include "http/body_fields.hpp"
#include "http/limit_names.hpp"

// What wallets are opened with and changed to.

namespace dompet::http {

namespace {

using ReadAmount = std::expected<Minor, std::string> (*)(const JsonValue& value, const Currency& currency);

/// Null takes the limit away.
void read_limit(BodyFields& fields, std::string_view name, const Currency& currency, std::optional<Minor>& limit,
                ReadAmount read = amount_of) {
  const JsonValue* value = fields.optional(name);
  if (value == nullptr)
    return;
  if (value->kind == JsonValue::Kind::null) {
    limit.reset();
    return;
  }
  const auto amount = read(*value, currency);
  if (amount)
    limit = *amount;
  else
    fields.fault(name, "invalid_amount", amount.error());
}

/// A period's limit may be zero: then nothing leaves.
void read_periods(BodyFields& fields, const Currency& currency, PeriodLimits& limits) {
  for (const auto& [name, period] : period_names)
    read_limit(fields, name, currency, limits.*period, amount_or_zero_of);
}

bool is_object_or_nothing(BodyFields& fields, std::string_view name) {
  const JsonValue* value = fields.optional(name);
  if (value == nullptr || value->kind == JsonValue::Kind::null)
    return false;
  if (value->kind != JsonValue::Kind::object)
    fields.fault(name, "invalid_field", "The field is a JSON object.");
  return value->kind == JsonValue::Kind::object;
}

void read_by_kind(BodyFields& fields, const Currency& currency, Limits& limits, std::vector<FieldError>& errors) {
  if (!is_object_or_nothing(fields, "by_kind"))
    return;
  const JsonValue& by_kind = *fields.optional("by_kind");
  BodyFields kinds(by_kind, {"transfer", "withdrawal", "payment"}, errors, "limits.by_kind.");
  for (std::size_t kind = 0; kind < counted_spending_kinds; ++kind) {
    const std::string_view name = spending_kind_names[kind];
    const JsonValue* value = kinds.optional(name);
    if (value != nullptr && value->kind == JsonValue::Kind::null) {
      limits.out_by_kind[kind] = {};
    } else if (is_object_or_nothing(kinds, name)) {
      BodyFields periods(*value, {"per_day", "per_week", "per_month"}, errors,
                         "limits.by_kind." + std::string{name} + ".");
      read_periods(periods, currency, limits.out_by_kind[kind]);
    }
  }
}

Limits read_limits_into(const JsonValue& patch, Limits limits, const Currency& currency,
                        std::vector<FieldError>& errors) {
  BodyFields fields(
      patch, {"per_transaction", "per_day", "per_week", "per_month", "by_kind", "maximum_balance", "credit_limit"},
      errors, "limits.");
  read_limit(fields, "per_transaction", currency, limits.per_transaction);
  read_limit(fields, "maximum_balance", currency, limits.maximum_balance);
  read_periods(fields, currency, limits.out);
  read_by_kind(fields, currency, limits, errors);
  if (const JsonValue* value = fields.optional("credit_limit")) {
    const auto amount = amount_or_zero_of(*value, currency);
    if (amount)
      limits.credit_limit = *amount;
    else
      fields.fault("credit_limit", "invalid_amount", amount.error());
  }
  return limits;
}

}  // namespace

Read<OpenWallet> read_open_wallet(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"name", "currency", "limits", "user_id"}, errors);
  OpenWallet command;
  command.name = fields.name("name", longest_name);
  const auto currency = fields.currency("currency");
  command.currency = currency.value_or(Currency{});
  command.owner = {fields.optional_id("user_id").value_or(Uuid{})};
  if (is_object_or_nothing(fields, "limits") && currency)
    command.limits = read_limits_into(*fields.optional("limits"), {}, *currency, errors);
  return value_or_errors(std::move(command), std::move(errors));
}

Read<WalletPatch> read_wallet_patch(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"name", "limits"}, errors);
  WalletPatch patch;
  if (fields.optional("name") != nullptr)
    patch.name = fields.name("name", longest_name);
  if (is_object_or_nothing(fields, "limits"))
    patch.limits = *fields.optional("limits");
  if (errors.empty() && !patch.name && !patch.limits)
    errors.push_back({"name", "missing_field", "A change names what it changes: name, limits, or both."});
  return value_or_errors(std::move(patch), std::move(errors));
}

Read<Limits> read_limits(const JsonValue& patch, const Limits& now, const Currency& currency) {
  std::vector<FieldError> errors;
  Limits limits = read_limits_into(patch, now, currency, errors);
  return value_or_errors(limits, std::move(errors));
}

}  // namespace dompet::http
