#include "cli/load/endpoint.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace dompet::cli {

namespace {

constexpr int connect_timeout_ms = 5'000;

[[noreturn]] void refuse(std::string_view url, std::string_view why) {
  throw std::runtime_error("the address " + std::string(url) + " " + std::string(why));
}

}  // namespace

bool Endpoint::is_loopback() const {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
}

Endpoint resolve_endpoint(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme))
    refuse(url, "must begin with http://");
  auto authority = url.substr(scheme.size());
  if (authority.ends_with('/'))
    authority.remove_suffix(1);
  if (authority.empty() || authority.find_first_of("/?#@") != std::string_view::npos)
    refuse(url, "must be just http://host:port");

  std::string host(authority);
  std::string port = "80";
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);

  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0 || found == nullptr)
    refuse(url, std::string("does not resolve: ") + ::gai_strerror(error));
  // `localhost` often names ::1 first while the server listens on 127.0.0.1 only.
  const addrinfo* chosen = found;
  for (const auto* candidate = found; candidate != nullptr; candidate = candidate->ai_next) {
    if (candidate->ai_family == AF_INET) {
      chosen = candidate;
      break;
    }
  }
  Endpoint endpoint;
  endpoint.host_header = authority;
  endpoint.address_length = chosen->ai_addrlen;
  std::memcpy(&endpoint.address, chosen->ai_addr, chosen->ai_addrlen);
  ::freeaddrinfo(found);
  return endpoint;
}

int begin_connect(const Endpoint& endpoint) {
  const int socket = ::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0)
    return -1;
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.address_length) == 0 ||
      errno == EINPROGRESS)
    return socket;
  const int error = errno;
  ::close(socket);
  errno = error;
  return -1;
}

int connect_to(const Endpoint& endpoint) {
  const auto fail = [&](int error) {
    throw std::system_error(error, std::generic_category(), "cannot connect to " + endpoint.host_header);
  };
  const int socket = begin_connect(endpoint);
  if (socket < 0)
    fail(errno);
  pollfd waiting{socket, POLLOUT, 0};
  int error = 0;
  if (const int ready = ::poll(&waiting, 1, connect_timeout_ms); ready <= 0) {
    error = ready == 0 ? ETIMEDOUT : errno;
  } else {
    socklen_t length = sizeof error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
  }
  if (error != 0) {
    ::close(socket);
    fail(error);
  }
  return socket;
}

}  // namespace dompet::cli
