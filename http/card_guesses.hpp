#pragma once

#include <chrono>
#include <cstddef>
#include <unordered_map>

#include "domain/ids.hpp"

namespace dompet::http {

/// Wrong guesses, by whom or what they are counted. After `most_wrong` of them nothing is taken for a while, right or
/// wrong, by this node. Bounded: entries that are over go when there are many. Io thread only.
template <class Subject, int most>
class WrongGuesses {
 public:
  static constexpr int most_wrong = most;
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes memory{15};
  static constexpr std::size_t look_through_at = 10'000;

  bool is_locked(const Subject& subject, Clock::time_point now) const {
    const auto found = wrong_.find(subject);
    return found != wrong_.end() && found->second.count >= most_wrong && now - found->second.last < memory;
  }

  void count_wrong(const Subject& subject, Clock::time_point now) {
    if (wrong_.size() >= look_through_at)
      std::erase_if(wrong_, [now](const auto& entry) { return now - entry.second.last >= memory; });
    Guesses& guesses = wrong_[subject];
    if (now - guesses.last >= memory)
      guesses.count = 0;
    ++guesses.count;
    guesses.last = now;
  }

  void forget(const Subject& subject) { wrong_.erase(subject); }

 private:
  struct Guesses {
    int count = 0;
    Clock::time_point last{};
  };
  std::unordered_map<Subject, Guesses> wrong_{};
};

/// Wrong expiries and CVVs, by card: there are only a thousand CVVs.
class CardGuesses : public WrongGuesses<CardId, 5> {};

/// Numbers of virtual accounts that there are not, by who tried them.
class VaGuesses : public WrongGuesses<UserId, 10> {};

}  // namespace dompet::http
