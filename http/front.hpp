#pragma once

#include <cstdint>
#include <memory>

#include "http/settings.hpp"

namespace dompet {
class Engine;
struct WebhookCounts;
}
namespace dompet::events {
class Runners;
}

namespace dompet::http {

class Ask;
class Identity;

/// The HTTP front end: server, routes and metrics on one io thread. main.cpp makes, in this order, `Ask`, `Engine`
/// (with the Ask as its sink), `Identity` and the front; and ends them in reverse. Nothing of RESTinio, JSON or CAF
/// shows through.
class HttpFront {
 public:
  /// `runners`: whose figures /metrics shows.
  HttpFront(Settings settings, Ask& ask, Engine& engine, Identity& identity, const events::Runners& runners);
  /// Stops first, if need be.
  ~HttpFront();
  HttpFront(const HttpFront&) = delete;

  /// Before the start: what /metrics shows beside what is here. Outlives this.
  void show(const WebhookCounts& webhooks);

  /// Listens and returns. Throws std::runtime_error with a whole sentence when the address cannot be had.
  void start();

  /// Takes no new connection, lets the requests under way finish (bounded by `stop_limit`), ends the io thread.
  /// Answers that the engine delivers later are dropped.
  void stop();

  /// The port that is listened on, once started.
  std::uint16_t port() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

/// Writes every route as `METHOD /template permission` (`-` where there is none) to standard output, for the tests that
/// compare them with /openapi.json and docs/access.md.
void print_routes();

}  // namespace dompet::http
