#include "http/body.hpp"

#include <utility>

#include "http/body_fields.hpp"
#include "http/topup_methods.hpp"
#include "persistence/codec.hpp"

namespace dompet::http {

namespace {

/// A body that is one JSON object.
Read<JsonValue> read_object(std::string_view body) {
  auto parsed = parse_json(body);
  if (!parsed)
    return std::unexpected(Problem{.code = "malformed_json", .detail = std::move(parsed.error())});
  if (parsed->kind != JsonValue::Kind::object)
    return std::unexpected(Problem{.code = "malformed_json", .detail = "The body must be one JSON object."});
  return std::move(*parsed);
}

template <class Value>
Read<Value> value_or_errors(Value value, std::vector<FieldError> errors) {
  if (!errors.empty())
    return std::unexpected(invalid(std::move(errors)));
  return value;
}

void read_limit(BodyFields& fields, std::string_view name, const Currency& currency, std::optional<Minor>& limit) {
  const JsonValue* value = fields.optional(name);
  if (value == nullptr)
    return;
  if (value->kind == JsonValue::Kind::null) {
    limit.reset();
    return;
  }
  const auto amount = amount_of(*value, currency);
  if (amount)
    limit = *amount;
  else
    fields.fault(name, "invalid_amount", amount.error());
}

Limits read_limits_into(const JsonValue& patch, Limits limits, const Currency& currency,
                        std::vector<FieldError>& errors) {
  BodyFields fields(patch, {"per_transaction", "maximum_balance", "credit_limit"}, errors, "limits.");
  read_limit(fields, "per_transaction", currency, limits.per_transaction);
  read_limit(fields, "maximum_balance", currency, limits.maximum_balance);
  if (const JsonValue* value = fields.optional("credit_limit")) {
    const auto amount = amount_or_zero_of(*value, currency);
    if (amount)
      limits.credit_limit = *amount;
    else
      fields.fault("credit_limit", "invalid_amount", amount.error());
  }
  return limits;
}

bool is_object_or_nothing(BodyFields& fields, std::string_view name) {
  const JsonValue* value = fields.optional(name);
  if (value == nullptr || value->kind == JsonValue::Kind::null)
    return false;
  if (value->kind != JsonValue::Kind::object)
    fields.fault(name, "invalid_field", "The field is a JSON object.");
  return value->kind == JsonValue::Kind::object;
}

void read_amount(BodyFields& fields, Transaction& transaction) {
  const auto currency = fields.currency("currency");
  transaction.currency = currency.value_or(Currency{});
  transaction.amount = fields.amount("amount", currency);
}

Transaction transfer_of(BodyFields& fields) {
  Transaction transfer{.kind = TransactionKind::transfer};
  transfer.source = fields.wallet_id("source_wallet_id");
  transfer.destination = fields.wallet_id("destination_wallet_id");
  read_amount(fields, transfer);
  transfer.description = fields.free_text("description", longest_description);
  transfer.metadata = fields.json_object("metadata", longest_metadata);
  return transfer;
}

Read<BulkItem> bulk_item_of(const JsonValue& item, std::size_t index) {
  const std::string within = "items[" + std::to_string(index) + "].";
  std::vector<FieldError> errors;
  if (item.kind != JsonValue::Kind::object) {
    errors.push_back({within.substr(0, within.size() - 1), "invalid_field", "An item is a JSON object."});
    return std::unexpected(invalid(std::move(errors)));
  }
  BodyFields fields(
      item,
      {"idempotency_key", "source_wallet_id", "destination_wallet_id", "amount", "currency", "description", "metadata"},
      errors, within);
  BulkItem read;
  const JsonValue* key = fields.optional("idempotency_key");
  if (key == nullptr || key->kind == JsonValue::Kind::null)
    fields.fault("idempotency_key", "idempotency_key_required", "Each item has a key of its own.");
  else if (auto text = key->kind == JsonValue::Kind::text ? read_idempotency_key(key->text) : std::nullopt)
    read.idempotency_key = std::move(*text);
  else
    fields.fault("idempotency_key", "invalid_idempotency_key", "1 to 128 printable ASCII characters.");
  read.transaction = transfer_of(fields);
  return value_or_errors(std::move(read), std::move(errors));
}

std::string unquoted(std::string_view quoted) {
  std::string text;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\' && i + 2 < quoted.size())
      ++i;
    text += quoted[i];
  }
  return text;
}

bool is_printable(char letter) { return letter >= 0x20 && letter <= 0x7E; }

}  // namespace

