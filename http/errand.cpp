#include "http/errand.hpp"

#include <exception>
#include <optional>
#include <utility>

#include "config/logging.hpp"
#include "http/access/identity.hpp"

namespace dompet::http {

Errand::Errand(Services& services, const ExchangePtr& exchange)
    : services_(services), request_(exchange->request), exchange_(exchange) {}

std::shared_ptr<Errand> Errand::begin(Services& services, const ExchangePtr& exchange) {
  return std::shared_ptr<Errand>(new Errand(services, exchange));
}

void Errand::query(std::function<void(Reader& reader)> step) {
  const auto self = shared_from_this();
  const bool is_taken = services_.engine.query(
      [self, step = std::move(step)](Reader& reader) { step(reader); },
      [self](const std::string& reason) {
        log_event(LogLevel::warning, "a query failed",
                  {{"request_id", self->request_.request_id}, {"database", 0}, {"reason", reason}});
        self->refuse({.code = "unavailable", .detail = "The database cannot answer now."});
      });
  if (!is_taken)
    refuse({.code = "overloaded"});
}

void Errand::hash(std::function<void()> step) {
  const auto self = shared_from_this();
  const bool is_taken = services_.identity.passwords().run([self, step = std::move(step)] {
    try {
      step();
    } catch (const std::exception& fault) {
      log_event(LogLevel::error, "a password could not be hashed",
                {{"request_id", self->request_.request_id}, {"reason", fault.what()}});
      self->refuse({.code = "unavailable"});
    }
  });
  if (!is_taken)
    refuse({.code = "overloaded", .detail = "Too many logins are waiting."});
}

void Errand::refuse(const Problem& problem) {
  std::optional<HttpResponse> response;
  {
    const std::lock_guard lock(guard_);
    if (exchange_ != nullptr)
      response = respond(problem, request_);
  }
  if (response)
    answer(std::move(*response));
}

void Errand::answer(HttpResponse response) {
  ExchangePtr exchange;
  {
    const std::lock_guard lock(guard_);
    exchange = std::exchange(exchange_, nullptr);
  }
  if (exchange == nullptr)
    return;
  auto kept = std::make_shared<HttpResponse>(std::move(response));
  services_.ask.post([exchange = std::move(exchange), kept] { exchange->answer(std::move(*kept)); });
}

}  // namespace dompet::http
