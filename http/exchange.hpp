#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/ids.hpp"
#include "http/access/caller.hpp"

namespace dompet::http {

enum class Method : std::uint8_t { get, head, post, put, patch, delete_, options, other };

std::string_view name_of(Method method);

/// One request as it came. The views live as long as the exchange.
struct HttpRequest {
  Method method = Method::other;
  /// As sent, still percent-encoded, without the query.
  std::string_view path{};
  std::string_view query{};
  std::string_view body{};
  std::vector<std::pair<std::string_view, std::string_view>> headers{};
  /// Request target and header fields, about as many bytes as they took.
  std::size_t header_bytes = 0;
  /// The client's X-Request-Id if it is fit to be repeated, otherwise `id`.
  std::string request_id{};
  /// Made for every request; a money request's transaction gets it as its own.
  Uuid id{};
  /// The address that the bytes came from, without the port; or what a trusted proxy says it came from.
  std::string client{};

  /// The first header field of this name, whatever its case.
  std::optional<std::string_view> header(std::string_view name) const;
  std::size_t count(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body{};
  /// Beside Content-Type, Content-Length, Date and X-Request-Id. Names are literals.
  std::vector<std::pair<std::string_view, std::string>> headers{};
};

struct Route;
class Exchange;

/// An answer without an end: what is pushed goes to the client as it comes. Io thread only.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Left out while the client has not taken what was pushed before, so a slow one costs no memory.
  virtual void push(std::string text) = 0;
  /// Whether the client has taken all that was pushed: what is pushed now is not left out.
  virtual bool is_idle() const = 0;
  /// Ends the answer; what is on its way may be lost.
  virtual void close() = 0;
  /// False once the client has left, or the server stops.
  virtual bool is_open() const = 0;
};

/// Who sends the answers: the server.
class Outlet {
 public:
  virtual void send(Exchange& exchange, HttpResponse response) = 0;
  /// Sends the head with the first push.
  virtual std::shared_ptr<Stream> open_stream(Exchange& exchange, HttpResponse head) = 0;

 protected:
  ~Outlet() = default;
};

/// A request and the obligation to answer it. The server keeps one until it is answered, at the latest by itself at the
/// request deadline, so a lost exchange is never a silent one. Lives on the io thread; other threads may carry the
/// pointer, and hand it back through Ask::post.
class Exchange {
 public:
  Exchange(Outlet& outlet, std::uint64_t serial, std::shared_ptr<void> connection);

  /// The first answer counts, later ones are dropped. Io thread only.
  void answer(HttpResponse response);
  bool is_answered() const { return answered_; }
  /// Answers with a stream that begins with this head, whose body is not looked at. Nothing when it was answered.
  std::shared_ptr<Stream> stream(HttpResponse head);

  HttpRequest request{};
  /// What the router found: nothing for an unknown path.
  const Route* route = nullptr;
  std::array<std::string_view, 2> captures{};
  /// Who sent it, and how far he may go on this route: set before the route is served. Nobody on routes open to all.
  Caller caller{};
  Grant grant = Grant::none;
  /// Go with the answer, whatever it is. Names are literals.
  std::vector<std::pair<std::string_view, std::string>> headers{};
  /// For the record of what staff does (staff_record.hpp): the transactions that it made, or may have made, and what
  /// else is to be told of it, a JSON object.
  std::vector<Uuid> made{};
  std::string evidence{};
  /// Holds a place in the admission until it is answered.
  bool admitted = false;

  const std::uint64_t serial;
  const std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  /// RESTinio's request, for the server alone.
  const std::shared_ptr<void> connection;

 private:
  Outlet& outlet_;
  bool answered_ = false;
};

using ExchangePtr = std::shared_ptr<Exchange>;

}  // namespace dompet::http
