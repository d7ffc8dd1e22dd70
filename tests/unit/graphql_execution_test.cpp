// Section 6 of the GraphQL specification (October 2021), and what a request may cost.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <string>

#include "graphql/request.hpp"
#include "tests/unit/graphql_spec_schema.hpp"

namespace {

using namespace dompet::graphql;

/// Answers fields by `Type.field`; what is asked for stands in `asked`. Late ones are answered by `go_on`.
class World final : public Resolver {
 public:
  std::map<std::string, Resolved> values{};
  std::map<std::string, std::string> types{};
  std::vector<std::string> asked{};
  std::vector<std::string> arguments{};
  bool is_late = false;
  std::deque<std::pair<Resolved, Answered>> waiting{};

  void resolve(const FieldCall& call, Answered done) override {
    const std::string name = call.parent.name + "." + call.field.name;
    asked.push_back(text_of(path_of(&call.place)));
    arguments.push_back(literal_of(call.arguments));
    const auto found = values.find(name);
    Resolved value = found != values.end() ? found->second : Resolved{Value{}};
    if (is_late)
      waiting.emplace_back(std::move(value), std::move(done));
    else
      done(std::move(value));
  }

  std::string type_of(const TypeDefinition&, const Value& value) override { return value.find("is")->text; }

  /// The last first, as answers may come.
  void go_on() {
    while (!waiting.empty()) {
      auto [value, done] = std::move(waiting.back());
      waiting.pop_back();
      done(std::move(value));
    }
  }
};

Value thing(std::string type) { return Value::of_object({{"is", Value::of_text(std::move(type))}}); }

std::string run(World& world, std::string_view text, Value variables = {}, const Rules& rules = {}) {
  const auto prepared =
      prepare(spec_schema(), {.text = text, .operation = {}, .variables = std::move(variables)}, rules);
  INFO(text);
  if (!prepared)
    return json_of(prepared.error());
  std::string said;
  execute(spec_schema(), *prepared, rules.limits, world, [&](const Answer& answer) { said = json_of(answer); });
  world.go_on();
  return said;
}

World world_of_pets() {
  World world;
  world.values = {{"Query.dog", thing("Dog")},
                  {"Query.pet", thing("Dog")},
                  {"Query.human", thing("Human")},
                  {"Query.arguments", thing("Arguments")},
                  {"Dog.name", Value::of_text("Fido")},
                  {"Dog.barkVolume", Value::of_integer(7)},
                  {"Dog.owner", thing("Human")},
                  {"Human.name", Value::of_text("Ani")},
                  {"Human.pets", Value::of_list({thing("Dog"), thing("Cat")})},
                  {"Cat.name", Value::of_text("Tom")},
                  {"Mutation.first", Value::of_integer(1)},
                  {"Mutation.second", Value::of_integer(2)},
                  {"Mutation.third", Value::of_integer(3)}};
  return world;
}

TEST_CASE("fields are answered in the order in which they were asked for, under their aliases") {
  World world = world_of_pets();
  CHECK(run(world, "{ b: dog { barkVolume called: name __typename } pet { name } }") ==
        R"({"data":{"b":{"barkVolume":7,"called":"Fido","__typename":"Dog"},"pet":{"name":"Fido"}}})");
}

TEST_CASE("answers may come in any order") {
  World world = world_of_pets();
  world.is_late = true;
  CHECK(
      run(world, "{ human { name pets { name ... on Dog { barkVolume } } } dog { name } }") ==
      R"({"data":{"human":{"name":"Ani","pets":[{"name":"Fido","barkVolume":7},{"name":"Tom"}]},"dog":{"name":"Fido"}}})");
}

TEST_CASE("mutations are carried out one after another") {
  World world = world_of_pets();
  world.is_late = true;
  CHECK(run(world, "mutation { third first second }") == R"({"data":{"third":3,"first":1,"second":2}})");
  CHECK(world.asked == std::vector<std::string>{"third", "first", "second"});
}

TEST_CASE("fields of one key are one field, and what is inside them is put together") {
  World world = world_of_pets();
  CHECK(run(world, "{ dog { name } ...f dog { barkVolume } } fragment f on Query { dog { owner { name } name } }") ==
        R"({"data":{"dog":{"name":"Fido","owner":{"name":"Ani"},"barkVolume":7}}})");
  CHECK(std::ranges::count(world.asked, "dog") == 1);
}

TEST_CASE("skip and include are obeyed") {
  World world = world_of_pets();
  CHECK(run(world,
            "query ($no: Boolean!) { dog { name @skip(if: true) barkVolume @include(if: $no) ... @skip(if: $no) { "
            "__typename } } }",
            Value::of_object({{"no", Value::of_truth(false)}})) == R"({"data":{"dog":{"__typename":"Dog"}}})");
}

TEST_CASE("what fails is null and said with its place and path") {
  World world = world_of_pets();
  world.values.insert_or_assign("Dog.barkVolume", std::unexpected(fault("too_loud", "No.")));
  CHECK(
      run(world, "{ dog { name barkVolume } }") ==
      R"({"errors":[{"message":"No.","locations":[{"line":1,"column":14}],"path":["dog","barkVolume"],"extensions":{"code":"too_loud"}}],"data":{"dog":{"name":"Fido","barkVolume":null}}})");
}

TEST_CASE("a null that must not be takes what it is in with it") {
  World world = world_of_pets();
  world.values.erase("Cat.name");
  const std::string said = run(world, "{ human { name pets { name } } dog { name } }");
  CHECK(said.find(R"("path":["human","pets",1,"name"])") != said.npos);
  // pets is [Pet!]: the list is null, the human stays.
  CHECK(said.ends_with(R"("data":{"human":{"name":"Ani","pets":null},"dog":{"name":"Fido"}}})"));
  world.values.erase("Human.name");
  CHECK(run(world, "{ human { name } }").ends_with(R"("data":{"human":null}})"));
}

TEST_CASE("arguments are coerced: variables, defaults, lists of one") {
  World world = world_of_pets();
  const auto arguments = [&](std::string_view text, Value variables = {}) {
    world.arguments.clear();
    run(world, text, std::move(variables));
    return world.arguments.empty() ? std::string{"refused"} : world.arguments.back();
  };
  CHECK(arguments("{ arguments { booleanListArgField(booleanListArg: true) } }") == "{booleanListArg: [true]}");
  CHECK(arguments("{ arguments { optionalNonNullBooleanArgField } }") == "{optionalBooleanArg: false}");
  CHECK(arguments("query ($b: Boolean) { arguments { optionalNonNullBooleanArgField(optionalBooleanArg: $b) } }") ==
        "{optionalBooleanArg: false}");
  CHECK(arguments("query ($b: Boolean) { arguments { booleanArgField(booleanArg: $b) } }") == "{}");
  CHECK(arguments("query ($b: Boolean) { arguments { booleanArgField(booleanArg: $b) } }",
                  Value::of_object({{"b", Value{}}})) == "{booleanArg: null}");
  CHECK(arguments("query ($n: String) { findDog(complex: {name: $n, owner: \"o\"}) { name } }") ==
        "{complex: {owner: \"o\",required: \"x\"}}");
  CHECK(arguments("{ arguments { floatArgField(floatArg: 0.1000000000000000000001) } }") ==
        "{floatArg: 0.1000000000000000000001}");
}

TEST_CASE("variables that do not fit keep the whole request from being carried out") {
  World world = world_of_pets();
  const auto refused = [&](std::string_view text, Value variables, std::string_view said) {
    const std::string answer = run(world, text, std::move(variables));
    INFO(answer);
    CHECK(answer.find(said) != answer.npos);
    CHECK(answer.find("\"data\"") == answer.npos);
    CHECK(world.asked.empty());
  };
  refused("query ($b: Boolean!) { dog @skip(if: $b) { name } }", {}, "is required");
  refused("query ($b: Boolean!) { dog @skip(if: $b) { name } }", Value::of_object({{"b", Value::of_integer(1)}}),
          "must be a Boolean!");
  refused("query ($c: ComplexInput) { findDog(complex: $c) { name } }",
          Value::of_object({{"c", Value::of_object({{"nme", Value::of_text("x")}})}}), "which ComplexInput has not");
  refused("query ($i: Int) { arguments { intArgField(intArg: $i) } }",
          Value::of_object({{"i", Value::of_integer(1LL << 40)}}), "must be a Int");
}

TEST_CASE("the operation that is named is carried out") {
  const auto said = [](std::string operation) {
    const auto prepared =
        prepare(spec_schema(),
                {.text = "query A { dog { name } } query B { pet { name } }", .operation = std::move(operation)}, {});
    return prepared ? prepared->operation->name : prepared.error().front().message;
  };
  CHECK(said("B") == "B");
  CHECK(said("").find("several operations") != std::string::npos);
  CHECK(said("C").find("no operation \"C\"") != std::string::npos);
}

TEST_CASE("the schema tells of itself") {
  World world;
  CHECK(
      run(world,
          R"({ __type(name: "Dog") { kind name fields { name args { name type { kind ofType { name } } defaultValue } type { kind ofType { name } } } interfaces { name } possibleTypes { name } } })")
          .find(
              R"({"name":"doesKnowCommand","args":[{"name":"dogCommand","type":{"kind":"NON_NULL","ofType":{"name":"DogCommand"}},"defaultValue":null}])") !=
      std::string::npos);
  CHECK(run(world, R"({ __type(name: "CatOrDog") { possibleTypes { name } fields { name } } })") ==
        R"({"data":{"__type":{"possibleTypes":[{"name":"Cat"},{"name":"Dog"}],"fields":null}}})");
  CHECK(run(world, R"({ __type(name: "None") { name } __schema { mutationType { name } } })") ==
        R"({"data":{"__type":null,"__schema":{"mutationType":{"name":"Mutation"}}}})");
  CHECK(run(world, R"({ __type(name: "ComplexInput") { inputFields { name defaultValue } } })")
            .find(R"({"name":"required","defaultValue":"\"x\""})") != std::string::npos);
  CHECK(run(world, "{ __schema { types { name } } }", {}, {.introspection = false}).find("introspection_off") !=
        std::string::npos);
  CHECK(run(world, "{ __typename }", {}, {.introspection = false}) == R"({"data":{"__typename":"Query"}})");
}

std::string nested(int times) {
  std::string text = "name";
  for (int i = 0; i < times; ++i)
    text = "pets { ... on Dog { owner { " + text + " } } }";
  return "{ human { " + text + " } }";
}

TEST_CASE("a request that asks for too much is refused before anything is carried out") {
  World world = world_of_pets();
  const auto refused = [&](const std::string& text, std::string_view code, const Rules& rules = {}) {
    const std::string said = run(world, text, {}, rules);
    INFO(said);
    CHECK(said.find(code) != said.npos);
    CHECK(world.asked.empty());
  };
  refused(nested(12), "query_too_deep");
  std::string aliases{"{"};
  for (int i = 0; i < 600; ++i)
    aliases += " a" + std::to_string(i) + ": dog { name }";
  refused(aliases + "}", "query_too_large");
  std::string roots{"{"};
  for (int i = 0; i < 30; ++i)
    roots += " a" + std::to_string(i) + ": dog { name }";
  refused(roots + "}", "query_too_large");
  // Each fragment twice in the one before: 2^11 fields of forty tokens each.
  std::string bomb{"{ dog { ...f0 } } fragment f11 on Dog { name }"};
  for (int i = 0; i < 11; ++i) {
    const std::string next = "...f" + std::to_string(i + 1);
    bomb += " fragment f" + std::to_string(i) + " on Dog { " + next + " a" + std::to_string(i) + ": name ... { " +
            next + " } " + next + " ... { " + next + " } }";
  }
  refused(bomb, "query_too_large");
}

TEST_CASE("fragments in fragments are followed as far as a document can have them") {
  World world = world_of_pets();
  std::string chain{"{ dog { ...f0 } } fragment f1200 on Dog { name }"};
  for (int i = 0; i < 1'200; ++i)
    chain += " fragment f" + std::to_string(i) + " on Dog { ...f" + std::to_string(i + 1) + " }";
  CHECK(run(world, chain) == R"({"data":{"dog":{"name":"Fido"}}})");
}

TEST_CASE("what a list may have counts as often as it may have it") {
  const auto schema = Schema::read(
      "directive @cost(weight: Int, length: Int) on FIELD_DEFINITION\n"
      "type Query { things(first: Int): [Thing!]! @cost(weight: 10, length: 50) } type Thing { a: Int b: Int }");
  REQUIRE(schema.has_value());
  const auto cost_of = [&](std::string_view text, Value variables = {}) {
    for (std::int64_t cost = 0;; ++cost) {
      Rules rules;
      rules.limits.cost = cost;
      if (prepare(*schema, {.text = text, .operation = {}, .variables = variables}, rules))
        return cost;
    }
  };
  CHECK(cost_of("{ things { a } }") == 61);
  CHECK(cost_of("{ things(first: 7) { a b } }") == 25);
  CHECK(cost_of("query ($n: Int) { things(first: $n) { a } }", Value::of_object({{"n", Value::of_integer(100)}})) ==
        111);
}

TEST_CASE("a variable counts wherever it is used") {
  const auto schema = Schema::read(
      "directive @cost(weight: Int, length: Int) on FIELD_DEFINITION\n"
      "type Query { things(after: String): [Thing!]! @cost(length: 50) } type Thing { a(like: [String]): Int }");
  REQUIRE(schema.has_value());
  const auto is_taken = [&](std::string_view text, std::int64_t bytes) {
    Rules rules;
    rules.limits.input_bytes = bytes;
    Value variables = Value::of_object({{"v", Value::of_text(std::string(9, 'x'))}});
    return prepare(*schema, {.text = text, .operation = {}, .variables = std::move(variables)}, rules).has_value();
  };
  CHECK(is_taken("query ($v: String) { things(after: $v) { a } }", 12));
  CHECK_FALSE(is_taken("query ($v: String) { things(after: $v) { a } }", 11));
  CHECK(is_taken("query ($v: String) { things(after: $v) { a } b: things(after: $v) { a } }", 20));
  CHECK_FALSE(is_taken("query ($v: String) { things(after: $v) { a } b: things(after: $v) { a } }", 19));
  CHECK(is_taken("query ($v: String) { things { a(like: [$v, \"y\"]) } }", 50 * 13));
  CHECK_FALSE(is_taken("query ($v: String) { things { a(like: [$v, \"y\"]) } }", 50 * 13 - 1));
}

TEST_CASE("an answer of too many values is none") {
  World world = world_of_pets();
  world.values.insert_or_assign("Human.pets", Value::of_list(std::vector<Value>(2'000, thing("Dog"))));
  Rules rules;
  rules.limits.values = 1'000;
  CHECK(
      run(world, "{ human { pets { name } } }", {}, rules) ==
      R"({"errors":[{"message":"The answer has too many values. Ask for less at a time.","extensions":{"code":"answer_too_large"}}],"data":null})");
}

}  // namespace
