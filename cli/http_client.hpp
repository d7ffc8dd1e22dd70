#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/load/endpoint.hpp"

namespace dompet::cli {

/// One answer, copied out of the connection.
struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  bool replayed = false;  ///< `Idempotent-Replayed: true`
};

/// A blocking HTTP client of one keep-alive connection, for everything in dompetctl that is not in a hurry.
/// A connection that the server closed between two requests is opened again; nothing else is repeated.
/// Failures throw `std::runtime_error` with a sentence; an answer of any status is an answer.
class HttpClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// `always` goes with every request that `request` builds.
  explicit HttpClient(Endpoint endpoint, Headers always = {}, int timeout_ms = 30'000);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Answer get(std::string_view path) { return request("GET", path, {}, {}); }
  Answer request(std::string_view method, std::string_view path, std::string_view body, const Headers& headers);

  /// Sends these very bytes, which must be one request with keep-alive.
  Answer send_raw(std::string_view bytes);

 private:
  bool try_send(std::string_view bytes, Answer& answer);
  void close();

  Endpoint endpoint_;
  Headers always_;
  int timeout_ms_;
  int socket_ = -1;
};

}  // namespace dompet::cli
