#include "graphql/validate.hpp"

#include <set>

#include "graphql/validation.hpp"

namespace dompet::graphql {

Validation::Validation(const Schema& wanted, const Document& given) : schema(wanted), document(given) {
  for (const Fragment& fragment : document.fragments)
    fragments_.emplace(fragment.name, &fragment);
}

void Validation::refuse(std::string message, std::initializer_list<std::size_t> places) {
  if (is_full())
    return;
  std::vector<Location> locations;
  for (const std::size_t at : places)
    locations.push_back(location_of(document.source, at));
  faults_.push_back(fault("graphql_invalid", std::move(message), std::move(locations)));
}

const Fragment* Validation::fragment(std::string_view name) const {
  const auto found = fragments_.find(name);
  return found == fragments_.end() ? nullptr : found->second;
}

const TypeDefinition* inner_type(const Schema& schema, const Selection& selection, const TypeDefinition* parent) {
  if (selection.kind == Selection::Kind::inline_fragment)
    return selection.name.empty() ? parent : schema.find(selection.name);
  if (selection.kind == Selection::Kind::spread || parent == nullptr)
    return nullptr;
  const FieldDefinition* field = schema.find_field(*parent, selection.name);
  return field == nullptr ? nullptr : schema.find(field->type.named());
}

void for_each_selection(const Schema& schema, const std::vector<Selection>& selections, const TypeDefinition* parent,
                        const std::function<void(const Site&)>& look) {
  for (const Selection& selection : selections) {
    const bool is_field = selection.kind == Selection::Kind::field && parent != nullptr;
    look({selection, parent, is_field ? schema.find_field(*parent, selection.name) : nullptr});
    for_each_selection(schema, selection.selections, inner_type(schema, selection, parent), look);
  }
}

void for_each_selection(const Validation& validation, const std::function<void(const Site&)>& look) {
  const Schema& schema = validation.schema;
  for (const Operation& operation : validation.document.operations)
    for_each_selection(schema, operation.selections, schema.root(operation.kind), look);
  for (const Fragment& fragment : validation.document.fragments)
    for_each_selection(schema, fragment.selections, schema.find(fragment.type_condition), look);
}

namespace {

/// The fields that a subscription answers with: more than one are too many (5.2.3.1).
void collect_keys(const Validation& validation, const std::vector<Selection>& selections,
                  std::set<std::string_view>& fragments, std::set<std::string_view>& keys) {
  for (const Selection& selection : selections) {
    if (selection.kind == Selection::Kind::field)
      keys.insert(selection.key);
    else if (selection.kind == Selection::Kind::inline_fragment)
      collect_keys(validation, selection.selections, fragments, keys);
    else if (const Fragment* fragment = validation.fragment(selection.name);
             fragment != nullptr && fragments.insert(fragment->name).second)
      collect_keys(validation, fragment->selections, fragments, keys);
  }
}

void check_subscription(Validation& validation, const Operation& operation) {
  std::set<std::string_view> fragments;
  std::set<std::string_view> keys;
  collect_keys(validation, operation.selections, fragments, keys);
  if (keys.size() != 1 || keys.begin()->starts_with("__"))
    validation.refuse("A subscription has one field at its root, and none of introspection.", {operation.at});
}

}  // namespace

void check_operations(Validation& validation) {
  const Document& document = validation.document;
  for (const std::size_t at : document.type_definitions)
    validation.refuse("Definitions of types cannot be executed.", {at});
  if (document.operations.empty())
    validation.refuse("The document has no operation.", {0});
  std::unordered_map<std::string_view, std::size_t> names;
  for (const Operation& operation : document.operations) {
    if (operation.name.empty() && document.operations.size() > 1)
      validation.refuse("An operation without a name must be the only one.", {operation.at});
    else if (const auto [first, is_new] = names.emplace(operation.name, operation.at); !is_new)
      validation.refuse("There can be only one operation \"" + operation.name + "\".", {first->second, operation.at});
    if (validation.schema.root(operation.kind) == nullptr)
      validation.refuse("The schema has no " + std::string{name_of(operation.kind)} + "s.", {operation.at});
    else if (operation.kind == Operation::Kind::subscription)
      check_subscription(validation, operation);
  }
}

std::vector<Fault> validate(const Schema& schema, const Document& document) {
  Validation validation(schema, document);
  check_operations(validation);
  check_fields(validation);
  check_arguments(validation);
  check_fragments(validation);
  check_directives(validation);
  check_variables(validation);
  if (check_cycles(validation) && !validation.is_full())
    check_merging(validation);
  return validation.take();
}

}  // namespace dompet::graphql
