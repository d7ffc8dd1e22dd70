#include <algorithm>

#include "graphql/builtin_types.hpp"
#include "graphql/parse.hpp"
#include "graphql/schema.hpp"
#include "graphql/values.hpp"

namespace dompet::graphql {

/// A tree of type definitions becomes a Schema. Throws a Fault for what is wrong.
class SchemaReading {
 public:
  SchemaReading(Schema& schema, std::string_view text) : schema_(schema), reading_(text) {}

  void define_all(const SyntaxNode& root) {
    std::string description;
    for (const SyntaxNode& node : root.children) {
      if (node.kind == SyntaxKind::description)
        description = reading_.string(node.children.front());
      else
        define(node, std::exchange(description, {}));
    }
  }

  /// Once everything is there.
  static void conclude(Schema& schema) {
    TypeDefinition* meta = schema.by_name_.extract("__Meta").mapped();
    schema.meta_ = std::move(meta->fields);
    std::erase_if(schema.types_, [](const TypeDefinition& type) { return type.name == "__Meta"; });
    schema.by_name_.clear();
    for (TypeDefinition& type : schema.types_)
      schema.by_name_.emplace(type.name, &type);
    for (const TypeDefinition& type : schema.types_)
      if (type.kind == TypeDefinition::Kind::object)
        for (const std::string& name : type.interfaces)
          if (const auto found = schema.by_name_.find(name); found != schema.by_name_.end())
            found->second->possible.push_back(type.name);
  }

 private:
  [[noreturn]] void refuse(const SyntaxNode& node, const std::string& what) const {
    throw fault("graphql_schema", what, {location_of(reading_.text(), node.begin)});
  }

  void define(const SyntaxNode& node, std::string description) {
    switch (node.kind) {
      case SyntaxKind::schema_definition: return define_roots(node, std::move(description));
      case SyntaxKind::directive_definition: return define_directive(node, std::move(description));
      case SyntaxKind::scalar_definition:
        return define_type(node, TypeDefinition::Kind::scalar, std::move(description));
      case SyntaxKind::object_definition:
        return define_type(node, TypeDefinition::Kind::object, std::move(description));
      case SyntaxKind::interface_definition:
        return define_type(node, TypeDefinition::Kind::interface, std::move(description));
      case SyntaxKind::union_definition: return define_type(node, TypeDefinition::Kind::union_, std::move(description));
      case SyntaxKind::enum_definition: return define_type(node, TypeDefinition::Kind::enum_, std::move(description));
      case SyntaxKind::input_definition: return define_type(node, TypeDefinition::Kind::input, std::move(description));
      default: refuse(node, "A schema has definitions of types and directives only.");
    }
  }

  void define_roots(const SyntaxNode& node, std::string description) {
    schema_.description_ = std::move(description);
    for (std::string& root : schema_.roots_)
      root.clear();
    for (const SyntaxNode& child : node.children)
      if (child.kind == SyntaxKind::root_operation) {
        const std::string kind = reading_.name(child);
        const std::size_t place = kind == "query" ? 0 : kind == "mutation" ? 1 : 2;
        schema_.roots_[place] = reading_.text(child.children.back());
      }
  }

  void define_directive(const SyntaxNode& node, std::string description) {
    DirectiveDefinition made{.name = reading_.name(node), .description = std::move(description)};
    if (schema_.find_directive(made.name) != nullptr)
      refuse(node, "The directive @" + made.name + " is defined twice.");
    made.arguments = inputs(node);
    made.is_repeatable = find(node, SyntaxKind::repeatable) != nullptr;
    for (const SyntaxNode& child : node.children)
      if (child.kind == SyntaxKind::directive_location)
        made.locations.emplace_back(reading_.text(child));
    schema_.directives_.push_back(std::move(made));
  }

  void define_type(const SyntaxNode& node, TypeDefinition::Kind kind, std::string description) {
    TypeDefinition made{.kind = kind, .name = reading_.name(node), .description = std::move(description)};
    if (schema_.by_name_.contains(made.name))
      refuse(node, "The type " + made.name + " is defined twice.");
    for (const Directive& directive : reading_.directives(node, true))
      if (const Value* url = directive.find("url"); url != nullptr && directive.name == "specifiedBy")
        made.specified_by = url->text;
    if (const SyntaxNode* implements = find(node, SyntaxKind::implements))
      for (const SyntaxNode& child : implements->children)
        made.interfaces.emplace_back(reading_.text(child));
    made.inputs = inputs(node);
    for (const SyntaxNode& child : node.children)
      if (child.kind == SyntaxKind::field_definition)
        made.fields.push_back(field(child));
      else if (child.kind == SyntaxKind::enum_value_definition)
        made.values.push_back({reading_.name(child), described(child), deprecation(child)});
      else if (child.kind == SyntaxKind::named_type)
        made.possible.emplace_back(reading_.text(child));
    schema_.types_.push_back(std::move(made));
    schema_.by_name_.emplace(schema_.types_.back().name, &schema_.types_.back());
  }

