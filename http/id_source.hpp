#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "domain/ids.hpp"

namespace dompet::http {

/// Makes the ids of requests, transactions and wallets: UUIDv7 of the wall clock and the kernel's random bytes, which
/// are fetched a few thousand at a time. Each id sorts behind the one before it, whatever the clock does: the twelve
/// bits after the milliseconds count parts of one (RFC 9562 6.2, methods 3 and 1). One thread.
class IdSource {
 public:
  Uuid next() { return next(wall_clock_ns()); }
  /// The same at a given time, nanoseconds since 1970.
  Uuid next(std::int64_t unix_ns);

 private:
  static std::int64_t wall_clock_ns();
  void refill();

  /// 4096ths of a millisecond since 1970, of the last id.
  std::int64_t last_tick_ = 0;

  std::array<std::uint8_t, 4'000> random_{};
  std::size_t used_ = random_.size();
};

/// Milliseconds since 1970.
std::int64_t wall_clock_ms();

}  // namespace dompet::http
