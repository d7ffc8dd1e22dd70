#include "actors/read_pool.hpp"

#include <spdlog/spdlog.h>

namespace dompet {

SessionPool::SessionPool(int sessions, std::size_t queue_limit, const std::function<std::unique_ptr<Reader>()>& reader)
    : queue_limit_(queue_limit) {
  for (int i = 0; i < sessions; ++i)
    threads_.emplace_back([this, session = std::shared_ptr<Reader>(reader())] { serve(*session); });
}

SessionPool::~SessionPool() { stop(); }

bool SessionPool::read(std::function<void(RecoveryStore&)> work, std::function<void(const std::string&, bool)> failed) {
  return query([work = std::move(work)](Reader& reader) { work(reader); }, std::move(failed));
}

bool SessionPool::query(QueryWork work, std::function<void(const std::string&, bool)> failed) {
  return enqueue(waiting_, {std::move(work), std::move(failed)});
}

bool SessionPool::scan(std::function<void(RecoveryStore&)> work, std::function<void(const std::string&, bool)> failed) {
  return enqueue(scans_, {[work = std::move(work)](Reader& reader) { work(reader); }, std::move(failed)});
}

bool SessionPool::enqueue(std::deque<Task>& queue, Task task) {
  {
    const std::lock_guard lock(guard_);
    if (stopping_ || queue.size() >= queue_limit_)
      return false;
    queue.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void SessionPool::serve(Reader& reader) {
  std::unique_lock lock(guard_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty() || scan_may_run(); });
    if (stopping_)
      return;
    const bool is_scan = waiting_.empty();
    std::deque<Task>& queue = is_scan ? scans_ : waiting_;
    const Task task = std::move(queue.front());
    queue.pop_front();
    scanning_ = scanning_ || is_scan;
    lock.unlock();
    run(reader, task);
    lock.lock();
    if (is_scan) {
      scanning_ = false;
      changed_.notify_one();
    }
  }
}

void SessionPool::run(Reader& reader, const Task& task) {
  try {
    task.work(reader);
  } catch (const Unreadable& damage) {
    spdlog::error("stored bytes cannot be read: {}", damage.what());
    task.failed(damage.what(), true);
  } catch (const std::exception& outage) {
    spdlog::warn("a read failed: {}", outage.what());
    task.failed("The database does not answer. Try again.", false);
  }
}

void SessionPool::stop() {
  {
    const std::lock_guard lock(guard_);
    stopping_ = true;
    waiting_.clear();
    scans_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable())
      thread.join();
}

}  // namespace dompet
