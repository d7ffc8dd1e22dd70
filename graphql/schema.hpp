#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graphql/document.hpp"
#include "graphql/fault.hpp"

namespace dompet::graphql {

// The types that documents are about (section 3 of the specification), read once from a text in the schema definition
// language. Everything is a value; pointers into a Schema live as long as it does.

/// An argument, or a field of an input object.
struct InputValue {
  std::string name{};
  std::string description{};
  TypeReference type{};
  std::optional<Value> fallback{};

  bool is_required() const { return type.is_non_null() && !fallback; }
};

struct FieldDefinition {
  std::string name{};
  std::string description{};
  std::vector<InputValue> arguments{};
  TypeReference type{};
  /// Why it should not be used any more.
  std::optional<std::string> deprecation{};
  /// What it asks of the server beside its own value, and how many a list has that says no number (`@cost`).
  std::int64_t weight = 0;
  std::int64_t length = 1;

  const InputValue* find(std::string_view argument) const;
};

struct EnumValue {
  std::string name{};
  std::string description{};
  std::optional<std::string> deprecation{};
};

struct TypeDefinition {
  enum class Kind : std::uint8_t { scalar, object, interface, union_, enum_, input };

  Kind kind = Kind::scalar;
  std::string name{};
  std::string description{};
  std::string specified_by{};
  std::vector<FieldDefinition> fields{};
  std::vector<InputValue> inputs{};
  std::vector<EnumValue> values{};
  /// What an object or an interface implements.
  std::vector<std::string> interfaces{};
  /// Of a union its members; of an interface the objects that implement it.
  std::vector<std::string> possible{};

  bool is_composite() const { return kind == Kind::object || kind == Kind::interface || kind == Kind::union_; }
  bool is_abstract() const { return kind == Kind::interface || kind == Kind::union_; }
  bool is_leaf() const { return kind == Kind::scalar || kind == Kind::enum_; }
  bool is_input() const { return is_leaf() || kind == Kind::input; }
  const FieldDefinition* find(std::string_view field) const;
  const InputValue* find_input(std::string_view name) const;
  const EnumValue* find_value(std::string_view name) const;
  /// The objects that a value of this type can be.
  bool may_be(const TypeDefinition& object) const;
};

/// `__SCHEMA`, `__TYPE_KIND`, …: what introspection calls it.
std::string_view name_of(TypeDefinition::Kind kind);

struct DirectiveDefinition {
  std::string name{};
  std::string description{};
  std::vector<InputValue> arguments{};
  std::vector<std::string> locations{};
  bool is_repeatable = false;

  bool is_allowed_at(std::string_view location) const;
};

class Schema {
 public:
  /// Reads the text, with the scalars, directives and introspection types that every schema has. Otherwise what is
  /// wrong with it: names that are not there or twice, an interface that is not kept, an output where an input must be.
  static std::expected<Schema, Fault> read(std::string_view text);
  Schema(Schema&&) = default;

  const TypeDefinition* find(std::string_view type) const;
  const DirectiveDefinition* find_directive(std::string_view name) const;
  /// Nothing when the schema has no such operations.
  const TypeDefinition* root(Operation::Kind kind) const;
  /// Also `__typename` of anything, and `__schema` and `__type` of queries.
  const FieldDefinition* find_field(const TypeDefinition& parent, std::string_view name) const;

  const std::deque<TypeDefinition>& types() const { return types_; }
  const std::deque<DirectiveDefinition>& directives() const { return directives_; }
  const std::string& description() const { return description_; }

 private:
  friend class SchemaReading;
  Schema() = default;

  std::string description_{};
  std::deque<TypeDefinition> types_{};
  std::deque<DirectiveDefinition> directives_{};
  std::unordered_map<std::string, TypeDefinition*> by_name_{};
  std::string roots_[3]{"Query", "Mutation", "Subscription"};
  /// `__schema`, `__type`, `__typename`.
  std::vector<FieldDefinition> meta_{};
};

/// Whether two composite types have an object in common.
bool may_overlap(const Schema& schema, const TypeDefinition& left, const TypeDefinition& right);

}  // namespace dompet::graphql
