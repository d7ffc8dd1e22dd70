// The examples of section 2 of the GraphQL specification (October 2021), and what is no document.
#include <catch2/catch_test_macros.hpp>

#include "graphql/parse.hpp"

namespace {

using namespace dompet::graphql;

Document read(std::string_view text) {
  auto document = parse(text);
  INFO(text);
  if (!document)
    FAIL(document.error().message);
  return *std::move(document);
}

Fault refused(std::string_view text, const TextLimits& limits = {}) {
  const auto document = parse(text, limits);
  INFO(text);
  REQUIRE_FALSE(document.has_value());
  return document.error();
}

/// The value of the only argument of the only field.
Value argument(std::string_view literal) {
  const Document document = read("{ f(a: " + std::string{literal} + ") }");
  return document.operations.at(0).selections.at(0).arguments.at(0).value;
}

TEST_CASE("every example of section 2 is a document") {
  for (
      const std::string_view text : {
          R"(mutation { likeStory(storyID: 12345) { story { likeCount } } })",
          R"({ field })",
          R"({ id firstName lastName })",
          R"({ me { id firstName lastName birthday { month day } friends { name } } })",
          R"({ user(id: 4) { name } })",
          R"({ user(id: 4) { id name profilePic(size: 100) } })",
          R"({ user(id: 4) { id name profilePic(width: 100, height: 50) } })",
          R"({ picture(width: 200, height: 100) })",
          R"({ user(id: 4) { id name smallPic: profilePic(size: 64) bigPic: profilePic(size: 1024) } })",
          R"({ zuck: user(id: 4) { id name } })",
          R"(query withFragments { user(id: 4) { friends(first: 10) { ...friendFields } mutualFriends(first: 10) { ...friendFields } } }
              fragment friendFields on User { id name profilePic(size: 50) })",
          R"(query withNestedFragments { user(id: 4) { friends(first: 10) { ...friendFields } } }
              fragment friendFields on User { id name ...standardProfilePic }
              fragment standardProfilePic on User { profilePic(size: 50) })",
          R"(query FragmentTyping { profiles(handles: ["zuck", "coca-cola"]) { handle ...userFragment ...pageFragment } }
              fragment userFragment on User { friends { count } } fragment pageFragment on Page { likers { count } })",
          R"(query inlineFragmentTyping { profiles(handles: ["zuck", "coca-cola"]) { handle ... on User { friends { count } } ... on Page { likers { count } } } })",
          R"(query inlineFragmentNoType($expandedInfo: Boolean) { user(handle: "zuck") { id name ... @include(if: $expandedInfo) { firstName lastName birthday } } })",
          "mutation { sendEmail(message: \"\"\"\n    Hello,\n      World!\n\n    Yours,\n      GraphQL.\n  \"\"\") }",
          R"({ field(arg: null) field })",
          R"({ nearestThing(location: { lon: 12.43, lat: -53.211 }) })",
          R"({ nearestThing(location: { lat: -53.211, lon: 12.43 }) })",
          R"(query getZuckProfile($devicePicSize: Int) { user(id: 4) { id name profilePic(size: $devicePicSize) } })",
          R"(query ($list: [Int!]! = [1, 2], $one: In = {a: $b}) { a })",
          R"(query A @onQuery($x: Int) { a })",
          R"(subscription S { a })",
          R"({ query mutation fragment type on: on true: null })",
          "\xEF\xBB\xBF{ a }",
          "# a comment\n{ a # another, with \"quotes\" {\n }",
          "{a,b,,,c}",
      }) {
    if (text.find("a: $b") != text.npos || text.find("@onQuery(") != text.npos)
      CHECK(refused(text).message.starts_with("Syntax error"));
    else
      read(text);
  }
}

TEST_CASE("what is no document is refused at its place") {
  const auto check = [](std::string_view text, std::size_t line, std::size_t column) {
    const Fault fault = refused(text);
    CHECK(fault.message.starts_with("Syntax error: "));
    CHECK(fault.locations == std::vector{Location{line, column}});
  };
  check("", 1, 1);
  check("   \n", 2, 1);
  check("{", 1, 2);
  check("{ a", 1, 4);
  check("{ ...on }", 1, 9);
  check("{ a(b:) }", 1, 7);
  check("{ a() }", 1, 5);
  check("{ }", 1, 3);
  check("{ a }\n  }", 2, 3);
  check("notAnOperation Foo { a }", 1, 1);
  check("{ a(b: 01) }", 1, 9);
  check("{ a(b: 1.) }", 1, 9);
  check("{ a(b: 1x) }", 1, 9);
  check("{ a(b: \"open) }", 1, 16);
  check("{ a(b: \"\\q\") }", 1, 10);
  check("fragment on on on { on }", 1, 10);
  check("query ($a: Int = $b) { a }", 1, 18);
  check("{ a(b: \"\\uD800\") }", 1, 8);
  check("{ \xC3\xA9 }", 1, 3);
  check("{ a ? }", 1, 5);
  check("{ a(b: \x01) }", 1, 8);
}

