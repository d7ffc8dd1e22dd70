#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/load/clock.hpp"
#include "cli/load/endpoint.hpp"
#include "cli/load/response.hpp"
#include "cli/load/workload.hpp"

namespace dompet::cli {

/// Where the bytes of an answer are put while it is read. One for all connections of a thread.
struct ReadBuffer {
  std::vector<char> bytes = std::vector<char>(256UL * 1024);
  std::string joined{};  ///< the body of a chunked answer
  /// The answer that was read last. It points into the buffer or into its connection, until that fires again.
  Response response{};
};

/// One keep-alive connection of the load generator with at most one request in flight. It owns its socket, registers it
/// with the epoll instance that it is given, and knows nothing of rates and measurements. For one thread.
class Connection {
 public:
  enum class State : std::uint8_t { idle, busy, connecting, down };
  /// What an event of epoll meant.
  enum class Happening : std::uint8_t {
    nothing,    ///< or not enough yet
    connected,  ///< idle now
    answered,   ///< the answer is in the buffer; idle, unless the server will close the connection
    broken,     ///< closed by the server, or no HTTP; the owner calls `close`
  };

  Connection() = default;
  ~Connection() { close(0); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Connects and waits for it. Throws `std::system_error`.
  void open(const Endpoint& endpoint, int epoll);
  /// Begins to connect; `down` with a `retry_at` when that fails at once.
  void begin_open(const Endpoint& endpoint, int epoll, Nanos now, Nanos retry_at);
  /// Sends `shot`. Only when idle.
  void fire(Nanos intended, Nanos now);
  Happening on_event(std::uint32_t events, ReadBuffer& buffer);
  /// Leaves the connection down until `retry_at`; the owner opens it again.
  void close(Nanos retry_at);

  State state() const { return state_; }
  bool is_busy() const { return state_ == State::busy; }

  Shot shot{};
  Nanos intended = 0;   ///< when the shot should have been sent
  Nanos sent_at = 0;    ///< when it was, or when connecting began
  Nanos retry_at = 0;   ///< while down
  bool queued = false;  ///< stands in the engine's queue of the idle

 private:
  Happening read(ReadBuffer& buffer);
  Happening finish_connecting();
  void flush();
  void watch(int operation, std::uint32_t events);

  int epoll_ = -1;
  int socket_ = -1;
  State state_ = State::down;
  bool wants_writable_ = false;  ///< registered for EPOLLOUT
  std::size_t sent_ = 0;         ///< bytes of the shot that the kernel has taken
  std::size_t needed_ = 0;       ///< bytes that the answer will have, when known
  std::string received_{};       ///< the beginning of an answer that came in pieces
};

}  // namespace dompet::cli
