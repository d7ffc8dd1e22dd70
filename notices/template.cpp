#include "notices/template.hpp"

#include <algorithm>
#include <cctype>

#include "domain/ensure.hpp"
#include "notices/embedded.hpp"

namespace dompet {

namespace {

/// Another language is another folder of templates, and a user who says which one is his.
constexpr std::string_view language = "en";

constexpr std::string_view open = "{{";
constexpr std::string_view close = "}}";

std::string_view text_of(std::string_view name) {
  const auto found = std::ranges::find(notices::templates, name, &notices::Template::name);
  ensure(found != notices::templates.end(), "every kind of notice has a template");
  return found->text;
}

/// The parts of a template's file.
struct Parts {
  std::string_view subject{};
  std::string_view title{};
  std::string_view button{};
  std::string_view path{};
  std::vector<std::string_view> paragraphs{};
};

/// Cuts off what stands before `end`, and `end`.
std::string_view taken(std::string_view& text, std::string_view end) {
  const std::size_t at = text.find(end);
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + end.size());
  return before;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with('\n') || text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with('\n') || text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

Parts parts_of(std::string_view file) {
  Parts parts;
  std::string_view head = taken(file, "\n\n");
  while (!head.empty()) {
    std::string_view line = taken(head, "\n");
    const std::string_view name = taken(line, ": ");
    std::string_view* const part = name == "subject"  ? &parts.subject
                                   : name == "title"  ? &parts.title
                                   : name == "button" ? &parts.button
                                   : name == "path"   ? &parts.path
                                                      : nullptr;
    ensure(part != nullptr, "a template's head has subject, title, button and path");
    *part = line;
  }
  while (!file.empty())
    if (const std::string_view paragraph = trimmed(taken(file, "\n\n")); !paragraph.empty())
      parts.paragraphs.push_back(paragraph);
  return parts;
}

using Escape = std::string (*)(std::string_view);

/// A value is one line: it cannot look like another one.
std::string as_text(std::string_view value) {
  std::string line{value};
  std::ranges::replace_if(line, [](char letter) { return std::iscntrl(static_cast<unsigned char>(letter)) != 0; }, ' ');
  return line;
}

std::string escaped(std::string_view text) {
  std::string html;
  for (const char letter : text)
    switch (letter) {
      case '&': html += "&amp;"; break;
      case '<': html += "&lt;"; break;
      case '>': html += "&gt;"; break;
      case '"': html += "&quot;"; break;
      case '\'': html += "&#39;"; break;
      default: html += letter;
    }
  return html;
}

std::string as_html(std::string_view value) { return escaped(as_text(value)); }

/// Of a path or a query, RFC 3986's unreserved characters.
std::string as_link(std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string link;
  for (const char letter : value) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0 || std::string_view{"-._~"}.contains(letter))
      link += letter;
    else
      link.append({'%', digits[byte >> 4U], digits[byte & 0xFU]});
  }
  return link;
}

std::string unchanged(std::string_view text) { return std::string{text}; }

/// The piece with its values, each escaped, and what is between them by `around`.
std::string filled(std::string_view piece, const NoticeValues& values, Escape escape, Escape around = unchanged) {
  std::string out;
  while (!piece.empty()) {
    out.append(around(taken(piece, open)));
    if (piece.empty())
      break;
    const std::string_view name = taken(piece, close);
    const auto value = std::ranges::find(values, name, &NoticeValues::value_type::first);
    ensure(value != values.end(), "every placeholder of a template has a value");
    out.append(escape(value->second));
  }
  return out;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string page_of(const Parts& parts, const NoticeValues& values, const std::string& link) {
  std::string paragraphs;
  for (const std::string_view paragraph : parts.paragraphs)
    paragraphs.append("<p>")
        .append(replaced(filled(paragraph, values, as_html, escaped), "\n", "<br>\n"))
        .append("</p>\n");
  std::string button;
  if (!link.empty())
    button = filled(text_of("button.html"), {{"link", link}, {"button", std::string{parts.button}}}, as_html);
  return filled(text_of("layout.html"),
                {{"title", filled(parts.title, values, as_html, escaped)}, {"message", paragraphs}, {"button", button}},
                unchanged);
}

std::string plain_of(const Parts& parts, const NoticeValues& values, const std::string& link) {
  std::string paragraphs;
  for (const std::string_view paragraph : parts.paragraphs)
    paragraphs.append(filled(paragraph, values, as_text)).append("\n\n");
  if (!link.empty())
    paragraphs.append(parts.button).append(": ").append(link).append("\n\n");
  return filled(text_of("layout.txt"), {{"title", filled(parts.title, values, as_text)}, {"message", paragraphs}},
                unchanged);
}

Parts parts_of_kind(std::string_view kind) {
  return parts_of(text_of(std::string{language}.append("/").append(kind).append(".txt")));
}

}  // namespace

RenderedNotice render_notice(std::string_view kind, const NoticeValues& values, std::string_view link_base) {
  const Parts parts = parts_of_kind(kind);
  while (link_base.ends_with('/'))
    link_base.remove_suffix(1);
  const std::string link = link_base.empty() || parts.path.empty()
                               ? std::string{}
                               : std::string{link_base}.append(filled(parts.path, values, as_link));
  return {filled(parts.subject, values, as_text), plain_of(parts, values, link), page_of(parts, values, link)};
}

}  // namespace dompet
