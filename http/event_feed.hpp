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
  /// What let him in, one of the two, looked at again while he listens.
  std::string authorization{};
  std::string api_key{};
  const Route* route = nullptr;
  /// What he had then: a stream ends when it changes, since what he may hear was told by it.
  Grant grant = Grant::none;
  /// In whose name he listens (Caller::client).
  std::string client{};

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
  /// When his token or key was last known to be good.
  std::chrono::steady_clock::time_point confirmed{};
};

/// Events as server-sent events. One tail reads the journal for all who are up to date; who is behind is read for
/// alone, one page at a time for all of them together, until he is. Neither goes on while nobody listens.
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
  void read_for_next(Services& services);
  void take(const ListenerPtr& listener, EventPage page);
  void read_tail(Services& services);
  void pass_on(EventListener& listener, const EventPage& page, std::vector<std::string>& rendered);
  bool push(EventListener& listener, const std::string& frames);

  std::vector<ListenerPtr> listeners_{};
  /// Whose turn it is to be read for.
  std::size_t turn_ = 0;
  /// A read is under way as long as what goes on after it is kept: also one that breaks off ends.
  std::weak_ptr<void> reading_{};
  /// Where the tail is: nothing while nobody listens.
  std::optional<EventPlace> tail_{};
  std::weak_ptr<void> tailing_{};
  std::uint64_t told_ = 0;
};

}  // namespace dompet::http
