#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "domain/ids.hpp"

namespace dompet::http {

/// Makes the ids of requests, transactions and wallets: UUIDv7 of the wall clock and the kernel's random bytes, which
/// are fetched a few thousand at a time. One thread.
class IdSource {
 public:
  Uuid next();

 private:
  void refill();

  std::array<std::uint8_t, 4'000> random_{};
  std::size_t used_ = random_.size();
};

/// Milliseconds since 1970.
std::int64_t wall_clock_ms();

}  // namespace dompet::http
