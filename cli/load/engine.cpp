#include "cli/load/engine.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <deque>
#include <stdexcept>
#include <system_error>

namespace dompet::cli {

namespace {

using Nanos = std::int64_t;

constexpr Nanos second = 1'000'000'000;
constexpr Nanos tick = second / 20;             ///< time-outs, reconnects and the stop flag are looked at this often
constexpr Nanos reconnect_after = second / 10;  ///< long enough to spare a server that starts, short beside a run
constexpr Nanos progress_every = second / 5;
constexpr std::size_t receive_buffer = 256UL * 1024;
constexpr int events_at_once = 256;

Nanos now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * second + time.tv_nsec;
}

double process_cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

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

enum class State : std::uint8_t { idle, busy, connecting, down };

struct Connection {
  int socket = -1;
  State state = State::down;
  bool queued = false;          ///< stands in the queue of the idle
  bool wants_writable = false;  ///< registered for EPOLLOUT
  Nanos intended = 0;
  Nanos sent_at = 0;
  Nanos retry_at = 0;
  std::size_t sent = 0;    ///< bytes of the shot that the kernel has taken
  std::size_t needed = 0;  ///< bytes that the answer will have, when known
  Shot shot;
  std::string received;  ///< the beginning of an answer that came in pieces
};

class Engine {
 public:
  Engine(const Endpoint& endpoint, const LoadPlan& plan, Workload& workload)
      : endpoint_(endpoint), plan_(plan), workload_(workload), buffer_(receive_buffer) {
    allow_descriptors(plan.connections);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0)
      throw std::system_error(errno, std::generic_category(), "epoll_create1");
    connections_.resize(static_cast<std::size_t>(plan.connections));
  }

  ~Engine() {
    for (auto& connection : connections_)
      if (connection.socket >= 0)
        ::close(connection.socket);
    ::close(epoll_);
  }

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  LoadOutcome run();

 private:
  void open_all();
  void dispatch();
  void fire(Connection& connection, Nanos intended);
  void flush(Connection& connection);
  void on_event(Connection& connection, std::uint32_t events);
  void on_connected(Connection& connection);
  void on_readable(Connection& connection);
  void on_answer(Connection& connection, const Response& response);
  void on_broken(Connection& connection);
  void close_and_reconnect(Connection& connection, Nanos retry_at);
  void reconnect(Connection& connection);
  void watch(Connection& connection, int operation, std::uint32_t events);
  void make_idle(Connection& connection);
  Connection* take_idle();
  void on_tick();
  void begin_measuring();
  Nanos due_at(std::uint64_t arrival) const;
  Nanos wait_time() const;
  bool measured(const Connection& connection) const { return connection.intended >= warm_end_; }
  bool finished() const;

  const Endpoint& endpoint_;
  const LoadPlan& plan_;
  Workload& workload_;
  LoadOutcome outcome_;
  std::vector<char> buffer_;
  std::string joined_;
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;
  int epoll_ = -1;
  Nanos now_ = 0;
  Nanos start_ = 0;
  Nanos warm_end_ = 0;
  Nanos end_ = 0;
  Nanos next_tick_ = 0;
  Nanos next_progress_ = 0;
  std::uint64_t arrivals_ = 0;  ///< sent so far in open loop
  std::uint64_t in_flight_ = 0;
  double cpu_at_start_ = 0;
  bool nothing_to_send_ = false;
  bool measuring_ = false;
};

