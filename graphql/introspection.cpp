#include "graphql/introspection.hpp"

#include <algorithm>
#include <functional>

namespace dompet::graphql {

namespace {

// Types refer to each other in circles, so a value of introspection is only the name of what it is about, and its
// members are looked up when they are asked for: a type is its text ("[String!]"), other things are lists of names.

Value named(std::initializer_list<std::string> names) {
  std::vector<Value> items;
  for (const std::string& name : names)
    items.push_back(Value::of_text(name));
  return Value::of_list(std::move(items));
}

/// An object that stands for its names: {"names": [...]}; lists are lists to the execution.
Value handle(std::initializer_list<std::string> names) { return Value::of_object({{"names", named(names)}}); }

const std::string& name_in(const Value& source, std::size_t place) { return source.find("names")->items[place].text; }

Value type_handle(const std::string& text) { return Value::of_text(text); }

Value text_or_null(const std::string& text) { return text.empty() ? Value{} : Value::of_text(text); }

Value types_of(const std::vector<std::string>& names) {
  std::vector<Value> items;
  for (const std::string& name : names)
    items.push_back(type_handle(name));
  return Value::of_list(std::move(items));
}

Value inputs_of(const std::vector<InputValue>& inputs, const std::string& owner, const std::string& field) {
  std::vector<Value> items;
  for (const InputValue& input : inputs)
    items.push_back(handle({owner, field, input.name}));
  return Value::of_list(std::move(items));
}

bool wants_deprecated(const FieldCall& call) {
  const Value* wanted = call.arguments.find("includeDeprecated");
  return wanted != nullptr && wanted->truth;
}

Value of_schema(const Schema& schema, const std::string& field) {
  const auto root = [&schema](Operation::Kind kind) {
    const TypeDefinition* type = schema.root(kind);
    return type == nullptr ? Value{} : type_handle(type->name);
  };
  if (field == "description")
    return text_or_null(schema.description());
  if (field == "queryType")
    return root(Operation::Kind::query);
  if (field == "mutationType")
    return root(Operation::Kind::mutation);
  if (field == "subscriptionType")
    return root(Operation::Kind::subscription);
  std::vector<Value> items;
  if (field == "types")
    for (const TypeDefinition& type : schema.types())
      items.push_back(type_handle(type.name));
  else
    for (const DirectiveDefinition& directive : schema.directives())
      items.push_back(handle({directive.name}));
  return Value::of_list(std::move(items));
}

Value fields_of(const TypeDefinition& type, bool with_deprecated) {
  if (type.kind != TypeDefinition::Kind::object && type.kind != TypeDefinition::Kind::interface)
    return {};
  std::vector<Value> items;
  for (const FieldDefinition& field : type.fields)
    if (with_deprecated || !field.deprecation)
      items.push_back(handle({type.name, field.name}));
  return Value::of_list(std::move(items));
}

Value values_of(const TypeDefinition& type, bool with_deprecated) {
  if (type.kind != TypeDefinition::Kind::enum_)
    return {};
  std::vector<Value> items;
  for (const EnumValue& value : type.values)
    if (with_deprecated || !value.deprecation)
      items.push_back(handle({type.name, value.name}));
  return Value::of_list(std::move(items));
}

Value of_type(const Schema& schema, const FieldCall& call) {
  const std::string& text = call.source.text;
  const std::string& field = call.field.name;
  const bool is_non_null = text.ends_with('!');
  if (is_non_null || text.starts_with('[')) {
    if (field == "kind")
      return Value::of_text(is_non_null ? "NON_NULL" : "LIST");
    const std::size_t front = is_non_null ? 0 : 1;
    return field == "ofType" ? type_handle(text.substr(front, text.size() - front - 1)) : Value{};
  }
  const TypeDefinition& type = *schema.find(text);
  if (field == "kind")
    return Value::of_text(std::string{name_of(type.kind)});
  if (field == "name")
    return Value::of_text(type.name);
  if (field == "description")
    return text_or_null(type.description);
  if (field == "specifiedByURL")
    return text_or_null(type.specified_by);
  if (field == "fields")
    return fields_of(type, wants_deprecated(call));
  if (field == "enumValues")
    return values_of(type, wants_deprecated(call));
  if (field == "interfaces")
    return type.kind == TypeDefinition::Kind::object || type.kind == TypeDefinition::Kind::interface ? types_of(
                                                                                                           type.interfaces)
                                                                                                     : Value{};
  if (field == "possibleTypes")
    return type.is_abstract() ? types_of(type.possible) : Value{};
  if (field == "inputFields")
    return type.kind == TypeDefinition::Kind::input ? inputs_of(type.inputs, type.name, "") : Value{};
  return {};
}

Value of_deprecation(const std::optional<std::string>& deprecation, const std::string& field) {
  if (field == "isDeprecated")
    return Value::of_truth(deprecation.has_value());
  return deprecation ? Value::of_text(*deprecation) : Value{};
}

Value of_field(const Schema& schema, const Value& source, const std::string& field) {
  const TypeDefinition& type = *schema.find(name_in(source, 0));
  const FieldDefinition& definition = *type.find(name_in(source, 1));
  if (field == "name")
    return Value::of_text(definition.name);
  if (field == "description")
    return text_or_null(definition.description);
  if (field == "args")
    return inputs_of(definition.arguments, type.name, definition.name);
  if (field == "type")
    return type_handle(text_of(definition.type));
  return of_deprecation(definition.deprecation, field);
}

/// The one that a handle of owner, field and name means; a directive's owner begins with an @.
const InputValue& input_of(const Schema& schema, const Value& source) {
  const std::string& owner = name_in(source, 0);
  const std::string& field = name_in(source, 1);
  const std::string& name = name_in(source, 2);
  if (owner.starts_with('@'))
    return *std::ranges::find(schema.find_directive(owner.substr(1))->arguments, name, &InputValue::name);
  const TypeDefinition& type = *schema.find(owner);
  return field.empty() ? *type.find_input(name) : *type.find(field)->find(name);
}

Value of_input(const InputValue& input, const std::string& field) {
  if (field == "name")
    return Value::of_text(input.name);
  if (field == "description")
    return text_or_null(input.description);
  if (field == "type")
    return type_handle(text_of(input.type));
  return input.fallback ? Value::of_text(literal_of(*input.fallback)) : Value{};
}

Value of_enum_value(const Schema& schema, const Value& source, const std::string& field) {
  const EnumValue& value = *schema.find(name_in(source, 0))->find_value(name_in(source, 1));
  if (field == "name")
    return Value::of_text(value.name);
  if (field == "description")
    return text_or_null(value.description);
  return of_deprecation(value.deprecation, field);
}

Value of_directive(const Schema& schema, const Value& source, const std::string& field) {
  const DirectiveDefinition& directive = *schema.find_directive(name_in(source, 0));
  if (field == "name")
    return Value::of_text(directive.name);
  if (field == "description")
    return text_or_null(directive.description);
  if (field == "args")
    return inputs_of(directive.arguments, "@" + directive.name, "");
  if (field == "isRepeatable")
    return Value::of_truth(directive.is_repeatable);
  return types_of(directive.locations);
}

}  // namespace

std::optional<Value> introspect(const Schema& schema, const FieldCall& call) {
  const std::string& field = call.field.name;
  const std::string& parent = call.parent.name;
  if (field == "__typename")
    return Value::of_text(parent);
  if (field == "__schema")
    return Value::of_object();
  if (field == "__type") {
    const TypeDefinition* type = schema.find(call.arguments.find("name")->text);
    return type == nullptr ? Value{} : type_handle(type->name);
  }
  if (!parent.starts_with("__"))
    return std::nullopt;
  if (parent == "__Schema")
    return of_schema(schema, field);
  if (parent == "__Type")
    return of_type(schema, call);
  if (parent == "__Field")
    return of_field(schema, call.source, field);
  if (parent == "__InputValue")
    return of_input(input_of(schema, call.source), field);
  if (parent == "__EnumValue")
    return of_enum_value(schema, call.source, field);
  return of_directive(schema, call.source, field);
}

bool asks_for_schema(const Document& document) {
  const std::function<bool(const std::vector<Selection>&)> asks = [&](const std::vector<Selection>& selections) {
    return std::ranges::any_of(selections, [&](const Selection& selection) {
      const bool is_field = selection.kind == Selection::Kind::field;
      return (is_field && (selection.name == "__schema" || selection.name == "__type")) || asks(selection.selections);
    });
  };
  return std::ranges::any_of(document.operations,
                             [&](const Operation& operation) { return asks(operation.selections); }) ||
         std::ranges::any_of(document.fragments, [&](const Fragment& fragment) { return asks(fragment.selections); });
}

}  // namespace dompet::graphql
