#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graphql/value.hpp"

namespace dompet::graphql {

// What a text in the language becomes (section 2 of the specification). Everything knows where it begins in the text,
// as bytes; `location_of` makes a line and a column of that when somebody must be told.

struct TypeReference {
  enum class Kind : std::uint8_t { named, list, non_null };

  Kind kind = Kind::named;
  std::string name{};
  /// What a list or a non-null is of.
  std::shared_ptr<const TypeReference> of{};
  std::size_t at = 0;

  bool is_non_null() const { return kind == Kind::non_null; }
  bool is_list() const { return kind == Kind::list; }
  /// What is meant once lists and non-nulls are taken off.
  const std::string& named() const { return kind == Kind::named ? name : of->named(); }
  /// Without the non-null around it, if there is one.
  const TypeReference& nullable() const { return is_non_null() ? *of : *this; }
};

std::string text_of(const TypeReference& type);
bool is_same(const TypeReference& left, const TypeReference& right);

struct Argument {
  std::string name{};
  Value value{};
  std::size_t at = 0;
};

struct Directive {
  std::string name{};
  std::vector<Argument> arguments{};
  std::size_t at = 0;

  const Value* find(std::string_view argument) const;
};

struct Selection {
  enum class Kind : std::uint8_t { field, spread, inline_fragment };

  Kind kind = Kind::field;
  /// What the field is called in the answer: its alias, or its name.
  std::string key{};
  /// Of the field, of the fragment that is spread; or the type condition, empty for none.
  std::string name{};
  std::vector<Argument> arguments{};
  std::vector<Directive> directives{};
  /// Empty for a leaf: the grammar has no empty braces.
  std::vector<Selection> selections{};
  std::size_t at = 0;
};

struct VariableDefinition {
  std::string name{};
  TypeReference type{};
  std::optional<Value> fallback{};
  std::vector<Directive> directives{};
  std::size_t at = 0;
};

struct Operation {
  enum class Kind : std::uint8_t { query, mutation, subscription };

  Kind kind = Kind::query;
  /// Empty for an anonymous one.
  std::string name{};
  std::vector<VariableDefinition> variables{};
  std::vector<Directive> directives{};
  std::vector<Selection> selections{};
  std::size_t at = 0;
};

std::string_view name_of(Operation::Kind kind);

struct Fragment {
  std::string name{};
  std::string type_condition{};
  std::vector<Directive> directives{};
  std::vector<Selection> selections{};
  std::size_t at = 0;
};

/// A text of operations and fragments.
struct Document {
  std::string source{};
  std::vector<Operation> operations{};
  std::vector<Fragment> fragments{};
  /// Where definitions of types stand, which no executable document may have.
  std::vector<std::size_t> type_definitions{};

  const Fragment* find_fragment(std::string_view name) const;
};

struct Location {
  std::size_t line = 1;
  /// In characters, from 1.
  std::size_t column = 1;

  friend bool operator==(const Location&, const Location&) = default;
};

Location location_of(std::string_view source, std::size_t at);

}  // namespace dompet::graphql
