#pragma once

#include <cstdint>
#include <memory>

#include "exchange/settings.hpp"
#include "http/settings.hpp"

namespace dompet {
class Engine;
class RateBoard;
class MailSender;
struct MarketplaceCounts;
struct WebhookCounts;
}  // namespace dompet
namespace dompet::events {
class Runners;
}  // namespace dompet::events

namespace dompet::http {

class Ask;
class Identity;

/// The HTTP front end: server, routes and metrics on one io thread. main.cpp makes, in this order, `Ask`, `Engine`
/// (with the Ask as its sink), `Identity`, the sender of mails and the front; and ends them in reverse. Nothing of
/// RESTinio, JSON or CAF shows through.
class HttpFront {
 public:
  /// What the front stands before; all of it outlives it.
  struct Neighbours {
    Ask& ask;
    Engine& engine;
    Identity& identity;
    RateBoard& rates;
    const ExchangeSettings& exchange;
    /// Whose figures /metrics shows.
    const events::Runners& runners;
    const MailSender& mails;
    const WebhookCounts& webhooks;
    const MarketplaceCounts& marketplaces;
  };
  HttpFront(Settings settings, const Neighbours& others);
  /// Stops first, if need be.
  ~HttpFront();
  HttpFront(const HttpFront&) = delete;

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
