#include <algorithm>
#include <set>

#include "graphql/validation.hpp"
#include "graphql/values.hpp"

namespace dompet::graphql {

namespace {

/// A variable where a value is wanted.
struct Use {
  const Value* variable;
  /// What is wanted there, and whether there is a default for it; nothing where the document is wrong.
  const TypeReference* type;
  bool has_fallback;
};

/// What an operation or a fragment uses itself.
struct Uses {
  std::vector<Use> variables{};
  std::set<const Fragment*> fragments{};
};

class UsesOf {
 public:
  explicit UsesOf(const Validation& validation) : validation_(validation) {}

  Uses in(const std::vector<Selection>& selections, const TypeDefinition* parent,
          const std::vector<Directive>& directives) {
    uses_ = {};
    add(directives);
    for_each_selection(validation_.schema, selections, parent, [this](const Site& site) {
      add(site.selection.directives);
      static const std::vector<InputValue> unknown;
      add(site.selection.arguments, site.field == nullptr ? unknown : site.field->arguments);
      if (site.selection.kind == Selection::Kind::spread)
        if (const Fragment* fragment = validation_.fragment(site.selection.name))
          uses_.fragments.insert(fragment);
    });
    return std::move(uses_);
  }

 private:
  void add(const std::vector<Directive>& directives) {
    static const std::vector<InputValue> unknown;
    for (const Directive& directive : directives) {
      const DirectiveDefinition* definition = validation_.schema.find_directive(directive.name);
      add(directive.arguments, definition == nullptr ? unknown : definition->arguments);
    }
  }

  void add(const std::vector<Argument>& arguments, const std::vector<InputValue>& definitions) {
    for (const Argument& argument : arguments) {
      const auto found = std::ranges::find(definitions, argument.name, &InputValue::name);
      const bool is_known = found != definitions.end();
      add(argument.value, is_known ? &found->type : nullptr, is_known && found->fallback.has_value());
    }
  }

  void add(const Value& value, const TypeReference* type, bool has_fallback) {
    if (value.kind == Value::Kind::variable)
      uses_.variables.push_back({&value, type, has_fallback});
    const TypeReference* wanted = type == nullptr ? nullptr : &type->nullable();
    for (const Value& item : value.items)
      add(item, wanted != nullptr && wanted->is_list() ? wanted->of.get() : nullptr, false);
    const TypeDefinition* object = wanted == nullptr ? nullptr : validation_.schema.find(wanted->named());
    for (const auto& [name, member] : value.members) {
      const InputValue* field = object == nullptr ? nullptr : object->find_input(name);
      add(member, field == nullptr ? nullptr : &field->type, field != nullptr && field->fallback.has_value());
    }
  }

  const Validation& validation_;
  Uses uses_{};
};

bool is_compatible(const TypeReference& given, const TypeReference& wanted) {
  if (wanted.is_non_null())
    return given.is_non_null() && is_compatible(*given.of, *wanted.of);
  if (given.is_non_null())
    return is_compatible(*given.of, wanted);
  if (wanted.is_list() || given.is_list())
    return wanted.is_list() && given.is_list() && is_compatible(*given.of, *wanted.of);
  return given.name == wanted.name;
}

/// IsVariableUsageAllowed of 5.8.5.
bool is_allowed(const VariableDefinition& variable, const Use& use) {
  if (use.type->is_non_null() && !variable.type.is_non_null()) {
    const bool has_default = variable.fallback && !variable.fallback->is_null();
    return (has_default || use.has_fallback) && is_compatible(variable.type, *use.type->of);
  }
  return is_compatible(variable.type, *use.type);
}

class VariableRules {
 public:
  explicit VariableRules(Validation& validation) : validation_(validation) {
    UsesOf uses(validation);
    for (const Fragment& fragment : validation.document.fragments)
      of_fragments_.emplace(&fragment, uses.in(fragment.selections, validation.schema.find(fragment.type_condition),
                                               fragment.directives));
  }

  void check(const Operation& operation) {
    define(operation);
    used_.clear();
    const Uses own =
        UsesOf(validation_).in(operation.selections, validation_.schema.root(operation.kind), operation.directives);
    std::set<const Fragment*> seen;
    std::vector<const Uses*> waiting{&own};
    while (!waiting.empty()) {
      const Uses& uses = *waiting.back();
      waiting.pop_back();
      for (const Use& use : uses.variables)
        check_use(operation, use);
      for (const Fragment* fragment : uses.fragments)
        if (seen.insert(fragment).second)
          waiting.push_back(&of_fragments_.at(fragment));
    }
    for (const VariableDefinition& variable : operation.variables)
      if (!used_.contains(variable.name))
        validation_.refuse("The variable $" + variable.name + " is never used.", {variable.at});
  }

 private:
  void define(const Operation& operation) {
    defined_.clear();
    for (const VariableDefinition& variable : operation.variables) {
      if (!defined_.emplace(variable.name, &variable).second)
        validation_.refuse("There can be only one variable $" + variable.name + ".", {variable.at});
      const TypeDefinition* type = validation_.schema.find(variable.type.named());
      if (type == nullptr || !type->is_input())
        validation_.refuse("The variable $" + variable.name + " cannot be a " + text_of(variable.type) + ".",
                           {variable.at});
      else if (variable.fallback)
        check_fallback(variable);
    }
  }

  void check_fallback(const VariableDefinition& variable) {
    if (const auto wrong = misfit(validation_.schema, *variable.fallback, variable.type))
      validation_.refuse(wrong->message, {wrong->at});
  }

  void check_use(const Operation& operation, const Use& use) {
    const std::string& name = use.variable->text;
    const auto found = defined_.find(name);
    used_.insert(name);
    if (found == defined_.end())
      return validation_.refuse("The variable $" + name + " is not defined by the operation" +
                                    (operation.name.empty() ? std::string{"."} : " \"" + operation.name + "\"."),
                                {use.variable->at, operation.at});
    const VariableDefinition& variable = *found->second;
    const TypeDefinition* type = validation_.schema.find(variable.type.named());
    if (use.type != nullptr && type != nullptr && !is_allowed(variable, use))
      validation_.refuse("The variable $" + name + " is a " + text_of(variable.type) + ", and a " + text_of(*use.type) +
                             " is wanted.",
                         {variable.at, use.variable->at});
  }

  Validation& validation_;
  std::unordered_map<const Fragment*, Uses> of_fragments_{};
  std::unordered_map<std::string_view, const VariableDefinition*> defined_{};
  std::set<std::string_view> used_{};
};

}  // namespace

void check_variables(Validation& validation) {
  VariableRules rules(validation);
  for (const Operation& operation : validation.document.operations)
    if (!validation.is_full())
      rules.check(operation);
}

}  // namespace dompet::graphql
