#pragma once

#include <caf/all.hpp>
#include <caf/io/middleman_actor.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/cluster/basp_links.hpp"
#include "actors/cluster/flow.hpp"
#include "actors/cluster/greeting.hpp"
#include "actors/cluster/probe.hpp"

namespace dompet {

/// What all actors of a node's links share.
struct LinkContext {
  ClusterSettings settings{};
  NodeRow me{};
  RouterActor router{};
  caf::io::middleman_actor middleman{};
  LinkObserver observer{};

  void note(LinkEvent event) const {
    if (observer)
      observer(event);
  }
};
using LinkContextPtr = std::shared_ptr<const LinkContext>;

/// How long CAF may take to connect, and a peer to greet.
inline constexpr auto connect_limit = std::chrono::seconds(2);
/// What a probe may take beyond its own limit, where an address is a name.
inline constexpr auto name_service_limit = std::chrono::seconds(30);
/// Between attempts, doubling, each shortened by up to a half at random.
inline constexpr auto back_off_first = std::chrono::milliseconds(100);
inline constexpr auto back_off_most = std::chrono::milliseconds(2'000);

/// To a link actor or a gateway: end. It cannot come from outside, which exit messages can.
struct StopLinking {};
/// To a link actor: try again.
struct TryLink {
  std::uint64_t attempt = 0;
};
/// To a link actor: send what waits. It stands behind everything that was in the mailbox, so a burst goes together.
struct FlushFrames {};
/// To a link actor or a gateway, from itself: heartbeats and deadlines.
struct LinkTick {};

/// One peer, as long as it is one: connects, greets, sends, notices when it is gone, and begins anew
/// (protocol 5.13): waiting → probing → connecting → greeting → up → waiting …
class Link {
 public:
  Link(caf::event_based_actor* self, LinkContextPtr context, NodeRow peer, std::shared_ptr<Outflow> flow);
  Link(const Link&) = delete;
  ~Link();

  void begin();
  void try_now(std::uint64_t attempt);
  void on_probed(const Probed& found);
  void on_envelope(const Envelope& envelope);
  void on_down(const caf::down_msg& down);
  void queue(QueueFrame frame);
  void flush();
  void tick();
  void stop();

 private:
  enum class State : std::uint8_t { waiting, probing, connecting, greeting, up };

  void connect(const std::string& address);
  void greet(const caf::strong_actor_ptr& gateway);
  void on_challenge(const std::string& body);
  void on_welcome(const std::string& body);
  void on_grant(const std::string& body);
  void on_refused(const std::string& body);
  /// Gives up this attempt, or the link that is up, and tries again later.
  void fail(const std::string& reason);
  void leave_gateway();
  void tell_once_a_minute(const std::string& reason);
  void send(EnvelopeKind kind, std::string body);
  std::chrono::milliseconds next_back_off();

  caf::event_based_actor* self_;
  LinkContextPtr context_;
  NodeRow peer_;
  std::optional<HostPort> address_;
  std::shared_ptr<Outflow> flow_;
  State state_ = State::waiting;
  /// Numbers the attempts: what an earlier one asked for is not listened to.
  std::uint64_t attempt_ = 0;
  int failures_ = 0;
  caf::actor gateway_{};
  GreetingFacts facts_{};
  DataPacker packer_{0};
  std::vector<std::string> waiting_{};
  bool flush_scheduled_ = false;
  std::chrono::steady_clock::time_point state_since_{};
  std::chrono::steady_clock::time_point heard_{};
  /// What was logged about attempts that failed, and when.
  std::map<std::string, std::chrono::steady_clock::time_point> told_{};
};

caf::behavior link_actor(caf::stateful_actor<std::unique_ptr<Link>>* self, LinkContextPtr context, NodeRow peer,
                         std::shared_ptr<Outflow> flow);

/// For actors that anybody who reaches the port may write to: nothing that comes from there ends them, and what they
/// do not understand they drop.
void ignore_strangers(caf::event_based_actor* self);

}  // namespace dompet

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::StopLinking)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::TryLink)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::FlushFrames)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::LinkTick)
