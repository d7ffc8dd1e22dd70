#pragma once

#include <atomic>
#include <cstdint>

namespace dompet {

/// What /metrics shows of webhooks. Any thread.
struct WebhookCounts {
  // Of this process, since its start.
  std::atomic<std::uint64_t> attempts{0};
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> given_up{0};
  std::atomic<std::uint64_t> endpoints_disabled{0};
  // Of all nodes, some seconds old.
  std::atomic<std::int64_t> pending{0};
  std::atomic<std::int64_t> failed{0};
  std::atomic<std::int64_t> oldest_s{0};
};

}  // namespace dompet
