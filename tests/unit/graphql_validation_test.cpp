// The examples of section 5 of the GraphQL specification (October 2021): what can be carried out, and what cannot.
#include <catch2/catch_test_macros.hpp>

#include <string>

#include "graphql/parse.hpp"
#include "graphql/validate.hpp"
#include "tests/unit/graphql_spec_schema.hpp"

namespace {

using namespace dompet::graphql;

std::vector<Fault> faults_of(std::string_view text) {
  const auto document = parse(text);
  INFO(text);
  REQUIRE(document.has_value());
  return validate(spec_schema(), *document);
}

void valid(std::string_view text) {
  const auto faults = faults_of(text);
  INFO(text);
  for (const Fault& fault : faults)
    UNSCOPED_INFO(fault.message);
  CHECK(faults.empty());
}

/// Refused with a sentence that has this in it; `text` may lack the operation that would use its fragment.
void invalid(std::string_view text, std::string_view said) {
  const auto faults = faults_of(text);
  INFO(text);
  bool is_said = false;
  for (const Fault& fault : faults) {
    UNSCOPED_INFO(fault.message);
    CHECK_FALSE(fault.locations.empty());
    is_said |= fault.message.find(said) != std::string::npos;
  }
  CHECK(is_said);
}

/// A fragment on a dog, and an operation that uses it.
std::string on_dog(std::string_view fragment) {
  std::string text{"query { dog { ...f } } fragment f on Dog "};
  return text.append(fragment);
}

std::string on_arguments(std::string_view fragment) {
  std::string text{"query { arguments { ...f } } fragment f on Arguments "};
  return text.append(fragment);
}

TEST_CASE("5.1 only operations and fragments are executable") {
  invalid("query getDogName { dog { name color: name } } extend type Dog { color: String }", "cannot be executed");
  invalid("fragment f on Dog { name }", "no operation");
}

TEST_CASE("5.2 operations have names of their own, or stand alone") {
  valid("query getDogName { dog { name } } query getOwnerName { dog { owner { name } } }");
  invalid("query getName { dog { name } } query getName { dog { owner { name } } }", "only one operation");
  invalid("query dogOperation { dog { name } } mutation dogOperation { first }", "only one operation");
  valid("{ dog { name } }");
  invalid("{ dog { name } } query getName { dog { owner { name } } }", "must be the only one");
}

TEST_CASE("5.2.3 a subscription has one root field") {
  valid("subscription sub { newMessage { body sender } }");
  valid("subscription sub { ...newMessageFields } fragment newMessageFields on Subscription { newMessage { body sender "
        "} }");
  invalid("subscription sub { newMessage { body sender } disallowedSecondRootField }", "one field at its root");
  invalid("subscription sub { ...multipleSubscriptions } fragment multipleSubscriptions on Subscription { newMessage { "
          "body sender } disallowedSecondRootField }",
          "one field at its root");
  invalid("subscription sub { __typename }", "one field at its root");
}

TEST_CASE("5.3.1 only fields that are there can be selected") {
  invalid(on_dog("{ meowVolume }"), "no field \"meowVolume\"");
  invalid(on_dog("{ barkVolume: kawVolume }"), "no field \"kawVolume\"");
  valid("{ pet { ...f } } fragment f on Pet { name }");
  invalid("{ pet { ...f } } fragment f on Pet { nickname }", "no field \"nickname\"");
  valid("{ catOrDog { ...f } } fragment f on CatOrDog { __typename ... on Pet { name } ... on Dog { barkVolume } }");
  invalid("{ catOrDog { ...f } } fragment f on CatOrDog { name barkVolume }", "no field \"name\"");
}

TEST_CASE("5.3.2 fields of one key can be merged") {
  valid(on_dog("{ name name }"));
  valid(on_dog("{ otherName: name otherName: name }"));
  invalid(on_dog("{ name: nickname name }"), "different");
  valid(on_dog("{ doesKnowCommand(dogCommand: SIT) doesKnowCommand(dogCommand: SIT) }"));
  valid(
      "query ($dogCommand: DogCommand!) { dog { ...f } } fragment f on Dog { doesKnowCommand(dogCommand: $dogCommand) "
      "doesKnowCommand(dogCommand: $dogCommand) }");
  invalid(on_dog("{ doesKnowCommand(dogCommand: SIT) doesKnowCommand(dogCommand: HEEL) }"), "arguments are different");
  invalid("query ($dogCommand: DogCommand!) { dog { ...f } } fragment f on Dog { doesKnowCommand(dogCommand: SIT) "
          "doesKnowCommand(dogCommand: $dogCommand) }",
          "arguments are different");
  invalid(
      "query ($a: DogCommand!, $b: DogCommand!) { dog { ...f } } fragment f on Dog { doesKnowCommand(dogCommand: $a) "
      "doesKnowCommand(dogCommand: $b) }",
      "arguments are different");
  invalid(on_dog("{ isHouseTrained(atOtherHomes: true) isHouseTrained }"), "arguments are different");
  valid("{ pet { ...f } } fragment f on Pet { ... on Dog { volume: barkVolume } ... on Cat { volume: meowVolume } }");
  valid("{ pet { ...f } } fragment f on Pet { ... on Dog { doesKnowCommand(dogCommand: SIT) } ... on Cat { "
        "doesKnowCommand(catCommand: JUMP) } }");
  invalid(
      "{ pet { ...f } } fragment f on Pet { ... on Dog { someValue: nickname } ... on Cat { someValue: meowVolume } }",
      "different types");
  invalid("{ dog { owner { name } } dog { owner { name: __typename } } }", "different");
}

TEST_CASE("5.3.3 leaves have no fields, everything else must say which") {
  valid(on_dog("{ barkVolume }"));
  invalid(on_dog("{ barkVolume { sinceWhen } }"), "no fields of its own");
  invalid("{ human }", "say which");
  invalid("{ pet }", "say which");
  invalid("{ catOrDog }", "say which");
}

TEST_CASE("5.4 arguments are known, given once, and given when they must") {
  valid(on_dog("{ doesKnowCommand(dogCommand: SIT) }"));
  valid(on_arguments("{ multipleRequirements(x: 1, y: 2) }"));
  valid(on_arguments("{ multipleRequirements(y: 2, x: 1) }"));
  invalid(on_dog("{ doesKnowCommand(command: CLEAN_UP_HOUSE) }"), "no argument \"command\"");
  invalid(on_dog("{ isHouseTrained(atOtherHomes: true) @include(unless: false) }"), "no argument \"unless\"");
  invalid(on_arguments("{ multipleRequirements(x: 1, x: 2, y: 3) }"), "only one argument");
  valid(on_arguments("{ booleanArgField(booleanArg: true) }"));
  valid(on_arguments("{ nonNullBooleanArgField(nonNullBooleanArg: true) }"));
  valid(on_arguments("{ booleanArgField }"));
  invalid(on_arguments("{ nonNullBooleanArgField }"), "needs the argument");
  invalid(on_arguments("{ nonNullBooleanArgField(nonNullBooleanArg: null) }"), "found null");
  valid(on_arguments("{ optionalNonNullBooleanArgField }"));
}

TEST_CASE("5.5.1 fragments have names of their own, types that are there, and are used") {
  valid("{ dog { ...fragmentOne ...fragmentTwo } } fragment fragmentOne on Dog { name } fragment fragmentTwo on Dog { "
        "owner { name } }");
  invalid(
      "{ dog { ...fragmentOne } } fragment fragmentOne on Dog { name } fragment fragmentOne on Dog { owner { name } }",
      "only one fragment");
  valid(on_dog("{ name ... on Dog { name } ... @include(if: true) { name } }"));
  invalid("{ dog { ...f } } fragment f on NotInSchema { name }", "no type \"NotInSchema\"");
  invalid("{ dog { ... on NotInSchema { name } } }", "no type \"NotInSchema\"");
  invalid("{ dog { ...f } } fragment f on Int { something }", "which has no fields");
  invalid("{ dog { ... on Boolean { somethingElse } } }", "which has no fields");
  invalid("fragment nameFragment on Dog { name } { dog { name } }", "never used");
}

TEST_CASE("5.5.2 spreads are of fragments that are there, without circles, where they can be") {
  invalid("{ dog { ...undefinedFragment } }", "no fragment");
  invalid("{ dog { ...nameFragment } } fragment nameFragment on Dog { name ...barkVolumeFragment } fragment "
          "barkVolumeFragment on Dog { barkVolume ...nameFragment }",
          "spreads itself");
  invalid("{ dog { ...dogFragment } } fragment dogFragment on Dog { name owner { ...ownerFragment } } fragment "
          "ownerFragment on Human { name pets { ...dogFragment } }",
          "spreads itself");
  valid(on_dog("{ ... on Dog { barkVolume } }"));
  invalid(on_dog("{ ... on Cat { meowVolume } }"), "is ever a Cat");
  valid(on_dog("{ ... on Pet { name } }"));
  valid(on_dog("{ ... on CatOrDog { ... on Cat { meowVolume } } }"));
  invalid("{ human { ...f } } fragment f on Sentient { ... on Dog { barkVolume } }", "is ever a Dog");
  invalid("{ human { ...f } } fragment f on HumanOrAlien { ... on Cat { meowVolume } }", "is ever a Cat");
  valid("{ pet { ...f } } fragment f on Pet { name ... on DogOrHuman { ... on Dog { barkVolume } } }");
  invalid("{ pet { ...f } } fragment f on Pet { name ...g } fragment g on Sentient { name }", "is ever a Sentient");
}

TEST_CASE("5.6 values are of their types") {
  valid(on_arguments("{ booleanArgField(booleanArg: true) }"));
  valid(on_arguments("{ floatArgField(floatArg: 1) }"));
  valid("query ($search: ComplexInput = { name: \"Fido\" }) { findDog(complex: $search) { name } }");
  invalid(on_arguments("{ intArgField(intArg: \"123\") }"), "Expected a Int");
  invalid(on_arguments("{ intArgField(intArg: 2147483648) }"), "Expected a Int");
  invalid("query badComplexValue { findDog(complex: { name: 123 }) { name } }", "Expected a String");
  valid("{ findDog(complex: { name: \"Fido\" }) { name } }");
  invalid("{ findDog(complex: { favoriteCookieFlavor: \"Bacon\" }) { name } }", "has no field");
  invalid("{ findDog(complex: { name: \"Fido\", name: \"Fido\" }) { name } }", "only one field");
  invalid("{ findDog(complex: { required: null }) { name } }", "found null");
  invalid(on_dog("{ doesKnowCommand(dogCommand: \"SIT\") }"), "Expected a DogCommand");
  invalid("query ($a: Int = \"x\") { arguments { intArgField(intArg: $a) } }", "Expected a Int");
}

TEST_CASE("5.7 directives are known, where they may be, and once") {
  invalid("query @skip(if: $foo) { dog { name } }", "cannot stand at a QUERY");
  invalid("query ($foo: Boolean = true, $bar: Boolean = false) { dog @skip(if: $foo) @skip(if: $bar) { name } }",
          "can stand here once");
  valid("query ($foo: Boolean = true, $bar: Boolean = false) { dog @skip(if: $foo) { name } pet @skip(if: $bar) { name "
        "} }");
  invalid("{ dog @unknown { name } }", "no directive @unknown");
  invalid("{ dog @skip { name } }", "needs the argument if");
}

TEST_CASE("5.8 variables are defined once, of input types, used, and where they may be") {
  invalid(
      "query houseTrainedQuery($atOtherHomes: Boolean, $atOtherHomes: Boolean) { dog { isHouseTrained(atOtherHomes: "
      "$atOtherHomes) } }",
      "only one variable");
  valid("query A($atOtherHomes: Boolean) { ...F } query B($atOtherHomes: Boolean) { ...F } fragment F on Query { dog { "
        "isHouseTrained(atOtherHomes: $atOtherHomes) } }");
  valid("query ($atOtherHomes: Boolean) { dog { isHouseTrained(atOtherHomes: $atOtherHomes) } }");
  valid("query ($booleans: [Boolean!]) { booleanList(booleanListArg: $booleans) }");
  invalid("query ($cat: Cat) { dog { name } }", "cannot be a Cat");
  invalid("query ($dog: Dog!) { dog { name } }", "cannot be a Dog!");
  invalid("query ($pets: [Pet]) { dog { name } }", "cannot be a [Pet]");
  invalid("query ($unknown: Unknown) { dog { name } }", "cannot be a Unknown");
  invalid("{ dog { isHouseTrained(atOtherHomes: $atOtherHomes) } }", "is not defined");
  invalid("{ dog { ...f } } fragment f on Dog { isHouseTrained(atOtherHomes: $atOtherHomes) }", "is not defined");
  invalid(
      "{ dog { ...g } } fragment g on Dog { ...f } fragment f on Dog { isHouseTrained(atOtherHomes: $atOtherHomes) }",
      "is not defined");
  invalid("query A($atOtherHomes: Boolean) { dog { ...f } } query B { dog { ...f } } fragment f on Dog { "
          "isHouseTrained(atOtherHomes: $atOtherHomes) }",
          "is not defined");
  invalid("query variableUnused($atOtherHomes: Boolean) { dog { isHouseTrained } }", "is never used");
  invalid("query A($atOtherHomes: Boolean) { dog { ...f } } fragment f on Dog { isHouseTrained }", "is never used");
  invalid("query A($atOtherHomes: Boolean, $extra: Int) { dog { ...f } } fragment f on Dog { "
          "isHouseTrained(atOtherHomes: $atOtherHomes) }",
          "is never used");
  invalid("query ($intArg: Int) { arguments { booleanArgField(booleanArg: $intArg) } }", "is wanted");
  invalid("query ($booleanListArg: [Boolean]) { arguments { booleanArgField(booleanArg: $booleanListArg) } }",
          "is wanted");
  invalid("query ($booleanArg: Boolean) { arguments { nonNullBooleanArgField(nonNullBooleanArg: $booleanArg) } }",
          "is wanted");
  valid("query ($nonNull: [Boolean]!) { arguments { booleanListArgField(booleanListArg: $nonNull) } }");
  invalid("query ($list: [Boolean]) { arguments { booleanListArgField(booleanListArg: $list) } }", "is wanted");
  valid("query ($b: Boolean) { arguments { optionalNonNullBooleanArgField(optionalBooleanArg: $b) } }");
  valid("query ($b: Boolean = true) { arguments { nonNullBooleanArgField(nonNullBooleanArg: $b) } }");
}

TEST_CASE("a document with very many faults is answered with the first hundred") {
  std::string text{"{"};
  for (int i = 0; i < 2'000; ++i)
    text += " nothing" + std::to_string(i);
  CHECK(faults_of(text + "}").size() == 100);
}

TEST_CASE("fields that would have to be merged without end are refused") {
  // Every fragment has the next one twice under two aliases: 2^24 pairs for whoever looks at each.
  std::string text{"{ human { ...f0 } }"};
  for (int i = 0; i < 24; ++i) {
    const std::string next = std::to_string(i + 1);
    text += " fragment f" + std::to_string(i) + " on Human { a: pets { ... on Dog { owner { ...f" + next +
            " } } } b: pets { ... on Dog { owner { ...f" + next + " } } } }";
  }
  text += " fragment f24 on Human { name }";
  invalid(text, "too many fields that would have to be merged");
}

TEST_CASE("a schema that does not hold together is refused") {
  const auto refused = [](std::string_view text, std::string_view said) {
    const auto schema = Schema::read(text);
    REQUIRE_FALSE(schema.has_value());
    INFO(schema.error().message);
    CHECK(schema.error().message.find(said) != std::string::npos);
  };
  refused("type A { a: Int }", "type for queries");
  refused("type Query { a: Missing }", "no output type");
  refused("type Query { a(b: Query): Int }", "no input type");
  refused("type Query { a: Int } type Query { b: Int }", "defined twice");
  refused("type Query implements I { a: Int } interface I { b: Int }", "not what I promises");
  refused("type Query { a(b: Int = \"x\"): Int }", "default value");
  refused("union U = Int type Query { a: U }", "no object type");
  refused("type Query { a: Int ", "Syntax error");
}

}  // namespace
