#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "actors/provider_port.hpp"
#include "actors/requests.hpp"
#include "domain/saga.hpp"

namespace dompet::simulated {

/// A provider of payouts and top-ups, as they are: slow, forgetful, saying things twice. What it decides about a payout
/// it never changes; the money of a top-up it may send back when it is asked to. It outlives the processes that ask it.
class SimulatedProvider final : public ProviderPort {
 public:
  /// All in percent. A prompt and friendly one, if nothing is said.
  struct Manners {
    int refuses = 0;
    /// Orders and words that never arrive.
    int loses = 0;
    int doubles = 0;
    /// "I do not know yet."
    int hesitates = 0;
    /// Does not send back what it was asked to, this time.
    int keeps = 0;
    std::chrono::milliseconds delay_most{0};
  };

  SimulatedProvider(std::uint64_t seed, std::function<std::int64_t()> now_ms);

  void behave(const Manners& manners) { manners_ = manners; }
  void ask(const ProviderOrder& order) override;

  /// What it has done: credited when the money left or came.
  Decision decided(const TransactionId& id) const;
  /// How often it heard of it, cancellations included.
  int times_asked(const TransactionId& id) const;
  /// Says the opposite of what it did.
  void contradict_itself(const TransactionId& id);
  /// Says once more what it once said, whatever happened since.
  void repeat(const TransactionId& id);
  /// Of everything that it was asked for.
  std::vector<TransactionId> known() const;

  /// Words that may arrive now; one of them leaves.
  std::size_t due() const;
  ProviderWordRequest take(std::size_t index);

 private:
  struct Case {
    ProviderOrder order{};
    Decision decision = Decision::none;
    int times_asked = 0;
    ProviderWordRequest first_word{};
  };
  struct Word {
    std::int64_t due_ms = 0;
    ProviderWordRequest word{};
  };

  void decide(Case& one, bool cancel);
  void say(const ProviderWordRequest& word);
  bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

  std::minstd_rand random_;
  std::function<std::int64_t()> now_ms_;
  Manners manners_{};
  std::map<TransactionId, Case> cases_{};
  std::vector<Word> words_{};
};

}  // namespace dompet::simulated
