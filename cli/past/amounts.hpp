#pragma once

#include <cstdint>
#include <string>

#include "cli/load/random.hpp"
#include "domain/money.hpp"

namespace dompet::cli {

/// In minor units, both.
inline constexpr Minor rupiah = 100;
inline constexpr Minor dollar = 100;

/// Whole thousands of rupiah, as prices are; `most` itself does not come.
inline Minor thousands(Minor least, Minor most, Random& random) {
  return (least + random.below(static_cast<std::uint32_t>(most - least))) * 1'000 * rupiah;
}

/// One of the list.
template <class List>
std::string pick(const List& list, Random& random) {
  return std::string(list[random.below(static_cast<std::uint32_t>(list.size()))]);
}

}  // namespace dompet::cli