TEST_CASE("values are what they are written as") {
  CHECK(argument("4").kind == Value::Kind::integer);
  CHECK(argument("-0").text == "-0");
  CHECK(argument("6.0221413e23").text == "6.0221413e23");
  CHECK(argument("1E5").kind == Value::Kind::decimal);
  CHECK(argument("123456789012345678901234567890.10").text == "123456789012345678901234567890.10");
  CHECK(argument("true").truth);
  CHECK(argument("null").is_null());
  CHECK(argument("MOBILE_WEB").kind == Value::Kind::name);
  CHECK(argument("$x").kind == Value::Kind::variable);
  CHECK(argument("[]").items.empty());
  CHECK(argument("[1 2, [3]]").items.at(2).items.at(0).text == "3");
  CHECK(argument("{a: {b: 1}}").find("a")->find("b")->text == "1");
}

TEST_CASE("strings say what their escapes mean") {
  CHECK(argument(R"("")").text.empty());
  CHECK(argument(R"("a \" \\ \/ \b \f \n \r \t")").text == "a \" \\ / \b \f \n \r \t");
  CHECK(argument(R"("\u00e9 \uD83D\uDE00")").text == "\xC3\xA9 \xF0\x9F\x98\x80");
  CHECK(argument("\"\"\"\"\"\"").text.empty());
  CHECK(argument("\"\"\"a \\\"\"\" b\"\"\"").text == "a \"\"\" b");
  CHECK(argument("\"\"\"\n    Hello,\n      World!\n\n    Yours,\n      GraphQL.\n  \"\"\"").text ==
        "Hello,\n  World!\n\nYours,\n  GraphQL.");
  CHECK(argument("\"\"\"one\r\n   two\r   three\"\"\"").text == "one\ntwo\nthree");
}

TEST_CASE("an alias names the field in the answer") {
  const Document document = read("{ zuck: user(id: 4) { id } }");
  const Selection& field = document.operations.at(0).selections.at(0);
  CHECK(field.key == "zuck");
  CHECK(field.name == "user");
  CHECK(field.selections.at(0).key == "id");
}

TEST_CASE("variables have types and defaults") {
  const Document document = read("query Q($a: [Int!]! = [1] @x, $b: S) { f }");
  const auto& variables = document.operations.at(0).variables;
  CHECK(text_of(variables.at(0).type) == "[Int!]!");
  CHECK(variables.at(0).fallback->items.size() == 1);
  CHECK(variables.at(0).directives.at(0).name == "x");
  CHECK(variables.at(1).name == "b");
  CHECK_FALSE(variables.at(1).fallback.has_value());
}

TEST_CASE("a document that is too large is refused before it is read") {
  const auto check = [](const std::string& text, const TextLimits& limits, std::string_view what) {
    const Fault fault = refused(text, limits);
    CHECK(fault.extensions.find("code")->text == "query_too_large");
    CHECK(fault.message.find(what) != std::string::npos);
  };
  check(std::string(70'000, ' '), {}, "65536 bytes");
  std::string fields{"{"};
  for (int i = 0; i < 10'000; ++i)
    fields += " a";
  check(fields + "}", {}, "10000 tokens");
  for (const std::string_view deep : {"{a", "[", "{a(b:[", "{a(b:{c:"}) {
    std::string text{"{ a(b: "};
    for (int i = 0; i < 1'000; ++i)
      text += deep;
    check(text, {}, "64 brackets");
  }
  check("{ a { b { c } } }", {.bytes = 100, .tokens = 100, .nesting = 2}, "2 brackets");
}

TEST_CASE("places are counted in characters") {
  CHECK(location_of("a\nb\r\nc\rd", 7) == Location{4, 1});
  CHECK(location_of("\xC3\xA9 a", 3) == Location{1, 3});
  CHECK(location_of("ab", 99) == Location{1, 3});
}

}  // namespace
