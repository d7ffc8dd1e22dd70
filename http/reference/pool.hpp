#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "config/logging.hpp"
#include "http/answers.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// Asks a database, 0 unless told otherwise, on its query pool and goes on on the io thread: with what was read, or
/// with why it could not be. `read` may throw what the reader throws. When `then` throws, an exchange that it left
/// without an answer gets a 500.
template <class Value>
void ask_pool(Services& services, const ExchangePtr& exchange, std::function<Value(Reader& reader)> read,
              std::function<void(Value value)> then, std::function<void(const Problem& problem)> otherwise,
              int database = 0) {
  // Handed over by whichever end of the query comes first, so that no pool's thread keeps a part of the exchange.
  struct Carried {
    ExchangePtr exchange;
    std::function<void(Value)> then;
    std::function<void(const Problem&)> otherwise;
  };
  const auto carried = std::make_shared<std::optional<Carried>>(Carried{exchange, std::move(then), otherwise});
  const auto hand_over = [&ask = services.ask, carried](std::optional<Value> value) {
    if (!carried->has_value())
      return;
    ask.post([taken = std::make_shared<Carried>(std::move(**carried)),
              kept = std::make_shared<std::optional<Value>>(std::move(value))] {
      try {
        if (kept->has_value())
          taken->then(std::move(**kept));
        else
          taken->otherwise({.code = "unavailable", .detail = "The database cannot answer now."});
      } catch (const std::exception& error) {
        log_event(LogLevel::error, "an answer could not be made", {{"reason", error.what()}});
        refuse(taken->exchange, {.code = "internal_error"});
      }
    });
    carried->reset();
  };
  const bool is_taken =
      services.engine.query([hand_over, read = std::move(read)](Reader& reader) { hand_over(read(reader)); },
                            [hand_over](const std::string&) { hand_over(std::nullopt); }, database);
  if (is_taken)
    return;
  services.metrics.count(Shed::overloaded);
  otherwise({.code = "overloaded"});
}

/// The same; a database that cannot answer is the exchange's 503.
template <class Value>
void ask_pool(Services& services, const ExchangePtr& exchange, std::function<Value(Reader& reader)> read,
              std::function<void(Value value)> then) {
  ask_pool<Value>(services, exchange, std::move(read), std::move(then),
                  [exchange](const Problem& problem) { refuse(exchange, problem); });
}

}  // namespace dompet::http
