#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace dompet {

struct OutboundSettings {
  std::chrono::milliseconds connect_timeout{3'000};
  /// For the whole call, name look-up included.
  std::chrono::milliseconds timeout{10'000};
  /// An answer that is longer ends the call as failed.
  std::size_t most_answer_bytes = 64 * 1024;
  /// Whether addresses of this machine and of private networks may be called: loopback, link-local, unique local,
  /// RFC 1918, carrier NAT, multicast and whatever else is not the open internet.
  bool allow_private_addresses = false;
  /// Whether http:// may be called, or https:// only.
  bool allow_plain_http = false;
};

struct OutboundRequest {
  std::string method = "POST";
  std::string url{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};

struct OutboundAnswer {
  int status = 0;
  std::string body{};
  /// The answer's Retry-After as it was sent; empty without one.
  std::string retry_after{};
};

/// Calls somebody else's server: HTTP/1.1 or 2 by libcurl, one call at a time, each bounded in time and size. Redirects
/// are not followed and no proxy is used, so that what was checked is what is called: the address is judged after the
/// name was looked up, when the socket is about to be opened, and a name that changes its address meanwhile gains
/// nothing. Blocks; one thread at a time.
class HttpClient {
 public:
  explicit HttpClient(OutboundSettings settings);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;

  /// What the server said, whatever its status; or one sentence that says why there is no answer. Connections are kept
  /// for the next call.
  std::expected<OutboundAnswer, std::string> call(const OutboundRequest& request);

 private:
  OutboundSettings settings_;
  void* curl_;
};

/// Why the address must not be called; empty when it may. What a form can say before any call is made: scheme, and a
/// host that is a private address by itself. Names are judged when they are called.
std::string fault_of_url(const std::string& url, const OutboundSettings& settings);

}  // namespace dompet
