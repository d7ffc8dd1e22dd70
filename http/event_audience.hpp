#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "http/event_place.hpp"
#include "http/exchange.hpp"

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

/// The wallet's opening, when that is what the event is.
const WalletOpened* opening_of(const events::Event& event);

/// Finds whom an event may concern, by its wallet: so those who listen to other wallets cost it nothing, however many
/// they are. Keeps nobody alive. One thread.
class EventAudience {
 public:
  using Listeners = std::vector<EventListener*>;

  void add(EventListener& listener);
  /// Once more, when his place has got wallets that it had not.
  void learn(EventListener& listener);
  void remove(const std::unordered_set<const EventListener*>& gone);

  /// Those who listen to the event's wallet, and those whose user opens it, who listen to it from now on. Those of
  /// everything are not among them. Valid until the next call.
  const Listeners& of(const events::Event& event);
  const Listeners& of_everything() const { return everything_; }

 private:
  void add(EventListener& listener, const WalletId& wallet);

  Listeners everything_{};
  std::unordered_map<WalletId, Listeners> by_wallet_{};
  std::unordered_map<UserId, Listeners> by_owner_{};
};

}  // namespace dompet::http
