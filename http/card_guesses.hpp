#pragma once

#include <chrono>
#include <cstddef>
#include <unordered_map>

#include "domain/ids.hpp"

namespace dompet::http {

/// Wrong expiries and CVVs, by card. There are only a thousand CVVs, so after a few wrong ones a card is refused for a
/// while whatever is shown, by this node. Bounded: entries that are over go when there are many. Io thread only.
class CardGuesses {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int most_wrong = 5;
  static constexpr std::chrono::minutes memory{15};
  static constexpr std::size_t look_through_at = 10'000;

  bool is_locked(const CardId& card, Clock::time_point now) const {
    const auto found = wrong_.find(card);
    return found != wrong_.end() && found->second.count >= most_wrong && now - found->second.last < memory;
  }

  void count_wrong(const CardId& card, Clock::time_point now) {
    if (wrong_.size() >= look_through_at)
      std::erase_if(wrong_, [now](const auto& entry) { return now - entry.second.last >= memory; });
    Guesses& guesses = wrong_[card];
    if (now - guesses.last >= memory)
      guesses.count = 0;
    ++guesses.count;
    guesses.last = now;
  }

  void forget(const CardId& card) { wrong_.erase(card); }

 private:
  struct Guesses {
    int count = 0;
    Clock::time_point last{};
  };
  std::unordered_map<CardId, Guesses> wrong_{};
};

}  // namespace dompet::http
