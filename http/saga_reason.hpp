#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/engine.hpp"

namespace dompet::http {

/// What is known about an open transfer when somebody asks why it is where it is.
struct SagaFacts {
  SagaState state = SagaState::reserved;
  Shard source_shard = 0;
  Shard destination_shard = 0;
  std::int64_t updated_at_ms = 0;
  std::int64_t now_ms = 0;
  /// The destination's register; nothing when it was not looked at or could not be.
  std::optional<Decision> decision{};
  /// What the owner's memory says; nothing when it was not asked, or did not answer.
  std::optional<SagaReport> live{};
  bool asked_owner = false;
  /// The last error on record, who told it and since when; empty when there is none.
  std::string last_error{};
  std::string last_node{};
  std::int64_t error_since_ms = 0;
  /// Who paused it; empty when nobody did, or when the pause is not in force any more.
  std::string paused_by{};
};

struct SagaReason {
  /// One sentence.
  std::string sentence{};
  /// What it was concluded from, a sentence each.
  std::vector<std::string> evidence{};
  /// It will not go on by itself soon.
  bool stuck = false;
};

/// How long an open transfer may wait without any word before it counts as stuck.
inline constexpr std::int64_t stuck_without_word_ms = 10'000;
/// How long the same refusal may come back before it does.
inline constexpr std::int64_t stuck_with_error_ms = 2'000;
/// From here on a commit lane keeps everybody waiting.
inline constexpr std::int64_t slow_lane_ms = 2'000;

/// Why an open transfer is where it is: for each row of the coordinator's table (protocol 5.5) what keeps it there.
/// Concluded from evidence, never from age alone. Pure: equal facts, equal sentence.
SagaReason reason_of(const SagaFacts& facts, const ClusterView& view);

/// The node that serves a shard, as far as this one knows.
struct ShardOwner {
  std::string node{};
  Incarnation incarnation{};
  std::uint64_t epoch = 0;
  /// It is a member and messages get through to it, or it is this node.
  bool reachable = false;
};
/// Nothing when nobody that is a member owns it.
std::optional<ShardOwner> owner_of(const ClusterView& view, Shard shard);

/// "8 s", "0.4 s", "3 min", "2 h".
std::string duration_text(std::int64_t ms);

}  // namespace dompet::http
