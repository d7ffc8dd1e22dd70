#include "graphql/execute.hpp"

#include <algorithm>
#include <utility>

#include "graphql/introspection.hpp"
#include "graphql/values.hpp"

namespace dompet::graphql {

Path path_of(const Place* place) {
  Path path;
  for (; place != nullptr; place = place->before.get())
    path.push_back(place->step);
  std::ranges::reverse(path);
  return path;
}

namespace {

using Source = std::shared_ptr<const Value>;
using PlacePtr = std::shared_ptr<const Place>;
/// Fields of one key.
using Fields = std::vector<const Selection*>;
/// A value, or nothing: it would be null where null must not be, so what it is in becomes null.
using Completed = std::optional<Value>;
using Done = std::function<void(Completed)>;

/// Values that are made together, of an object or a list.
struct Together {
  Value made{};
  std::size_t waiting = 0;
  bool is_lost = false;
  Done done{};

  void take_away_one() {
    if (--waiting == 0)
      std::exchange(done, nullptr)(is_lost ? Completed{} : Completed{std::move(made)});
  }
};

class Execution : public std::enable_shared_from_this<Execution> {
 public:
  Execution(const Schema& schema, const Prepared& prepared, const Limits& limits, Resolver& resolver,
            std::function<void(Answer)> done)
      : schema_(schema), prepared_(prepared), values_left_(limits.values), resolver_(resolver), done_(std::move(done)) {
  }

  void begin() {
    const Operation& operation = *prepared_.operation;
    Groups groups;
    std::vector<std::string_view> seen;
    const TypeDefinition& root = *schema_.root(operation.kind);
    collect(root, operation.selections, seen, groups);
    const auto source = std::make_shared<const Value>();
    fields(root, source, std::move(groups), nullptr, operation.kind == Operation::Kind::mutation,
           [self = shared_from_this()](Completed data) { self->conclude(std::move(data)); });
  }

 private:
  using Groups = std::vector<std::pair<std::string, Fields>>;

  void conclude(Completed data) {
    Answer answer{data ? *std::move(data) : Value{}, std::move(faults_)};
    if (values_left_ < 0) {
      answer.data = {};
      answer.faults = {fault("answer_too_large", "The answer has too many values. Ask for less at a time.")};
    }
    std::exchange(done_, nullptr)(std::move(answer));
  }

  // --- Which fields are wanted -------------------------------------------------------------------------------------

  bool is_wanted(const Selection& selection) const {
    for (const Directive& directive : selection.directives) {
      if (directive.name != "skip" && directive.name != "include")
        continue;
      const Value* condition = directive.find("if");
      if (condition->kind == Value::Kind::variable)
        condition = prepared_.variables.find(condition->text);
      if (condition != nullptr && condition->truth == (directive.name == "skip"))
        return false;
    }
    return true;
  }

  bool applies(const std::string& condition, const TypeDefinition& object) const {
    return condition.empty() || schema_.find(condition)->may_be(object);
  }

  void collect(const TypeDefinition& object, const std::vector<Selection>& selections,
               std::vector<std::string_view>& seen, Groups& groups) const {
    for (const Selection& selection : selections) {
      if (!is_wanted(selection))
        continue;
      if (selection.kind == Selection::Kind::field) {
        auto group = std::ranges::find(groups, selection.key, &Groups::value_type::first);
        if (group == groups.end())
          group = groups.insert(groups.end(), {selection.key, {}});
        group->second.push_back(&selection);
      } else if (selection.kind == Selection::Kind::inline_fragment) {
        if (applies(selection.name, object))
          collect(object, selection.selections, seen, groups);
      } else if (std::ranges::find(seen, selection.name) == seen.end()) {
        seen.push_back(selection.name);
        const Fragment& fragment = *prepared_.document->find_fragment(selection.name);
        if (applies(fragment.type_condition, object))
          collect(object, fragment.selections, seen, groups);
      }
    }
  }

  Groups collect_inside(const TypeDefinition& object, const Fields& fields_of_key) const {
    Groups groups;
    std::vector<std::string_view> seen;
    for (const Selection* field : fields_of_key)
      collect(object, field->selections, seen, groups);
    return groups;
  }

  // --- Objects -----------------------------------------------------------------------------------------------------

  void fields(const TypeDefinition& type, const Source& source, Groups groups, const PlacePtr& place, bool one_by_one,
              Done done) {
    const auto object = std::make_shared<Together>();
    object->made = Value::of_object();
    for (const auto& [key, selections] : groups)
      object->made.set(key, {});
    object->done = std::move(done);
    // One more, so that it is not done before the last has begun.
    object->waiting = groups.size() + 1;
    if (one_by_one)
      return next_field(type, source, std::make_shared<const Groups>(std::move(groups)), 0, object);
    for (std::size_t i = 0; i < groups.size(); ++i)
      field(type, source, groups[i].second, std::make_shared<const Place>(place, groups[i].first),
            [object, i](Completed value) { put(*object, i, std::move(value)); });
    object->take_away_one();
  }

