#pragma once

#include <chrono>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "persistence/membership_store.hpp"

namespace dompet {

/// Who has been silent for how long, by observation alone (protocol 5.2): a peer's counter is compared with nothing but
/// itself, and time is this node's own boottime since it first saw that value. So no two clocks are ever compared.
///
/// Whoever did not look for a while knows nothing about that while: its own process may have been stopped, or the
/// database away, for everybody. Then the watch of all peers begins anew, and nobody is blamed for the gap.
class Observer {
 public:
  /// `longest_gap`: between two looks; beyond it the watch begins anew.
  explicit Observer(std::chrono::milliseconds longest_gap) : longest_gap_(longest_gap) {}

  /// Takes a reading of the table. `now_ms` is boottime after the reading returned, so that what is seen first is never
  /// dated before it was written.
  void look(const std::vector<NodeRow>& nodes, std::int64_t now_ms);
  /// From the first look that saw the node's counter at its present value until the last look. Zero for a node that the
  /// last look did not see.
  std::chrono::milliseconds silent_for(const Incarnation& node) const;

 private:
  struct Sighting {
    std::uint64_t heartbeat = 0;
    std::int64_t first_seen_ms = 0;
  };

  std::chrono::milliseconds longest_gap_;
  std::int64_t last_look_ms_ = 0;
  std::unordered_map<Incarnation, Sighting> seen_{};
};

}  // namespace dompet
