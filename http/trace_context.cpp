#include "http/trace_context.hpp"

namespace dompet::http {

namespace {

constexpr std::size_t whole = 55;  // 00-<32>-<16>-00

bool is_hexadecimal(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == text.npos; }

/// Of an id: all zeros name nothing.
bool names_something(std::string_view id) { return is_hexadecimal(id) && id.find_first_not_of('0') != id.npos; }

}  // namespace

bool is_traceparent(std::string_view text) {
  if (text.size() < whole || text[2] != '-' || text[35] != '-' || text[52] != '-')
    return false;
  const std::string_view version = text.substr(0, 2);
  // A later version may have more to say, behind another dash.
  const bool has_end = text.size() == whole || (version != "00" && text[whole] == '-');
  return has_end && is_hexadecimal(version) && version != "ff" && names_something(text.substr(3, 32)) &&
         names_something(text.substr(36, 16)) && is_hexadecimal(text.substr(53, 2));
}

}  // namespace dompet::http
