#include <string>
#include <string_view>

#include "config/settings_table.hpp"

namespace dompet {

namespace {

constexpr std::size_t line_width = 100;

constexpr std::string_view introduction =
    "Every setting of dompetd, with its default, what is allowed, and why it exists. A file may hold any part of this; "
    "a name that is not here is refused. Name the file with --config FILE or DOMPET_CONFIG. Each setting can also be "
    "given as a variable and as a flag, and later wins: defaults, file, variables, flags. engine.batch_rows, for one, "
    "is the variable DOMPET_ENGINE_BATCH_ROWS and the flag --engine-batch-rows.";

/// Appends a text as comment lines, broken between words.
void append_comment(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::size_t end = text.size();
    if (end > line_width - 2) {
      end = text.rfind(' ', line_width - 2);
      end = end == text.npos ? text.find(' ') : end;
    }
    out += "# " + std::string{text.substr(0, end)} + '\n';
    text.remove_prefix(std::min(text.size(), end == text.npos ? end : end + 1));
  }
}

std::string literal(const Setting& row) {
  const std::string value = row.read(Settings{});
  return row.form == ValueForm::text ? '"' + value + '"' : value;
}

void append_row(std::string& out, const Setting& row) {
  out += '\n';
  append_comment(out, row.reason);
  std::string allowed = "It must be " + row.allowed + '.';
  append_comment(out, allowed);
  out += std::string{row.name} + " = " + literal(row) + '\n';
}

}  // namespace

std::string example_config() {
  std::string out;
  append_comment(out, introduction);
  std::string_view section;
  for (const Setting& row : settings_table()) {
    if (row.section != section)
      out += "\n[" + std::string{row.section} + "]\n";
    section = row.section;
    append_row(out, row);
  }
  return out;
}

}  // namespace dompet
