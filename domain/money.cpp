#include "domain/money.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace dompet {

namespace {

/// ISO 4217 list one, active codes with a minor unit, in the order of their letters.
constexpr std::array currencies{
    Currency{"AED", 784, 2}, Currency{"AFN", 971, 2}, Currency{"ALL", 8, 2},   Currency{"AMD", 51, 2},
    Currency{"ANG", 532, 2}, Currency{"AOA", 973, 2}, Currency{"ARS", 32, 2},  Currency{"AUD", 36, 2},
    Currency{"AWG", 533, 2}, Currency{"AZN", 944, 2}, Currency{"BAM", 977, 2}, Currency{"BBD", 52, 2},
    Currency{"BDT", 50, 2},  Currency{"BGN", 975, 2}, Currency{"BHD", 48, 3},  Currency{"BIF", 108, 0},
    Currency{"BMD", 60, 2},  Currency{"BND", 96, 2},  Currency{"BOB", 68, 2},  Currency{"BRL", 986, 2},
    Currency{"BSD", 44, 2},  Currency{"BTN", 64, 2},  Currency{"BWP", 72, 2},  Currency{"BYN", 933, 2},
    Currency{"BZD", 84, 2},  Currency{"CAD", 124, 2}, Currency{"CDF", 976, 2}, Currency{"CHF", 756, 2},
    Currency{"CLF", 990, 4}, Currency{"CLP", 152, 0}, Currency{"CNY", 156, 2}, Currency{"COP", 170, 2},
    Currency{"CRC", 188, 2}, Currency{"CUP", 192, 2}, Currency{"CVE", 132, 2}, Currency{"CZK", 203, 2},
    Currency{"DJF", 262, 0}, Currency{"DKK", 208, 2}, Currency{"DOP", 214, 2}, Currency{"DZD", 12, 2},
    Currency{"EGP", 818, 2}, Currency{"ERN", 232, 2}, Currency{"ETB", 230, 2}, Currency{"EUR", 978, 2},
    Currency{"FJD", 242, 2}, Currency{"FKP", 238, 2}, Currency{"GBP", 826, 2}, Currency{"GEL", 981, 2},
    Currency{"GHS", 936, 2}, Currency{"GIP", 292, 2}, Currency{"GMD", 270, 2}, Currency{"GNF", 324, 0},
    Currency{"GTQ", 320, 2}, Currency{"GYD", 328, 2}, Currency{"HKD", 344, 2}, Currency{"HNL", 340, 2},
    Currency{"HTG", 332, 2}, Currency{"HUF", 348, 2}, Currency{"IDR", 360, 2}, Currency{"ILS", 376, 2},
    Currency{"INR", 356, 2}, Currency{"IQD", 368, 3}, Currency{"IRR", 364, 2}, Currency{"ISK", 352, 0},
    Currency{"JMD", 388, 2}, Currency{"JOD", 400, 3}, Currency{"JPY", 392, 0}, Currency{"KES", 404, 2},
    Currency{"KGS", 417, 2}, Currency{"KHR", 116, 2}, Currency{"KMF", 174, 0}, Currency{"KPW", 408, 2},
    Currency{"KRW", 410, 0}, Currency{"KWD", 414, 3}, Currency{"KYD", 136, 2}, Currency{"KZT", 398, 2},
    Currency{"LAK", 418, 2}, Currency{"LBP", 422, 2}, Currency{"LKR", 144, 2}, Currency{"LRD", 430, 2},
    Currency{"LSL", 426, 2}, Currency{"LYD", 434, 3}, Currency{"MAD", 504, 2}, Currency{"MDL", 498, 2},
    Currency{"MGA", 969, 2}, Currency{"MKD", 807, 2}, Currency{"MMK", 104, 2}, Currency{"MNT", 496, 2},
    Currency{"MOP", 446, 2}, Currency{"MRU", 929, 2}, Currency{"MUR", 480, 2}, Currency{"MVR", 462, 2},
    Currency{"MWK", 454, 2}, Currency{"MXN", 484, 2}, Currency{"MYR", 458, 2}, Currency{"MZN", 943, 2},
    Currency{"NAD", 516, 2}, Currency{"NGN", 566, 2}, Currency{"NIO", 558, 2}, Currency{"NOK", 578, 2},
    Currency{"NPR", 524, 2}, Currency{"NZD", 554, 2}, Currency{"OMR", 512, 3}, Currency{"PAB", 590, 2},
    Currency{"PEN", 604, 2}, Currency{"PGK", 598, 2}, Currency{"PHP", 608, 2}, Currency{"PKR", 586, 2},
    Currency{"PLN", 985, 2}, Currency{"PYG", 600, 0}, Currency{"QAR", 634, 2}, Currency{"RON", 946, 2},
    Currency{"RSD", 941, 2}, Currency{"RUB", 643, 2}, Currency{"RWF", 646, 0}, Currency{"SAR", 682, 2},
    Currency{"SBD", 90, 2},  Currency{"SCR", 690, 2}, Currency{"SDG", 938, 2}, Currency{"SEK", 752, 2},
    Currency{"SGD", 702, 2}, Currency{"SHP", 654, 2}, Currency{"SLE", 925, 2}, Currency{"SOS", 706, 2},
    Currency{"SRD", 968, 2}, Currency{"SSP", 728, 2}, Currency{"STN", 930, 2}, Currency{"SVC", 222, 2},
    Currency{"SYP", 760, 2}, Currency{"SZL", 748, 2}, Currency{"THB", 764, 2}, Currency{"TJS", 972, 2},
    Currency{"TMT", 934, 2}, Currency{"TND", 788, 3}, Currency{"TOP", 776, 2}, Currency{"TRY", 949, 2},
    Currency{"TTD", 780, 2}, Currency{"TWD", 901, 2}, Currency{"TZS", 834, 2}, Currency{"UAH", 980, 2},
    Currency{"UGX", 800, 0}, Currency{"USD", 840, 2}, Currency{"UYU", 858, 2}, Currency{"UYW", 927, 4},
    Currency{"UZS", 860, 2}, Currency{"VES", 928, 2}, Currency{"VND", 704, 0}, Currency{"VUV", 548, 0},
    Currency{"WST", 882, 2}, Currency{"XAF", 950, 0}, Currency{"XCD", 951, 2}, Currency{"XOF", 952, 0},
    Currency{"XPF", 953, 0}, Currency{"YER", 886, 2}, Currency{"ZAR", 710, 2}, Currency{"ZMW", 967, 2},
    Currency{"ZWG", 924, 2},
};

constexpr Minor powers_of_ten[]{1, 10, 100, 1000, 10000};

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

/// Appends one decimal digit, or says that the number no longer fits.
bool append_digit(Minor& value, char digit) {
  return !__builtin_mul_overflow(value, Minor{10}, &value) &&
         !__builtin_add_overflow(value, static_cast<Minor>(digit - '0'), &value);
}

std::expected<Minor, AmountFault> in_range(Minor value) {
  if (value <= 0)
    return std::unexpected(AmountFault::not_positive);
  if (value > largest_amount)
    return std::unexpected(AmountFault::too_large);
  return value;
}

}  // namespace

