#include "http/access/password_pool.hpp"

#include <pthread.h>
#include <sched.h>

#include <utility>

namespace dompet::http {

PasswordPool::PasswordPool(std::size_t queue_limit) : queue_limit_(queue_limit), thread_([this] { serve(); }) {}

PasswordPool::~PasswordPool() {
  {
    const std::lock_guard lock(guard_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool PasswordPool::run(std::function<void()> work) {
  {
    const std::lock_guard lock(guard_);
    if (stopping_ || waiting_.size() >= queue_limit_)
      return false;
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

void PasswordPool::serve() {
  pthread_setname_np(pthread_self(), "passwords");
  // For this thread alone. Unlike the lowest nice value it gives way at once to whoever wakes (docs/performance.md); it
  // still ran ten logins a second beside a server under full load. Where it is refused, hashing goes on as it is.
  const sched_param no_priority{};
  ::sched_setscheduler(0, SCHED_IDLE, &no_priority);
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(guard_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_)
        return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace dompet::http
