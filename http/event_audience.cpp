#include "http/event_audience.hpp"

#include <algorithm>
#include <variant>

namespace dompet::http {

const WalletOpened* opening_of(const events::Event& event) {
  return event.leg == nullptr ? nullptr : std::get_if<WalletOpened>(&event.leg->event);
}

void EventAudience::add(EventListener& listener) {
  if (listener.scope.is_everything())
    everything_.push_back(&listener);
  else if (listener.scope.wallet)
    add(listener, *listener.scope.wallet);
  else
    by_owner_[*listener.scope.owner].push_back(&listener);
  learn(listener);
}

void EventAudience::learn(EventListener& listener) {
  for (const WalletPlace& place : listener.place.wallets)
    add(listener, place.wallet);
}

void EventAudience::add(EventListener& listener, const WalletId& wallet) {
  Listeners& listeners = by_wallet_[wallet];
  if (std::ranges::find(listeners, &listener) == listeners.end())
    listeners.push_back(&listener);
}

void EventAudience::remove(const std::unordered_set<const EventListener*>& gone) {
  const auto leave = [&gone](Listeners& listeners) {
    std::erase_if(listeners, [&gone](const EventListener* listener) { return gone.contains(listener); });
  };
  const auto leave_all = [&leave](auto& lists) {
    for (auto& [key, listeners] : lists)
      leave(listeners);
    std::erase_if(lists, [](const auto& entry) { return entry.second.empty(); });
  };
  leave(everything_);
  leave_all(by_wallet_);
  leave_all(by_owner_);
}

const EventAudience::Listeners& EventAudience::of(const events::Event& event) {
  static const Listeners nobody;
  if (const WalletOpened* opened = opening_of(event))
    if (const auto owners = by_owner_.find(opened->owner); owners != by_owner_.end())
      for (EventListener* listener : owners->second)
        add(*listener, event.wallet);
  const auto found = by_wallet_.find(event.wallet);
  return found == by_wallet_.end() ? nobody : found->second;
}

}  // namespace dompet::http
