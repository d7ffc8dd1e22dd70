#include "graphql/document.hpp"

#include <algorithm>

namespace dompet::graphql {

std::string text_of(const TypeReference& type) {
  switch (type.kind) {
    case TypeReference::Kind::named: return type.name;
    case TypeReference::Kind::list: return '[' + text_of(*type.of) + ']';
    case TypeReference::Kind::non_null: break;
  }
  return text_of(*type.of) + '!';
}

bool is_same(const TypeReference& left, const TypeReference& right) {
  if (left.kind != right.kind)
    return false;
  return left.kind == TypeReference::Kind::named ? left.name == right.name : is_same(*left.of, *right.of);
}

const Value* Directive::find(std::string_view argument) const {
  const auto found = std::ranges::find(arguments, argument, &Argument::name);
  return found == arguments.end() ? nullptr : &found->value;
}

std::string_view name_of(Operation::Kind kind) {
  switch (kind) {
    case Operation::Kind::query: return "query";
    case Operation::Kind::mutation: return "mutation";
    case Operation::Kind::subscription: break;
  }
  return "subscription";
}

const Fragment* Document::find_fragment(std::string_view name) const {
  const auto found = std::ranges::find(fragments, name, &Fragment::name);
  return found == fragments.end() ? nullptr : &*found;
}

Location location_of(std::string_view source, std::size_t at) {
  Location place;
  for (std::size_t i = 0; i < std::min(at, source.size()); ++i) {
    const char letter = source[i];
    const bool ends_line = letter == '\n' || (letter == '\r' && (i + 1 >= source.size() || source[i + 1] != '\n'));
    if (ends_line)
      place = {place.line + 1, 1};
    else if ((static_cast<unsigned char>(letter) & 0xC0) != 0x80 && letter != '\r')
      ++place.column;
  }
  return place;
}

}  // namespace dompet::graphql
