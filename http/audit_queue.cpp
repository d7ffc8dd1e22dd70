#include "http/audit_queue.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "config/logging.hpp"

namespace dompet::http {

namespace {

constexpr std::size_t rows_a_transaction = 500;
constexpr std::chrono::seconds longest_finish{5};

}  // namespace

struct AuditQueue::State {
  std::mutex guard{};
  std::condition_variable changed{};
  std::deque<NewAudit> rows{};
  /// A query has the first of them; they stay until it has written them.
  bool is_sending = false;
  /// Since the last that was written.
  bool has_failed = false;
  std::uint64_t lost = 0;

  std::vector<NewAudit> first() {
    const std::lock_guard lock(guard);
    const auto count = static_cast<std::ptrdiff_t>(std::min(rows.size(), rows_a_transaction));
    return {rows.begin(), rows.begin() + count};
  }

  /// The query is over; so many rows are written.
  void end(std::size_t written) {
    const std::lock_guard lock(guard);
    rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(written));
    has_failed = has_failed && written == 0;
    is_sending = false;
    changed.notify_all();
  }

  /// What is left then waits for the next row or tick, behind what others ask of the pool.
  void write_some(Reader& reader) {
    const std::vector<NewAudit> some = first();
    AuditLog(reader).write(some);
    end(some.size());
  }

  /// Logs the first of many.
  void fail(const std::string& reason) {
    end(0);
    const std::lock_guard lock(guard);
    if (!std::exchange(has_failed, true))
      log_event(LogLevel::warning, "the audit waits", {{"reason", reason}});
  }
};

AuditQueue::AuditQueue(Engine& engine) : engine_(engine), state_(std::make_shared<State>()) {}

void AuditQueue::send(Engine& engine, const std::shared_ptr<State>& state) {
  {
    const std::lock_guard lock(state->guard);
    if (state->is_sending || state->rows.empty())
      return;
    state->is_sending = true;
  }
  const bool is_taken = engine.query([state](Reader& reader) { state->write_some(reader); },
                                     [state](const std::string& reason) { state->fail(reason); });
  if (!is_taken)
    state->end(0);
}

void AuditQueue::add(NewAudit audit) {
  bool is_first_lost = false;
  {
    const std::lock_guard lock(state_->guard);
    if (state_->rows.size() < most_waiting)
      state_->rows.push_back(std::move(audit));
    else
      is_first_lost = state_->lost++ % most_waiting == 0;
  }
  // One line of many: the metric has them all.
  if (is_first_lost)
    log_event(LogLevel::error, "what staff did is not on record: too much of it waits",
              {{"request_id", audit.act.request_id}, {"who", audit.act.who}, {"lost", lost()}});
  send(engine_, state_);
}

void AuditQueue::tick() { send(engine_, state_); }

void AuditQueue::finish() {
  const auto end = std::chrono::steady_clock::now() + longest_finish;
  std::unique_lock lock(state_->guard);
  while (!state_->rows.empty() && std::chrono::steady_clock::now() < end) {
    lock.unlock();
    send(engine_, state_);
    lock.lock();
    state_->changed.wait_for(lock, std::chrono::milliseconds{100}, [this] { return state_->rows.empty(); });
  }
  if (!state_->rows.empty())
    log_event(LogLevel::error, "what staff did is not on record", {{"lost", state_->rows.size()}});
}

std::size_t AuditQueue::waiting() const {
  const std::lock_guard lock(state_->guard);
  return state_->rows.size();
}

std::uint64_t AuditQueue::lost() const {
  const std::lock_guard lock(state_->guard);
  return state_->lost;
}

}  // namespace dompet::http
