#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/money.hpp"

namespace dompet {

/// A sum of amounts, in minor units. 128 bits wide: what a country moves in a year does not fit into a Minor, and a
/// sum must neither wrap nor refuse. Never a balance that somebody can spend.
class Total {
 public:
  constexpr Total() = default;
  constexpr Total(Minor amount) : value_(amount) {}

  constexpr Total& operator+=(const Total& more) {
    value_ += more.value_;
    return *this;
  }
  constexpr Total& operator-=(const Total& less) {
    value_ -= less.value_;
    return *this;
  }
  friend constexpr Total operator+(Total left, const Total& right) { return left += right; }
  friend constexpr Total operator-(Total left, const Total& right) { return left -= right; }
  constexpr auto operator<=>(const Total&) const = default;

  /// The lowest 64 bits, for checksums.
  constexpr std::uint64_t low_bits() const { return static_cast<std::uint64_t>(value_); }

 private:
  friend std::string to_string(const Total& total);
  friend std::optional<Total> parse_total(std::string_view text);

  // The compiler has it, the standard has not.
  __extension__ using Wide = __int128;
  Wide value_ = 0;
};

/// As a decimal of minor units.
std::string to_string(const Total& total);
/// Reads what `to_string` and PostgreSQL's numeric(38) write; anything else is nothing.
std::optional<Total> parse_total(std::string_view text);

/// Writes exactly the currency's digits, as format_amount does.
std::string format_total(const Total& total, const Currency& currency);

}  // namespace dompet
