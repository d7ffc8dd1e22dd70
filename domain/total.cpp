#include "domain/total.hpp"

#include <algorithm>

namespace dompet {

namespace {

/// What numeric(38) can hold fits 128 bits with a factor of one and a half to spare.
constexpr std::size_t most_digits = 38;

}  // namespace

std::string to_string(const Total& total) {
  const bool is_negative = total.value_ < 0;
  std::string text;
  // Digit by digit from the end; a negative rest gives negative digits, so that the least value needs no negation.
  for (Total::Wide rest = total.value_; rest != 0 || text.empty(); rest /= 10) {
    const int digit = static_cast<int>(rest % 10);
    text += static_cast<char>('0' + (digit < 0 ? -digit : digit));
  }
  if (is_negative)
    text += '-';
  std::ranges::reverse(text);
  return text;
}

std::optional<Total> parse_total(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative)
    text.remove_prefix(1);
  if (text.empty() || text.size() > most_digits)
    return std::nullopt;
  Total total;
  for (const char digit : text) {
    if (digit < '0' || digit > '9')
      return std::nullopt;
    total.value_ = total.value_ * 10 + (is_negative ? '0' - digit : digit - '0');
  }
  return total;
}

std::string format_total(const Total& total, const Currency& currency) {
  std::string digits = to_string(total);
  const bool is_negative = digits.starts_with('-');
  if (is_negative)
    digits.erase(0, 1);
  if (digits.size() <= currency.exponent)
    digits.insert(0, currency.exponent + 1U - digits.size(), '0');
  if (currency.exponent > 0)
    digits.insert(digits.end() - currency.exponent, '.');
  return is_negative ? '-' + digits : digits;
}

}  // namespace dompet
