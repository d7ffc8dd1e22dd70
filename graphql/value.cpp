#include "graphql/value.hpp"

#include <algorithm>
#include <array>

namespace dompet::graphql {

const Value* Value::find(std::string_view name) const {
  for (const auto& [key, value] : members)
    if (key == name)
      return &value;
  return nullptr;
}

Value* Value::find(std::string_view name) { return const_cast<Value*>(std::as_const(*this).find(name)); }

Value& Value::set(std::string name, Value value) {
  return members.emplace_back(std::move(name), std::move(value)).second;
}

Value Value::of_text(std::string text) {
  Value value{.kind = Kind::text};
  value.text = std::move(text);
  return value;
}

Value Value::of_integer(std::int64_t number) {
  Value value{.kind = Kind::integer};
  value.text = std::to_string(number);
  return value;
}

Value Value::of_decimal(std::string digits) {
  Value value{.kind = Kind::decimal};
  value.text = std::move(digits);
  return value;
}

Value Value::of_truth(bool truth) { return {.kind = Kind::boolean, .truth = truth}; }

Value Value::of_list(std::vector<Value> items) {
  Value value{.kind = Kind::list};
  value.items = std::move(items);
  return value;
}

Value Value::of_object(std::vector<std::pair<std::string, Value>> members) {
  Value value{.kind = Kind::object};
  value.members = std::move(members);
  return value;
}

bool is_same(const Value& left, const Value& right) {
  if (left.kind != right.kind || left.truth != right.truth || left.text != right.text)
    return false;
  if (!std::ranges::equal(left.items, right.items, is_same))
    return false;
  return left.members.size() == right.members.size() && std::ranges::all_of(left.members, [&](const auto& member) {
           const Value* other = right.find(member.first);
           return other != nullptr && is_same(member.second, *other);
         });
}

void append_json_text(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\')
      (out += '\\') += letter;
    else if (letter == '\n')
      out += "\\n";
    else if (code < 0x20)
      ((out += "\\u00") += hex[code >> 4]) += hex[code & 15];
    else
      out += letter;
  }
  out += '"';
}

namespace {

template <typename Items, typename Append>
void append_between(std::string& out, char open, char close, const Items& items, const Append& append) {
  out += open;
  bool is_first = true;
  for (const auto& item : items) {
    if (!std::exchange(is_first, false))
      out += ',';
    append(item);
  }
  out += close;
}

void append_literal(std::string& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::name: out += value.text; return;
    case Value::Kind::variable: (out += '$') += value.text; return;
    case Value::Kind::list:
      append_between(out, '[', ']', value.items, [&](const Value& item) { append_literal(out, item); });
      return;
    case Value::Kind::object:
      append_between(out, '{', '}', value.members, [&](const auto& member) {
        (out += member.first) += ": ";
        append_literal(out, member.second);
      });
      return;
    default: append_json(out, value);
  }
}

}  // namespace

void append_json(std::string& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::null: out += "null"; return;
    case Value::Kind::boolean: out += value.truth ? "true" : "false"; return;
    case Value::Kind::integer:
    case Value::Kind::decimal: out += value.text; return;
    case Value::Kind::text:
    case Value::Kind::name:
    case Value::Kind::variable: append_json_text(out, value.text); return;
    case Value::Kind::list:
      append_between(out, '[', ']', value.items, [&](const Value& item) { append_json(out, item); });
      return;
    case Value::Kind::object:
      append_between(out, '{', '}', value.members, [&](const auto& member) {
        append_json_text(out, member.first);
        out += ':';
        append_json(out, member.second);
      });
      return;
  }
}

std::string literal_of(const Value& value) {
  std::string text;
  append_literal(text, value);
  return text;
}

}  // namespace dompet::graphql
