#include "graphql/strings.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

namespace dompet::graphql {

namespace {

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80)
    return put(point);
  if (point < 0x800) {
    put(0xC0 | point >> 6);
  } else if (point < 0x1'0000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

std::optional<std::uint32_t> unit_at(std::string_view text, std::size_t at) {
  std::uint32_t unit = 0;
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u')
    return std::nullopt;
  std::from_chars(text.data() + at + 2, text.data() + at + 6, unit, 16);
  return unit;
}

/// The character of one escape or of two that are a pair; moves behind it.
std::optional<std::uint32_t> take_point(std::string_view text, std::size_t& at) {
  const std::uint32_t first = unit_at(text, at).value_or(0);
  at += 6;
  if (first < 0xD800 || first > 0xDFFF)
    return first;
  const auto second = unit_at(text, at);
  if (first > 0xDBFF || !second || *second < 0xDC00 || *second > 0xDFFF)
    return std::nullopt;
  at += 6;
  return 0x1'0000 + ((first - 0xD800) << 10) + (*second - 0xDC00);
}

char letter_of(char escaped) {
  switch (escaped) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return escaped;
  }
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find_first_of("\r\n");
    lines.push_back(text.substr(0, end));
    if (end == text.npos)
      return lines;
    text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
  }
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == line.npos; }

}  // namespace

std::optional<std::string> unescaped(std::string_view inside) {
  std::string text;
  for (std::size_t at = 0; at < inside.size();) {
    if (inside[at] != '\\') {
      text += inside[at++];
    } else if (inside[at + 1] == 'u') {
      const auto point = take_point(inside, at);
      if (!point)
        return std::nullopt;
      append_utf8(text, *point);
    } else {
      text += letter_of(inside[at + 1]);
      at += 2;
    }
  }
  return text;
}

std::string block_text(std::string_view inside) {
  std::string raw{inside};
  for (std::size_t at = raw.find("\\\"\"\""); at != raw.npos; at = raw.find("\\\"\"\"", at + 3))
    raw.erase(at, 1);
  std::vector<std::string_view> lines = lines_of(raw);
  std::size_t indent = std::string_view::npos;
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (!is_blank(lines[i]))
      indent = std::min(indent, lines[i].find_first_not_of(" \t"));
  if (indent != std::string_view::npos)
    for (std::size_t i = 1; i < lines.size(); ++i)
      lines[i].remove_prefix(std::min(indent, lines[i].size()));
  const auto first = std::ranges::find_if_not(lines, is_blank);
  const auto last = std::find_if_not(lines.rbegin(), std::make_reverse_iterator(first), is_blank).base();
  std::string text;
  for (auto line = first; line != last; ++line)
    (text += line == first ? "" : "\n") += *line;
  return text;
}

}  // namespace dompet::graphql
