#include "actors/cluster/observer.hpp"

#include <utility>

namespace dompet {

void Observer::look(const std::vector<NodeRow>& nodes, std::int64_t now_ms) {
  const bool was_away = now_ms - last_look_ms_ > longest_gap_.count();
  last_look_ms_ = now_ms;
  std::unordered_map<Incarnation, Sighting> before = std::exchange(seen_, {});
  for (const NodeRow& node : nodes) {
    const auto known = before.find(node.incarnation);
    const bool stood_still = !was_away && known != before.end() && known->second.heartbeat == node.heartbeat;
    seen_[node.incarnation] = stood_still ? known->second : Sighting{node.heartbeat, now_ms};
  }
}

std::chrono::milliseconds Observer::silent_for(const Incarnation& node) const {
  const auto known = seen_.find(node);
  return std::chrono::milliseconds(known == seen_.end() ? 0 : last_look_ms_ - known->second.first_seen_ms);
}

}  // namespace dompet
