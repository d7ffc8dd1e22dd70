#pragma once

#include <optional>

#include "graphql/execute.hpp"

namespace dompet::graphql {

/// The value of `__typename`, `__schema`, `__type` and everything in them (section 4 of the specification); nothing for
/// a field that is none of those.
std::optional<Value> introspect(const Schema& schema, const FieldCall& call);

/// Whether an operation asks for `__schema` or `__type`; `__typename` tells nobody anything.
bool asks_for_schema(const Document& document);

}  // namespace dompet::graphql
