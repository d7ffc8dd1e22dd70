#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "actors/engine.hpp"

namespace dompet {

/// Who owns which shard, as far as a node knows without asking the table: its last look at it, and what peers have said
/// since. A higher epoch is later news. A wrong guess is harmless; it costs a hop (protocol 5.2, "Routing").
class ShardHints {
 public:
  using Clock = std::chrono::steady_clock;

  struct Owner {
    /// Nil: nobody, or unknown.
    Incarnation node{};
    std::uint64_t epoch = 0;
  };

  explicit ShardHints(Shard shard_count) : hints_(shard_count) {}

  /// `shard` is one of the ledger's.
  void learn(Shard shard, const Owner& owner, Clock::time_point now) {
    std::optional<Hint>& known = hints_[shard];
    if (!known || owner.epoch > known->owner.epoch)
      known = Hint{owner, now};
  }

  Owner owner_of(Shard shard, const ClusterView& view, Clock::time_point now) {
    const Owner seen = shard < view.shards.size() ? seen_in(view.shards[shard].row) : Owner{};
    std::optional<Hint>& hint = hints_[shard];
    if (hint && (hint->owner.epoch <= seen.epoch || now - hint->learnt > lifetime))
      hint.reset();
    return hint ? hint->owner : seen;
  }

 private:
  /// The table is looked at every second: what it does not confirm for so long was wrong, or is from before the
  /// database was restored to an earlier state.
  static constexpr auto lifetime = std::chrono::seconds(10);

  struct Hint {
    Owner owner{};
    Clock::time_point learnt{};
  };

  static Owner seen_in(const ShardRow& row) { return {row.owner, row.epoch}; }

  std::vector<std::optional<Hint>> hints_;
};

}  // namespace dompet