  void next_field(const TypeDefinition& type, const Source& source, const std::shared_ptr<const Groups>& groups,
                  std::size_t i, const std::shared_ptr<Together>& object) {
    if (i == groups->size())
      return object->take_away_one();
    field(type, source, (*groups)[i].second, std::make_shared<const Place>(nullptr, (*groups)[i].first),
          [self = shared_from_this(), &type, source, groups, i, object](Completed value) {
            put(*object, i, std::move(value));
            self->next_field(type, source, groups, i + 1, object);
          });
  }

  static void put(Together& object, std::size_t i, Completed value) {
    if (value)
      object.made.members[i].second = *std::move(value);
    else
      object.is_lost = true;
    object.take_away_one();
  }

  void field(const TypeDefinition& parent, const Source& source, const Fields& selections, PlacePtr place, Done done) {
    const Selection& selection = *selections.front();
    const FieldDefinition& definition = *schema_.find_field(parent, selection.name);
    if (--values_left_ < 0)
      return done(std::nullopt);
    auto arguments = coerce_arguments(schema_, definition.arguments, selection.arguments, prepared_.variables);
    if (!arguments) {
      Fault wrong = fault("graphql_variables", std::move(arguments.error().message));
      return fail(definition.type, selections, *place, std::move(wrong), done);
    }
    const FieldCall call{parent, definition, *source, *arguments, *place};
    auto answered = [self = shared_from_this(), &definition, selections, place, done](Resolved value) {
      if (!value)
        return self->fail(definition.type, selections, *place, std::move(value.error()), done);
      self->complete(definition.type, selections, *std::move(value), place, done);
    };
    if (auto known = introspect(schema_, call))
      return answered(*std::move(known));
    resolver_.resolve(call, std::move(answered));
  }

  // --- Values ------------------------------------------------------------------------------------------------------

  /// What could not be had is null, or where that must not be, takes what it is in with it.
  void fail(const TypeReference& type, const Fields& selections, const Place& place, Fault why, const Done& done) {
    if (why.locations.empty())
      for (const Selection* selection : selections)
        why.locations.push_back(location_of(prepared_.document->source, selection->at));
    why.path = path_of(&place);
    faults_.push_back(std::move(why));
    done(type.is_non_null() ? Completed{} : Completed{Value{}});
  }

  void complete(const TypeReference& type, const Fields& selections, Value value, const PlacePtr& place, Done done) {
    if (value.is_null()) {
      if (!type.is_non_null())
        return done(std::move(value));
      return fail(type, selections, *place, fault("internal_error", "There is no value where one must be."), done);
    }
    if (type.is_non_null())
      return complete_nullable(*type.of, selections, std::move(value), place,
                               [self = shared_from_this(), done](Completed made) {
                                 done(made && made->is_null() ? Completed{} : std::move(made));
                               });
    complete_nullable(type, selections, std::move(value), place, std::move(done));
  }

  void complete_nullable(const TypeReference& type, const Fields& selections, Value value, const PlacePtr& place,
                         Done done) {
    if (type.is_list())
      return complete_list(*type.of, selections, std::move(value), place, std::move(done));
    const TypeDefinition& definition = *schema_.find(type.name);
    if (definition.is_leaf()) {
      auto result = coerce_result(definition, std::move(value));
      if (result)
        return done(*std::move(result));
      return fail(type, selections, *place, fault("internal_error", std::move(result.error())), done);
    }
    const TypeDefinition* object =
        definition.is_abstract() ? schema_.find(resolver_.type_of(definition, value)) : &definition;
    if (object == nullptr || !definition.may_be(*object))
      return fail(type, selections, *place, fault("internal_error", "What is there is no " + definition.name + "."),
                  done);
    // An object that is lost is null here; who must not be null takes it further.
    fields(*object, std::make_shared<const Value>(std::move(value)), collect_inside(*object, selections), place, false,
           [done = std::move(done)](Completed made) { done(made ? std::move(made) : Completed{Value{}}); });
  }

  void complete_list(const TypeReference& of, const Fields& selections, Value value, const PlacePtr& place, Done done) {
    if (value.kind != Value::Kind::list)
      return fail(of, selections, *place, fault("internal_error", "There is no list where one must be."),
                  [done](const Completed&) { done(Value{}); });
    const auto list = std::make_shared<Together>();
    list->made = Value::of_list(std::vector<Value>(value.items.size()));
    list->done = [done = std::move(done)](Completed made) { done(made ? std::move(made) : Completed{Value{}}); };
    list->waiting = value.items.size() + 1;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const auto put_item = [list, i](Completed item) {
        if (item)
          list->made.items[i] = *std::move(item);
        else
          list->is_lost = true;
        list->take_away_one();
      };
      if (--values_left_ < 0)
        put_item(std::nullopt);
      else
        complete(of, selections, std::move(value.items[i]), std::make_shared<const Place>(place, i), put_item);
    }
    list->take_away_one();
  }

  const Schema& schema_;
  const Prepared prepared_;
  std::int64_t values_left_;
  Resolver& resolver_;
  std::function<void(Answer)> done_;
  std::vector<Fault> faults_{};
};

}  // namespace

void execute(const Schema& schema, const Prepared& prepared, const Limits& limits, Resolver& resolver,
             std::function<void(Answer)> done) {
  std::make_shared<Execution>(schema, prepared, limits, resolver, std::move(done))->begin();
}

}  // namespace dompet::graphql
