#include "graphql/values.hpp"

#include <charconv>
#include <cmath>

namespace dompet::graphql {

namespace {

using Kind = Value::Kind;

bool is_int(const std::string& digits) {
  std::int32_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
}

/// A number that a reader's double can hold, if not with all its digits.
bool is_number(const std::string& digits) {
  double number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return read.ec == std::errc{} && read.ptr == digits.data() + digits.size() && std::isfinite(number);
}

bool is_scalar_value(const std::string& scalar, const Value& value) {
  if (scalar == "Int")
    return value.kind == Kind::integer && is_int(value.text);
  if (scalar == "Float")
    return (value.kind == Kind::integer || value.kind == Kind::decimal) && is_number(value.text);
  if (scalar == "String")
    return value.kind == Kind::text;
  if (scalar == "Boolean")
    return value.kind == Kind::boolean;
  if (scalar == "ID")
    return value.kind == Kind::text || value.kind == Kind::integer;
  return true;
}

std::string shown(const Value& value) {
  std::string text = literal_of(value);
  if (text.size() > 100)
    text.replace(text.begin() + 97, text.end(), "...");
  return text;
}

/// A scalar of our own may be an object, but no member of it can be there twice either.
std::optional<Misfit> repeated_member(const Value& literal) {
  for (const Value& item : literal.items)
    if (auto found = repeated_member(item))
      return found;
  for (const auto& [name, value] : literal.members) {
    if (literal.find(name) != &value)
      return Misfit{"There can be only one field \"" + name + "\" in an object.", value.at};
    if (auto found = repeated_member(value))
      return found;
  }
  return std::nullopt;
}

std::optional<Misfit> misfit_of_object(const Schema& schema, const Value& literal, const TypeDefinition& type) {
  if (literal.kind != Kind::object)
    return Misfit{"Expected an object of " + type.name + ", found " + shown(literal) + ".", literal.at};
  for (std::size_t i = 0; i < literal.members.size(); ++i) {
    const auto& [name, value] = literal.members[i];
    if (literal.find(name) != &value)
      return Misfit{"There can be only one field \"" + name + "\" in an object.", value.at};
    const InputValue* field = type.find_input(name);
    if (field == nullptr)
      return Misfit{"The input " + type.name + " has no field \"" + name + "\".", value.at};
    if (auto found = misfit(schema, value, field->type))
      return found;
  }
  for (const InputValue& field : type.inputs)
    if (field.is_required() && literal.find(field.name) == nullptr)
      return Misfit{"The field " + type.name + "." + field.name + " of " + text_of(field.type) + " is required.",
                    literal.at};
  return std::nullopt;
}

std::expected<Value, std::string> coerce_object(const Schema& schema, const Value& given, const TypeDefinition& type,
                                                const std::string& name) {
  if (given.kind != Kind::object)
    return std::unexpected(name + " must be an object of " + type.name + ".");
  for (const auto& member : given.members)
    if (type.find_input(member.first) == nullptr)
      return std::unexpected(name + " has the field \"" + member.first + "\", which " + type.name + " has not.");
  Value made = Value::of_object();
  for (const InputValue& field : type.inputs) {
    const Value* value = given.find(field.name);
    if (value == nullptr && field.is_required())
      return std::unexpected(name + "." + field.name + " of " + text_of(field.type) + " is required.");
    if (value == nullptr && !field.fallback)
      continue;
    auto coerced =
        coerce_input(schema, value == nullptr ? *field.fallback : *value, field.type, name + "." + field.name);
    if (!coerced)
      return coerced;
    made.set(field.name, *std::move(coerced));
  }
  return made;
}

std::expected<Value, std::string> coerce_list(const Schema& schema, const Value& given, const TypeReference& of,
                                              const std::string& name) {
  std::vector<Value> items;
  if (given.kind != Kind::list) {
    auto only = coerce_input(schema, given, of, name);
    if (!only)
      return only;
    items.push_back(*std::move(only));
    return Value::of_list(std::move(items));
  }
  for (std::size_t i = 0; i < given.items.size(); ++i) {
    auto item = coerce_input(schema, given.items[i], of, name + "[" + std::to_string(i) + "]");
    if (!item)
      return item;
    items.push_back(*std::move(item));
  }
  return Value::of_list(std::move(items));
}

/// The literal with its variables' values in it. Nothing for a variable that has none.
std::optional<Value> filled(const Value& literal, const Value& variables) {
  if (literal.kind == Kind::variable) {
    const Value* value = variables.find(literal.text);
    return value == nullptr ? std::nullopt : std::optional{*value};
  }
  Value made = literal;
  made.items.clear();
  made.members.clear();
  for (const Value& item : literal.items)
    made.items.push_back(filled(item, variables).value_or(Value{}));
  for (const auto& [name, value] : literal.members)
    if (auto member = filled(value, variables))
      made.set(name, *std::move(member));
  return made;
}

}  // namespace

std::optional<Misfit> misfit(const Schema& schema, const Value& literal, const TypeReference& type) {
  if (literal.kind == Kind::variable)
    return std::nullopt;
  if (literal.is_null())
    return type.is_non_null() ? std::optional{Misfit{"Expected a " + text_of(type) + ", found null.", literal.at}}
                              : std::nullopt;
  const TypeReference& wanted = type.nullable();
  if (wanted.is_list()) {
    if (literal.kind != Kind::list)
      return misfit(schema, literal, *wanted.of);
    for (const Value& item : literal.items)
      if (auto found = misfit(schema, item, *wanted.of))
        return found;
    return std::nullopt;
  }
  const TypeDefinition* definition = schema.find(wanted.name);
  if (definition == nullptr)
    return std::nullopt;
  if (definition->kind == TypeDefinition::Kind::input)
    return misfit_of_object(schema, literal, *definition);
  const bool is_one = definition->kind == TypeDefinition::Kind::enum_
                          ? literal.kind == Kind::name && definition->find_value(literal.text) != nullptr
                          : is_scalar_value(definition->name, literal);
  if (is_one)
    return repeated_member(literal);
  return Misfit{"Expected a " + text_of(type) + ", found " + shown(literal) + ".", literal.at};
}

bool fits(const Schema& schema, const Value& literal, const TypeReference& type) {
  return !misfit(schema, literal, type);
}

std::expected<Value, std::string> coerce_input(const Schema& schema, const Value& given, const TypeReference& type,
                                               const std::string& name) {
  if (given.is_null())
    return type.is_non_null()
               ? std::expected<Value, std::string>{std::unexpect, name + " of " + text_of(type) + " must not be null."}
               : Value{};
  const TypeReference& wanted = type.nullable();
  if (wanted.is_list())
    return coerce_list(schema, given, *wanted.of, name);
  const TypeDefinition& definition = *schema.find(wanted.name);
  if (definition.kind == TypeDefinition::Kind::input)
    return coerce_object(schema, given, definition, name);
  const bool is_text = given.kind == Kind::text || given.kind == Kind::name;
  const bool is_one = definition.kind == TypeDefinition::Kind::enum_
                          ? is_text && definition.find_value(given.text) != nullptr
                          : is_scalar_value(definition.name, given);
  if (!is_one)
    return std::unexpected(name + " must be a " + text_of(type) + ", and is " + shown(given) + ".");
  Value made = given;
  if (definition.name == "ID" || definition.kind == TypeDefinition::Kind::enum_)
    made.kind = Kind::text;
  return made;
}

std::expected<Value, Fault> coerce_variables(const Schema& schema, const Document& document, const Operation& operation,
                                             const Value& given) {
  Value made = Value::of_object();
  for (const VariableDefinition& variable : operation.variables) {
    const auto refuse = [&](std::string message) {
      return std::unexpected(
          fault("graphql_variables", std::move(message), {location_of(document.source, variable.at)}));
    };
    const Value* value = given.find(variable.name);
    if (value == nullptr && variable.fallback)
      value = &*variable.fallback;
    if (value == nullptr) {
      if (variable.type.is_non_null())
        return refuse("The variable $" + variable.name + " of " + text_of(variable.type) + " is required.");
      continue;
    }
    auto coerced = coerce_input(schema, *value, variable.type, "$" + variable.name);
    if (!coerced)
      return refuse(std::move(coerced.error()));
    made.set(variable.name, *std::move(coerced));
  }
  return made;
}

std::expected<Value, Misfit> coerce_arguments(const Schema& schema, const std::vector<InputValue>& definitions,
                                              const std::vector<Argument>& arguments, const Value& variables) {
  Value made = Value::of_object();
  for (const InputValue& definition : definitions) {
    std::optional<Value> value;
    std::size_t at = 0;
    for (const Argument& argument : arguments)
      if (argument.name == definition.name) {
        value = filled(argument.value, variables);
        at = argument.at;
      }
    if (!value)
      value = definition.fallback;
    if (!value && definition.type.is_non_null())
      return std::unexpected(Misfit{"The argument " + definition.name + " is required.", at});
    if (!value)
      continue;
    auto coerced = coerce_input(schema, *value, definition.type, definition.name);
    if (!coerced)
      return std::unexpected(Misfit{std::move(coerced.error()), at});
    made.set(definition.name, *std::move(coerced));
  }
  return made;
}

std::expected<Value, std::string> coerce_result(const TypeDefinition& leaf, Value value) {
  const auto no = [&] { return std::unexpected(leaf.name + " cannot be " + shown(value) + "."); };
  if (leaf.kind == TypeDefinition::Kind::enum_) {
    if (value.kind != Kind::text || leaf.find_value(value.text) == nullptr)
      return no();
    return value;
  }
  if (leaf.name == "String" || leaf.name == "ID") {
    if (value.kind == Kind::integer || (value.kind == Kind::decimal && leaf.name == "String"))
      value.kind = Kind::text;
    if (value.kind == Kind::boolean && leaf.name == "String")
      value = Value::of_text(value.truth ? "true" : "false");
  }
  // A text of digits is the number: nothing is lost, because numbers are texts here anyway.
  if (leaf.name == "Float" && value.kind == Kind::text && is_number(value.text))
    value.kind = Kind::decimal;
  if (!is_scalar_value(leaf.name, value))
    return no();
  return value;
}

}  // namespace dompet::graphql
