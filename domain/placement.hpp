#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.hpp"
#include "domain/shard.hpp"

namespace dompet {

// Which node should have which shard. Every node works it out for itself from the same tables, so the answers must be
// equal everywhere and repeat exactly; where they differ for a moment the database decides who gets the shard.

/// A node that may be given shards.
struct Candidate {
  Incarnation incarnation{};
  /// Placement goes by name, so that a node that starts again gets back what it had.
  std::string name{};
};

/// How much a shard is drawn to a node. Frozen: nodes of two versions must agree on it.
std::uint64_t attraction(Shard shard, std::string_view node_name);

/// Who takes an ownerless shard: the candidate that it is drawn to most (rendezvous hashing). When a node comes or
/// goes, only its own shards are placed elsewhere. Nothing without candidates.
const Candidate* preferred(Shard shard, std::span<const Candidate> candidates);

/// A shard that has an owner.
struct PlacedShard {
  Shard shard = 0;
  Incarnation owner{};
  /// Whom it is already wished to; nil when nobody.
  Incarnation target{};
  /// Since it was last seen to move.
  std::chrono::milliseconds settled_for{0};
};

struct Placement {
  std::vector<PlacedShard> shards{};
  std::vector<Candidate> candidates{};
  /// Owners that give everything away; none of them is a candidate. Shards of other owners that are no candidates, such
  /// as nodes that were not heard of lately, stay where they are.
  std::vector<Incarnation> leaving{};
};

struct MoveLimits {
  /// Wishes that may be open at the same time, those that are open already included.
  int concurrent = 4;
  /// A shard that moved more recently is not moved for balance.
  std::chrono::milliseconds dwell{30'000};
  /// Also when no node has more than 1.2 times its share; else a small unevenness is not worth a pause.
  bool even_if_slight = false;
};

struct Move {
  Shard shard = 0;
  Incarnation from{};
  Incarnation to{};

  bool operator==(const Move&) const = default;
};

/// The next moves: all of a leaving node's shards first, each to whoever has least; then from those who have most to
/// those who have least, until no two candidates differ by more than one shard. Nobody is ever given more than an even
/// share, rounded up, and no shard is moved that need not be.
std::vector<Move> plan_moves(const Placement& placement, const MoveLimits& limits);

}  // namespace dompet
