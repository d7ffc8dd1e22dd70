#pragma once

#include <unordered_map>

#include "graphql/schema.hpp"
#include "http/graphql/fields.hpp"

namespace dompet::http {

/// http/graphql/schema.graphql, read once, with what its fields are made of. A schema that does not hold together, or a
/// row for a field that it has not, or a field of its roots without a row, is a bug that ends the start.
class GraphqlSchema {
 public:
  GraphqlSchema();

  const graphql::Schema& schema() const { return schema_; }
  /// Nothing for a field that is the member of its name.
  const FieldRow* row(const graphql::FieldDefinition& field) const;

 private:
  graphql::Schema schema_;
  std::unordered_map<const graphql::FieldDefinition*, const FieldRow*> rows_{};
};

}  // namespace dompet::http
