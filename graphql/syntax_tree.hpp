#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "graphql/fault.hpp"

namespace dompet::graphql {

/// What the grammar tells apart; a name of the specification each (appendix B).
enum class SyntaxKind : std::uint8_t {
  none,
  name,
  integer_value,
  float_value,
  string_value,
  block_string_value,
  variable,
  enum_value,
  list_value,
  object_value,
  object_field,
  argument,
  directive,
  named_type,
  list_type,
  non_null_type,
  alias,
  field,
  fragment_spread,
  inline_fragment,
  type_condition,
  selection_set,
  default_value,
  variable_definition,
  operation_type,
  operation_definition,
  fragment_definition,
  description,
  root_operation,
  schema_definition,
  scalar_definition,
  object_definition,
  interface_definition,
  union_definition,
  enum_definition,
  input_definition,
  directive_definition,
  implements,
  field_definition,
  input_value_definition,
  enum_value_definition,
  directive_location,
  repeatable,
  extension,
};

/// A piece of the text that the grammar recognised, and the pieces that it is made of.
struct SyntaxNode {
  SyntaxKind kind = SyntaxKind::none;
  /// Bytes of the text, without what is ignored behind it.
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<SyntaxNode> children{};
};

/// How large a text may be. Everything that reads a document later is bounded by these.
struct TextLimits {
  std::size_t bytes = 65'536;
  std::size_t tokens = 10'000;
  /// Of brackets in brackets. Reading a text takes stack for each.
  std::size_t nesting = 64;
};

/// The tree of a document by the grammar of October 2021, type definitions included; or where it is none. The only
/// function that knows PEGTL. Its time and memory are proportional to the text.
std::expected<SyntaxNode, Fault> syntax_tree(std::string_view text, const TextLimits& limits);

}  // namespace dompet::graphql
