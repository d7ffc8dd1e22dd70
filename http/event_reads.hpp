#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "http/event_place.hpp"
#include "http/exchange.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// Some events that follow a place.
struct EventPage {
  /// Those of the wanted types; there can be none although there is more.
  std::vector<events::Event> events{};
  EventPlace after{};
  bool has_more = false;
};

/// A user's wallets whose events he is told of as one; of his others he can ask one by one.
inline constexpr int most_event_wallets = 200;

/// Reads what follows, of each wallet in its order, none left out: on the query pools, and goes on on the io thread;
/// with nothing when a database did not answer. `limit` bounds the events, but one record may give two. The exchange
/// may be null. Io thread.
void read_events(Services& services, const ExchangePtr& exchange, const EventScope& scope, const EventPlace& place,
                 int limit, std::function<void(std::optional<EventPage> page)> then);

/// The place behind everything that is there now; nothing as well while a part of it is in no database, on its way from
/// one to another.
void read_event_end(Services& services, const ExchangePtr& exchange, const EventScope& scope,
                    std::function<void(std::optional<EventPlace> place)> then);

}  // namespace dompet::http