void Engine::watch(Connection& connection, int operation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &connection;
  if (::epoll_ctl(epoll_, operation, connection.socket, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Engine::open_all() {
  for (auto& connection : connections_) {
    connection.socket = connect_to(endpoint_);
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
    make_idle(connection);
  }
}

void Engine::make_idle(Connection& connection) {
  connection.state = State::idle;
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
    if (connection->state == State::idle)
      return connection;
  }
  return nullptr;
}

Nanos Engine::due_at(std::uint64_t arrival) const {
  return start_ + static_cast<Nanos>(static_cast<double>(arrival) * 1e9 / *plan_.rate);
}

/// Sends everything that may be sent now.
void Engine::dispatch() {
  nothing_to_send_ = false;
  while (!idle_.empty()) {
    Nanos intended = now_;
    if (plan_.rate) {
      intended = due_at(arrivals_);
      if (intended > now_ || intended >= end_)
        return;
    } else if (now_ >= end_) {
      return;
    }
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
      if (intended >= warm_end_)
        outcome_.send_delay.record(static_cast<std::uint64_t>(now_ - intended));
    }
    fire(*connection, intended);
  }
}

void Engine::fire(Connection& connection, Nanos intended) {
  connection.state = State::busy;
  connection.intended = intended;
  connection.sent_at = now_;
  connection.sent = 0;
  connection.needed = 0;
  ++in_flight_;
  flush(connection);
}

void Engine::flush(Connection& connection) {
  const auto& bytes = connection.shot.bytes;
  while (connection.sent < bytes.size()) {
    const auto count =
        ::send(connection.socket, bytes.data() + connection.sent, bytes.size() - connection.sent, MSG_NOSIGNAL);
    if (count >= 0) {
      connection.sent += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR)
      continue;
    if (errno != EAGAIN)
      return;  // the broken connection reports itself through epoll
    if (!connection.wants_writable) {
      connection.wants_writable = true;
      watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
    return;
  }
  if (connection.wants_writable) {
    connection.wants_writable = false;
    watch(connection, EPOLL_CTL_MOD, EPOLLIN);
  }
}

void Engine::on_event(Connection& connection, std::uint32_t events) {
  if (connection.socket < 0)
    return;
  if (connection.state == State::connecting) {
    on_connected(connection);
    return;
  }
  if ((events & EPOLLOUT) != 0 && connection.state == State::busy)
    flush(connection);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    on_readable(connection);
}

void Engine::on_connected(Connection& connection) {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(connection.socket, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    close_and_reconnect(connection, now_ + reconnect_after);
    return;
  }
  watch(connection, EPOLL_CTL_MOD, EPOLLIN);
  make_idle(connection);
}

void Engine::on_readable(Connection& connection) {
  const auto count = ::recv(connection.socket, buffer_.data(), buffer_.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (count <= 0 || connection.state != State::busy) {
    on_broken(connection);
    return;
  }
  std::string_view bytes(buffer_.data(), static_cast<std::size_t>(count));
  if (!connection.received.empty()) {
    connection.received.append(bytes);
    if (connection.received.size() < connection.needed)
      return;
    bytes = connection.received;
  }
  const auto parsed = parse_response(bytes, joined_);
  switch (parsed.outcome) {
    case ParseOutcome::incomplete:
      connection.needed = parsed.needed;
      if (connection.received.empty())
        connection.received.assign(bytes);
      return;
    case ParseOutcome::malformed: on_broken(connection); return;
    case ParseOutcome::complete: on_answer(connection, parsed.response); return;
  }
}

void Engine::on_answer(Connection& connection, const Response& response) {
  const auto arrived = now();
  now_ = arrived;
  --in_flight_;
  Verdicts verdicts;
  workload_.answered(connection.shot, response, verdicts);
  const auto ok = verdicts[Verdict::ok];
  if (arrived >= warm_end_ && arrived < end_) {
    outcome_.ok_in_time += ok;
    const auto index = static_cast<std::size_t>((arrived - warm_end_) / second);
    if (index < outcome_.ok_by_second.size())
      outcome_.ok_by_second[index] += ok;
  }
  if (measured(connection)) {
    ++outcome_.requests;
    for (std::size_t i = 0; i < verdict_count; ++i)
      outcome_.verdicts.of[i] += verdicts.of[i];
    const auto verdict = verdict_of(response.status);
    const bool decided = verdict == Verdict::ok || verdict == Verdict::declined || verdict == Verdict::key_reused;
    auto& latency = decided ? outcome_.latency : outcome_.refused_latency;
    latency.record(static_cast<std::uint64_t>(arrived - connection.intended));
  }
  const bool keep_alive = response.keep_alive;
  connection.received.clear();
  if (!keep_alive) {
    connection.state = State::idle;
    close_and_reconnect(connection, now_);
  } else {
    make_idle(connection);
  }
  dispatch();
}

void Engine::on_broken(Connection& connection) {
  const bool was_busy = connection.state == State::busy;
  if (was_busy) {
    --in_flight_;
    if (measured(connection))
      ++outcome_.connection_errors;
    workload_.lost(connection.shot);
  }
  // A server may close an idle connection at any time; one that breaks at work is given a moment.
  close_and_reconnect(connection, was_busy ? now_ + reconnect_after : now_);
}

void Engine::close_and_reconnect(Connection& connection, Nanos retry_at) {
  if (connection.socket >= 0)
    ::close(connection.socket);
  connection.socket = -1;
  connection.state = State::down;
  connection.wants_writable = false;
  connection.received.clear();
  connection.retry_at = retry_at;
  if (retry_at <= now_)
    reconnect(connection);
}

void Engine::reconnect(Connection& connection) {
  connection.socket = begin_connect(endpoint_);
  if (connection.socket < 0) {
    connection.retry_at = now_ + reconnect_after;
    return;
  }
  connection.state = State::connecting;
  connection.sent_at = now_;
  watch(connection, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

void Engine::on_tick() {
  next_tick_ = now_ + tick;
  if (!measuring_ && now_ >= warm_end_)
    begin_measuring();
  if (plan_.stop != nullptr && plan_.stop->load(std::memory_order_relaxed) && now_ < end_) {
    outcome_.interrupted = true;
    end_ = now_;
    warm_end_ = std::min(warm_end_, end_);
  }
  const auto timeout = plan_.timeout.count();
  for (auto& connection : connections_) {
    if (connection.state == State::busy && now_ - connection.sent_at > timeout) {
      --in_flight_;
      if (measured(connection))
        ++outcome_.timeouts;
      workload_.lost(connection.shot);
      close_and_reconnect(connection, now_);
    } else if (connection.state == State::connecting && now_ - connection.sent_at > timeout) {
      close_and_reconnect(connection, now_ + reconnect_after);
    } else if (connection.state == State::down && now_ >= connection.retry_at && now_ < end_) {
      reconnect(connection);
    }
  }
  if (plan_.on_progress && now_ >= next_progress_ && now_ < end_) {
    next_progress_ = now_ + progress_every;
    plan_.on_progress(
        {static_cast<double>(now_ - start_) / 1e9, static_cast<double>(end_ - start_) / 1e9, outcome_.verdicts});
  }
}

void Engine::begin_measuring() {
  measuring_ = true;
  cpu_at_start_ = process_cpu_s();
}

Nanos Engine::wait_time() const {
  Nanos until = next_tick_;
  if (now_ < end_) {
    until = std::min(until, end_);
    if (plan_.rate && !idle_.empty())
      until = std::min(until, due_at(arrivals_));
  }
  return std::max<Nanos>(0, until - now_);
}

bool Engine::finished() const {
  const bool no_more = now_ >= end_ || nothing_to_send_;
  return (no_more && in_flight_ == 0) || now_ >= end_ + plan_.drain.count();
}

LoadOutcome Engine::run() {
  open_all();
  now_ = start_ = now();
  warm_end_ = start_ + plan_.warmup.count();
  end_ = warm_end_ + plan_.duration.count();
  outcome_.ok_by_second.resize(static_cast<std::size_t>((plan_.duration.count() + second - 1) / second));
  if (plan_.warmup.count() == 0)
    begin_measuring();
  epoll_event events[events_at_once];
  dispatch();
  while (!finished()) {
    const auto wait = wait_time();
    const timespec timeout{wait / second, wait % second};
    const int count = ::epoll_pwait2(epoll_, events, events_at_once, &timeout, nullptr);
    if (count < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "epoll_pwait2");
    now_ = now();
    for (int i = 0; i < count; ++i)
      on_event(*static_cast<Connection*>(events[i].data.ptr), events[i].events);
    if (now_ >= next_tick_)
      on_tick();
    dispatch();
  }
  now_ = now();
  if (!measuring_)
    begin_measuring();
  outcome_.generator_cpu_s = process_cpu_s() - cpu_at_start_;
  outcome_.measured_s = static_cast<double>(std::min(now_, end_) - warm_end_) / 1e9;
  for (const auto& connection : connections_)
    if (connection.state == State::busy && measured(connection))
      ++outcome_.unanswered;
  if (plan_.rate) {
    const auto due = static_cast<std::uint64_t>(std::max(0.0, static_cast<double>(std::min(now_, end_) - start_)) *
                                                *plan_.rate / 1e9);
    if (due > arrivals_)
      outcome_.unsent = due - arrivals_;
  }
  return std::move(outcome_);
}

}  // namespace

LoadOutcome run_load(const Endpoint& endpoint, const LoadPlan& plan, Workload& workload) {
  Engine engine(endpoint, plan, workload);
  return engine.run();
}

}  // namespace dompet::cli
