#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "graphql/schema.hpp"

namespace dompet::graphql {

// Which values a type takes in and gives out (sections 3 and 6.4 of the specification). A scalar that is not one of the
// specification's five takes anything: who resolves the field knows better.

struct Misfit {
  std::string message{};
  /// Where in the document.
  std::size_t at = 0;
};

/// Why a literal cannot be a value of the type. A variable always may: what it is used for is checked elsewhere.
std::optional<Misfit> misfit(const Schema& schema, const Value& literal, const TypeReference& type);
bool fits(const Schema& schema, const Value& literal, const TypeReference& type);

/// What a value from outside (JSON, so enums are texts) is as a value of the type, with the defaults of input objects.
/// `name` is said in the sentence that is given instead.
std::expected<Value, std::string> coerce_input(const Schema& schema, const Value& given, const TypeReference& type,
                                               const std::string& name);

/// The variables of an operation from what the request gives.
std::expected<Value, Fault> coerce_variables(const Schema& schema, const Document& document, const Operation& operation,
                                             const Value& given);

/// The arguments of a valid field or directive: literals, variables, defaults. A fault's place is the argument's.
std::expected<Value, Misfit> coerce_arguments(const Schema& schema, const std::vector<InputValue>& definitions,
                                              const std::vector<Argument>& arguments, const Value& variables);

/// What a resolver gave as a value of a scalar or an enum.
std::expected<Value, std::string> coerce_result(const TypeDefinition& leaf, Value value);

}  // namespace dompet::graphql
