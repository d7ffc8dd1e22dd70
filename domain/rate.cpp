#include "domain/rate.hpp"

#include <algorithm>
#include <array>

namespace dompet {

namespace {

// The compiler has it, the standard has not. amount × coefficient is below 10^33, a change of exponent adds 10^4.
__extension__ using Wide = __int128;

constexpr Wide power_of_ten(int exponent) {
  Wide power = 1;
  while (exponent-- > 0)
    power *= 10;
  return power;
}

constexpr Wide most_coefficient = power_of_ten(most_rate_digits) - 1;
/// 10^38 is the largest power of ten that fits.
constexpr int most_power = 38;

int digits_of(Wide value) {
  int digits = 0;
  for (; value > 0; value /= 10)
    ++digits;
  return digits;
}

/// Rounds down to what a Rate can say.
std::optional<Rate> rate_of(Wide coefficient, int scale) {
  const auto drop_digit = [&] {
    coefficient /= 10;
    --scale;
  };
  while (coefficient > most_coefficient || scale > most_scale)
    drop_digit();
  while (coefficient > 0 && coefficient % 10 == 0 && scale > 0)
    drop_digit();
  for (; scale < 0 && coefficient <= most_coefficient / 10; ++scale)
    coefficient *= 10;
  if (coefficient <= 0 || scale < 0)
    return std::nullopt;
  return Rate{static_cast<std::int64_t>(coefficient), static_cast<std::uint8_t>(scale)};
}

std::optional<Rate> parse(std::string_view text, int longest_fraction) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == text.npos ? std::string_view{} : text.substr(point + 1);
  const auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
  if (whole.empty() || (point != text.npos && fraction.empty()) || !std::ranges::all_of(whole, is_digit) ||
      !std::ranges::all_of(fraction, is_digit) || static_cast<int>(fraction.size()) > longest_fraction)
    return std::nullopt;
  Wide coefficient = 0;
  for (const std::string_view part : {whole, fraction})
    for (const char digit : part) {
      coefficient = coefficient * 10 + (digit - '0');
      // Zeros at the end are no significant digits: up to 30 of them are dropped below.
      if (digits_of(coefficient) > most_power - 1)
        return std::nullopt;
    }
  int scale = static_cast<int>(fraction.size());
  for (; coefficient > 0 && coefficient % 10 == 0 && scale > 0; --scale)
    coefficient /= 10;
  if (coefficient <= 0 || coefficient > most_coefficient)
    return std::nullopt;
  return Rate{static_cast<std::int64_t>(coefficient), static_cast<std::uint8_t>(scale)};
}

/// A decimal without zeros at its end.
std::string decimal(Wide value, int scale) {
  const bool negative = value < 0;
  if (negative)
    value = -value;
  for (; value % 10 == 0 && scale > 0; --scale)
    value /= 10;
  std::array<char, 64> text{};
  std::size_t at = text.size();
  for (int written = 0; value > 0 || written <= scale; ++written) {
    if (written == scale && scale > 0)
      text[--at] = '.';
    text[--at] = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  }
  if (negative)
    text[--at] = '-';
  return {text.data() + at, text.size() - at};
}

/// amount × rate in the other currency's minor units: numerator / 10^scale.
struct Product {
  Wide numerator = 0;
  int scale = 0;
};

Product exact(Minor amount, const Rate& rate, const Currency& from, const Currency& to) {
  const int shift = to.exponent - from.exponent;
  return {Wide{amount} * rate.coefficient * power_of_ten(std::max(shift, 0)), rate.scale + std::max(-shift, 0)};
}

}  // namespace

std::optional<Rate> parse_rate(std::string_view text) { return parse(text, most_written_scale); }

std::optional<Rate> parse_stored_rate(std::string_view text) { return parse(text, most_scale); }

std::string format_rate(const Rate& rate) { return decimal(rate.coefficient, rate.scale); }

std::optional<Rate> inverse(const Rate& rate) {
  if (rate.coefficient <= 0)
    return std::nullopt;
  const int shift = digits_of(rate.coefficient) + most_rate_digits - 1;
  return rate_of(power_of_ten(shift) / rate.coefficient, shift - rate.scale);
}

std::optional<Rate> product(const Rate& first, const Rate& second) {
  return rate_of(Wide{first.coefficient} * second.coefficient, first.scale + second.scale);
}

std::optional<Rate> middle(const Rate& bid, const Rate& ask) {
  const int scale = std::max(bid.scale, ask.scale);
  if (scale > most_written_scale)
    return std::nullopt;
  const Wide sum =
      bid.coefficient * power_of_ten(scale - bid.scale) + ask.coefficient * power_of_ten(scale - ask.scale);
  return rate_of(sum * 5, scale + 1);
}

/// Digits before the point first: scales may lie too far apart for a common one.
bool is_less(const Rate& left, const Rate& right) {
  const int left_size = digits_of(left.coefficient) - left.scale;
  const int right_size = digits_of(right.coefficient) - right.scale;
  if (left_size != right_size)
    return left_size < right_size;
  const auto aligned = [](const Rate& rate) {
    return rate.coefficient * power_of_ten(most_rate_digits - digits_of(rate.coefficient));
  };
  return aligned(left) < aligned(right);
}

std::optional<Minor> convert(Minor amount, const Rate& rate, const Currency& from, const Currency& to) {
  if (amount < 0 || amount > largest_amount || rate.coefficient <= 0)
    return std::nullopt;
  const Product product = exact(amount, rate, from, to);
  const Wide converted = product.numerator / power_of_ten(product.scale);
  if (converted > largest_amount)
    return std::nullopt;
  return static_cast<Minor>(converted);
}

std::string rounding_of(Minor amount, const Rate& rate, const Currency& from, const Currency& to, Minor given) {
  if (amount < 0 || amount > largest_amount)
    return {};
  const Product product = exact(amount, rate, from, to);
  Wide taken = 0;
  if (__builtin_mul_overflow(Wide{given}, power_of_ten(product.scale), &taken))
    return {};
  return decimal(product.numerator - taken, product.scale + to.exponent);
}

}  // namespace dompet
