#include "cli/load/connection.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace dompet::cli {

void Connection::watch(int operation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = this;
  if (::epoll_ctl(epoll_, operation, socket_, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Connection::open(const Endpoint& endpoint, int epoll) {
  epoll_ = epoll;
  socket_ = connect_to(endpoint);
  watch(EPOLL_CTL_ADD, EPOLLIN);
  state_ = State::idle;
}

void Connection::begin_open(const Endpoint& endpoint, int epoll, Nanos now, Nanos retry_at_then) {
  epoll_ = epoll;
  socket_ = begin_connect(endpoint);
  if (socket_ < 0) {
    retry_at = retry_at_then;
    return;
  }
  state_ = State::connecting;
  sent_at = now;
  watch(EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

void Connection::close(Nanos retry_at_then) {
  if (socket_ >= 0)
    ::close(socket_);
  socket_ = -1;
  state_ = State::down;
  wants_writable_ = false;
  received_.clear();
  retry_at = retry_at_then;
}

void Connection::fire(Nanos intended_at, Nanos now) {
  state_ = State::busy;
  intended = intended_at;
  sent_at = now;
  sent_ = 0;
  needed_ = 0;
  received_.clear();
  flush();
}

void Connection::flush() {
  const auto& bytes = shot.bytes;
  while (sent_ < bytes.size()) {
    const auto count = ::send(socket_, bytes.data() + sent_, bytes.size() - sent_, MSG_NOSIGNAL);
    if (count >= 0) {
      sent_ += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR)
      continue;
    if (errno != EAGAIN)
      return;  // the broken connection reports itself through epoll
    if (!wants_writable_) {
      wants_writable_ = true;
      watch(EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
    return;
  }
  if (wants_writable_) {
    wants_writable_ = false;
    watch(EPOLL_CTL_MOD, EPOLLIN);
  }
}

Connection::Happening Connection::on_event(std::uint32_t events, ReadBuffer& buffer) {
  if (socket_ < 0)
    return Happening::nothing;
  if (state_ == State::connecting)
    return finish_connecting();
  if ((events & EPOLLOUT) != 0 && state_ == State::busy)
    flush();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    return read(buffer);
  return Happening::nothing;
}

Connection::Happening Connection::finish_connecting() {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0)
    return Happening::broken;
  watch(EPOLL_CTL_MOD, EPOLLIN);
  state_ = State::idle;
  return Happening::connected;
}

Connection::Happening Connection::read(ReadBuffer& buffer) {
  const auto count = ::recv(socket_, buffer.bytes.data(), buffer.bytes.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    return Happening::nothing;
  if (count <= 0 || state_ != State::busy)
    return Happening::broken;
  std::string_view bytes(buffer.bytes.data(), static_cast<std::size_t>(count));
  if (!received_.empty()) {
    received_.append(bytes);
    if (received_.size() < needed_)
      return Happening::nothing;
    bytes = received_;
  }
  const auto parsed = parse_response(bytes, buffer.joined);
  if (parsed.outcome == ParseOutcome::malformed)
    return Happening::broken;
  if (parsed.outcome == ParseOutcome::incomplete) {
    needed_ = parsed.needed;
    if (received_.empty())
      received_.assign(bytes);
    return Happening::nothing;
  }
  buffer.response = parsed.response;
  state_ = State::idle;
  return Happening::answered;
}

}  // namespace dompet::cli