Read<OpenWallet> read_open_wallet(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"name", "currency", "limits"}, errors);
  OpenWallet command;
  command.name = fields.name("name", longest_name);
  const auto currency = fields.currency("currency");
  command.currency = currency.value_or(Currency{});
  if (is_object_or_nothing(fields, "limits") && currency)
    command.limits = read_limits_into(*fields.optional("limits"), {}, *currency, errors);
  return value_or_errors(std::move(command), std::move(errors));
}

Read<Transaction> read_topup(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"wallet_id", "amount", "currency", "method", "description", "metadata"}, errors);
  Transaction topup{.kind = TransactionKind::topup};
  topup.destination = fields.wallet_id("wallet_id");
  read_amount(fields, topup);
  topup.method = fields.word("method");
  if (!topup.method.empty() && !is_topup_method(topup.method))
    fields.fault("method", "unknown_method", "GET /v1/topups/methods lists the methods.");
  topup.description = fields.free_text("description", longest_description);
  topup.metadata = fields.json_object("metadata", longest_metadata);
  return value_or_errors(std::move(topup), std::move(errors));
}

Read<Transaction> read_transfer(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(
      *object, {"source_wallet_id", "destination_wallet_id", "amount", "currency", "description", "metadata"}, errors);
  Transaction transfer = transfer_of(fields);
  return value_or_errors(std::move(transfer), std::move(errors));
}

Read<std::vector<Read<BulkItem>>> read_bulk(std::string_view body, std::size_t most) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"items"}, errors);
  const JsonValue* items = fields.optional("items");
  if (items == nullptr)
    fields.fault("items", "missing_field", "The field is required.");
  else if (items->kind != JsonValue::Kind::array)
    fields.fault("items", "invalid_field", "The field is a list of transfers.");
  else if (items->items.empty() || items->items.size() > most)
    fields.fault("items", "too_many_items", "A bulk request has 1 to " + std::to_string(most) + " items.");
  if (!errors.empty())
    return std::unexpected(invalid(std::move(errors)));
  std::vector<Read<BulkItem>> read;
  read.reserve(items->items.size());
  for (const JsonValue& item : items->items)
    read.push_back(bulk_item_of(item, read.size()));
  return read;
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

Read<bool> read_nothing(std::string_view body) {
  if (body.empty())
    return true;
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  const BodyFields fields(*object, {}, errors);
  return value_or_errors(true, std::move(errors));
}

std::optional<std::string> read_idempotency_key(std::string_view header) {
  const bool is_quoted = header.size() >= 2 && header.front() == '"' && header.back() == '"';
  std::string key = is_quoted ? unquoted(header) : std::string{header};
  constexpr std::size_t longest_key = 128;
  for (const char letter : key)
    if (!is_printable(letter))
      return std::nullopt;
  if (key.empty() || key.size() > longest_key)
    return std::nullopt;
  return key;
}

std::uint64_t fingerprint_of(std::string_view route_template, const Transaction& transaction) {
  std::string fields;
  fields.reserve(160 + transaction.description.size() + transaction.metadata.size());
  const auto add = [&fields](std::string_view field) { ((fields += std::to_string(field.size())) += ':') += field; };
  const auto add_id = [&fields](const WalletId& id) {
    fields.append(reinterpret_cast<const char*>(id.uuid.bytes.data()), id.uuid.bytes.size());
  };
  add("POST");
  add(route_template);
  add_id(transaction.source);
  add_id(transaction.destination);
  add(transaction.currency.text());
  add(std::to_string(transaction.amount));
  add(transaction.method);
  add(transaction.description);
  add(transaction.metadata);
  return fingerprint(fields);
}

}  // namespace dompet::http
