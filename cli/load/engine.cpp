#include "cli/load/engine.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <stdexcept>
#include <system_error>

#include "cli/load/clock.hpp"
#include "cli/load/connection.hpp"
#include "cli/load/tally.hpp"

namespace dompet::cli {

namespace {

constexpr Nanos tick = second / 20;             ///< time-outs, reconnects and the stop flag are looked at this often
constexpr Nanos reconnect_after = second / 10;  ///< long enough to spare a server that starts, short beside a run
constexpr Nanos progress_every = second / 5;
constexpr int events_at_once = 256;

void allow_descriptors(int wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto needed = static_cast<rlim_t>(wanted) + 64;
  if (limit.rlim_cur >= needed)
    return;
  if (limit.rlim_max < needed)
    throw std::runtime_error("this many connections need more open files than the system allows (ulimit -Hn)");
  limit.rlim_cur = needed;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// The loop: which connection sends when. Sockets are `Connection`'s, figures are `Tally`'s.
class Engine {
 public:
  Engine(const Endpoint& endpoint, const LoadPlan& plan, Workload& workload)
      : endpoint_(endpoint), plan_(plan), workload_(workload),
        connections_(static_cast<std::size_t>(plan.connections)) {
    allow_descriptors(plan.connections);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0)
      throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }

  ~Engine() { ::close(epoll_); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  LoadOutcome run();

 private:
  void begin();
  void dispatch();
  void wait_for_events();
  void on_event(Connection& connection, std::uint32_t events);
  void on_answer(Connection& connection);
  void on_broken(Connection& connection);
  void on_tick();
  void look_after(Connection& connection);
  void close_and_reopen(Connection& connection, Nanos retry_at);
  void make_idle(Connection& connection);
  Connection* take_idle();
  Nanos due_at(std::uint64_t arrival) const;
  Nanos wait_time() const;
  bool finished() const;
  std::uint64_t never_sent() const;

  const Endpoint& endpoint_;
  const LoadPlan& plan_;
  Workload& workload_;
  Tally tally_{};
  ReadBuffer buffer_{};
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_{};
  int epoll_ = -1;
  Nanos now_ = 0;
  Nanos next_tick_ = 0;
  Nanos next_progress_ = 0;
  std::uint64_t arrivals_ = 0;  ///< sent so far in open loop
  std::uint64_t in_flight_ = 0;
  bool nothing_to_send_ = false;
};

void Engine::begin() {
  for (auto& connection : connections_) {
    connection.open(endpoint_, epoll_);
    make_idle(connection);
  }
  now_ = now();
  const Nanos warm_end = now_ + plan_.warmup.count();
  tally_.begin(now_, warm_end, warm_end + plan_.duration.count());
}

void Engine::make_idle(Connection& connection) {
  if (connection.queued)
    return;
  connection.queued = true;
  idle_.push_back(&connection);
}

/// First in, first out, so that no connection rests long enough for the server to close it.
Connection* Engine::take_idle() {
  while (!idle_.empty()) {
    auto* connection = idle_.front();
    idle_.pop_front();
    connection->queued = false;
    if (connection->state() == Connection::State::idle)
      return connection;
  }
  return nullptr;
}

Nanos Engine::due_at(std::uint64_t arrival) const {
  return tally_.start() + static_cast<Nanos>(static_cast<double>(arrival) * 1e9 / *plan_.rate);
}

/// Sends everything that may be sent now.
void Engine::dispatch() {
  nothing_to_send_ = false;
  while (!idle_.empty()) {
    const Nanos intended = plan_.rate ? due_at(arrivals_) : now_;
    if (intended > now_ || intended >= tally_.end())
      return;
    auto* connection = take_idle();
    if (connection == nullptr)
      return;
    if (!workload_.next(connection->shot)) {
      nothing_to_send_ = true;
      make_idle(*connection);
      return;
    }
    if (plan_.rate) {
      ++arrivals_;
      tally_.sent(intended, now_);
    }
    ++in_flight_;
    connection->fire(intended, now_);
  }
}

void Engine::on_event(Connection& connection, std::uint32_t events) {
  switch (connection.on_event(events, buffer_)) {
    case Connection::Happening::nothing: return;
    case Connection::Happening::connected: return make_idle(connection);
    case Connection::Happening::answered: return on_answer(connection);
    case Connection::Happening::broken: return on_broken(connection);
  }
}

void Engine::on_answer(Connection& connection) {
  now_ = now();
  --in_flight_;
  Verdicts verdicts;
  workload_.answered(connection.shot, buffer_.response, verdicts);
  tally_.answered(connection.intended, now_, buffer_.response.status, verdicts);
  if (buffer_.response.keep_alive)
    make_idle(connection);
  else
    close_and_reopen(connection, now_);
  dispatch();
}

void Engine::on_broken(Connection& connection) {
  if (connection.is_busy()) {
    --in_flight_;
    tally_.broken(connection.intended);
    workload_.lost(connection.shot);
  }
  // A server may close an idle connection at any time; one that breaks at work, or never stood, is given a moment.
  const bool was_idle = connection.state() == Connection::State::idle;
  close_and_reopen(connection, was_idle ? now_ : now_ + reconnect_after);
}

void Engine::close_and_reopen(Connection& connection, Nanos retry_at) {
  connection.close(retry_at);
  if (retry_at <= now_)
    connection.begin_open(endpoint_, epoll_, now_, now_ + reconnect_after);
}

void Engine::on_tick() {
  next_tick_ = now_ + tick;
  tally_.look_at_clock(now_);
  if (plan_.stop != nullptr && plan_.stop->load(std::memory_order_relaxed) && now_ < tally_.end())
    tally_.end_at(now_);
  for (auto& connection : connections_)
    look_after(connection);
  if (plan_.on_progress && now_ >= next_progress_ && now_ < tally_.end()) {
    next_progress_ = now_ + progress_every;
    plan_.on_progress(tally_.progress(now_));
  }
}

/// Gives up what takes too long, and opens again what is down.
void Engine::look_after(Connection& connection) {
  using enum Connection::State;
  const bool is_late = now_ - connection.sent_at > plan_.timeout.count();
  if (connection.state() == busy && is_late) {
    --in_flight_;
    tally_.timed_out(connection.intended);
    workload_.lost(connection.shot);
    close_and_reopen(connection, now_);
  } else if (connection.state() == connecting && is_late) {
    close_and_reopen(connection, now_ + reconnect_after);
  } else if (connection.state() == down && now_ >= connection.retry_at && now_ < tally_.end()) {
    connection.begin_open(endpoint_, epoll_, now_, now_ + reconnect_after);
  }
}

Nanos Engine::wait_time() const {
  Nanos until = next_tick_;
  if (now_ < tally_.end()) {
    until = std::min(until, tally_.end());
    if (plan_.rate && !idle_.empty() && !nothing_to_send_)
      until = std::min(until, due_at(arrivals_));
  }
  return std::max<Nanos>(0, until - now_);
}

bool Engine::finished() const {
  const bool no_more = now_ >= tally_.end() || nothing_to_send_;
  return (no_more && in_flight_ == 0) || now_ >= tally_.end() + plan_.drain.count();
}

/// In open loop, what was due before the end and found no free connection. A workload that came to its own end left
/// nothing behind.
std::uint64_t Engine::never_sent() const {
  if (!plan_.rate || nothing_to_send_)
    return 0;
  const auto elapsed = static_cast<double>(std::min(now_, tally_.end()) - tally_.start());
  const auto due = static_cast<std::uint64_t>(std::max(0.0, elapsed) * *plan_.rate / 1e9);
  return due > arrivals_ ? due - arrivals_ : 0;
}

void Engine::wait_for_events() {
  epoll_event events[events_at_once];
  const auto wait = wait_time();
  const timespec timeout{wait / second, wait % second};
  const int count = ::epoll_pwait2(epoll_, events, events_at_once, &timeout, nullptr);
  if (count < 0 && errno != EINTR)
    throw std::system_error(errno, std::generic_category(), "epoll_pwait2");
  now_ = now();
  for (int i = 0; i < count; ++i)
    on_event(*static_cast<Connection*>(events[i].data.ptr), events[i].events);
}

LoadOutcome Engine::run() {
  begin();
  dispatch();
  while (!finished()) {
    wait_for_events();
    if (now_ >= next_tick_)
      on_tick();
    dispatch();
  }
  now_ = now();
  for (const auto& connection : connections_)
    if (connection.is_busy())
      tally_.left_unanswered(connection.intended);
  tally_.left_unsent(never_sent());
  return tally_.finish(now_);
}

}  // namespace

LoadOutcome run_load(const Endpoint& endpoint, const LoadPlan& plan, Workload& workload) {
  Engine engine(endpoint, plan, workload);
  return engine.run();
}

}  // namespace dompet::cli
