#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dompet {

// The numbers of payment cards (ISO/IEC 7812). Every one that is made here comes from a range that is meant for tests:
// no acquirer would take it.

/// Who lends a card its name, and the digits that all his numbers here begin with.
struct CardProvider {
  std::string_view name;
  std::string_view prefix;
};

/// Every provider there is, in the order of the documentation.
std::span<const CardProvider> card_providers();
/// Nothing for a name that is not among them.
const CardProvider* find_card_provider(std::string_view name);

inline constexpr std::size_t card_digits = 16;

/// Sixteen digits whose last one is right by Luhn's formula (ISO/IEC 7812-1, annex B).
bool is_card_number(std::string_view text);

/// The digit that makes a number valid which begins with these digits and ends behind it.
char luhn_digit(std::string_view digits);

/// The number of a new card: the provider's prefix, as many digits of `random` as are missing, and Luhn's.
std::string make_card_number(const CardProvider& provider, std::uint64_t random);

/// What may be shown: sixteen characters of which the last four are the number's.
std::string masked_card_number(std::string_view number);

/// Takes spaces and dashes out, as people write them. Nothing when the rest is no card number.
std::optional<std::string> read_card_number(std::string_view text);

/// Three digits out of a keyed hash of number and expiry: derived when they are asked for, never stored.
std::string cvv_of(std::string_view keyed_hash);

}  // namespace dompet
