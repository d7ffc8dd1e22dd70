#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace dompet::http {

/// How many requests somebody may send: so many a second for long, and a burst after a pause (a token bucket each).
/// Bounded: who has not sent for a while has a full bucket, which need not be remembered. Io thread only.
class Quota {
 public:
  using Clock = std::chrono::steady_clock;

  /// `per_second` zero: no bound.
  Quota(double per_second, std::size_t burst);

  bool is_on() const { return per_second_ > 0; }

  struct Verdict {
    bool allowed = true;
    std::size_t limit = 0;
    std::size_t remaining = 0;
    /// Until the bucket is full again; when it is empty, until one more may come. Whole seconds, rounded up.
    int reset_s = 0;
  };
  /// Takes one, if there is one left.
  Verdict take(const std::string& client, Clock::time_point now);
  /// It was no request of the kind after all.
  void give_back(const std::string& client);

 private:
  struct Bucket {
    double left = 0;
    Clock::time_point at{};
  };
  void refill(Bucket& bucket, Clock::time_point now) const;
  void forget_full_ones(Clock::time_point now);

  double per_second_;
  double burst_;
  std::unordered_map<std::string, Bucket> buckets_{};
  std::size_t look_through_at_ = 1'024;
};

}  // namespace dompet::http
