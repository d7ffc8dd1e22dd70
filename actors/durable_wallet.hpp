#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "domain/history.hpp"

namespace dompet {

/// What is durable of one resident wallet. The commit lane alone writes it, after each commit; the wallet's shard
/// reads it to answer balance questions. A wallet's actor decides on a state of its own that runs ahead of it.
class DurableWallet {
 public:
  explicit DurableWallet(WalletHistory history) : history_(std::move(history)) {}

  WalletHistory read() const {
    const std::lock_guard lock(guard_);
    return history_;
  }

  void publish(WalletHistory history) {
    const std::lock_guard lock(guard_);
    history_ = std::move(history);
  }

  /// Entries in the lane that are not durable yet. Raised by whoever appends, before he appends.
  std::atomic<std::uint32_t> pending{0};

  /// The lane's own marks; nobody else touches them.
  struct LaneMarks {
    /// Where the batch that is being sealed works on this wallet; -1 when it does not.
    int slot = -1;
    /// Its actor crashed: nothing that still names this object may be committed.
    bool retired = false;
  } lane;

 private:
  mutable std::mutex guard_;
  WalletHistory history_;
};

using DurableWalletPtr = std::shared_ptr<DurableWallet>;

}  // namespace dompet
