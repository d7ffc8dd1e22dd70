#include "http/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace dompet::http {

namespace {

using Library = nlohmann::json;

/// Builds the tree from the library's events, so that no second tree is made and nothing is rounded.
class TreeBuilder final : public nlohmann::json_sax<Library> {
 public:
  bool null() override { return put({}) != nullptr; }
  bool boolean(bool value) override { return put({.kind = JsonValue::Kind::truth, .truth = value}) != nullptr; }
  bool number_integer(number_integer_t value) override {
    return put({.kind = JsonValue::Kind::integer, .integer = value}) != nullptr;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (std::in_range<std::int64_t>(value))
      return number_integer(static_cast<number_integer_t>(value));
    return put({.kind = JsonValue::Kind::other_number, .text = std::to_string(value)}) != nullptr;
  }
  bool number_float(number_float_t, const string_t& written) override {
    return put({.kind = JsonValue::Kind::other_number, .text = written}) != nullptr;
  }
  bool string(string_t& value) override {
    return put({.kind = JsonValue::Kind::text, .text = std::move(value)}) != nullptr;
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return enter(JsonValue::Kind::object); }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override { return enter(JsonValue::Kind::array); }
  bool end_array() override { return leave(); }
  bool key(string_t& name) override {
    auto& members = open_.back()->members;
    if (std::ranges::any_of(members, [&](const auto& member) { return member.first == name; })) {
      fault = "The member \"" + name + "\" is there twice.";
      return false;
    }
    if (std::ssize(members) == most_json_members) {
      fault = "An object has more than " + std::to_string(most_json_members) + " members.";
      return false;
    }
    if (members.empty())
      members.reserve(8);
    members.emplace_back(std::move(name), JsonValue{});
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const Library::exception&) override {
    fault = "The text stops being JSON at byte " + std::to_string(position) + ".";
    return false;
  }

  JsonValue root{};
  std::string fault{};

 private:
  JsonValue* put(JsonValue value) {
    JsonValue* place = &root;
    if (!open_.empty() && open_.back()->kind == JsonValue::Kind::object)
      place = &open_.back()->members.back().second;
    else if (!open_.empty())
      place = &open_.back()->items.emplace_back();
    *place = std::move(value);
    return place;
  }

  bool enter(JsonValue::Kind kind) {
    if (std::ssize(open_) == deepest_json) {
      fault = "The text is nested deeper than " + std::to_string(deepest_json) + " levels.";
      return false;
    }
    open_.push_back(put({.kind = kind}));
    return true;
  }

  bool leave() {
    open_.pop_back();
    return true;
  }

  /// The path from the root. A value is complete before its neighbour is made, so none of these moves meanwhile.
  std::vector<JsonValue*> open_{};
};

bool needs_escape(char letter) { return letter == '"' || letter == '\\' || static_cast<unsigned char>(letter) < 0x20; }

void append_escape(std::string& out, char letter) {
  constexpr char digits[] = "0123456789abcdef";
  switch (letter) {
    case '"':
    case '\\': out += {'\\', letter}; return;
    case '\n': out += "\\n"; return;
    case '\t': out += "\\t"; return;
    default: out += {'\\', 'u', '0', '0', digits[letter >> 4], digits[letter & 15]};
  }
}

void append_canonical_object(std::string& out, const JsonValue& value) {
  std::vector<const std::pair<std::string, JsonValue>*> members;
  for (const auto& member : value.members)
    members.push_back(&member);
  std::ranges::sort(members, {}, [](const auto* member) -> const std::string& { return member->first; });
  out += '{';
  for (const auto* member : members) {
    if (member != members.front())
      out += ',';
    append_quoted(out, member->first);
    out += ':';
    append_canonical(out, member->second);
  }
  out += '}';
}

void append_canonical_array(std::string& out, const JsonValue& value) {
  out += '[';
  for (const JsonValue& item : value.items) {
    if (&item != &value.items.front())
      out += ',';
    append_canonical(out, item);
  }
  out += ']';
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (const auto& [member, value] : members)
    if (member == name)
      return &value;
  return nullptr;
}

std::expected<JsonValue, std::string> parse_json(std::string_view text) {
  TreeBuilder builder;
  if (!Library::sax_parse(text.begin(), text.end(), &builder))
    return std::unexpected(std::move(builder.fault));
  return std::move(builder.root);
}

void append_canonical(std::string& out, const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::Kind::null: out += "null"; return;
    case JsonValue::Kind::truth: out += value.truth ? "true" : "false"; return;
    case JsonValue::Kind::integer: out += std::to_string(value.integer); return;
    case JsonValue::Kind::other_number: out += value.text; return;
    case JsonValue::Kind::text: append_quoted(out, value.text); return;
    case JsonValue::Kind::array: append_canonical_array(out, value); return;
    case JsonValue::Kind::object: append_canonical_object(out, value); return;
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto stop = static_cast<std::size_t>(std::ranges::find_if(text, needs_escape) - text.begin());
    out += text.substr(0, stop);
    if (stop == text.size())
      break;
    append_escape(out, text[stop]);
    text.remove_prefix(stop + 1);
  }
  out += '"';
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  ((out_ += '"') += name) += "\":";
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  append_quoted(out_, value);
  return *this;
}

JsonWriter& JsonWriter::number(std::int64_t value) {
  separate();
  char digits[24];
  const auto written = std::to_chars(digits, digits + sizeof digits, value);
  out_.append(digits, written.ptr);
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::plain(std::string_view name, std::string_view value) {
  separate();
  (((out_ += '"') += name) += "\":\"") += value;
  out_ += '"';
  return *this;
}

}  // namespace dompet::http
