#pragma once

#include <vector>

#include "graphql/schema.hpp"

namespace dompet::graphql {

/// Everything that is wrong with a document by section 5 of the specification, the first hundred of it; empty when it
/// can be carried out. Bounded: the time is proportional to the document's tokens and types, but for the comparison of
/// fields that are merged, which ends after a number of steps with a fault of its own.
std::vector<Fault> validate(const Schema& schema, const Document& document);

}  // namespace dompet::graphql
