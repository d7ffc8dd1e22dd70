#include "http/body_money.hpp"

#include <algorithm>
#include <utility>

#include "http/body_fields.hpp"
#include "http/topup_methods.hpp"

namespace dompet::http {

namespace {

void read_amount(BodyFields& fields, Transaction& transaction) {
  const auto currency = fields.currency("currency");
  transaction.currency = currency.value_or(Currency{});
  transaction.amount = fields.amount("amount", currency);
}

void read_notes(BodyFields& fields, Transaction& transaction) {
  transaction.description = fields.free_text("description", longest_description);
  transaction.metadata = fields.json_object("metadata", longest_metadata);
}

bool is_given(BodyFields& fields, std::string_view name) {
  const JsonValue* value = fields.optional(name);
  return value != nullptr && value->kind != JsonValue::Kind::null;
}

/// {"card_number": …} or {"username": …}
NamedDestination read_destination(BodyFields& fields, std::vector<FieldError>& errors, const std::string& within) {
  NamedDestination named;
  const JsonValue& value = *fields.optional("destination");
  if (value.kind != JsonValue::Kind::object) {
    fields.fault("destination", "invalid_field", "The field is a JSON object with card_number or username.");
    return named;
  }
  BodyFields inner(value, {"card_number", "username"}, errors, within + "destination.");
  if (is_given(inner, "card_number") == is_given(inner, "username")) {
    fields.fault("destination", "invalid_field", "A destination has a card_number or a username.");
  } else if (is_given(inner, "username")) {
    named.username = inner.name("username", longest_name);
  } else {
    named.card_number = inner.card_number("card_number");
  }
  return named;
}

TransferBody transfer_of(BodyFields& fields, std::vector<FieldError>& errors, const std::string& within = {}) {
  TransferBody read{.transaction = {.kind = TransactionKind::transfer}};
  Transaction& transfer = read.transaction;
  transfer.source = fields.wallet_id("source_wallet_id");
  if (!is_given(fields, "destination"))
    transfer.destination = fields.wallet_id("destination_wallet_id");
  else if (is_given(fields, "destination_wallet_id"))
    fields.fault("destination", "invalid_field", "Either destination_wallet_id or destination, not both.");
  else
    read.destination = read_destination(fields, errors, within);
  read_amount(fields, transfer);
  transfer.fx = fields.quote();
  read_notes(fields, transfer);
  return read;
}

Read<BulkItem> bulk_item_of(const JsonValue& item, std::size_t index) {
  const std::string within = "items[" + std::to_string(index) + "].";
  std::vector<FieldError> errors;
  if (item.kind != JsonValue::Kind::object) {
    errors.push_back({within.substr(0, within.size() - 1), "invalid_field", "An item is a JSON object."});
    return std::unexpected(invalid(std::move(errors)));
  }
  BodyFields fields(item,
                    {"idempotency_key", "source_wallet_id", "destination_wallet_id", "destination", "amount",
                     "currency", "description", "metadata"},
                    errors, within);
  BulkItem read;
  const JsonValue* key = fields.optional("idempotency_key");
  if (key == nullptr || key->kind == JsonValue::Kind::null)
    fields.fault("idempotency_key", "idempotency_key_required", "Each item has a key of its own.");
  else if (auto text = key->kind == JsonValue::Kind::text ? read_idempotency_key(key->text) : std::nullopt)
    read.idempotency_key = std::move(*text);
  else
    fields.fault("idempotency_key", "invalid_idempotency_key", "1 to 128 printable ASCII characters.");
  read.transfer = transfer_of(fields, errors, within);
  return value_or_errors(std::move(read), std::move(errors));
}

bool is_letter_or_digit(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

/// A code or a number of so many letters and digits.
std::string word_of(BodyFields& fields, std::string_view name, std::size_t least, std::size_t most) {
  std::string word = fields.word(name);
  if (!word.empty() && (word.size() < least || word.size() > most || !std::ranges::all_of(word, is_letter_or_digit)))
    fields.fault(name, "invalid_field", std::to_string(least) + " to " + std::to_string(most) + " letters and digits.");
  return word;
}

/// {"bank_code": …, "account_number": …}; 34 characters is the longest IBAN.
void read_payout(BodyFields& fields, Transaction& withdrawal, std::vector<FieldError>& errors) {
  const JsonValue* value = fields.optional("destination");
  if (value == nullptr || value->kind != JsonValue::Kind::object)
    return fields.fault("destination", value == nullptr ? "missing_field" : "invalid_field",
                        "A withdrawal goes to {bank_code, account_number}.");
  BodyFields inner(*value, {"bank_code", "account_number"}, errors, "destination.");
  const std::string bank = word_of(inner, "bank_code", 2, 16);
  const std::string account = word_of(inner, "account_number", 4, 34);
  withdrawal.payout_account = bank + '/' + account;
}

}  // namespace

std::string NamedDestination::text() const { return username.empty() ? "card:" + card_number : "username:" + username; }

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
  read_notes(fields, topup);
  return value_or_errors(std::move(topup), std::move(errors));
}

Read<TransferBody> read_transfer(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object,
                    {"source_wallet_id", "destination_wallet_id", "destination", "amount", "currency", "quote_id",
                     "description", "metadata"},
                    errors);
  TransferBody transfer = transfer_of(fields, errors);
  return value_or_errors(std::move(transfer), std::move(errors));
}

Read<Transaction> read_withdrawal(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"wallet_id", "amount", "currency", "destination", "description", "metadata"}, errors);
  Transaction withdrawal{.kind = TransactionKind::withdrawal};
  withdrawal.source = fields.wallet_id("wallet_id");
  read_amount(fields, withdrawal);
  read_payout(fields, withdrawal, errors);
  read_notes(fields, withdrawal);
  return value_or_errors(std::move(withdrawal), std::move(errors));
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

}  // namespace dompet::http
