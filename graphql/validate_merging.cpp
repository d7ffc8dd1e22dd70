#include <algorithm>
#include <map>
#include <set>

#include "graphql/validation.hpp"

namespace dompet::graphql {

// Fields that have one key in the answer must be one field (5.3.2). The pairs of the specification are not compared
// each with each, which would be quadratic: all fields of a key are put together, held against the first, and what is
// inside them is put together in turn. First their shapes, whatever their parents; then, among fields that can be asked
// of one object, names and arguments. (The way of S. Adameit, "GraphQL field merging", which Sangria and graphql-java
// go too.)

namespace {

/// Fields that are looked at, again for every set that they are in. A document of thousands of tokens that people write
/// needs less than that of its tokens; one that is made to cost needs any number.
constexpr std::size_t most_steps = 100'000;

struct Use {
  const Selection* field;
  const TypeDefinition* parent;
  const FieldDefinition* definition;
};
using Uses = std::vector<Use>;
/// By key, in the order of their first.
using Groups = std::map<std::string_view, Uses>;

bool are_same(const std::vector<Argument>& left, const std::vector<Argument>& right) {
  return left.size() == right.size() && std::ranges::all_of(left, [&](const Argument& argument) {
           const auto other = std::ranges::find(right, argument.name, &Argument::name);
           return other != right.end() && is_same(argument.value, other->value);
         });
}

class Merging {
 public:
  explicit Merging(Validation& validation) : validation_(validation), schema_(validation.schema) {}

  void check(const std::vector<Selection>& selections, const TypeDefinition* parent) {
    Groups groups;
    std::set<const Fragment*> seen;
    collect(selections, parent, seen, groups);
    check_shapes(groups);
    check_fields(groups);
  }

 private:
  bool step() {
    if (++steps_ <= most_steps)
      return true;
    if (steps_ == most_steps + 1)
      validation_.refuse("The document has too many fields that would have to be merged.", {0});
    return false;
  }

  void collect(const std::vector<Selection>& selections, const TypeDefinition* parent, std::set<const Fragment*>& seen,
               Groups& groups) {
    for (const Selection& selection : selections) {
      if (!step())
        return;
      if (selection.kind == Selection::Kind::field) {
        if (const FieldDefinition* field = parent == nullptr ? nullptr : schema_.find_field(*parent, selection.name))
          groups[selection.key].push_back({&selection, parent, field});
      } else if (selection.kind == Selection::Kind::inline_fragment) {
        collect(selection.selections, selection.name.empty() ? parent : schema_.find(selection.name), seen, groups);
      } else if (const Fragment* fragment = validation_.fragment(selection.name);
                 fragment != nullptr && seen.insert(fragment).second) {
        collect(fragment->selections, schema_.find(fragment->type_condition), seen, groups);
      }
    }
  }

  Groups inside(const Uses& uses) {
    Groups groups;
    std::set<const Fragment*> seen;
    for (const Use& use : uses)
      collect(use.field->selections, schema_.find(use.definition->type.named()), seen, groups);
    return groups;
  }

  bool have_same_shape(const TypeReference& left, const TypeReference& right) const {
    if (left.kind != right.kind)
      return false;
    if (left.kind != TypeReference::Kind::named)
      return have_same_shape(*left.of, *right.of);
    const TypeDefinition& one = *schema_.find(left.name);
    const TypeDefinition& other = *schema_.find(right.name);
    return one.is_leaf() || other.is_leaf() ? &one == &other : true;
  }

  void check_shapes(const Groups& groups) {
    for (const auto& [key, uses] : groups) {
      for (const Use& use : uses)
        if (!have_same_shape(uses.front().definition->type, use.definition->type))
          return refuse(uses.front(), use, "they are of different types");
      if (steps_ <= most_steps)
        check_shapes(inside(uses));
    }
  }

  void check_fields(const Groups& groups) {
    for (const auto& [key, uses] : groups)
      for (const Uses& together : of_one_object(uses)) {
        const Use& first = together.front();
        for (const Use& use : together)
          if (use.field->name != first.field->name)
            return refuse(first, use, "they are different fields");
          else if (!are_same(use.field->arguments, first.field->arguments))
            return refuse(first, use, "their arguments are different");
        if (steps_ <= most_steps)
          check_fields(inside(together));
      }
  }

  /// Fields of two objects are never asked of one; those of an interface may be asked together with any.
  static std::vector<Uses> of_one_object(const Uses& uses) {
    std::map<const TypeDefinition*, Uses> of_objects;
    Uses of_any;
    for (const Use& use : uses)
      (use.parent->is_abstract() ? of_any : of_objects[use.parent]).push_back(use);
    if (of_objects.empty())
      return {of_any};
    std::vector<Uses> together;
    for (auto& [parent, own] : of_objects) {
      own.insert(own.end(), of_any.begin(), of_any.end());
      together.push_back(std::move(own));
    }
    return together;
  }

  void refuse(const Use& one, const Use& other, const std::string& why) {
    validation_.refuse("The fields \"" + one.field->key + "\" cannot be one in the answer: " + why +
                           ". Give one of them an alias.",
                       {one.field->at, other.field->at});
  }

  Validation& validation_;
  const Schema& schema_;
  std::size_t steps_ = 0;
};

}  // namespace

void check_merging(Validation& validation) {
  Merging merging(validation);
  for (const Operation& operation : validation.document.operations)
    merging.check(operation.selections, validation.schema.root(operation.kind));
  // Fragments are looked at where they are spread; one that no operation reaches is wrong for that alone.
}

}  // namespace dompet::graphql
