#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>

namespace dompet::simulated {

/// Which lives shall be lived. From the environment: DOMPET_SIMULATION_SEED is the first one, DOMPET_SIMULATION_SEEDS
/// how many there are; a first one without a number is the only one.
struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 1'000;

  std::uint64_t count() const { return last - first + 1; }
};

inline std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? std::nullopt : std::optional<std::uint64_t>{std::strtoull(text, nullptr, 10)};
}

inline Seeds seeds_to_live() {
  constexpr std::uint64_t usual = 1'000;
  const auto first = number_from("DOMPET_SIMULATION_SEED");
  const std::uint64_t count = number_from("DOMPET_SIMULATION_SEEDS").value_or(first ? 1 : usual);
  return {first.value_or(1), first.value_or(1) + count - 1};
}

}  // namespace dompet::simulated
