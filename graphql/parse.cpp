#include "graphql/parse.hpp"

#include <algorithm>

#include "graphql/strings.hpp"

namespace dompet::graphql {

const SyntaxNode* find(const SyntaxNode& node, SyntaxKind kind) {
  const auto found = std::ranges::find(node.children, kind, &SyntaxNode::kind);
  return found == node.children.end() ? nullptr : &*found;
}

std::string Reading::name(const SyntaxNode& node) const {
  const SyntaxNode* own = find(node, SyntaxKind::name);
  return own == nullptr ? std::string{} : std::string{text(*own)};
}

std::string Reading::string(const SyntaxNode& node) const {
  const std::string_view whole = text(node);
  if (node.kind == SyntaxKind::block_string_value)
    return block_text(whole.substr(3, whole.size() - 6));
  auto said = unescaped(whole.substr(1, whole.size() - 2));
  if (!said)
    throw fault("graphql_syntax", "Syntax error: half of a surrogate pair is no character.",
                {location_of(text_, node.begin)});
  return *std::move(said);
}

Value Reading::value(const SyntaxNode& node, bool is_constant) const {
  Value made;
  made.at = node.begin;
  const std::string_view own = text(node);
  switch (node.kind) {
    case SyntaxKind::integer_value: made.kind = Value::Kind::integer, made.text = own; break;
    case SyntaxKind::float_value: made.kind = Value::Kind::decimal, made.text = own; break;
    case SyntaxKind::string_value:
    case SyntaxKind::block_string_value: made.kind = Value::Kind::text, made.text = string(node); break;
    case SyntaxKind::enum_value:
      made.kind = own == "null"                     ? Value::Kind::null
                  : own == "true" || own == "false" ? Value::Kind::boolean
                                                    : Value::Kind::name;
      made.truth = own == "true";
      made.text = made.kind == Value::Kind::name ? own : std::string_view{};
      break;
    case SyntaxKind::variable:
      if (is_constant)
        throw fault("graphql_syntax", "Syntax error: a variable cannot stand where a constant must.",
                    {location_of(text_, node.begin)});
      made.kind = Value::Kind::variable, made.text = name(node);
      break;
    case SyntaxKind::list_value:
      made.kind = Value::Kind::list;
      for (const SyntaxNode& item : node.children)
        made.items.push_back(value(item, is_constant));
      break;
    default:
      made.kind = Value::Kind::object;
      for (const SyntaxNode& member : node.children)
        made.set(name(member), value(member.children.back(), is_constant)).at = member.begin;
  }
  return made;
}

TypeReference Reading::type(const std::vector<SyntaxNode>& children) const {
  TypeReference made;
  for (const SyntaxNode& node : children) {
    if (node.kind == SyntaxKind::named_type) {
      made = {.kind = TypeReference::Kind::named, .name = std::string{text(node)}, .at = node.begin};
    } else if (node.kind == SyntaxKind::list_type) {
      made = {.kind = TypeReference::Kind::list,
              .name = {},
              .of = std::make_shared<TypeReference>(type(node.children)),
              .at = node.begin};
    } else if (node.kind == SyntaxKind::non_null_type) {
      const std::size_t at = made.at;
      made = {.kind = TypeReference::Kind::non_null,
              .name = {},
              .of = std::make_shared<TypeReference>(std::move(made)),
              .at = at};
    }
  }
  return made;
}

std::vector<Argument> Reading::arguments(const SyntaxNode& node, bool is_constant) const {
  std::vector<Argument> made;
  for (const SyntaxNode& child : node.children)
    if (child.kind == SyntaxKind::argument)
      made.push_back({name(child), value(child.children.back(), is_constant), child.begin});
  return made;
}

std::vector<Directive> Reading::directives(const SyntaxNode& node, bool is_constant) const {
  std::vector<Directive> made;
  for (const SyntaxNode& child : node.children)
    if (child.kind == SyntaxKind::directive)
      made.push_back({name(child), arguments(child, is_constant), child.begin});
  return made;
}

std::optional<Value> Reading::fallback(const SyntaxNode& node) const {
  const SyntaxNode* given = find(node, SyntaxKind::default_value);
  return given == nullptr ? std::nullopt : std::optional{value(given->children.front(), true)};
}

/// Operations and fragments of a tree.
class DocumentReading {
 public:
  explicit DocumentReading(std::string_view text) : reading_(text) {}

  Document document(const SyntaxNode& root) const {
    Document made;
    made.source = reading_.text();
    for (const SyntaxNode& node : root.children)
      if (node.kind == SyntaxKind::operation_definition)
        made.operations.push_back(operation(node));
      else if (node.kind == SyntaxKind::fragment_definition)
        made.fragments.push_back(
            {reading_.name(node), condition(node), reading_.directives(node, false), selections(node), node.begin});
      else if (node.kind != SyntaxKind::description)
        made.type_definitions.push_back(node.begin);
    return made;
  }

 private:
  std::string condition(const SyntaxNode& node) const {
    const SyntaxNode* given = find(node, SyntaxKind::type_condition);
    return given == nullptr ? std::string{} : std::string{reading_.text(given->children.front())};
  }

  std::vector<Selection> selections(const SyntaxNode& node) const {
    std::vector<Selection> made;
    if (const SyntaxNode* set = find(node, SyntaxKind::selection_set))
      for (const SyntaxNode& child : set->children)
        made.push_back(selection(child));
    return made;
  }

  Selection selection(const SyntaxNode& node) const {
    Selection made{.directives = reading_.directives(node, false), .selections = selections(node), .at = node.begin};
    if (node.kind == SyntaxKind::inline_fragment) {
      made.kind = Selection::Kind::inline_fragment;
      made.name = condition(node);
      return made;
    }
    made.name = reading_.name(node);
    if (node.kind == SyntaxKind::fragment_spread) {
      made.kind = Selection::Kind::spread;
      return made;
    }
    const SyntaxNode* alias = find(node, SyntaxKind::alias);
    made.key = alias == nullptr ? made.name : reading_.name(*alias);
    made.arguments = reading_.arguments(node, false);
    return made;
  }

  Operation operation(const SyntaxNode& node) const {
    Operation made{.name = reading_.name(node),
                   .directives = reading_.directives(node, false),
                   .selections = selections(node),
                   .at = node.begin};
    if (const SyntaxNode* type = find(node, SyntaxKind::operation_type))
      made.kind = reading_.text(*type) == "query"      ? Operation::Kind::query
                  : reading_.text(*type) == "mutation" ? Operation::Kind::mutation
                                                       : Operation::Kind::subscription;
    for (const SyntaxNode& child : node.children)
      if (child.kind == SyntaxKind::variable_definition)
        made.variables.push_back({reading_.name(child.children.front()), reading_.type(child.children),
                                  reading_.fallback(child), reading_.directives(child, true), child.begin});
    return made;
  }

  Reading reading_;
};

std::expected<Document, Fault> parse(std::string_view text, const TextLimits& limits) {
  const auto tree = syntax_tree(text, limits);
  if (!tree)
    return std::unexpected(tree.error());
  try {
    return DocumentReading(text).document(*tree);
  } catch (Fault& refused) {
    return std::unexpected(std::move(refused));
  }
}

}  // namespace dompet::graphql
