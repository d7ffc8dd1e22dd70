#include "domain/va_number.hpp"

#include <algorithm>

#include "domain/card_number.hpp"

namespace dompet {

namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

}  // namespace

std::string make_va_number(std::string_view prefix, std::uint64_t random) {
  std::string number{prefix};
  for (std::size_t digit = 0; digit < va_random_digits; ++digit, random /= 10)
    number += static_cast<char>('0' + random % 10);
  number += luhn_digit(number);
  return number;
}

bool is_va_number(std::string_view text, std::string_view prefix) {
  return text.size() == prefix.size() + va_random_digits + 1 && text.starts_with(prefix) &&
         std::ranges::all_of(text, is_digit) && luhn_digit(text.substr(0, text.size() - 1)) == text.back();
}

bool can_be_va_number(std::string_view text) {
  return !text.empty() && text.size() <= longest_va_number && std::ranges::all_of(text, [](char letter) {
    return is_digit(letter) || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') || letter == '-';
  });
}

}  // namespace dompet
