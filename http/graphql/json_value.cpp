#include "http/graphql/json_value.hpp"

#include <cctype>
#include <charconv>

namespace dompet::http {

using graphql::Fault;
using graphql::TypeDefinition;
using graphql::TypeReference;
using graphql::Value;

namespace {

/// An exponent beyond that makes no amount.
constexpr int largest_exponent = 40;

std::string shifted(std::string digits, int exponent) {
  const bool is_negative = digits.starts_with('-');
  if (is_negative)
    digits.erase(0, 1);
  std::size_t point = digits.find('.');
  if (point == digits.npos)
    point = digits.size();
  else
    digits.erase(point, 1);
  auto place = static_cast<int>(point) + exponent;
  if (place <= 0) {
    digits.insert(0, static_cast<std::size_t>(1 - place), '0');
    place = 1;
  }
  if (static_cast<std::size_t>(place) > digits.size())
    digits.append(static_cast<std::size_t>(place) - digits.size(), '0');
  digits.insert(static_cast<std::size_t>(place), ".");
  const std::size_t first = digits.find_first_not_of('0');
  digits.erase(0, digits[first] == '.' ? first - 1 : first);
  return is_negative ? digits.insert(0, "-") : digits;
}

/// Whether the members of this type are amounts, which the routes want as texts.
bool is_decimal(const std::string& scalar) { return scalar == "Decimal" || scalar == "Float"; }

void copy_member(const Value& problem, std::string_view from, Value& extensions, const char* to) {
  if (const Value* member = problem.find(from))
    extensions.set(to, *member);
}

}  // namespace

Value value_of(const JsonValue& json) {
  switch (json.kind) {
    case JsonValue::Kind::null: return {};
    case JsonValue::Kind::truth: return Value::of_truth(json.truth);
    case JsonValue::Kind::integer: return Value::of_integer(json.integer);
    case JsonValue::Kind::other_number: return Value::of_decimal(json.text);
    case JsonValue::Kind::text: return Value::of_text(json.text);
    case JsonValue::Kind::array: {
      Value list = Value::of_list({});
      for (const JsonValue& item : json.items)
        list.items.push_back(value_of(item));
      return list;
    }
    case JsonValue::Kind::object: break;
  }
  Value object = Value::of_object();
  for (const auto& [name, member] : json.members)
    object.set(name, value_of(member));
  return object;
}

std::string snake_case(std::string_view name) {
  std::string made;
  for (const char letter : name)
    if (letter >= 'A' && letter <= 'Z')
      (made += '_') += static_cast<char>(letter - 'A' + 'a');
    else
      made += letter;
  return made;
}

std::string plain_decimal(std::string_view digits) {
  std::string made{digits};
  if (const std::size_t mark = made.find_first_of("eE"); mark != made.npos) {
    int exponent = 0;
    const char* begin = made.data() + mark + 1;
    begin += *begin == '+' ? 1 : 0;
    const auto read = std::from_chars(begin, made.data() + made.size(), exponent);
    if (read.ec != std::errc{} || exponent > largest_exponent || exponent < -largest_exponent ||
        made.find_first_of("123456789") >= mark)
      return made;
    made = shifted(made.substr(0, mark), exponent);
  }
  if (made.find('.') != made.npos) {
    made.erase(made.find_last_not_of('0') + 1);
    if (made.ends_with('.'))
      made.pop_back();
  }
  return made;
}

Value body_of(const graphql::Schema& schema, const Value& value, const TypeReference& type) {
  if (value.kind == Value::Kind::list && type.nullable().is_list()) {
    Value list = Value::of_list({});
    for (const Value& item : value.items)
      list.items.push_back(body_of(schema, item, *type.nullable().of));
    return list;
  }
  const TypeDefinition& definition = *schema.find(type.named());
  if (value.kind == Value::Kind::object && definition.kind == TypeDefinition::Kind::input) {
    Value object = Value::of_object();
    for (const auto& [name, member] : value.members)
      if (!member.is_null())
        object.set(snake_case(name), body_of(schema, member, definition.find_input(name)->type));
    return object;
  }
  const bool is_number = value.kind == Value::Kind::integer || value.kind == Value::Kind::decimal;
  return is_number && is_decimal(definition.name) ? Value::of_text(plain_decimal(value.text)) : value;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string made;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (std::isalnum(code) != 0 || letter == '-' || letter == '_' || letter == '~')
      made += letter;
    else
      ((made += '%') += hex[code >> 4]) += hex[code & 15];
  }
  return made;
}

std::expected<Value, Fault> value_of(const HttpResponse& response) {
  const auto json = response.body.empty() ? JsonValue{} : parse_json(response.body).value_or(JsonValue{});
  Value value = value_of(json);
  if (response.status < 300)
    return value;
  const Value* code = value.find("code");
  const Value* title = value.find("title");
  Fault fault = graphql::fault(code == nullptr ? "internal_error" : code->text,
                               title == nullptr ? "The request failed." : title->text);
  fault.extensions.set("status", Value::of_integer(response.status));
  copy_member(value, "detail", fault.extensions, "detail");
  copy_member(value, "retryable", fault.extensions, "retryable");
  copy_member(value, "applied", fault.extensions, "applied");
  copy_member(value, "errors", fault.extensions, "errors");
  copy_member(value, "transaction_id", fault.extensions, "transactionId");
  copy_member(value, "request_id", fault.extensions, "requestId");
  for (const auto& [name, text] : response.headers)
    if (name == "Retry-After")
      fault.extensions.set("retryAfter", Value::of_text(text));
  return std::unexpected(std::move(fault));
}

}  // namespace dompet::http
