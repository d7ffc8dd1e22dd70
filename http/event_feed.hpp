#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "http/event_audience.hpp"
#include "http/event_reads.hpp"

namespace dompet::http {

/// Events as server-sent events. One tail reads the journal for all who are up to date; who is behind is read for
/// alone, one page at a time for all of them together, until he is. Both go on at once while there is more, up to a
/// number of pages a tick, so that the io thread is there for money. Neither goes on while nobody listens.
///
/// What is on its way to a listener is one page at most: the next is written when his socket took it. Who does not take
/// one in `patience` is cut off; he goes on later from the last id that he got. Io thread only.
class EventFeed {
 public:
  static constexpr std::size_t most_listeners = 256;
  static constexpr std::ptrdiff_t most_of_one_caller = 32;
  /// Of one listener's page, and of the tail's.
  static constexpr int page_events = 500;
  static constexpr int tail_events = 1'000;
  /// In one go; the next tick (front.cpp, ten a second) goes on.
  static constexpr int most_pages_a_tick = 5;
  static constexpr int most_tail_pages_a_tick = 5;
  static constexpr std::chrono::seconds tell_at_least_every{5};
  static constexpr std::chrono::seconds check_every{1};
  static constexpr std::chrono::seconds patience{15};
  /// While the database cannot say whether a key is still good.
  static constexpr std::chrono::seconds unconfirmed_at_most{30};

  /// For one more who listens in this name.
  bool has_room(const std::string& client);
  void add(EventListener listener);
  void tick(Services& services, std::chrono::steady_clock::time_point now);

  std::size_t listeners() const { return listeners_.size(); }
  std::uint64_t told() const { return told_; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  using ListenerPtr = std::shared_ptr<EventListener>;

  void forget_those_who_left();
  void look_after(Services& services, Time now);
  void check(Services& services, const ListenerPtr& listener, Time now);
  /// Of one who is behind, and of the tail: `under_way` is kept as long as the read is.
  using UnderWay = std::shared_ptr<void>;
  void read_for_next(Services& services, const UnderWay& under_way, int pages_left);
  bool take(const ListenerPtr& listener, EventPage page);
  void read_tail(Services& services, const UnderWay& under_way, int pages_left);
  void begin_tail(Services& services, const UnderWay& under_way);
  void pass_on(const EventPage& page);
  void tell(EventListener& listener, const EventPage& page, const std::vector<std::size_t>& numbers,
            std::vector<std::string>& rendered);
  bool push(EventListener& listener, const std::string& frames);

  std::vector<ListenerPtr> listeners_{};
  EventAudience audience_{};
  Time tick_began_{};
  /// Whose turn it is to be read for.
  std::size_t turn_ = 0;
  /// A read is under way as long as what goes on after it is kept: one that breaks off ends as well.
  std::weak_ptr<void> reading_{};
  /// Where the tail is: nothing while nobody listens.
  std::optional<EventPlace> tail_{};
  std::weak_ptr<void> tailing_{};
  std::uint64_t told_ = 0;
};

}  // namespace dompet::http
