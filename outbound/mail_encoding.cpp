#include "outbound/mail_encoding.hpp"

#include <algorithm>

namespace dompet {

namespace {

constexpr std::size_t longest_line = 76;
constexpr std::string_view line_end = "\r\n";
constexpr std::string_view word_begin = "=?UTF-8?B?";
constexpr std::string_view word_end = "?=";
/// Bytes whose base64 still fits into an encoded word of 75 characters.
constexpr std::size_t bytes_a_word = 45;

bool is_control(char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F; }
bool is_ascii(char letter) { return static_cast<unsigned char>(letter) < 0x80; }
bool begins_letter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

std::string hexadecimal(char letter) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(letter);
  return {'=', digits[byte >> 4U], digits[byte & 0xFU]};
}

/// The letter that begins `rest`, as it stands at this place of a line.
std::string piece_of(std::string_view rest, bool begins_line) {
  const char letter = rest.front();
  // A dot alone ends a mail, and some servers make ">From " of "From ".
  if (begins_line && (letter == '.' || rest.starts_with("From ")))
    return hexadecimal(letter);
  if (letter == ' ' || letter == '\t')
    return rest.size() > 1 ? std::string{letter} : hexadecimal(letter);
  return is_control(letter) || !is_ascii(letter) || letter == '=' ? hexadecimal(letter) : std::string{letter};
}

/// One line of the text, without its end.
void append_line(std::string& out, std::string_view line) {
  std::size_t column = 0;
  for (; !line.empty(); line.remove_prefix(1)) {
    std::string piece = piece_of(line, column == 0);
    // A line that goes on needs room for the "=" that says so.
    if (column + piece.size() > longest_line - (line.size() > 1 ? 1 : 0)) {
      out.append("=").append(line_end);
      column = 0;
      piece = piece_of(line, true);
    }
    out.append(piece);
    column += piece.size();
  }
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8U | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      out += j <= count ? letters[group >> (18U - 6U * j) & 0x3FU] : '=';
  }
  return out;
}

std::string encoded_words(std::string_view text, std::size_t first_room) {
  std::string out;
  const std::size_t frame = word_begin.size() + word_end.size();
  std::size_t room = std::min(bytes_a_word, first_room > frame + 8 ? (first_room - frame) / 4 * 3 : 0);
  while (!text.empty()) {
    std::size_t size = std::min(room, text.size());
    while (size > 0 && size < text.size() && !begins_letter(text[size]))
      --size;
    if (size == 0 && room == bytes_a_word)
      size = std::min(room, text.size());  // no UTF-8: nothing to keep together
    if (size > 0)
      out.append(word_begin).append(base64(text.substr(0, size))).append(word_end);
    text.remove_prefix(size);
    if (!text.empty())
      out.append(line_end).append(" ");
    room = bytes_a_word;
  }
  return out;
}

/// Breaks between words; empty when a word is too long for a line.
std::string folded(std::string_view text, std::size_t column) {
  std::string out;
  while (!text.empty()) {
    const std::size_t begin = text.find_first_not_of(' ');
    const std::size_t end = begin == text.npos ? text.size() : std::min(text.find(' ', begin), text.size());
    const std::string_view word = text.substr(0, end);
    if (column + word.size() > longest_line && !out.empty() && word.starts_with(' ')) {
      out.append(line_end);
      column = 0;
    }
    if (column + word.size() > longest_line)
      return {};
    out.append(word);
    column += word.size();
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string clean{text};
  std::ranges::replace_if(clean, is_control, ' ');
  return clean;
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(line_end), text.size());
    append_line(out, text.substr(0, end));
    out.append(line_end);
    text.remove_prefix(end);
    if (text.starts_with(line_end))
      text.remove_prefix(2);
    else if (!text.empty())
      text.remove_prefix(1);
  }
  return out;
}

std::string header_text(std::string_view text, std::size_t name_length) {
  const std::string clean = one_line(text);
  if (std::ranges::all_of(clean, is_ascii) && !clean.contains("=?"))
    if (std::string lines = folded(clean, name_length); !lines.empty() || clean.empty())
      return lines;
  return encoded_words(clean, longest_line - std::min(name_length, longest_line));
}

std::string display_name(std::string_view name) {
  const std::string clean = one_line(name);
  constexpr std::size_t longest_plain = 60;
  if (!std::ranges::all_of(clean, is_ascii) || clean.contains("=?") || clean.size() > longest_plain)
    return encoded_words(clean, longest_line - std::string_view{"From: "}.size());
  const auto is_plain = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == ' ' || letter == '-';
  };
  if (std::ranges::all_of(clean, is_plain))
    return clean;
  std::string quoted{'"'};
  for (const char letter : clean) {
    if (letter == '"' || letter == '\\')
      quoted += '\\';
    quoted += letter;
  }
  return quoted + '"';
}

bool is_mail_address(std::string_view text) {
  constexpr std::size_t longest_address = 254;
  const std::size_t at = text.rfind('@');
  if (at == text.npos || at == 0 || at + 1 == text.size() || text.size() > longest_address)
    return false;
  return std::ranges::none_of(
      text, [](char letter) { return is_control(letter) || std::string_view{" <>(),;:\"\\[]"}.contains(letter); });
}

}  // namespace dompet
