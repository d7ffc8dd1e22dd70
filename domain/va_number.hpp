#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dompet {

// The numbers of virtual accounts: what a payer types instead of a card or an account. Dompet's own ones are a prefix,
// twelve digits of chance and a check digit. Those of marketplaces are whatever the marketplace gives out.

inline constexpr std::size_t shortest_va_prefix = 4;
inline constexpr std::size_t longest_va_prefix = 8;
/// Some 40 bits: with a million open invoices one guess in a million hits one.
inline constexpr std::size_t va_random_digits = 12;
inline constexpr std::size_t longest_va_number = 34;

/// The prefix, twelve digits of `random`, and Luhn's digit over all of it.
std::string make_va_number(std::string_view prefix, std::uint64_t random);

/// Whether it is one that `make_va_number` can make with this prefix.
bool is_va_number(std::string_view text, std::string_view prefix);

/// Letters, digits and dashes, at most `longest_va_number` of them.
bool can_be_va_number(std::string_view text);

}  // namespace dompet
