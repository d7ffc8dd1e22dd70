#include "http/query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>

#include "http/timestamp.hpp"
#include "persistence/codec.hpp"

namespace dompet::http {

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Version, filters, id, seq: a multiple of three, so that base64 needs no padding.
using CursorBytes = std::array<std::uint8_t, 33>;
constexpr std::uint8_t cursor_version = 1;

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  const char lower = static_cast<char>(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Bytes of the character that the text begins with; 0 when it is none (RFC 3629: no surrogates, no longer form than
/// needed).
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t place) {
    return place < text.size() ? static_cast<unsigned char>(text[place]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80)
    return 1;
  const std::size_t size = first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (first < 0xC2 || size == 0)
    return 0;
  for (std::size_t place = 1; place < size; ++place)
    if ((byte(place) & 0xC0) != 0x80)
      return 0;
  const unsigned second = byte(1);
  const bool is_too_long = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool is_no_scalar = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
  return is_too_long || is_no_scalar ? 0 : size;
}

/// Each byte that is no UTF-8 becomes U+FFFD: PostgreSQL takes no other text, and would be taken to be out of order.
std::string as_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    out += size == 0 ? "\xEF\xBF\xBD" : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

/// In a query a plus is a space.
std::string form_decoded(std::string_view text) {
  std::string spaced{text};
  std::ranges::replace(spaced, '+', ' ');
  return percent_decoded(spaced);
}

/// A name from the query as it may stand in an answer.
std::string printable(std::string text) {
  for (char& letter : text)
    if (letter < 0x20 || letter > 0x7E)
      letter = '?';
  return text;
}

std::string to_base64url(const CursorBytes& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned group =
        static_cast<unsigned>(bytes[i]) << 16 | static_cast<unsigned>(bytes[i + 1]) << 8 | bytes[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6)
      text += letters[group >> shift & 63];
  }
  return text;
}

std::optional<CursorBytes> from_base64url(std::string_view text) {
  CursorBytes bytes{};
  if (text.size() != bytes.size() / 3 * 4)
    return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    unsigned group = 0;
    for (const char letter : text.substr(i, 4)) {
      const std::size_t value = letters.find(letter);
      if (value == letters.npos)
        return std::nullopt;
      group = group << 6 | static_cast<unsigned>(value);
    }
    for (std::size_t byte = 0; byte < 3; ++byte)
      bytes[i / 4 * 3 + byte] = static_cast<std::uint8_t>(group >> (16 - 8 * byte));
  }
  return bytes;
}

/// The position, or the code of what is wrong.
std::expected<Position, std::string_view> read_cursor(std::string_view text, std::uint64_t filters) {
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->front() != cursor_version)
    return std::unexpected("invalid_cursor");
  std::uint64_t bound_to = 0;
  Position position;
  std::memcpy(&bound_to, bytes->data() + 1, sizeof bound_to);
  std::memcpy(position.id.bytes.data(), bytes->data() + 9, position.id.bytes.size());
  std::memcpy(&position.seq, bytes->data() + 25, sizeof position.seq);
  if (bound_to != filters)
    return std::unexpected("cursor_mismatch");
  return position;
}

}  // namespace

/// A broken escape stays as it is.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (is_escape) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return as_utf8(out);
}

QueryParameters::QueryParameters(std::string_view query, std::initializer_list<std::string_view> known)
    : QueryParameters(query, std::span(known.begin(), known.size())) {}

QueryParameters::QueryParameters(std::string_view query, std::span<const std::string_view> known) {
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    if (parameter.empty())
      continue;
    const std::size_t equals = parameter.find('=');
    const std::string name = form_decoded(parameter.substr(0, equals));
    if (std::ranges::find(known, name) == known.end())
      fault(printable(name), "This route does not know the parameter.", "unknown_parameter");
    else if (text(name))
      fault(name, "The parameter is there twice.", "unknown_parameter");
    parameters_.emplace_back(name, equals == parameter.npos ? "" : form_decoded(parameter.substr(equals + 1)));
  }
}

std::optional<std::string> QueryParameters::text(std::string_view name) const {
  for (const auto& [parameter, value] : parameters_)
    if (parameter == name)
      return value;
  return std::nullopt;
}

