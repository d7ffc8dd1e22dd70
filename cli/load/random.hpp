#pragma once

#include <cstdint>
#include <random>

namespace dompet::cli {

/// A bijection of 64 bits that scatters neighbours (the finalizer of splitmix64). Different inputs give different
/// outputs, so a counter put through it makes numbers that look random and never repeat.
constexpr std::uint64_t scatter(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// A cheap stream of random numbers (splitmix64), good enough to choose wallets, not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    const auto value = scatter(state_);
    state_ += 0x9E3779B97F4A7C15ULL;
    return value;
  }

  /// A number in [0, bound); bound must not be 0. The bias is below 2^-32 for the bounds used here.
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32); }

 private:
  std::uint64_t state_;
};

inline std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace dompet::cli
