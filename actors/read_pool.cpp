#include "actors/read_pool.hpp"

#include <spdlog/spdlog.h>

namespace dompet {

SessionPool::SessionPool(int sessions, std::size_t queue_limit, const Engine::ReaderFactory& reader)
    : queue_limit_(queue_limit) {
  for (int i = 0; i < sessions; ++i)
    threads_.emplace_back([this, session = std::shared_ptr<Reader>(reader())] { serve(*session); });
}

SessionPool::~SessionPool() { stop(); }

bool SessionPool::read(std::function<void(RecoveryStore&)> work, std::function<void(const std::string&, bool)> failed) {
  return query([work = std::move(work)](Reader& reader) { work(reader); }, std::move(failed));
}

bool SessionPool::query(QueryWork work, std::function<void(const std::string&, bool)> failed) {
  {
    const std::lock_guard lock(guard_);
    if (stopping_ || waiting_.size() >= queue_limit_)
      return false;
    waiting_.push_back({std::move(work), std::move(failed)});
  }
  changed_.notify_one();
  return true;
}

void SessionPool::serve(Reader& reader) {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(guard_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_)
        return;
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    run(reader, task);
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
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable())
      thread.join();
}

}  // namespace dompet
