#include <set>

#include "graphql/validation.hpp"

namespace dompet::graphql {

namespace {

/// The type that a fragment is on, if it can be on it (5.5.1.2, 5.5.1.3).
const TypeDefinition* check_condition(Validation& validation, const std::string& name, std::size_t at) {
  const TypeDefinition* type = validation.schema.find(name);
  if (type == nullptr)
    validation.refuse("There is no type \"" + name + "\".", {at});
  else if (!type->is_composite())
    validation.refuse("A fragment cannot be on " + name + ", which has no fields.", {at});
  return type != nullptr && type->is_composite() ? type : nullptr;
}

/// Whether anything can be both what is there and what the fragment is on (5.5.2.3).
void check_possible(Validation& validation, const Site& site, const std::string& condition) {
  const TypeDefinition* type = validation.schema.find(condition);
  if (type == nullptr || site.parent == nullptr || !type->is_composite() || !site.parent->is_composite())
    return;
  if (!may_overlap(validation.schema, *site.parent, *type))
    validation.refuse("No " + site.parent->name + " is ever a " + condition + ".", {site.selection.at});
}

void check_use(Validation& validation, const Site& site) {
  const Selection& selection = site.selection;
  if (selection.kind == Selection::Kind::inline_fragment && !selection.name.empty()) {
    if (check_condition(validation, selection.name, selection.at) != nullptr)
      check_possible(validation, site, selection.name);
  } else if (selection.kind == Selection::Kind::spread) {
    const Fragment* fragment = validation.fragment(selection.name);
    if (fragment == nullptr)
      return validation.refuse("There is no fragment \"" + selection.name + "\".", {selection.at});
    check_possible(validation, site, fragment->type_condition);
  }
}

/// The fragments that operations reach; those alone are used (5.5.1.4).
void reach(const Validation& validation, const std::vector<Selection>& selections,
           std::set<std::string_view>& reached) {
  for (const Selection& selection : selections) {
    reach(validation, selection.selections, reached);
    if (selection.kind != Selection::Kind::spread)
      continue;
    if (const Fragment* fragment = validation.fragment(selection.name);
        fragment != nullptr && reached.insert(fragment->name).second)
      reach(validation, fragment->selections, reached);
  }
}

/// Follows spreads as deep as there are fragments. White: never seen; grey: on the way here; black: done.
class Cycles {
 public:
  explicit Cycles(Validation& validation) : validation_(validation) {}

  bool look() {
    for (const Fragment& fragment : validation_.document.fragments)
      visit(fragment);
    return !found_;
  }

 private:
  void visit(const Fragment& fragment) {
    if (!seen_.insert(&fragment).second)
      return;
    on_the_way_.insert(&fragment);
    follow(fragment.selections);
    on_the_way_.erase(&fragment);
  }

  void follow(const std::vector<Selection>& selections) {
    for (const Selection& selection : selections) {
      follow(selection.selections);
      const Fragment* next = selection.kind == Selection::Kind::spread ? validation_.fragment(selection.name) : nullptr;
      if (next == nullptr)
        continue;
      if (on_the_way_.contains(next)) {
        found_ = true;
        validation_.refuse("The fragment \"" + next->name + "\" spreads itself.", {selection.at});
      } else {
        visit(*next);
      }
    }
  }

  Validation& validation_;
  std::set<const Fragment*> seen_{};
  std::set<const Fragment*> on_the_way_{};
  bool found_ = false;
};

}  // namespace

void check_fragments(Validation& validation) {
  std::set<std::string_view> names;
  for (const Fragment& fragment : validation.document.fragments) {
    if (!names.insert(fragment.name).second)
      validation.refuse("There can be only one fragment \"" + fragment.name + "\".", {fragment.at});
    check_condition(validation, fragment.type_condition, fragment.at);
  }
  for_each_selection(validation, [&](const Site& site) {
    if (!validation.is_full())
      check_use(validation, site);
  });
  std::set<std::string_view> reached;
  for (const Operation& operation : validation.document.operations)
    reach(validation, operation.selections, reached);
  for (const Fragment& fragment : validation.document.fragments)
    if (!reached.contains(fragment.name))
      validation.refuse("The fragment \"" + fragment.name + "\" is never used.", {fragment.at});
}

bool check_cycles(Validation& validation) { return Cycles(validation).look(); }

}  // namespace dompet::graphql