  FieldDefinition field(const SyntaxNode& node) const {
    FieldDefinition made{.name = reading_.name(node), .description = described(node), .arguments = inputs(node)};
    made.type = reading_.type(node.children);
    made.deprecation = deprecation(node);
    for (const Directive& directive : reading_.directives(node, true)) {
      if (directive.name != "cost")
        continue;
      if (const Value* weight = directive.find("weight"))
        made.weight = std::stoll(weight->text);
      if (const Value* length = directive.find("length"))
        made.length = std::stoll(length->text);
    }
    return made;
  }

  std::vector<InputValue> inputs(const SyntaxNode& node) const {
    std::vector<InputValue> made;
    for (const SyntaxNode& child : node.children)
      if (child.kind == SyntaxKind::input_value_definition)
        made.push_back(
            {reading_.name(child), described(child), reading_.type(child.children), reading_.fallback(child)});
    return made;
  }

  std::string described(const SyntaxNode& node) const {
    const SyntaxNode* given = find(node, SyntaxKind::description);
    return given == nullptr ? std::string{} : reading_.string(given->children.front());
  }

  std::optional<std::string> deprecation(const SyntaxNode& node) const {
    for (const Directive& directive : reading_.directives(node, true))
      if (directive.name == "deprecated") {
        const Value* reason = directive.find("reason");
        return reason == nullptr ? "No longer supported" : reason->text;
      }
    return std::nullopt;
  }

  Schema& schema_;
  Reading reading_;
};

namespace {

[[noreturn]] void refuse(const std::string& what) { throw fault("graphql_schema", what); }

void check_inputs(const Schema& schema, const std::vector<InputValue>& inputs, const std::string& where) {
  for (const InputValue& input : inputs) {
    const TypeDefinition* type = schema.find(input.type.named());
    if (type == nullptr || !type->is_input())
      refuse(where + "." + input.name + " is of " + text_of(input.type) + ", which is no input type.");
    if (input.fallback && !fits(schema, *input.fallback, input.type))
      refuse(where + "." + input.name + " has a default value that is no " + text_of(input.type) + ".");
  }
}

bool is_subtype(const Schema& schema, const TypeReference& narrow, const TypeReference& wide) {
  if (narrow.is_non_null())
    return is_subtype(schema, *narrow.of, wide.nullable());
  if (wide.is_non_null() || narrow.kind != wide.kind)
    return false;
  if (narrow.is_list())
    return is_subtype(schema, *narrow.of, *wide.of);
  const auto& interfaces = schema.find(narrow.name)->interfaces;
  return narrow.name == wide.name || std::ranges::find(interfaces, wide.name) != interfaces.end() ||
         schema.find(wide.name)->may_be(*schema.find(narrow.name));
}

void check_interface(const Schema& schema, const TypeDefinition& type, const std::string& name) {
  const TypeDefinition* promised = schema.find(name);
  if (promised == nullptr || promised->kind != TypeDefinition::Kind::interface)
    refuse(type.name + " implements " + name + ", which is no interface.");
  for (const FieldDefinition& field : promised->fields) {
    const FieldDefinition* own = type.find(field.name);
    if (own == nullptr || !is_subtype(schema, own->type, field.type))
      refuse(type.name + "." + field.name + " is not what " + name + " promises.");
    for (const InputValue& argument : field.arguments)
      if (const InputValue* kept = own->find(argument.name); kept == nullptr || !is_same(kept->type, argument.type))
        refuse(type.name + "." + field.name + " lacks the argument " + argument.name + " of " + name + ".");
  }
}

void check(const Schema& schema) {
  for (const TypeDefinition& type : schema.types()) {
    const bool has_fields = type.kind == TypeDefinition::Kind::object || type.kind == TypeDefinition::Kind::interface;
    if (has_fields && type.fields.empty())
      refuse(type.name + " has no fields.");
    for (const FieldDefinition& field : type.fields) {
      const TypeDefinition* of = schema.find(field.type.named());
      if (of == nullptr || of->kind == TypeDefinition::Kind::input)
        refuse(type.name + "." + field.name + " is of " + text_of(field.type) + ", which is no output type.");
      check_inputs(schema, field.arguments, type.name + "." + field.name);
    }
    check_inputs(schema, type.inputs, type.name);
    for (const std::string& name : type.possible)
      if (const TypeDefinition* member = schema.find(name);
          member == nullptr || member->kind != TypeDefinition::Kind::object)
        refuse("The union " + type.name + " has " + name + ", which is no object type.");
  }
  for (const TypeDefinition& type : schema.types())
    for (const std::string& name : type.interfaces)
      check_interface(schema, type, name);
  if (schema.root(Operation::Kind::query) == nullptr)
    refuse("A schema has a type for queries.");
}

}  // namespace

std::expected<Schema, Fault> Schema::read(std::string_view text) {
  constexpr TextLimits ours{.bytes = std::size_t{1} << 20, .tokens = 200'000, .nesting = 32};
  Schema schema;
  try {
    for (const std::string_view part : {builtin_types, text}) {
      const auto tree = syntax_tree(part, ours);
      if (!tree)
        return std::unexpected(tree.error());
      SchemaReading(schema, part).define_all(*tree);
    }
    SchemaReading::conclude(schema);
    check(schema);
  } catch (Fault& refused) {
    return std::unexpected(std::move(refused));
  }
  return schema;
}

}  // namespace dompet::graphql