std::optional<Uuid> QueryParameters::id(std::string_view name) {
  const auto value = text(name);
  if (!value)
    return std::nullopt;
  const auto uuid = parse_uuid(*value);
  if (!uuid)
    fault(name, "A UUID in canonical text form.", "invalid_id");
  return uuid;
}

std::optional<std::int64_t> QueryParameters::time_ms(std::string_view name) {
  const auto value = text(name);
  if (!value)
    return std::nullopt;
  const auto time = parse_time(*value);
  if (!time)
    fault(name, "A time of RFC 3339, such as 2026-11-20T10:15:30.123Z.");
  return time;
}

std::optional<std::int64_t> QueryParameters::number(std::string_view name, std::int64_t least, std::int64_t most) {
  const auto value = text(name);
  if (!value)
    return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc{} || end != value->data() + value->size() || number < least || number > most) {
    fault(name, "A whole number from " + std::to_string(least) + " to " + std::to_string(most) + ".");
    return std::nullopt;
  }
  return number;
}

std::optional<Currency> QueryParameters::currency(std::string_view name) {
  const auto value = text(name);
  if (!value)
    return std::nullopt;
  const auto currency = find_currency(*value);
  if (!currency)
    fault(name, "A three-letter code of ISO 4217, in upper case.", "unknown_currency");
  return currency;
}

std::optional<Minor> QueryParameters::amount(std::string_view name, const Currency& currency) {
  const auto value = text(name);
  if (!value)
    return std::nullopt;
  const auto amount = parse_amount(*value, currency);
  if (amount)
    return *amount;
  std::string detail = "A decimal greater than zero, with at most ";
  detail.append(std::to_string(currency.exponent)).append(" digits after the point.");
  fault(name, std::move(detail), "invalid_amount");
  return std::nullopt;
}

std::string QueryParameters::choice(std::string_view name, std::initializer_list<std::string_view> choices) {
  const auto value = text(name);
  if (!value)
    return {};
  if (std::ranges::find(choices, *value) != choices.end())
    return *value;
  std::string detail = "One of";
  for (const std::string_view possible : choices)
    (detail += possible == *choices.begin() ? " " : ", ") += possible;
  fault(name, detail + ".");
  return {};
}

void QueryParameters::fault(std::string_view name, std::string detail, std::string_view code) {
  errors_.push_back({std::string{name}, code, std::move(detail)});
}

std::optional<Problem> QueryParameters::problem() const {
  if (errors_.empty())
    return std::nullopt;
  return invalid(errors_);
}

std::uint64_t QueryParameters::filters(std::string_view route_template) const {
  auto sorted = parameters_;
  std::erase_if(sorted,
                [](const auto& parameter) { return parameter.first == "limit" || parameter.first == "cursor"; });
  std::ranges::sort(sorted);
  std::string fields{route_template};
  for (const auto& [name, value] : sorted)
    fields += '\n' + std::to_string(name.size()) + ':' + name + value;
  return fingerprint(fields);
}

std::expected<Page, Problem> read_page(QueryParameters& parameters, std::string_view route_template, bool as_csv) {
  Page page{.filters = parameters.filters(route_template)};
  if (as_csv)
    page.limit = largest_csv_page;
  if (const auto limit = parameters.number("limit", 1, as_csv ? largest_csv_page : largest_page))
    page.limit = static_cast<int>(*limit);
  if (auto problem = parameters.problem())
    return std::unexpected(std::move(*problem));
  if (const auto cursor = parameters.text("cursor")) {
    const auto position = read_cursor(*cursor, page.filters);
    if (!position)
      return std::unexpected(Problem{.code = position.error()});
    page.after = *position;
  }
  return page;
}

std::string write_cursor(std::uint64_t filters, const Position& position) {
  CursorBytes bytes{cursor_version};
  std::memcpy(bytes.data() + 1, &filters, sizeof filters);
  std::memcpy(bytes.data() + 9, position.id.bytes.data(), position.id.bytes.size());
  std::memcpy(bytes.data() + 25, &position.seq, sizeof position.seq);
  return to_base64url(bytes);
}

}  // namespace dompet::http
