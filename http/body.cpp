#include "http/body.hpp"

#include <utility>

#include "http/body_fields.hpp"
#include "persistence/codec.hpp"

namespace dompet::http {

namespace {

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

void add(std::string& fields, std::string_view field) { ((fields += std::to_string(field.size())) += ':') += field; }

void add_id(std::string& fields, const Uuid& id) {
  fields.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
}

/// What was there before there were payments keeps its fingerprint. When an authorization ends is no part of what was
/// asked for.
void add_payment_details(std::string& fields, const Transaction& transaction) {
  if (!has_payment_details(transaction))
    return;
  add_id(fields, transaction.parent.uuid);
  add_id(fields, transaction.merchant.uuid);
  add_id(fields, transaction.card.uuid);
  add(fields, transaction.payout_account);
  add(fields, transaction.manual_capture ? "manual" : "");
  add(fields, transaction.final_capture ? "final" : "");
}

/// The quote says the rest, and never changes.
void add_quote(std::string& fields, const Transaction& transaction) {
  if (transaction.fx)
    add_id(fields, transaction.fx->quote.uuid);
}

}  // namespace

Read<JsonValue> read_object(std::string_view body) {
  auto parsed = parse_json(body);
  if (!parsed)
    return std::unexpected(Problem{.code = "malformed_json", .detail = std::move(parsed.error())});
  if (parsed->kind != JsonValue::Kind::object)
    return std::unexpected(Problem{.code = "malformed_json", .detail = "The body must be one JSON object."});
  return std::move(*parsed);
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

std::uint64_t fingerprint_of(std::string_view route_template, const Transaction& transaction, std::string_view more) {
  std::string fields;
  fields.reserve(160 + transaction.description.size() + transaction.metadata.size());
  add(fields, "POST");
  add(fields, route_template);
  add_id(fields, transaction.source.uuid);
  add_id(fields, transaction.destination.uuid);
  add(fields, transaction.currency.text());
  add(fields, std::to_string(transaction.amount));
  add(fields, transaction.method);
  add(fields, transaction.description);
  add(fields, transaction.metadata);
  add_payment_details(fields, transaction);
  add_quote(fields, transaction);
  if (!more.empty())
    add(fields, more);
  return fingerprint(fields);
}

}  // namespace dompet::http
