#pragma once

#include <atomic>
#include <cstdint>

namespace dompet {

/// What /metrics shows of notices to marketplaces. Any thread.
struct MarketplaceCounts {
  // Of this process, since its start: what marketplaces said to notices.
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> unheard{0};
  // Of all nodes, some seconds old.
  std::atomic<std::int64_t> waiting{0};
  std::atomic<std::int64_t> waiting_refused{0};
};

}  // namespace dompet
