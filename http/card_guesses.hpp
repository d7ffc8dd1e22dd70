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

  /// Takes a guess that is looked up; every one that was taken is given back by `end`. False when those under way would
  /// be more than may be wrong, so that nobody has more guesses by asking all at once.
  bool begin(const Subject& subject, Clock::time_point now) {
    const auto found = wrong_.find(subject);
    const int wrong = found != wrong_.end() && now - found->second.last < memory ? found->second.count : 0;
    if (wrong + under_way(subject) >= most_wrong)
      return false;
    ++under_way_[subject];
    return true;
  }

  /// The look-up is over, and says whether the guess was wrong.
  void end(const Subject& subject, bool is_wrong, Clock::time_point now) {
    if (const auto found = under_way_.find(subject); found != under_way_.end() && --found->second == 0)
      under_way_.erase(found);
    if (is_wrong)
      count_wrong(subject, now);
  }

  int under_way(const Subject& subject) const {
    const auto found = under_way_.find(subject);
    return found == under_way_.end() ? 0 : found->second;
  }

  void forget(const Subject& subject) { wrong_.erase(subject); }

 private:
  struct Guesses {
    int count = 0;
    Clock::time_point last{};
  };
  std::unordered_map<Subject, Guesses> wrong_{};
  /// Bounded by the requests under way.
  std::unordered_map<Subject, int> under_way_{};
};

/// Wrong expiries and CVVs, by card: there are only a thousand CVVs.
class CardGuesses : public WrongGuesses<CardId, 5> {};

/// Numbers of virtual accounts that there are not, by who tried them.
class VaGuesses : public WrongGuesses<UserId, 10> {};

}  // namespace dompet::http
