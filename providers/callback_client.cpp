#include "providers/callback_client.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace dompet {

namespace {

constexpr timeval patience{5, 0};

class Connection {
 public:
  explicit Connection(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    if (host.starts_with('['))
      host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (colon == std::string::npos || ::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0)
      throw std::runtime_error(address + " is no address that can be reached");
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next)
      if (try_connect(*one))
        return;
    throw std::runtime_error("nobody listens at " + address);
  }
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        throw std::runtime_error("the connection broke while it was written to");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Until the end of the first line.
  std::string receive_line() const {
    std::string line;
    char buffer[512];
    while (line.find('\n') == std::string::npos) {
      const auto count = ::recv(socket_, buffer, sizeof buffer, 0);
      if (count <= 0)
        throw std::runtime_error("no answer came");
      line.append(buffer, static_cast<std::size_t>(count));
    }
    return line;
  }

 private:
  bool try_connect(const addrinfo& address) {
    socket_ = ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol);
    if (socket_ < 0)
      return false;
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(socket_, address.ai_addr, address.ai_addrlen) == 0)
      return true;
    close();
    return false;
  }
  void close() {
    if (socket_ >= 0)
      ::close(socket_);
    socket_ = -1;
  }

  int socket_ = -1;
};

}  // namespace

int post_json(const std::string& address, const std::string& path,
              const std::vector<std::pair<std::string, std::string>>& headers, const std::string& body) {
  std::string request = "POST ";
  request.append(path).append(" HTTP/1.1\r\nHost: ").append(address);
  request.append("\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ");
  request.append(std::to_string(body.size()));
  for (const auto& [name, value] : headers)
    request.append("\r\n").append(name).append(": ").append(value);
  request.append("\r\n\r\n").append(body);
  const Connection connection(address);
  connection.send(request);
  const std::string line = connection.receive_line();
  constexpr std::string_view before_status = "HTTP/1.1 ";
  int status = 0;
  if (line.starts_with("HTTP/1.") && line.size() >= before_status.size() + 3)
    std::from_chars(line.data() + before_status.size(), line.data() + before_status.size() + 3, status);
  if (status == 0)
    throw std::runtime_error(address + " does not speak HTTP/1.1");
  return status;
}

}  // namespace dompet
