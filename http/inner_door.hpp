#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_set>

#include "http/exchange.hpp"
#include "http/server.hpp"

namespace dompet::http {

/// A request that this server sends itself.
struct InnerRequest {
  Method method = Method::get;
  /// As a client would send it, percent-encoded.
  std::string path{};
  std::string query{};
  /// JSON; empty for none.
  std::string body{};
  /// The Idempotency-Key; empty for none.
  std::string key{};
  /// Instead of the sender's Authorization; empty to keep that.
  std::string authorization{};
};

/// The way to the routes for what is made of other requests (a GraphQL document of several). What comes in here goes
/// the way of every request, through the same application: identity, quota, admission, permission, idempotency, audit
/// and metrics are those of the route, and who asks is whoever sent the outer request. Io thread only.
class InnerDoor final : private Outlet {
 public:
  /// `application` must outlive the door.
  explicit InnerDoor(Application& application) : application_(application) {}
  InnerDoor(const InnerDoor&) = delete;

  using Done = std::function<void(HttpResponse)>;
  /// Calls `done` exactly once, now or later; at the latest at the request deadline.
  void send(const HttpRequest& outer, InnerRequest request, Done done);

  /// Whether a request that may change something was sent for `outer`, which is remembered until it is forgotten.
  bool has_sent_write(const HttpRequest& outer) const { return wrote_.contains(outer.id); }
  void forget(const HttpRequest& outer) { wrote_.erase(outer.id); }

  /// Answers what nobody else answered in time.
  void tick(std::chrono::steady_clock::time_point now, std::chrono::milliseconds deadline);
  std::size_t open() const { return open_.size(); }

 private:
  struct Waiting {
    ExchangePtr exchange;
    Done done;
  };

  void send(Exchange& exchange, HttpResponse response) override;
  std::shared_ptr<Stream> open_stream(Exchange& exchange, HttpResponse head) override;

  Application& application_;
  std::uint64_t last_serial_ = 0;
  std::map<std::uint64_t, Waiting> open_{};
  std::unordered_set<Uuid, UuidHash> wrote_{};
};

}  // namespace dompet::http
