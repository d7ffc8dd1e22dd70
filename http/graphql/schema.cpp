#include "http/graphql/schema.hpp"

#include "config/logging.hpp"
#include "domain/ensure.hpp"
#include "http/embedded.hpp"

namespace dompet::http {

namespace {

graphql::Schema read_schema() {
  auto schema = graphql::Schema::read(graphql_schema);
  if (!schema)
    log_event(LogLevel::error, "the GraphQL schema is wrong", {{"reason", schema.error().message}});
  ensure(schema.has_value(), "the GraphQL schema holds together");
  return *std::move(schema);
}

}  // namespace

GraphqlSchema::GraphqlSchema() : schema_(read_schema()) {
  for (const FieldRow& row : field_rows()) {
    const std::size_t point = row.field.find('.');
    const graphql::TypeDefinition* type = schema_.find(row.field.substr(0, point));
    const graphql::FieldDefinition* field = type == nullptr ? nullptr : type->find(row.field.substr(point + 1));
    ensure(field != nullptr && rows_.emplace(field, &row).second,
           "every row is of a field of the GraphQL schema, once");
  }
  for (const auto kind : {graphql::Operation::Kind::query, graphql::Operation::Kind::mutation})
    for (const graphql::FieldDefinition& field : schema_.root(kind)->fields)
      ensure(row(field) != nullptr, "every field at the root of the GraphQL schema has its row");
}

const FieldRow* GraphqlSchema::row(const graphql::FieldDefinition& field) const {
  const auto found = rows_.find(&field);
  return found == rows_.end() ? nullptr : found->second;
}

}  // namespace dompet::http
