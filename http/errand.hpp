#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "http/exchange.hpp"
#include "http/problem.hpp"
#include "http/services.hpp"

namespace dompet {
class Reader;
}

namespace dompet::http {

/// A request whose answer takes several steps that block, one after another: a query, a password, a query. Each step
/// runs on a thread of its pool and begins the next one or answers; what it throws becomes a 503, and so does a pool
/// that is full.
class Errand : public std::enable_shared_from_this<Errand> {
 public:
  static std::shared_ptr<Errand> begin(Services& services, const ExchangePtr& exchange);

  /// With a session of database 0. Any thread.
  void query(std::function<void(Reader& reader)> step);
  /// On the password thread. Any thread.
  void hash(std::function<void()> step);

  /// The first answer counts. Any thread.
  void answer(HttpResponse response);
  void refuse(const Problem& problem);

  /// As it was when the errand began; not to be looked at once it is answered.
  const HttpRequest& request() const { return request_; }
  Services& services() { return services_; }

 private:
  Errand(Services& services, const ExchangePtr& exchange);

  Services& services_;
  /// The exchange's.
  const HttpRequest& request_;
  std::mutex guard_{};
  ExchangePtr exchange_;
};

}  // namespace dompet::http
