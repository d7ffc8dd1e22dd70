#pragma once

#include <cstdint>
#include <optional>

#include "graphql/schema.hpp"
#include "graphql/syntax_tree.hpp"

namespace dompet::graphql {

/// How much one request may ask for.
struct Limits {
  TextLimits text{};
  /// Fields in fields.
  std::int64_t depth = 16;
  /// Fields, every use of a fragment counted: so also aliases and fragments that multiply.
  std::int64_t fields = 1'000;
  /// Fields at the root of an operation: each is a request of its own.
  std::int64_t roots = 20;
  /// Of the answer, as far as it can be foreseen: a field costs one and its `@cost(weight)`, what is in a list as often
  /// as the list may be long (its `first`, or its `@cost(length)`).
  std::int64_t cost = 10'000;
  /// Values in the answer, counted while it is made.
  std::int64_t values = 50'000;
  /// Of the variables' values, and of the arguments of all fields: a variable counts wherever it is used, as often as
  /// the list that it is used in may be long.
  std::int64_t input_bytes = 65'536;
};

/// How much a value holds: its texts and names, and one for every value in it.
std::int64_t bytes_of(const Value& value);

/// What is too much of the values that a client gives its variables, used or not.
std::optional<Fault> over_limit(const Value& variables, const Limits& limits);

/// What is too much of an operation that is valid, before anything of it is carried out. Every fragment is added up
/// once, whatever is made of it.
std::optional<Fault> over_limit(const Schema& schema, const Document& document, const Operation& operation,
                                const Value& variables, const Limits& limits);

}  // namespace dompet::graphql
