#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "http/event_reads.hpp"

namespace dompet::http {

/// Somebody who listens to events.
struct EventListener {
  std::shared_ptr<Stream> stream{};
  EventScope scope{};
  EventPlace place{};
  /// What he showed, looked at again while he listens.
  std::string authorization{};
  std::string api_key{};
  const Route* route = nullptr;

  enum class Mode : std::uint8_t {
    /// He is behind: pages are read for him alone.
    reading,
    /// He has everything that the tail has read, and gets what it reads next.
    live,
  };
  Mode mode = Mode::reading;
  /// While a page is read for him, the tail passed something of his.
  bool has_missed = false;
  std::chrono::steady_clock::time_point told{};
  std::chrono::steady_clock::time_point checked{};
};

/// Events as server-sent events. One tail reads the journal for all who are up to date; who is behind is read for
/// alone, one page at a time for all of them together, until he is. Neither goes on while nobody listens.
///
/// What is on its way to a listener is one page at most: the next is written when his socket took it. Who does not take
/// one in `patience` is cut off; he goes on later from the last id that he got. Io thread only.
class EventFeed {
 public:
  static constexpr std::size_t most_listeners = 256;
  /// Of one listener's page, and of the tail's.
  static constexpr int page_events = 500;
  static constexpr int tail_events = 1'000;
  static constexpr std::chrono::seconds tell_at_least_every{5};
  static constexpr std::chrono::seconds check_every{1};
  static constexpr std::chrono::seconds patience{15};

  bool has_room();
  void add(EventListener listener);
  void tick(Services& services, std::chrono::steady_clock::time_point now);

  std::size_t listeners() const { return listeners_.size(); }
  std::uint64_t told() const { return told_; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  using ListenerPtr = std::shared_ptr<EventListener>;

  void forget_those_who_left();
  void look_after(Services& services, Time now);
  void read_for_next(Services& services);
  void take(const ListenerPtr& listener, EventPage page);
  void read_tail(Services& services);
  void pass_on(EventListener& listener, const EventPage& page, std::vector<std::string>& rendered);
  bool push(EventListener& listener, const std::string& frames);

  std::vector<ListenerPtr> listeners_{};
  /// Whose turn it is to be read for.
  std::size_t turn_ = 0;
  bool is_reading_ = false;
  /// Where the tail is: nothing while nobody listens.
  std::optional<EventPlace> tail_{};
  bool is_tailing_ = false;
  std::uint64_t told_ = 0;
};

}  // namespace dompet::http
