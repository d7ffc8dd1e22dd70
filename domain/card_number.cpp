#include "domain/card_number.hpp"

#include <algorithm>

#include "domain/ensure.hpp"

namespace dompet {

namespace {

// The international ones are the schemes' published test numbers; 9360 is a range that ISO/IEC 7812 leaves to
// Indonesia, followed by the bank's national code.
constexpr CardProvider providers[]{
    {"visa", "400000"},     {"mastercard", "555555"}, {"jcb", "353011"},  {"discover", "601111"},
    {"mandiri", "9360008"}, {"bni", "9360009"},       {"bri", "9360002"}, {"bca", "9360014"},
};

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

/// Luhn's sum, where the last digit counts once, the one before it twice, and so on.
int luhn_sum(std::string_view digits) {
  int sum = 0;
  bool is_doubled = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, is_doubled = !is_doubled) {
    const int value = (*at - '0') * (is_doubled ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum;
}

}  // namespace

std::span<const CardProvider> card_providers() { return providers; }

const CardProvider* find_card_provider(std::string_view name) {
  const auto* found = std::ranges::find(providers, name, &CardProvider::name);
  return found == std::end(providers) ? nullptr : found;
}

bool is_card_number(std::string_view text) {
  return text.size() == card_digits && std::ranges::all_of(text, is_digit) && luhn_sum(text) % 10 == 0;
}

char luhn_digit(std::string_view digits) {
  const int sum = luhn_sum(std::string{digits} + '0');
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

std::string make_card_number(const CardProvider& provider, std::uint64_t random) {
  std::string number{provider.prefix};
  for (; number.size() + 1 < card_digits; random /= 10)
    number += static_cast<char>('0' + random % 10);
  number += luhn_digit(number);
  ensure(is_card_number(number), "a card number that was made is valid");
  return number;
}

std::string masked_card_number(std::string_view number) {
  constexpr std::size_t shown = 4;
  ensure(number.size() > shown, "a card number is longer than what is shown of it");
  return std::string(number.size() - shown, '*').append(number.substr(number.size() - shown));
}

std::optional<std::string> read_card_number(std::string_view text) {
  std::string digits;
  for (const char letter : text)
    if (letter != ' ' && letter != '-')
      digits += letter;
  if (is_card_number(digits))
    return digits;
  return std::nullopt;
}

std::string cvv_of(std::string_view keyed_hash) {
  constexpr std::size_t hashed = 8;
  ensure(keyed_hash.size() >= hashed, "a keyed hash has enough bytes for three digits");
  std::uint64_t value = 0;
  for (const char byte : keyed_hash.substr(0, hashed))
    value = value << 8 | static_cast<unsigned char>(byte);
  std::string digits = std::to_string(value % 1'000);
  return std::string(3 - digits.size(), '0') + digits;
}

}  // namespace dompet
