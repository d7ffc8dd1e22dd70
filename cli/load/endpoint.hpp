#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

namespace dompet::cli {

/// Where the server listens: a resolved `http://host:port`.
struct Endpoint {
  std::string host_header;  ///< host:port as it stands in the Host header
  sockaddr_storage address{};
  socklen_t address_length = 0;

  /// 127.0.0.0/8 or ::1.
  bool is_loopback() const;
};

/// Reads and resolves `http://host[:port]` (port 80 when left out). Throws `std::runtime_error` for anything else,
/// for another scheme, a path, or a name that does not resolve.
Endpoint resolve_endpoint(std::string_view url);

/// A connected, non-blocking TCP socket with Nagle's algorithm off. Waits at most five seconds; throws
/// `std::system_error`. The caller owns the descriptor.
int connect_to(const Endpoint& endpoint);

/// Begins to connect and returns at once; the socket becomes writable when the connection stands or has failed.
/// Returns -1 when it fails at once.
int begin_connect(const Endpoint& endpoint);

}  // namespace dompet::cli
