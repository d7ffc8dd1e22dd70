#include "actors/cluster/probe.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

namespace dompet {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Addresses resolve(const HostPort& peer, std::string& failure) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(peer.host.c_str(), std::to_string(peer.port).c_str(), &hints, &found);
  if (code != 0)
    failure = gai_strerror(code);
  return {code == 0 ? found : nullptr, &freeaddrinfo};
}

std::string in_numbers(const addrinfo& address) {
  char text[NI_MAXHOST] = {};
  getnameinfo(address.ai_addr, address.ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

/// 0, or errno of the connection.
int connect_one(int descriptor, const addrinfo& address, steady_clock::time_point deadline) {
  if (connect(descriptor, address.ai_addr, address.ai_addrlen) == 0)
    return 0;
  if (errno != EINPROGRESS)
    return errno;
  pollfd wanted{descriptor, POLLOUT, 0};
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    const int ready = left.count() <= 0 ? 0 : poll(&wanted, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready < 0)
      return errno;
    if (ready == 0)
      return ETIMEDOUT;
    int code = 0;
    socklen_t size = sizeof code;
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size);
    return code;
  }
}

}  // namespace

std::optional<HostPort> parse_host_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos)
    return std::nullopt;
  HostPort parsed{text.substr(0, colon), 0};
  if (parsed.host.size() >= 2 && parsed.host.front() == '[' && parsed.host.back() == ']')
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data() + colon + 1, end, parsed.port);
  if (code != std::errc{} || rest != end)
    return std::nullopt;
  return parsed;
}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Socket::~Socket() {
  if (descriptor_ >= 0)
    close(descriptor_);
}

int Socket::release() { return std::exchange(descriptor_, -1); }

Connected connect_within(const HostPort& peer, milliseconds limit) {
  Connected result;
  const Addresses addresses = resolve(peer, result.failure);
  const auto deadline = steady_clock::now() + limit;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    Socket socket{::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const int code = socket ? connect_one(socket.descriptor(), *address, deadline) : errno;
    if (code == 0)
      return {std::move(socket), in_numbers(*address), {}};
    result.failure = std::strerror(code);
  }
  return result;
}

void probe_actor(caf::event_based_actor* self, const caf::actor& asker, std::uint64_t attempt, const HostPort& peer,
                 milliseconds limit) {
  Connected found = connect_within(peer, limit);
  self->send(asker, Probed{attempt, std::move(found.address), std::move(found.failure)});
}

}  // namespace dompet
