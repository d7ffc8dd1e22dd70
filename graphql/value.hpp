#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dompet::graphql {

/// A value of GraphQL: a literal in a document, a variable's value, an argument, or what a resolver gives. Numbers stay
/// the text that they were written as, so that none is rounded on its way.
struct Value {
  enum class Kind : std::uint8_t {
    null,
    boolean,
    integer,
    /// A number with a fraction or an exponent.
    decimal,
    text,
    /// An enum's value; in documents only.
    name,
    /// In documents only; `text` is its name.
    variable,
    list,
    object,
  };

  Kind kind = Kind::null;
  bool truth = false;
  /// The text, the digits of a number, or the name.
  std::string text{};
  std::vector<Value> items{};
  /// In the order in which they were written. A literal may name one twice, until it is validated.
  std::vector<std::pair<std::string, Value>> members{};
  /// Where a literal begins in its document, bytes.
  std::size_t at = 0;

  bool is_null() const { return kind == Kind::null; }
  /// Nothing when this is no object or has no such member.
  const Value* find(std::string_view name) const;
  Value* find(std::string_view name);
  /// Gives the object one member more.
  Value& set(std::string name, Value value);

  static Value of_text(std::string text);
  static Value of_integer(std::int64_t number);
  static Value of_decimal(std::string digits);
  static Value of_truth(bool truth);
  static Value of_list(std::vector<Value> items);
  static Value of_object(std::vector<std::pair<std::string, Value>> members = {});
};

/// Equal as literals: of the same kind and written alike; members of objects in any order.
bool is_same(const Value& left, const Value& right);

/// As JSON, without spaces. Names and variables become texts.
void append_json(std::string& out, const Value& value);
void append_json_text(std::string& out, std::string_view text);

/// As a literal of the language, as introspection gives default values.
std::string literal_of(const Value& value);

}  // namespace dompet::graphql
