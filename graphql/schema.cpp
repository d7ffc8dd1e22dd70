#include "graphql/schema.hpp"

#include <algorithm>

namespace dompet::graphql {

namespace {

template <typename Items>
auto find_named(const Items& items, std::string_view name) -> decltype(items.data()) {
  const auto found = std::ranges::find_if(items, [name](const auto& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

const InputValue* FieldDefinition::find(std::string_view argument) const { return find_named(arguments, argument); }

const FieldDefinition* TypeDefinition::find(std::string_view field) const { return find_named(fields, field); }

const InputValue* TypeDefinition::find_input(std::string_view input) const { return find_named(inputs, input); }

const EnumValue* TypeDefinition::find_value(std::string_view value) const { return find_named(values, value); }

bool TypeDefinition::may_be(const TypeDefinition& object) const {
  return &object == this || std::ranges::find(possible, object.name) != possible.end();
}

std::string_view name_of(TypeDefinition::Kind kind) {
  switch (kind) {
    case TypeDefinition::Kind::scalar: return "SCALAR";
    case TypeDefinition::Kind::object: return "OBJECT";
    case TypeDefinition::Kind::interface: return "INTERFACE";
    case TypeDefinition::Kind::union_: return "UNION";
    case TypeDefinition::Kind::enum_: return "ENUM";
    case TypeDefinition::Kind::input: break;
  }
  return "INPUT_OBJECT";
}

bool DirectiveDefinition::is_allowed_at(std::string_view location) const {
  return std::ranges::find(locations, location) != locations.end();
}

const TypeDefinition* Schema::find(std::string_view type) const {
  const auto found = by_name_.find(std::string{type});
  return found == by_name_.end() ? nullptr : found->second;
}

const DirectiveDefinition* Schema::find_directive(std::string_view name) const {
  const auto found = std::ranges::find(directives_, name, &DirectiveDefinition::name);
  return found == directives_.end() ? nullptr : &*found;
}

const TypeDefinition* Schema::root(Operation::Kind kind) const { return find(roots_[static_cast<std::size_t>(kind)]); }

const FieldDefinition* Schema::find_field(const TypeDefinition& parent, std::string_view name) const {
  if (!name.starts_with("__"))
    return parent.find(name);
  const FieldDefinition* meta = find_named(meta_, name);
  const bool is_everywhere = name == "__typename";
  return meta != nullptr && (is_everywhere || &parent == root(Operation::Kind::query)) ? meta : parent.find(name);
}

bool may_overlap(const Schema& schema, const TypeDefinition& left, const TypeDefinition& right) {
  if (&left == &right)
    return true;
  if (!left.is_abstract())
    return right.may_be(left);
  return std::ranges::any_of(left.possible, [&](const std::string& name) { return right.may_be(*schema.find(name)); });
}

}  // namespace dompet::graphql
