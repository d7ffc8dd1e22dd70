#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace dompet::http {

/// One thread for argon2id, which takes 60 ms and 64 MiB a password: of the class SCHED_IDLE, so that it gives
/// way to transfers at once, as far as the kernel lets it (docs/performance.md says how far). The queue is bounded, so
/// a flood of logins is turned away.
class PasswordPool {
 public:
  explicit PasswordPool(std::size_t queue_limit);
  /// Drops what waits.
  ~PasswordPool();
  PasswordPool(const PasswordPool&) = delete;

  /// False when the queue is full. Any thread. The work must not throw.
  bool run(std::function<void()> work);

 private:
  void serve();

  const std::size_t queue_limit_;
  std::mutex guard_{};
  std::condition_variable changed_{};
  std::deque<std::function<void()>> waiting_{};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace dompet::http
