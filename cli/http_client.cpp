#include "cli/http_client.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "cli/load/response.hpp"

namespace dompet::cli {

namespace {

using Clock = std::chrono::steady_clock;

/// True when the socket became ready before the deadline.
bool wait_for(int socket, short events, Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  if (left <= 0)
    return false;
  pollfd waiting{socket, events, 0};
  return ::poll(&waiting, 1, static_cast<int>(left)) > 0;
}

}  // namespace

HttpClient::HttpClient(Endpoint endpoint, Headers always, int timeout_ms)
    : endpoint_(std::move(endpoint)), always_(std::move(always)), timeout_ms_(timeout_ms) {}

HttpClient::~HttpClient() { close(); }

void HttpClient::close() {
  if (socket_ >= 0)
    ::close(socket_);
  socket_ = -1;
}

Answer HttpClient::request(std::string_view method, std::string_view path, std::string_view body,
                           const Headers& headers) {
  std::string bytes;
  bytes.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(endpoint_.host_header);
  for (const Headers* some : {&std::as_const(always_), &headers})
    for (const auto& [name, value] : *some)
      bytes.append("\r\n").append(name).append(": ").append(value);
  if (method != "GET")
    bytes.append("\r\nContent-Type: application/json\r\nContent-Length: ").append(std::to_string(body.size()));
  bytes.append("\r\n\r\n").append(body);
  return send_raw(bytes);
}

Answer HttpClient::send_raw(std::string_view bytes) {
  Answer answer;
  if (try_send(bytes, answer))
    return answer;
  // The server had closed the idle connection: once more on a fresh one.
  close();
  if (try_send(bytes, answer))
    return answer;
  close();
  throw std::runtime_error(endpoint_.host_header + " closed the connection without an answer");
}

/// False when a connection turned out to be closed before a byte of the answer came.
bool HttpClient::try_send(std::string_view bytes, Answer& answer) {
  const bool fresh = socket_ < 0;
  if (fresh)
    socket_ = connect_to(endpoint_);
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms_);
  const auto late = [&] {
    close();
    return std::runtime_error("no answer from " + endpoint_.host_header + " within " +
                              std::to_string(timeout_ms_ / 1000) + " s");
  };
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!wait_for(socket_, POLLOUT, deadline))
        throw late();
    } else if (errno != EINTR) {
      return false;
    }
  }
  std::string received;
  std::string joined;
  char buffer[16 * 1024];
  for (;;) {
    const auto count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count > 0) {
      received.append(buffer, static_cast<std::size_t>(count));
      const auto parsed = parse_response(received, joined);
      if (parsed.outcome == ParseOutcome::malformed)
        throw std::runtime_error(endpoint_.host_header + " does not speak HTTP/1.1");
      if (parsed.outcome == ParseOutcome::incomplete)
        continue;
      answer.status = parsed.response.status;
      answer.head = parsed.response.head;
      answer.body = parsed.response.body;
      answer.replayed = parsed.response.header("Idempotent-Replayed") == "true";
      if (!parsed.response.keep_alive)
        close();
      return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      if (received.empty())
        return false;
      close();
      throw std::runtime_error(endpoint_.host_header + " closed the connection in the middle of an answer");
    }
    if (!wait_for(socket_, POLLIN, deadline))
      throw late();
  }
}

}  // namespace dompet::cli
