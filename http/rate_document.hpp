#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/rate_table.hpp"
#include "http/body.hpp"

namespace dompet::http {

/// Pairs in one document.
inline constexpr std::size_t most_rates = 500;

/// {"rates": [{"base", "quote", "bid", "ask", "at"}]}: what PUT /v1/fx/rates takes. Without an `at` a rate is of
/// `now_ms`; none is of later than a minute from then. Sources are the caller's to fill.
Read<std::vector<RateRow>> read_rates(std::string_view body, std::int64_t now_ms);

/// The same document of a file or a provider, where every rate says its time: a stale one must not look new. Otherwise
/// one sentence that says what is wrong with it.
std::expected<std::vector<RateRow>, std::string> read_rate_document(std::string_view text);

}  // namespace dompet::http