std::optional<Currency> find_currency(std::string_view code) {
  const auto found = std::lower_bound(currencies.begin(), currencies.end(), code,
                                      [](const Currency& row, std::string_view wanted) { return row.text() < wanted; });
  if (found == currencies.end() || found->text() != code)
    return std::nullopt;
  return *found;
}

std::optional<Currency> find_currency(std::uint16_t numeric) {
  for (const Currency& row : currencies)
    if (row.numeric == numeric)
      return row;
  return std::nullopt;
}

std::optional<Minor> checked_add(Minor left, Minor right) {
  Minor sum = 0;
  if (__builtin_add_overflow(left, right, &sum))
    return std::nullopt;
  return sum;
}

std::optional<Minor> checked_subtract(Minor left, Minor right) {
  Minor difference = 0;
  if (__builtin_sub_overflow(left, right, &difference))
    return std::nullopt;
  return difference;
}

std::expected<Minor, AmountFault> parse_amount(std::string_view text, const Currency& currency) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == text.npos ? std::string_view{} : text.substr(point + 1);
  const bool shaped = !whole.empty() && (point == text.npos || !fraction.empty());
  if (!shaped || !std::ranges::all_of(whole, is_digit) || !std::ranges::all_of(fraction, is_digit))
    return std::unexpected(AmountFault::not_a_number);
  if (fraction.size() > currency.exponent)
    return std::unexpected(AmountFault::too_many_decimals);
  Minor value = 0;
  for (char digit : whole)
    if (!append_digit(value, digit))
      return std::unexpected(AmountFault::too_large);
  for (std::size_t i = 0; i < currency.exponent; ++i)
    if (!append_digit(value, i < fraction.size() ? fraction[i] : '0'))
      return std::unexpected(AmountFault::too_large);
  return in_range(value);
}

std::expected<Minor, AmountFault> amount_of_major_units(std::int64_t major, const Currency& currency) {
  if (major <= 0)
    return std::unexpected(AmountFault::not_positive);
  Minor value = 0;
  if (__builtin_mul_overflow(major, powers_of_ten[currency.exponent], &value))
    return std::unexpected(AmountFault::too_large);
  return in_range(value);
}

std::string format_amount(Minor amount, const Currency& currency) {
  const bool negative = amount < 0;
  std::uint64_t left = negative ? 0 - static_cast<std::uint64_t>(amount) : static_cast<std::uint64_t>(amount);
  std::array<char, 32> digits{};
  std::size_t at = digits.size();
  for (std::size_t written = 0; left > 0 || written <= currency.exponent; ++written) {
    if (written == currency.exponent && currency.exponent > 0)
      digits[--at] = '.';
    digits[--at] = static_cast<char>('0' + left % 10);
    left /= 10;
  }
  if (negative)
    digits[--at] = '-';
  return {digits.data() + at, digits.size() - at};
}

}  // namespace dompet
