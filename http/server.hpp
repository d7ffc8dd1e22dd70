#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "http/exchange.hpp"
#include "http/settings.hpp"

namespace dompet::http {

/// What the server serves. All of it is called on the io thread.
class Application {
 public:
  /// A request was read. Must lead to `exchange->answer(…)`, now or later; what it throws is logged and answered 500.
  virtual void serve(const ExchangePtr& exchange) = 0;
  /// The request was answered; the bytes are on their way.
  virtual void finished(const Exchange& exchange, int status) = 0;
  /// Nobody answered within the request deadline.
  virtual HttpResponse overdue(const Exchange& exchange) = 0;
  /// What went wrong when `serve` threw.
  virtual HttpResponse failure(const Exchange& exchange, const char* reason) = 0;
  /// About ten times a second.
  virtual void tick(std::chrono::steady_clock::time_point now) = 0;

 protected:
  ~Application() = default;
};

/// HTTP/1.1 on one thread of its own. The only file that knows RESTinio is server.cpp, and what RESTinio leaves to be
/// wished is made good there: its own deadline per request instead of a silent close, an answer for every exception, a
/// stop that lets requests finish. What remains: a request that is not HTTP, or whose header is larger than 64 KiB, is
/// answered by closing the connection.
class HttpServer {
 public:
  /// `application` must outlive the server.
  HttpServer(const Settings& settings, Application& application);
  /// Stops, if need be.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;

  /// Binds, listens and starts the thread. Throws std::runtime_error with a sentence.
  void start();
  /// Closes the listening socket, waits until every request is answered (bounded), ends the thread.
  void stop();
  /// Any thread. Runs the task on the io thread; dropped after a stop.
  void post(std::function<void()> task);

  std::uint16_t port() const;
  std::size_t open_exchanges() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace dompet::http
