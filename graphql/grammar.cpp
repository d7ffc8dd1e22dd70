#include <tao/pegtl.hpp>
#include <tao/pegtl/contrib/parse_tree.hpp>

#include <algorithm>
#include <memory>

#include "graphql/syntax_tree.hpp"

namespace dompet::graphql {

namespace grammar {

using namespace tao::pegtl;

// --- 2.1 The text: what is ignored, and tokens. Every token takes what is ignored behind it.
// ---------------------------

struct comment : seq<one<'#'>, star<not_one<'\n', '\r'>>> {};
struct byte_order_mark : string<'\xEF', '\xBB', '\xBF'> {};
struct ignored : star<sor<one<' ', '\t', '\n', '\r', ','>, byte_order_mark, comment>> {};

template <char... Letters>
struct sign : seq<string<Letters...>, ignored> {};
template <char... Letters>
struct is_word : seq<string<Letters...>, not_at<identifier_other>> {};
template <char... Letters>
struct word : seq<is_word<Letters...>, ignored> {};

struct name : identifier {};
struct named : seq<name, ignored> {};

struct integer_part : seq<opt<one<'-'>>, sor<one<'0'>, seq<range<'1', '9'>, star<digit>>>> {};
struct fraction : seq<one<'.'>, plus<digit>> {};
struct exponent : seq<one<'e', 'E'>, opt<one<'+', '-'>>, plus<digit>> {};
struct number_end : not_at<sor<digit, one<'.'>, identifier_first>> {};
struct integer_value : integer_part {};
struct float_value : seq<integer_part, sor<seq<fraction, opt<exponent>>, exponent>> {};
struct number : seq<sor<float_value, integer_value>, must<number_end>, ignored> {};

struct control_letter : sor<range<'\0', '\x08'>, range<'\x0B', '\x0C'>, range<'\x0E', '\x1F'>> {};
struct escape : seq<one<'\\'>, must<sor<one<'"', '\\', '/', 'b', 'f', 'n', 'r', 't'>, seq<one<'u'>, rep<4, xdigit>>>>> {
};
struct string_letter : sor<escape, seq<not_at<sor<one<'"', '\n', '\r'>, control_letter>>, any>> {};
struct string_end : one<'"'> {};
struct string_value : seq<one<'"'>, star<string_letter>, must<string_end>> {};
struct block_quotes : string<'"', '"', '"'> {};
struct block_letter : sor<string<'\\', '"', '"', '"'>, seq<not_at<sor<block_quotes, control_letter>>, any>> {};
struct block_string_value : seq<block_quotes, star<block_letter>, must<block_quotes>> {};
struct any_string : seq<sor<block_string_value, string_value>, ignored> {};

struct opening : seq<one<'{', '[', '('>, ignored> {};
struct closing : seq<one<'}', ']', ')'>, ignored> {};
struct other_sign : seq<sor<one<'!', '$', '&', ':', '=', '@', '|'>, ellipsis>, ignored> {};
struct token : sor<opening, closing, other_sign, named, number, any_string> {};
struct tokens : seq<ignored, star<token>> {};

// --- 2.9 Values and 2.11 types --------------------------------------------------------------------------------------

struct value;
struct variable : seq<sign<'$'>, must<name>> {};
struct enum_value : name {};
struct list_value : seq<sign<'['>, star<value>, must<sign<']'>>> {};
struct object_field : seq<named, must<sign<':'>, value>> {};
struct object_value : seq<sign<'{'>, star<object_field>, must<sign<'}'>>> {};
struct value : sor<seq<variable, ignored>, number, any_string, seq<enum_value, ignored>, list_value, object_value> {};

struct argument : seq<named, must<sign<':'>, value>> {};
struct arguments : seq<sign<'('>, must<argument>, star<argument>, must<sign<')'>>> {};
struct directive : seq<sign<'@'>, must<named>, opt<arguments>> {};
struct directives : star<directive> {};

struct type;
struct named_type : name {};
struct list_type : seq<sign<'['>, must<type>, must<sign<']'>>> {};
struct non_null_type : sign<'!'> {};
struct type : seq<sor<seq<named_type, ignored>, list_type>, opt<non_null_type>> {};

// --- 2.2 to 2.8: operations, selections, fragments
// ----------------------------------------------------------------------

struct selection_set;
struct alias : seq<name, ignored, one<':'>> {};
struct field : seq<opt<alias, ignored>, named, opt<arguments>, directives, opt<selection_set>> {};
struct type_condition : seq<word<'o', 'n'>, must<named_type>, ignored> {};
struct fragment_spread : seq<not_at<is_word<'o', 'n'>>, named, directives> {};
struct inline_fragment : sor<seq<type_condition, directives, must<selection_set>>, seq<directives, selection_set>> {};
struct fragment_use : sor<fragment_spread, inline_fragment> {};
struct selection : sor<seq<sign<'.', '.', '.'>, must<fragment_use>>, field> {};
struct selection_set : seq<sign<'{'>, must<selection>, star<selection>, must<sign<'}'>>> {};

struct default_value : seq<sign<'='>, must<value>> {};
struct variable_definition : seq<variable, ignored, must<sign<':'>, type>, opt<default_value>, directives> {};
struct variable_definitions : seq<sign<'('>, must<variable_definition>, star<variable_definition>, must<sign<')'>>> {};
struct operation_type : sor<is_word<'q', 'u', 'e', 'r', 'y'>, is_word<'m', 'u', 't', 'a', 't', 'i', 'o', 'n'>,
                            is_word<'s', 'u', 'b', 's', 'c', 'r', 'i', 'p', 't', 'i', 'o', 'n'>> {};
struct operation_definition
    : sor<selection_set,
          seq<operation_type, ignored, opt<named>, opt<variable_definitions>, directives, must<selection_set>>> {};
struct fragment_name : seq<not_at<is_word<'o', 'n'>>, named> {};
struct fragment_definition : seq<word<'f', 'r', 'a', 'g', 'm', 'e', 'n', 't'>, must<fragment_name, type_condition>,
                                 directives, must<selection_set>> {};

// --- Section 3: types
// ---------------------------------------------------------------------------------------------------

struct description : any_string {};
struct input_value_definition : seq<opt<description>, named, must<sign<':'>, type>, opt<default_value>, directives> {};
struct arguments_definition
    : seq<sign<'('>, must<input_value_definition>, star<input_value_definition>, must<sign<')'>>> {};
struct field_definition : seq<opt<description>, named, opt<arguments_definition>, must<sign<':'>, type>, directives> {};
struct fields_definition : seq<sign<'{'>, must<field_definition>, star<field_definition>, must<sign<'}'>>> {};
struct implements : seq<word<'i', 'm', 'p', 'l', 'e', 'm', 'e', 'n', 't', 's'>, opt<sign<'&'>>, must<named_type>,
                        ignored, star<sign<'&'>, must<named_type>, ignored>> {};
struct root_operation : seq<named, must<sign<':'>, named_type>, ignored> {};
struct schema_definition : seq<word<'s', 'c', 'h', 'e', 'm', 'a'>, directives, must<sign<'{'>, root_operation>,
                               star<root_operation>, must<sign<'}'>>> {};
struct scalar_definition : seq<word<'s', 'c', 'a', 'l', 'a', 'r'>, must<named>, directives> {};
struct object_definition
    : seq<word<'t', 'y', 'p', 'e'>, must<named>, opt<implements>, directives, opt<fields_definition>> {};
struct interface_definition : seq<word<'i', 'n', 't', 'e', 'r', 'f', 'a', 'c', 'e'>, must<named>, opt<implements>,
                                  directives, opt<fields_definition>> {};
struct union_members
    : seq<sign<'='>, opt<sign<'|'>>, must<named_type>, ignored, star<sign<'|'>, must<named_type>, ignored>> {};
struct union_definition : seq<word<'u', 'n', 'i', 'o', 'n'>, must<named>, directives, opt<union_members>> {};
struct enum_value_definition : seq<opt<description>, named, directives> {};
struct enum_definition
    : seq<word<'e', 'n', 'u', 'm'>, must<named>, directives,
          opt<sign<'{'>, must<enum_value_definition>, star<enum_value_definition>, must<sign<'}'>>>> {};
struct input_definition
    : seq<word<'i', 'n', 'p', 'u', 't'>, must<named>, directives,
          opt<sign<'{'>, must<input_value_definition>, star<input_value_definition>, must<sign<'}'>>>> {};
struct directive_location : name {};
struct repeatable : word<'r', 'e', 'p', 'e', 'a', 't', 'a', 'b', 'l', 'e'> {};
struct directive_definition
    : seq<word<'d', 'i', 'r', 'e', 'c', 't', 'i', 'v', 'e'>, must<sign<'@'>, named>, opt<arguments_definition>,
          opt<repeatable>, must<word<'o', 'n'>>, opt<sign<'|'>>, must<directive_location>, ignored,
          star<sign<'|'>, must<directive_location>, ignored>> {};
struct type_system : sor<schema_definition, scalar_definition, object_definition, interface_definition,
                         union_definition, enum_definition, input_definition, directive_definition> {};
struct extension : seq<word<'e', 'x', 't', 'e', 'n', 'd'>, must<type_system>> {};
struct described : seq<description, must<type_system>> {};

struct definition : sor<operation_definition, fragment_definition, type_system, extension, described> {};
struct document : seq<ignored, must<definition>, star<definition>, must<eof>> {};

template <typename Rule>
inline constexpr SyntaxKind kind_of = SyntaxKind::none;
#define DOMPET_SYNTAX(rule)                                                                                            \
  template <>                                                                                                          \
  inline constexpr SyntaxKind kind_of<rule> = SyntaxKind::rule
DOMPET_SYNTAX(name);
DOMPET_SYNTAX(integer_value);
DOMPET_SYNTAX(float_value);
DOMPET_SYNTAX(string_value);
DOMPET_SYNTAX(block_string_value);
DOMPET_SYNTAX(variable);
DOMPET_SYNTAX(enum_value);
DOMPET_SYNTAX(list_value);
DOMPET_SYNTAX(object_value);
DOMPET_SYNTAX(object_field);
DOMPET_SYNTAX(argument);
DOMPET_SYNTAX(directive);
DOMPET_SYNTAX(named_type);
DOMPET_SYNTAX(list_type);
DOMPET_SYNTAX(non_null_type);
DOMPET_SYNTAX(alias);
DOMPET_SYNTAX(field);
DOMPET_SYNTAX(fragment_spread);
DOMPET_SYNTAX(inline_fragment);
DOMPET_SYNTAX(type_condition);
DOMPET_SYNTAX(selection_set);
DOMPET_SYNTAX(default_value);
DOMPET_SYNTAX(variable_definition);
DOMPET_SYNTAX(operation_type);
DOMPET_SYNTAX(operation_definition);
DOMPET_SYNTAX(fragment_definition);
DOMPET_SYNTAX(description);
DOMPET_SYNTAX(root_operation);
DOMPET_SYNTAX(schema_definition);
DOMPET_SYNTAX(scalar_definition);
DOMPET_SYNTAX(object_definition);
DOMPET_SYNTAX(interface_definition);
DOMPET_SYNTAX(union_definition);
DOMPET_SYNTAX(enum_definition);
DOMPET_SYNTAX(input_definition);
DOMPET_SYNTAX(directive_definition);
DOMPET_SYNTAX(implements);
DOMPET_SYNTAX(field_definition);
DOMPET_SYNTAX(input_value_definition);
DOMPET_SYNTAX(enum_value_definition);
DOMPET_SYNTAX(directive_location);
DOMPET_SYNTAX(repeatable);
DOMPET_SYNTAX(extension);
#undef DOMPET_SYNTAX

template <typename Rule>
using selector = std::bool_constant<kind_of<Rule> != SyntaxKind::none>;

struct Node : parse_tree::basic_node<Node> {
  template <typename Rule, typename Input, typename... States>
  void start(const Input& in, States&&... states) {
    basic_node::start<Rule>(in, states...);
    kind = kind_of<Rule>;
  }
  SyntaxKind kind = SyntaxKind::none;
};

/// How many tokens a text has and how deep its brackets go.
struct Census {
  std::size_t tokens = 0;
  std::size_t open = 0;
  std::size_t deepest = 0;
};

template <typename Rule>
struct count : nothing<Rule> {};
template <>
struct count<token> {
  static void apply0(Census& census) { ++census.tokens; }
};
template <>
struct count<opening> {
  static void apply0(Census& census) { census.deepest = std::max(census.deepest, ++census.open); }
};
template <>
struct count<closing> {
  static void apply0(Census& census) { census.open -= census.open > 0 ? 1 : 0; }
};

}  // namespace grammar

namespace {

namespace pegtl = tao::pegtl;
// Positions are made when they are asked for, which is once at most.
using Input = pegtl::memory_input<pegtl::tracking_mode::lazy>;

SyntaxNode plain(const grammar::Node& node, const char* begin) {
  SyntaxNode made{.kind = node.kind};
  if (!node.is_root()) {
    made.begin = static_cast<std::size_t>(node.m_begin.data - begin);
    made.end = static_cast<std::size_t>(node.m_end.data - begin);
  }
  made.children.reserve(node.children.size());
  for (const auto& child : node.children)
    made.children.push_back(plain(*child, begin));
  return made;
}

/// What stands there, as somebody who looks for it reads it.
std::string what_is_at(std::string_view text, std::size_t at) {
  if (at >= text.size())
    return "the end of the text";
  const char letter = text[at];
  if (std::isalnum(static_cast<unsigned char>(letter)) == 0 && letter != '_') {
    if (static_cast<unsigned char>(letter) >= 0x20 && static_cast<unsigned char>(letter) < 0x7F)
      return std::string{"'"} + letter + "'";
    return "a character that is not part of the language";
  }
  std::size_t end = at;
  while (end < text.size() && end - at < 40 &&
         (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_'))
    ++end;
  std::string word{"\""};
  return word.append(text.substr(at, end - at)) + '"';
}

Fault syntax_fault(std::string_view text, std::size_t at) {
  return fault("graphql_syntax", "Syntax error: unexpected " + what_is_at(text, at) + ".", {location_of(text, at)});
}

std::size_t after_ignored(std::string_view text, std::size_t at) {
  Input rest(text.data() + at, text.data() + text.size(), "");
  pegtl::parse<grammar::ignored>(rest);
  return static_cast<std::size_t>(rest.current() - text.data());
}

/// The tokens alone, without a tree and without recursion: what is too large for the rest ends here.
std::expected<void, Fault> take_measure(std::string_view text, const TextLimits& limits) {
  const auto too_large = [](std::string what, std::size_t limit) {
    return std::unexpected(fault("query_too_large", "The document has more than " + std::to_string(limit) + what));
  };
  if (text.size() > limits.bytes)
    return too_large(" bytes.", limits.bytes);
  grammar::Census census;
  Input input(text.data(), text.data() + text.size(), "");
  pegtl::parse<grammar::tokens, grammar::count>(input, census);
  if (census.tokens > limits.tokens)
    return too_large(" tokens.", limits.tokens);
  if (census.deepest > limits.nesting)
    return too_large(" brackets inside each other.", limits.nesting);
  return {};
}

}  // namespace

std::expected<SyntaxNode, Fault> syntax_tree(std::string_view text, const TextLimits& limits) {
  try {
    if (const auto measured = take_measure(text, limits); !measured)
      return std::unexpected(measured.error());
    Input input(text.data(), text.data() + text.size(), "");
    const auto root = pegtl::parse_tree::parse<grammar::document, grammar::Node, grammar::selector>(input);
    if (root == nullptr)
      return std::unexpected(syntax_fault(text, 0));
    return plain(*root, text.data());
  } catch (const pegtl::parse_error& error) {
    return std::unexpected(syntax_fault(text, after_ignored(text, error.positions().front().byte)));
  }
}

}  // namespace dompet::graphql
