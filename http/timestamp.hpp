#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dompet::http {

/// RFC 3339 in UTC with milliseconds: 2026-11-20T10:15:30.123Z.
std::string format_time(std::int64_t unix_ms);

/// Reads an RFC 3339 time with any offset and up to nine digits of fraction (cut to milliseconds). Years 1970 to 9999.
std::optional<std::int64_t> parse_time(std::string_view text);

/// RFC 9110's form for the Date header: Fri, 20 Nov 2026 10:15:30 GMT.
std::string format_http_date(std::int64_t unix_ms);

}  // namespace dompet::http
