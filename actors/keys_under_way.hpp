#pragma once

#include <chrono>
#include <deque>
#include <unordered_map>

#include "domain/ids.hpp"

namespace dompet {

/// The keys of money requests that a shard has begun and that may not be on record yet (protocol 5.7): an equal request
/// that comes meanwhile, through another node, must wait for what becomes of the first one. A key that is not given
/// back is remembered for `memory`; after that the first one is on record, lost, or slower than anybody waits.
class KeysUnderWay {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds memory{5};

  void begin(const KeyId& key, Clock::time_point now) {
    forget_old(now);
    begun_[key] = now;
    order_.emplace_back(now, key);
  }
  /// Nothing of it is or will be on record: the next one may begin.
  void give_back(const KeyId& key) { begun_.erase(key); }
  bool contains(const KeyId& key, Clock::time_point now) {
    forget_old(now);
    return begun_.contains(key);
  }
  void clear() {
    begun_.clear();
    order_.clear();
  }

 private:
  void forget_old(Clock::time_point now) {
    for (; !order_.empty() && now - order_.front().first > memory; order_.pop_front())
      if (const auto found = begun_.find(order_.front().second);
          found != begun_.end() && found->second == order_.front().first)
        begun_.erase(found);
  }

  std::unordered_map<KeyId, Clock::time_point> begun_{};
  std::deque<std::pair<Clock::time_point, KeyId>> order_{};
};

}  // namespace dompet
