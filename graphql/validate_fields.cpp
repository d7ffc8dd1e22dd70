#include <algorithm>
#include <set>

#include "graphql/validation.hpp"
#include "graphql/values.hpp"

namespace dompet::graphql {

void check_fields(Validation& validation) {
  for_each_selection(validation, [&](const Site& site) {
    const Selection& selection = site.selection;
    if (selection.kind != Selection::Kind::field || site.parent == nullptr || validation.is_full())
      return;
    if (site.field == nullptr)
      return validation.refuse("There is no field \"" + selection.name + "\" in " + site.parent->name + ".",
                               {selection.at});
    const TypeDefinition& type = *validation.schema.find(site.field->type.named());
    if (type.is_leaf() && !selection.selections.empty())
      validation.refuse("The field \"" + selection.name + "\" is a " + text_of(site.field->type) +
                            ", which has no fields of its own.",
                        {selection.at});
    if (type.is_composite() && selection.selections.empty())
      validation.refuse("The field \"" + selection.name + "\" is a " + text_of(site.field->type) +
                            ": say which of its fields are wanted.",
                        {selection.at});
  });
}

void check_arguments(Validation& validation, const std::vector<InputValue>& definitions,
                     const std::vector<Argument>& arguments, const std::string& owner, std::size_t at) {
  std::set<std::string_view> given;
  for (const Argument& argument : arguments) {
    if (!given.insert(argument.name).second)
      validation.refuse("There can be only one argument \"" + argument.name + "\".", {argument.at});
    const auto found = std::ranges::find(definitions, argument.name, &InputValue::name);
    if (found == definitions.end())
      validation.refuse(owner + " has no argument \"" + argument.name + "\".", {argument.at});
    else if (const auto wrong = misfit(validation.schema, argument.value, found->type))
      validation.refuse(wrong->message, {wrong->at});
  }
  for (const InputValue& definition : definitions)
    if (definition.is_required() && !given.contains(definition.name))
      validation.refuse(owner + " needs the argument " + definition.name + " of " + text_of(definition.type) + ".",
                        {at});
}

void check_arguments(Validation& validation) {
  for_each_selection(validation, [&](const Site& site) {
    if (site.field != nullptr && !validation.is_full())
      check_arguments(validation, site.field->arguments, site.selection.arguments,
                      "The field \"" + site.selection.name + "\"", site.selection.at);
  });
}

namespace {

/// Directives where they stand (5.7), and their arguments.
void check_directives_at(Validation& validation, const std::vector<Directive>& directives, std::string_view location) {
  std::set<std::string_view> given;
  for (const Directive& directive : directives) {
    const DirectiveDefinition* definition = validation.schema.find_directive(directive.name);
    const std::string name = "@" + directive.name;
    if (definition == nullptr) {
      validation.refuse("There is no directive " + name + ".", {directive.at});
      continue;
    }
    if (!definition->is_allowed_at(location))
      validation.refuse("The directive " + name + " cannot stand at a " + std::string{location} + ".", {directive.at});
    if (!given.insert(directive.name).second && !definition->is_repeatable)
      validation.refuse("The directive " + name + " can stand here once.", {directive.at});
    check_arguments(validation, definition->arguments, directive.arguments, "The directive " + name, directive.at);
  }
}

std::string_view location_of_operation(Operation::Kind kind) {
  switch (kind) {
    case Operation::Kind::query: return "QUERY";
    case Operation::Kind::mutation: return "MUTATION";
    case Operation::Kind::subscription: break;
  }
  return "SUBSCRIPTION";
}

std::string_view location_of_selection(Selection::Kind kind) {
  switch (kind) {
    case Selection::Kind::field: return "FIELD";
    case Selection::Kind::spread: return "FRAGMENT_SPREAD";
    case Selection::Kind::inline_fragment: break;
  }
  return "INLINE_FRAGMENT";
}

}  // namespace

void check_directives(Validation& validation) {
  for (const Operation& operation : validation.document.operations) {
    check_directives_at(validation, operation.directives, location_of_operation(operation.kind));
    for (const VariableDefinition& variable : operation.variables)
      check_directives_at(validation, variable.directives, "VARIABLE_DEFINITION");
  }
  for (const Fragment& fragment : validation.document.fragments)
    check_directives_at(validation, fragment.directives, "FRAGMENT_DEFINITION");
  for_each_selection(validation, [&](const Site& site) {
    if (!validation.is_full())
      check_directives_at(validation, site.selection.directives, location_of_selection(site.selection.kind));
  });
}

}  // namespace dompet::graphql
