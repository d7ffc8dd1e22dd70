#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "domain/ids.hpp"

namespace dompet {

/// Where a shard's look for payments whose time is over stands. It reads pages of open ones by their ids, oldest first.
/// Once nothing was left open, it begins the next time at ids that were made shortly before, and not at the first of
/// all: only a capture that was under way and comes back can open a payment again.
class ExpiryWalk {
 public:
  static constexpr int page = 100;

  /// The shard was taken anew: what others have seen is unknown.
  void restart() { *this = ExpiryWalk{}; }

  bool may_look() const { return !is_looking_; }
  /// Begins to read a page, of what was begun before this moment; strictly after the returned id.
  TransactionId look(std::int64_t begun_before_ms) {
    is_looking_ = true;
    begun_before_ms_ = begun_before_ms;
    return after_;
  }
  void fail() { is_looking_ = false; }
  /// The page came. True when another one follows at once.
  bool arrive(std::size_t count, const TransactionId& last) {
    is_looking_ = false;
    has_found_ |= count > 0;
    if (count >= static_cast<std::size_t>(page)) {
      after_ = last;
      return true;
    }
    if (!has_found_)
      base_ = {make_uuid_v7(begun_before_ms_ - margin_ms, {})};
    has_found_ = false;
    after_ = base_;
    return false;
  }

 private:
  /// Longer than a capture is under way, outages of its destination included.
  static constexpr std::int64_t margin_ms = 2LL * 24 * 3'600 * 1'000;

  TransactionId base_{};
  TransactionId after_{};
  std::int64_t begun_before_ms_ = 0;
  bool has_found_ = false;
  bool is_looking_ = false;
};

}  // namespace dompet
