#pragma once

#include <caf/all.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <set>

#include "actors/cluster/flow.hpp"
#include "actors/cluster/greeting.hpp"
#include "actors/cluster/link.hpp"

namespace dompet {

/// How many may be greeting at the same time, and how many may have greeted.
inline constexpr std::size_t greetings_limit = 256;
inline constexpr std::size_t sessions_limit = 1'024;
/// How many former members are remembered.
inline constexpr std::size_t former_members_limit = 1'024;
/// A small grant waits this long for more to grant.
inline constexpr auto grant_delay = std::chrono::milliseconds(20);

/// To a gateway: who is a member from now on.
struct MembersChanged {
  std::set<Incarnation> members;
};
/// To a gateway, from itself: the small grant has waited.
struct GrantNow {
  Incarnation peer{};
  std::uint64_t greeting = 0;
};

/// Takes in what the peers' links send: greets them, hands their frames to the router, and grants them more as the
/// router gets through. It is published, so anybody who reaches the port may write to it; nobody gets a frame through
/// who has not proved that he knows the secret.
class Gateway {
 public:
  Gateway(caf::event_based_actor* self, LinkContextPtr context);

  void begin();
  void on_envelope(const Envelope& envelope);
  void on_grant_due(const GrantDue& due);
  void on_grant_now(const Incarnation& peer, std::uint64_t greeting);
  void on_down(const caf::down_msg& down);
  void on_members(const std::set<Incarnation>& members);
  void tick();

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Greeting {
    GreetingFacts facts{};
    caf::actor link{};
    Time since{};
  };
  /// A peer that has greeted.
  struct Session {
    caf::actor link{};
    std::shared_ptr<Inflow> flow{};
    std::uint64_t received_messages = 0, received_bytes = 0;
    std::uint64_t last_number = 0;
    Time heard{};
  };

  void on_hello(const Incarnation& peer, const Hello& hello);
  void on_answer(const Incarnation& peer, const ChallengeAnswer& answer);
  void on_data(const Incarnation& peer, std::string_view body);
  void on_heartbeat(const Incarnation& peer, const Heartbeat& heartbeat);
  /// Why the data cannot be taken; nothing when it can.
  std::optional<Refusal> fault_of(const Session& session, const Data& data) const;
  void deliver(const Incarnation& peer, Session& session, Data data);
  void grant(const Incarnation& peer, Session& session);
  Session* session_of(const Incarnation& peer, std::uint64_t greeting);
  void forget(const Incarnation& peer);
  void refuse(const Incarnation& peer, std::uint64_t greeting, Refusal reason);
  void drop() { context_->note(LinkEvent::dropped); }
  caf::actor sender() const;
  void send(const caf::actor& link, const Incarnation& peer, EnvelopeKind kind, std::string body);
  bool was_member(const Incarnation& peer) const;

  caf::event_based_actor* self_;
  LinkContextPtr context_;
  std::map<Incarnation, Greeting> greetings_{};
  std::map<Incarnation, Session> sessions_{};
  std::set<Incarnation> members_{};
  std::deque<Incarnation> former_members_{};
  std::map<Refusal, Time> told_{};
};

caf::behavior gateway_actor(caf::stateful_actor<std::unique_ptr<Gateway>>* self, LinkContextPtr context);

}  // namespace dompet

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::MembersChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::GrantNow)
