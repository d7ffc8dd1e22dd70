#include "graphql/request.hpp"

#include <algorithm>

#include "graphql/introspection.hpp"
#include "graphql/parse.hpp"
#include "graphql/validate.hpp"
#include "graphql/values.hpp"

namespace dompet::graphql {

namespace {

std::expected<const Operation*, Fault> find_operation(const Document& document, const std::string& name) {
  if (name.empty()) {
    if (document.operations.size() == 1)
      return &document.operations.front();
    return std::unexpected(
        fault("graphql_operation", "The document has several operations: name the one that is meant."));
  }
  const auto found = std::ranges::find(document.operations, name, &Operation::name);
  if (found == document.operations.end())
    return std::unexpected(fault("graphql_operation", "The document has no operation \"" + name + "\"."));
  return &*found;
}

void append(std::string& out, const std::vector<Fault>& faults) {
  out += "\"errors\":[";
  for (const Fault& one : faults) {
    if (&one != faults.data())
      out += ',';
    append_json(out, one);
  }
  out += ']';
}

}  // namespace

std::expected<Prepared, std::vector<Fault>> prepare(const Schema& schema, const Request& request, const Rules& rules) {
  if (auto fault = over_limit(request.variables, rules.limits))
    return std::unexpected(std::vector{*std::move(fault)});
  auto document = parse(request.text, rules.limits.text);
  if (!document)
    return std::unexpected(std::vector{std::move(document.error())});
  if (!rules.introspection && asks_for_schema(*document))
    return std::unexpected(std::vector{fault("introspection_off", "This server does not tell its schema.")});
  if (auto faults = validate(schema, *document); !faults.empty())
    return std::unexpected(std::move(faults));
  Prepared made{.document = std::make_shared<const Document>(*std::move(document))};
  const auto operation = find_operation(*made.document, request.operation);
  if (!operation)
    return std::unexpected(std::vector{operation.error()});
  made.operation = *operation;
  auto variables = coerce_variables(schema, *made.document, *made.operation, request.variables);
  if (!variables)
    return std::unexpected(std::vector{std::move(variables.error())});
  made.variables = *std::move(variables);
  if (auto fault = over_limit(schema, *made.document, *made.operation, made.variables, rules.limits))
    return std::unexpected(std::vector{*std::move(fault)});
  return made;
}

std::string json_of(const Answer& answer) {
  std::string text{"{"};
  if (!answer.faults.empty()) {
    append(text, answer.faults);
    text += ',';
  }
  text += "\"data\":";
  append_json(text, answer.data);
  return text += '}';
}

std::string json_of(const std::vector<Fault>& faults) {
  std::string text{"{"};
  append(text, faults);
  return text += '}';
}

}  // namespace dompet::graphql
