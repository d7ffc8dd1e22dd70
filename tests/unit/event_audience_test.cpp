#include <catch2/catch_test_macros.hpp>

#include <memory>

#include "domain/ids.hpp"
#include "http/event_audience.hpp"

using namespace dompet;
using http::EventAudience;
using http::EventListener;

namespace {

Uuid number(std::uint8_t last) {
  Uuid uuid;
  uuid.bytes[15] = last;
  return uuid;
}

const UserId ani{number(1)};
const UserId budi{number(2)};
const WalletId of_ani{number(11)};
const WalletId of_budi{number(12)};
const WalletId new_one{number(13)};

EventListener listener_of(const UserId& owner, const WalletId& wallet) {
  return {.scope = {.owner = owner}, .place = {.wallets = {{wallet}}}};
}

events::Event event_of(const WalletId& wallet) {
  events::Event event;
  event.wallet = wallet;
  return event;
}

/// The event and what it points at.
struct Opening {
  explicit Opening(const UserId& owner) {
    leg.event = WalletOpened{*find_currency("IDR"), "savings", {}, owner};
    event.leg = &leg;
  }
  Leg leg{};
  events::Event event = event_of(new_one);
};

using Listeners = EventAudience::Listeners;

}  // namespace

TEST_CASE("an event is told to those who listen to its wallet, however many others listen") {
  EventAudience audience;
  EventListener anis = listener_of(ani, of_ani);
  EventListener budis = listener_of(budi, of_budi);
  EventListener shop{.scope = {.wallet = of_budi}};
  EventListener staff{};
  for (EventListener* listener : {&anis, &budis, &shop, &staff})
    audience.add(*listener);
  CHECK(audience.of(event_of(of_ani)) == Listeners{&anis});
  CHECK(audience.of(event_of(of_budi)) == Listeners{&budis, &shop});
  CHECK(audience.of(event_of(new_one)).empty());
  CHECK(audience.of_everything() == Listeners{&staff});
}

TEST_CASE("whose user opens a wallet listens to it from its opening on") {
  EventAudience audience;
  EventListener anis = listener_of(ani, of_ani);
  EventListener budis = listener_of(budi, of_budi);
  audience.add(anis);
  audience.add(budis);
  CHECK(audience.of(Opening(ani).event) == Listeners{&anis});
  CHECK(audience.of(event_of(new_one)) == Listeners{&anis});
}

TEST_CASE("wallets that a listener learns of later are his as well, once") {
  EventAudience audience;
  EventListener anis = listener_of(ani, of_ani);
  audience.add(anis);
  anis.place.wallets.push_back({new_one});
  audience.learn(anis);
  audience.learn(anis);
  CHECK(audience.of(event_of(new_one)) == Listeners{&anis});
}

TEST_CASE("who has left is not told anything") {
  EventAudience audience;
  EventListener anis = listener_of(ani, of_ani);
  EventListener shop{.scope = {.wallet = of_ani}};
  EventListener staff{};
  for (EventListener* listener : {&anis, &shop, &staff})
    audience.add(*listener);
  audience.remove({&anis, &staff});
  CHECK(audience.of(event_of(of_ani)) == Listeners{&shop});
  CHECK(audience.of(Opening(ani).event).empty());
  CHECK(audience.of_everything().empty());
}
