#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "http/exchange.hpp"
#include "persistence/saga_inspector.hpp"

namespace dompet::http {

struct Services;

/// The counts of transfers as server-sent events: to each listener when they change and at least every five seconds.
/// The database is asked once a second for all listeners together, and only while there are any. Io thread only.
class SagaFeed {
 public:
  static constexpr std::size_t most_listeners = 64;
  static constexpr std::chrono::seconds ask_every{1};
  static constexpr std::chrono::seconds tell_at_least_every{5};

  bool has_room();
  void add(std::shared_ptr<Stream> listener);
  void tick(Services& services, std::chrono::steady_clock::time_point now);

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Listener {
    std::shared_ptr<Stream> stream;
    Time told{};
  };

  void forget_those_who_left();
  void take(Services& services, const SagaCounts& counts, Time now);
  void tell(Listener& listener, Time now) const;

  std::vector<Listener> listeners_{};
  /// The newest counts as an event, and what of it is compared.
  std::string event_{};
  std::string content_{};
  Time asked_{};
  bool is_asking_ = false;
};

/// The counts of all databases; nothing when one did not answer.
std::optional<SagaCounts> sum_of(const std::vector<std::optional<SagaCounts>>& parts);

}  // namespace dompet::http
