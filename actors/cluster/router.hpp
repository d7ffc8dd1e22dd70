#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/cluster/shard_hints.hpp"
#include "actors/node.hpp"

namespace dompet {

/// Where requests, answers and the words of slow transfers leave this node and come in. It knows by hints who owns a
/// shard, sends a client's request there, and follows a hint when the owner has changed; a node that is asked for what
/// it does not serve says so and does nothing, so that a request is never under way behind a third node's back. What it
/// tells the client of a request that it could not place, or lost, is true: "not applied" only of what surely was not.
///
/// Nothing here is needed for safety: whatever is lost, late or twice, keys, decisions and fences absorb.
class Router {
 public:
  Router(RouterActor::pointer self, NodePtr node);

  void forward(Submit& submit);
  void answer_remote(std::vector<Answer>& answers);
  void ask_remote(CreditAsk& ask);
  void tell_remote(const TellRemote& told);
  void announce(const ShardGiven& given);
  void on_frame(const FrameArrived& arrived);
  void on_link(const LinkChanged& changed);
  /// Tries again what waits for an owner.
  void try_parked();
  void tick();

 private:
  using Clock = ShardHints::Clock;

  /// A request that has no place yet; the client's is ours to answer, one with the forwarded_bit is a peer's.
  struct Pending {
    Submit submit{};
    /// The asker has given up by then.
    Clock::time_point deadline{};
    /// Since it found no place: how long it may wait for one.
    std::optional<Clock::time_point> patience_ends{};
    /// Who said last that the shard was not his. He is asked again, if he still seems to be the owner, but not at once.
    Incarnation refused_by{};
    Clock::time_point ask_again{};
  };
  /// A client's request that a peer has.
  struct Outgoing {
    Pending pending{};
    Incarnation peer{};
  };
  /// A peer's request that this node has.
  struct Incoming {
    Incarnation peer{};
    /// The peer's.
    std::uint64_t correlation = 0;
    Clock::time_point deadline{};
  };
  /// Why a request has no place.
  enum class Obstacle : std::uint8_t { no_owner, unreachable, way_is_full, too_many, too_many_hops, too_large };
  static std::string_view sentence(Obstacle obstacle);

  // A request on its way to a place: router.cpp.
  void place(Pending pending);
  void give(Pending& pending, Shard shard);
  void send_to(const Incarnation& owner, Pending pending);
  void park(Pending pending, Obstacle obstacle);
  void give_up(const Pending& pending, Obstacle obstacle);
  void lose(Outgoing& lost);

  // What peers say: router_frames.cpp.
  void hear(const Incarnation& from, RemoteRequest& message);
  void hear(const Incarnation& from, RemoteAnswer& message);
  void hear(const Incarnation& from, const RemoteNotOwner& message);
  void hear(const Incarnation& from, CreditAsk& message);
  void hear(const Incarnation& from, const RemoteProof& message);
  void hear(const Incarnation& from, const RemoteNoProof& message);
  void hear(const Incarnation& from, const ShardGiven& message);
  void answer_peer(const Incoming& asked, Result result);
  /// "Not mine", with what is known of whose it is.
  void say_not_owner(std::uint64_t correlation, Shard shard);
  /// Sends what only this node can say; waits for room in the peer's window, bounded.
  void say(const Incarnation& peer, std::string frame);
  void say_what_waits();
  void complain(const Incarnation& peer, std::string_view what);

  bool is_shard(Shard shard) const { return shard < node_->settings.shard_count; }
  bool is_me(const Incarnation& node) const { return node == node_->me.incarnation; }
  Clock::time_point now() const { return self_->clock().now(); }
  ShardHints::Owner owner_of(Shard shard);
  void sweep();
  /// An idle node costs nothing: it ticks only while something is under way.
  void keep_ticking();

  RouterActor::pointer self_;
  NodePtr node_;
  ShardHints hints_;
  std::deque<Pending> parked_{};
  /// By this node's correlation on the wire, another one each time a request is sent.
  std::unordered_map<std::uint64_t, Outgoing> outgoing_{};
  std::uint64_t last_outgoing_ = 0;
  /// By this node's correlation, which has the forwarded_bit.
  std::unordered_map<std::uint64_t, Incoming> incoming_{};
  std::uint64_t last_incoming_ = 0;
  std::unordered_map<Incarnation, std::deque<std::string>> unsaid_{};
  /// Peers whose window was full in this round of `try_parked`: not asked again for each request.
  std::unordered_set<Incarnation> full_{};
  bool is_ticking_ = false;
  Clock::time_point next_sweep_{};
  /// Frames that could not be read since the last line about them was logged.
  std::uint64_t complaints_ = 0;
  Clock::time_point next_complaint_{};
};

RouterActor::behavior_type router_actor(RouterActor::stateful_pointer<std::unique_ptr<Router>> self, NodePtr node);

/// The sink of a node that may serve requests of others: their answers go to the router, all others to the asker.
class AnswerRouter final : public ReplySink {
 public:
  /// The node's router is set before the first answer. Both outlive this.
  AnswerRouter(Node& node, ReplySink& asker) : node_(node), asker_(asker) {}

  void deliver(std::vector<Answer> answers) override;

 private:
  Node& node_;
  ReplySink& asker_;
};

}  // namespace dompet
