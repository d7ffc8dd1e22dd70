#include "cli/load/response.hpp"

#include <algorithm>
#include <charconv>

namespace dompet::cli {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bool same_name(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

Parsed malformed() {
  Parsed parsed;
  parsed.outcome = ParseOutcome::malformed;
  return parsed;
}

/// The headers that decide where the response ends, found in one pass.
struct Framing {
  std::size_t content_length = 0;
  bool chunked = false;
  bool keep_alive = true;
  bool broken = false;
};

Framing framing_of(std::string_view head) {
  Framing framing;
  auto line_start = head.find("\r\n");
  while (line_start != std::string_view::npos && line_start + 2 < head.size()) {
    line_start += 2;
    const auto line_end = head.find("\r\n", line_start);
    const auto line = head.substr(line_start, line_end - line_start);
    line_start = line_end;
    // Only three headers matter; their first letters keep the others cheap.
    if (line.empty() || (line[0] | 0x20) != 'c') {
      if (line.empty() || (line[0] | 0x20) != 't')
        continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
      continue;
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (same_name(name, "content-length")) {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), framing.content_length);
      framing.broken |= error != std::errc{} || end != value.data() + value.size();
    } else if (same_name(name, "transfer-encoding")) {
      framing.chunked = same_name(value, "chunked");
    } else if (same_name(name, "connection")) {
      framing.keep_alive = !same_name(value, "close");
    }
  }
  return framing;
}

/// Joins the chunks that begin at `position`. Returns the position behind the last one, 0 when bytes are missing,
/// npos when it is no chunked body.
std::size_t join_chunks(std::string_view bytes, std::size_t position, std::string& joined) {
  joined.clear();
  for (;;) {
    const auto line_end = bytes.find("\r\n", position);
    if (line_end == std::string_view::npos)
      return 0;
    std::size_t size = 0;
    const auto* first = bytes.data() + position;
    const auto [end, error] = std::from_chars(first, bytes.data() + line_end, size, 16);
    if (error != std::errc{} || end == first)
      return std::string_view::npos;
    position = line_end + 2;
    if (size == 0)
      break;
    if (bytes.size() < position + size + 2)
      return 0;
    joined.append(bytes.substr(position, size));
    position += size + 2;
  }
  // Trailers, if any, end with an empty line.
  for (;;) {
    const auto line_end = bytes.find("\r\n", position);
    if (line_end == std::string_view::npos)
      return 0;
    if (line_end == position)
      return line_end + 2;
    position = line_end + 2;
  }
}

}  // namespace

std::string_view Response::header(std::string_view name) const {
  auto line_start = head.find("\r\n");
  while (line_start != std::string_view::npos && line_start + 2 < head.size()) {
    line_start += 2;
    const auto line_end = head.find("\r\n", line_start);
    const auto line = head.substr(line_start, line_end - line_start);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && same_name(line.substr(0, colon), name))
      return trimmed(line.substr(colon + 1));
    line_start = line_end;
  }
  return {};
}

Parsed parse_response(std::string_view bytes, std::string& joined) {
  Parsed parsed;
  constexpr std::string_view shortest = "HTTP/1.1 200";
  if (bytes.size() < shortest.size())
    return parsed;
  if (!bytes.starts_with("HTTP/1."))
    return malformed();
  const auto head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos)
    return parsed;
  auto& response = parsed.response;
  const auto [end, error] = std::from_chars(bytes.data() + 9, bytes.data() + 12, response.status);
  if (error != std::errc{} || end != bytes.data() + 12)
    return malformed();
  response.head = bytes.substr(0, head_end + 2);
  const auto framing = framing_of(response.head);
  if (framing.broken)
    return malformed();
  response.keep_alive = framing.keep_alive;
  const auto body_start = head_end + 4;
  if (framing.chunked) {
    const auto behind = join_chunks(bytes, body_start, joined);
    if (behind == std::string_view::npos)
      return malformed();
    if (behind == 0)
      return parsed;
    response.body = joined;
    parsed.consumed = behind;
  } else {
    parsed.needed = body_start + framing.content_length;
    if (bytes.size() < parsed.needed)
      return parsed;
    response.body = bytes.substr(body_start, framing.content_length);
    parsed.consumed = parsed.needed;
  }
  parsed.outcome = ParseOutcome::complete;
  return parsed;
}

}  // namespace dompet::cli
