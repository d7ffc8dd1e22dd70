#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace dompet::cli {

/// Counts durations (or any whole numbers) in log-linear buckets: each power of two is cut into 128 equal parts, so
/// a value read back is at most 1/128 (0.8 %) above the value recorded, whatever its size. Below 128 it is exact;
/// the largest and smallest value are kept exactly. Recording costs a few instructions and never allocates.
/// Values beyond `highest_trackable` are counted in the last bucket; `max()` still tells the truth about them.
/// Not thread-safe: one histogram belongs to one thread, `merge` brings several together.
class Histogram {
 public:
  /// 2^42 ns are 73 minutes, longer than any request of ours may live.
  static constexpr std::uint64_t highest_trackable = (std::uint64_t{1} << 42) - 1;

  void record(std::uint64_t value) {
    ++counts_[bucket_of(std::min(value, highest_trackable))];
    ++count_;
    sum_ += static_cast<double>(value);
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }

  void merge(const Histogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i)
      counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
  std::uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_); }

  /// The smallest value that at least `percent` of all recorded values do not exceed (0 < percent <= 100), rounded up
  /// to the end of its bucket and never above `max()`. An empty histogram answers 0.
  std::uint64_t percentile(double percent) const {
    if (count_ == 0)
      return 0;
    const auto wanted = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(percent / 100.0 * static_cast<double>(count_) - 1e-9)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted)
        return i + 1 == counts_.size() ? max_ : std::min(last_value_of(i), max_);
    }
    return max_;
  }

 private:
  static constexpr int precision_bits = 7;
  static constexpr std::uint64_t parts = std::uint64_t{1} << precision_bits;

  /// Buckets 0–127 hold one value each; every later group of 128 holds one power of two.
  static constexpr std::size_t bucket_of(std::uint64_t value) {
    if (value < parts)
      return static_cast<std::size_t>(value);
    const int shift = static_cast<int>(std::bit_width(value)) - 1 - precision_bits;
    return static_cast<std::size_t>((static_cast<std::uint64_t>(shift + 1) << precision_bits) +
                                    ((value >> shift) - parts));
  }

  static constexpr std::uint64_t last_value_of(std::size_t bucket) {
    if (bucket < parts)
      return bucket;
    const auto shift = static_cast<int>(bucket >> precision_bits) - 1;
    const std::uint64_t first = (parts + (bucket & (parts - 1))) << shift;
    return first + (std::uint64_t{1} << shift) - 1;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(bucket_of(highest_trackable) + 1);
  std::uint64_t count_ = 0;
  double sum_ = 0;
  std::uint64_t min_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_ = 0;
};

}  // namespace dompet::cli
