#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/logging.hpp"
#include "http/answers.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// What each database answered, by its number; nothing from one that could not.
template <class Part>
using Parts = std::vector<std::optional<Part>>;

/// Asks every database at once, on the query pools, and goes on on the io thread with what came. `read` runs on a
/// pool's thread and may throw what the reader throws. When `then` throws, an exchange that it left without an answer
/// gets a 500. Io thread.
template <class Part>
void gather(Services& services, ExchangePtr exchange, std::function<Part(Reader& reader)> read,
            std::function<void(Parts<Part> parts)> then) {
  struct Gathering {
    Parts<Part> parts;
    std::atomic<int> missing;
    ExchangePtr exchange;
    std::function<void(Parts<Part>)> then;
  };
  const int databases = services.engine.databases();
  auto gathering = std::make_shared<Gathering>();
  gathering->parts.resize(static_cast<std::size_t>(databases));
  gathering->missing = databases;
  gathering->exchange = std::move(exchange);
  gathering->then = std::move(then);
  // The last one hands over exchange and continuation, so that no pool's thread keeps a part of them.
  const auto arrive = [&ask = services.ask, gathering] {
    if (--gathering->missing > 0)
      return;
    ask.post([gathering, asked = std::move(gathering->exchange), go_on = std::move(gathering->then)] {
      try {
        go_on(std::move(gathering->parts));
      } catch (const std::exception& error) {
        log_event(LogLevel::error, "an answer could not be made", {{"reason", error.what()}});
        if (asked)
          asked->answer(respond({.code = "internal_error"}, asked->request));
      }
    });
  };
  for (int database = 0; database < databases; ++database) {
    const auto place = static_cast<std::size_t>(database);
    const bool is_taken = services.engine.query(
        [gathering, arrive, place, read](Reader& reader) {
          gathering->parts[place] = read(reader);
          arrive();
        },
        [arrive, database](const std::string& reason) {
          log_event(LogLevel::warning, "a query failed", {{"database", database}, {"reason", reason}});
          arrive();
        },
        database);
    if (!is_taken)
      arrive();
  }
}

/// Whether every database answered.
template <class Part>
bool is_whole(const Parts<Part>& parts) {
  for (const auto& part : parts)
    if (!part)
      return false;
  return true;
}

}  // namespace dompet::http
