#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/engine.hpp"
#include "actors/node.hpp"

namespace dompet {

/// Database sessions with a thread each and one bounded queue: every blocking read of the node happens here.
/// Threads rather than detached actors, so that a slow query holds up nobody but itself. Scans run one at a time,
/// and only while nothing else waits.
class SessionPool final : public ReadPool {
 public:
  SessionPool(int sessions, std::size_t queue_limit, const std::function<std::unique_ptr<Reader>()>& reader);
  ~SessionPool() override;

  bool read(std::function<void(RecoveryStore&)> work,
            std::function<void(const std::string& reason, bool unreadable)> failed) override;
  bool scan(std::function<void(RecoveryStore&)> work,
            std::function<void(const std::string& reason, bool unreadable)> failed) override;
  /// The same for queries that need more than recovery does.
  bool query(QueryWork work, std::function<void(const std::string& reason, bool unreadable)> failed);
  /// Finishes what runs, drops what waits.
  void stop();

 private:
  struct Task {
    QueryWork work{};
    std::function<void(const std::string&, bool)> failed{};
  };
  bool enqueue(std::deque<Task>& queue, Task task);
  bool scan_may_run() const { return !scanning_ && !scans_.empty(); }
  void serve(Reader& reader);
  static void run(Reader& reader, const Task& task);

  std::size_t queue_limit_;
  std::mutex guard_{};
  std::condition_variable changed_{};
  std::deque<Task> waiting_{};
  std::deque<Task> scans_{};
  bool scanning_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_{};
};

}  // namespace dompet
