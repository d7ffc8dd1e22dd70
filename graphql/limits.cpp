#include "graphql/limits.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <unordered_map>

namespace dompet::graphql {

namespace {

/// Far above every limit; sums and products stop here instead of running over.
constexpr std::int64_t very_much = 1'000'000'000;

std::int64_t bounded_product(std::int64_t left, std::int64_t right) {
  return left > very_much / std::max<std::int64_t>(right, 1) ? very_much : std::min(left * right, very_much);
}

std::int64_t count(const std::string& text) { return static_cast<std::int64_t>(text.size()); }

std::int64_t bytes_itself(const Value& value) { return count(value.text) + 1; }

struct Sum {
  std::int64_t fields = 0;
  std::int64_t depth = 0;
  std::int64_t cost = 0;
  std::int64_t input_bytes = 0;

  void add(const Sum& other) {
    fields = std::min(fields + other.fields, very_much);
    depth = std::max(depth, other.depth);
    cost = std::min(cost + other.cost, very_much);
    input_bytes = std::min(input_bytes + other.input_bytes, very_much);
  }
};

class Adding {
 public:
  Adding(const Schema& schema, const Document& document, const Value& variables)
      : schema_(schema), document_(document), variables_(variables) {}

  Sum of(const std::vector<Selection>& selections, const TypeDefinition* parent) {
    Sum sum;
    for (const Selection& selection : selections) {
      if (selection.kind == Selection::Kind::field)
        sum.add(of_field(selection, *parent));
      else if (selection.kind == Selection::Kind::inline_fragment)
        sum.add(of(selection.selections, selection.name.empty() ? parent : schema_.find(selection.name)));
      else
        sum.add(of_fragment(selection.name));
    }
    return sum;
  }

 private:
  Sum of_field(const Selection& selection, const TypeDefinition& parent) {
    const FieldDefinition& field = *schema_.find_field(parent, selection.name);
    const Sum inside = of(selection.selections, schema_.find(field.type.named()));
    const std::int64_t length = length_of(field, selection);
    const std::int64_t cost = bounded_product(length, inside.cost) + 1 + field.weight;
    std::int64_t input_bytes = bounded_product(length, inside.input_bytes);
    for (const Argument& argument : selection.arguments)
      input_bytes += bytes_with_variables(argument.value);
    return {.fields = std::min(inside.fields + 1, very_much),
            .depth = inside.depth + 1,
            .cost = std::min(cost, very_much),
            .input_bytes = std::min(input_bytes, very_much)};
  }

  std::int64_t bytes_with_variables(const Value& literal) const {
    if (literal.kind == Value::Kind::variable) {
      const auto known = of_variables_.find(literal.text);
      if (known != of_variables_.end())
        return known->second;
      const Value* given = variables_.find(literal.text);
      return of_variables_.emplace(literal.text, given == nullptr ? 1 : bytes_of(*given)).first->second;
    }
    std::int64_t bytes = bytes_itself(literal);
    for (const Value& item : literal.items)
      bytes += bytes_with_variables(item);
    for (const auto& [name, member] : literal.members)
      bytes += count(name) + bytes_with_variables(member);
    return std::min(bytes, very_much);
  }

  const Sum& of_fragment(const std::string& name) {
    if (const auto known = of_fragments_.find(name); known != of_fragments_.end())
      return known->second;
    const Fragment& fragment = *document_.find_fragment(name);
    Sum sum = of(fragment.selections, schema_.find(fragment.type_condition));
    return of_fragments_.emplace(name, sum).first->second;
  }

  std::int64_t length_of(const FieldDefinition& field, const Selection& selection) const {
    for (const Argument& argument : selection.arguments) {
      if (argument.name != "first")
        continue;
      const Value* value =
          argument.value.kind == Value::Kind::variable ? variables_.find(argument.value.text) : &argument.value;
      std::int64_t number = 0;
      if (value != nullptr && value->kind == Value::Kind::integer &&
          std::from_chars(value->text.data(), value->text.data() + value->text.size(), number).ec == std::errc{})
        return std::max<std::int64_t>(number, 1);
    }
    return field.length;
  }

  const Schema& schema_;
  const Document& document_;
  const Value& variables_;
  std::unordered_map<std::string, Sum> of_fragments_{};
  mutable std::unordered_map<std::string, std::int64_t> of_variables_{};
};

Fault too_much(std::string_view code, std::string what, std::int64_t has, std::int64_t limit) {
  const std::string shown = has >= very_much ? "very many" : std::to_string(has);
  Fault made = fault(code, std::move(what) + shown + "; " + std::to_string(limit) + " are allowed.");
  made.extensions.set("limit", Value::of_integer(limit));
  return made;
}

/// Counts the fields at the root, those in fragments too, until there are more than the limit: every fragment ends in a
/// field, so that the way there is bounded.
void count_roots(const Document& document, const std::vector<Selection>& selections, std::int64_t limit,
                 std::int64_t& roots) {
  for (const Selection& selection : selections) {
    if (roots > limit)
      return;
    if (selection.kind == Selection::Kind::field)
      ++roots;
    else if (selection.kind == Selection::Kind::inline_fragment)
      count_roots(document, selection.selections, limit, roots);
    else
      count_roots(document, document.find_fragment(selection.name)->selections, limit, roots);
  }
}

}  // namespace

std::int64_t bytes_of(const Value& value) {
  std::int64_t bytes = bytes_itself(value);
  for (const Value& item : value.items)
    bytes += bytes_of(item);
  for (const auto& [name, member] : value.members)
    bytes += count(name) + bytes_of(member);
  return std::min(bytes, very_much);
}

std::optional<Fault> over_limit(const Value& variables, const Limits& limits) {
  if (const std::int64_t bytes = bytes_of(variables); bytes > limits.input_bytes)
    return too_much("query_too_large", "Bytes of variables: ", bytes, limits.input_bytes);
  return std::nullopt;
}

std::optional<Fault> over_limit(const Schema& schema, const Document& document, const Operation& operation,
                                const Value& variables, const Limits& limits) {
  const Sum sum = Adding(schema, document, variables).of(operation.selections, schema.root(operation.kind));
  if (sum.depth > limits.depth)
    return too_much("query_too_deep", "Fields in fields: ", sum.depth, limits.depth);
  if (sum.fields > limits.fields)
    return too_much("query_too_large", "Fields, with every use of a fragment: ", sum.fields, limits.fields);
  if (sum.input_bytes > limits.input_bytes)
    return too_much("query_too_large", "Bytes of the arguments of all fields: ", sum.input_bytes, limits.input_bytes);
  std::int64_t roots = 0;
  count_roots(document, operation.selections, limits.roots, roots);
  if (roots > limits.roots)
    return too_much("query_too_large", "Fields at the root: at least ", roots, limits.roots);
  if (sum.cost > limits.cost)
    return too_much("query_too_costly", "What the answer may cost: ", sum.cost, limits.cost);
  return std::nullopt;
}

}  // namespace dompet::graphql
