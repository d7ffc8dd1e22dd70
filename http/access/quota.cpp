#include "http/access/quota.hpp"

#include <algorithm>
#include <cmath>

namespace dompet::http {

Quota::Quota(double per_second, std::size_t burst)
    : per_second_(per_second), burst_(static_cast<double>(std::max<std::size_t>(burst, 1))) {}

void Quota::refill(Bucket& bucket, Clock::time_point now) const {
  const std::chrono::duration<double> passed = now - bucket.at;
  bucket.left = std::min(burst_, bucket.left + passed.count() * per_second_);
  bucket.at = now;
}

void Quota::forget_full_ones(Clock::time_point now) {
  if (buckets_.size() < look_through_at_)
    return;
  std::erase_if(buckets_, [&](const auto& entry) {
    Bucket bucket = entry.second;
    this->refill(bucket, now);
    return bucket.left >= burst_;
  });
  look_through_at_ = std::max<std::size_t>(1'024, 2 * buckets_.size());
}

Quota::Verdict Quota::take(const std::string& client, Clock::time_point now) {
  forget_full_ones(now);
  Bucket& bucket = buckets_.try_emplace(client, Bucket{burst_, now}).first->second;
  refill(bucket, now);
  Verdict verdict{.limit = static_cast<std::size_t>(burst_)};
  verdict.allowed = bucket.left >= 1;
  if (verdict.allowed)
    bucket.left -= 1;
  verdict.remaining = static_cast<std::size_t>(bucket.left);
  const double missing = verdict.allowed ? burst_ - bucket.left : 1 - bucket.left;
  verdict.reset_s = static_cast<int>(std::ceil(missing / per_second_));
  return verdict;
}

void Quota::give_back(const std::string& client) {
  if (const auto found = buckets_.find(client); found != buckets_.end())
    found->second.left = std::min(burst_, found->second.left + 1);
}

}  // namespace dompet::http
