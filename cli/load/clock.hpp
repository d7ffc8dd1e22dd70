#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <ctime>

namespace dompet::cli {

/// Time on the monotonic clock, or a length of it, in nanoseconds.
using Nanos = std::int64_t;

inline constexpr Nanos second = 1'000'000'000;

inline Nanos now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * second + time.tv_nsec;
}

/// What this process has used of all processors since it began.
inline double process_cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace dompet::cli
