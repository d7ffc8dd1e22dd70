#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dompet::http {

/// A JSON text as a tree, without loss: numbers that are not 64-bit integers stay what the client wrote.
struct JsonValue {
  enum class Kind : std::uint8_t { null, truth, integer, other_number, text, array, object };

  Kind kind = Kind::null;
  bool truth = false;
  std::int64_t integer = 0;
  /// The text, or what an `other_number` was written as.
  std::string text{};
  std::vector<JsonValue> items{};
  std::vector<std::pair<std::string, JsonValue>> members{};

  /// Nothing when this is no object or has no such member.
  const JsonValue* find(std::string_view name) const;
};

inline constexpr int deepest_json = 16;
/// In one object. Keeps the search for repeated members cheap whatever is sent.
inline constexpr int most_json_members = 256;

/// Reads one JSON text in valid UTF-8, no deeper than `deepest_json`, at most
/// `most_json_members` in an object and none named twice. Otherwise a
/// sentence that says what is wrong where. The only place that knows the JSON library.
std::expected<JsonValue, std::string> parse_json(std::string_view text);

/// Writes the value without spaces, members in the order of their names: equal values give equal texts.
void append_canonical(std::string& out, const JsonValue& value);

/// Appends text between quotes with JSON's escapes. The text is UTF-8.
void append_quoted(std::string& out, std::string_view text);

/// Appends JSON to a string as it is told to; commas are its own business. Names are literals of ours and not escaped.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& truth(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  /// What is JSON already, or a text that needs no escapes with its quotes.
  JsonWriter& raw(std::string_view json);
  /// A member whose value is a text.
  JsonWriter& member(std::string_view name, std::string_view value) { return key(name).text(value); }
  /// A member whose text is known to need no escapes: ids, amounts, times, names of ours.
  JsonWriter& plain(std::string_view name, std::string_view value);

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate() {
    if (needs_comma_)
      out_ += ',';
    needs_comma_ = true;
  }

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace dompet::http
