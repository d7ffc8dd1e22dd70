#include "http/id_source.hpp"

#include <sys/random.h>

#include <algorithm>
#include <chrono>

#include "domain/ensure.hpp"

namespace dompet::http {

namespace {

constexpr std::int64_t ticks_per_ms = 4096;
constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::size_t random_bytes = 8;

}  // namespace

Uuid IdSource::next(std::int64_t unix_ns) {
  if (used_ + random_bytes > random_.size())
    refill();
  const std::int64_t ticks = unix_ns / ns_per_ms * ticks_per_ms + unix_ns % ns_per_ms * ticks_per_ms / ns_per_ms;
  last_tick_ = std::max(ticks, last_tick_ + 1);
  std::array<std::uint8_t, 2 + random_bytes> rest{static_cast<std::uint8_t>(last_tick_ >> 8),
                                                  static_cast<std::uint8_t>(last_tick_)};
  std::copy_n(random_.data() + used_, random_bytes, rest.data() + 2);
  used_ += random_bytes;
  return make_uuid_v7(last_tick_ / ticks_per_ms, rest);
}

std::int64_t IdSource::wall_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void IdSource::refill() {
  for (std::size_t filled = 0; filled < random_.size();) {
    const auto got = getrandom(random_.data() + filled, random_.size() - filled, 0);
    ensure(got > 0, "the kernel gives random bytes");
    filled += static_cast<std::size_t>(got);
  }
  used_ = 0;
}

std::int64_t wall_clock_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace dompet::http
