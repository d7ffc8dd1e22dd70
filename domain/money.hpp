#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace dompet {

/// An amount in minor units of its currency (sen, cents). Signed, checked, never a float.
using Minor = std::int64_t;

/// The most that one amount may be: 10^15 minor units, ten trillion rupiah. It leaves room for nine thousand of the
/// largest amounts in any 64-bit sum.
inline constexpr Minor largest_amount = 1'000'000'000'000'000;

/// One row of ISO 4217: the alphabetic code, the numeric code and the digits after the point.
struct Currency {
  char code[4]{};
  std::uint16_t numeric = 0;
  std::uint8_t exponent = 0;

  bool operator==(const Currency& other) const { return numeric == other.numeric; }
  std::string_view text() const { return code; }
};

/// Looks up the three-letter code, upper case only. Unknown codes are nothing.
std::optional<Currency> find_currency(std::string_view code);
std::optional<Currency> find_currency(std::uint16_t numeric);

/// An amount and what it is of.
struct Money {
  Currency currency{};
  Minor amount = 0;
  bool operator==(const Money&) const = default;
};

/// Sums that do not fit are nothing; a caller must say what that means for its money.
std::optional<Minor> checked_add(Minor left, Minor right);
std::optional<Minor> checked_subtract(Minor left, Minor right);

/// Why a text is not an amount.
enum class AmountFault { not_a_number, too_many_decimals, not_positive, too_large };

/// Reads a decimal such as "125000.00" with at most the currency's decimals. A sign, an exponent, zero and
/// anything over `largest_amount` are faults. Source: HTTP contract, "money".
std::expected<Minor, AmountFault> parse_amount(std::string_view text, const Currency& currency);

/// Whole major units as a JSON integer gives them.
std::expected<Minor, AmountFault> amount_of_major_units(std::int64_t major, const Currency& currency);

/// Writes exactly the currency's digits: 12500000 IDR is "125000.00".
std::string format_amount(Minor amount, const Currency& currency);

}  // namespace dompet
