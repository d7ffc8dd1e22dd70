#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/money.hpp"

namespace dompet {

/// A rate of exchange: coefficient / 10^scale units of one currency for one unit of another, both in major units.
/// Exact: at most 18 significant digits, never a float. Without zeros at its end, so that equal rates are equal values.
struct Rate {
  /// 1 to 10^18 - 1.
  std::int64_t coefficient = 0;
  /// Digits after the point, 0 to `most_scale`.
  std::uint8_t scale = 0;
  bool operator==(const Rate&) const = default;
};

inline constexpr int most_rate_digits = 18;
/// Of rates that are computed. One that is written has `most_written_scale` digits after its point at most.
inline constexpr int most_scale = 30;
inline constexpr int most_written_scale = 18;

/// Reads a decimal such as "15250.5". A sign, an exponent, zero, more than 18 significant digits or more than 18 after
/// the point are nothing.
std::optional<Rate> parse_rate(std::string_view text);
/// Reads what is stored: as above, with up to `most_scale` digits after the point.
std::optional<Rate> parse_stored_rate(std::string_view text);
std::string format_rate(const Rate& rate);

// Rates that are computed, once each, and rounded down to 18 significant digits: what the house gives is never more
// than what the rates say. Nothing when the result does not fit into a Rate.

/// The other way round: 1 / rate.
std::optional<Rate> inverse(const Rate& rate);
/// One after the other.
std::optional<Rate> product(const Rate& first, const Rate& second);
/// Half way between two that were written; for valuation, nobody is paid by it.
std::optional<Rate> middle(const Rate& bid, const Rate& ask);
bool is_less(const Rate& left, const Rate& right);

/// What `amount` of one currency comes to in another: amount × rate exactly, then rounded down to the other's minor
/// unit, once. It may be zero. Nothing when it is more than `largest_amount`. Amount and rate must not be negative.
std::optional<Minor> convert(Minor amount, const Rate& rate, const Currency& from, const Currency& to);

/// amount × rate − given, exactly, as a decimal of `to`'s major units: what rounding left with the house. Of a
/// converted amount it is 0 or more, and less than one minor unit. Empty when it cannot be counted.
std::string rounding_of(Minor amount, const Rate& rate, const Currency& from, const Currency& to, Minor given);

}  // namespace dompet
