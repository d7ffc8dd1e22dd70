#include "actors/cluster/router.hpp"

#include <algorithm>

#include "actors/not_now.hpp"

namespace dompet {

namespace {

/// What becomes of a request is of no use to anybody later: the HTTP front has answered by then.
constexpr auto longest_wait = std::chrono::seconds(5);
/// How often a request may be sent to another owner (protocol 5.2).
constexpr std::uint8_t most_hops = 3;
/// Requests that wait for an owner.
constexpr std::size_t most_parked = 4'096;
/// Requests that peers have; the HTTP front admits fewer.
constexpr std::size_t most_outgoing = 65'536;
constexpr auto tick_interval = std::chrono::milliseconds(50);
constexpr auto sweep_interval = std::chrono::seconds(1);

constexpr const char* lost_sentence =
    "The connection to the node that serves this wallet was lost. The request may have been carried out; send it again "
    "with the same Idempotency-Key to learn what came of it.";

/// It changes nothing when it is done once more.
bool may_be_repeated(const Request& request) {
  if (const auto* order = std::get_if<SagaOrderRequest>(&request))
    return order->order == SagaOrder::inspect;
  return std::holds_alternative<ReadWalletRequest>(request) || std::holds_alternative<ProviderWordRequest>(request);
}

bool is_of_peer(std::uint64_t correlation) { return (correlation & forwarded_bit) != 0; }

}  // namespace

std::string_view Router::sentence(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::no_owner:
      return "No node serves this wallet at the moment; another one is about to. Nothing was done; try again.";
    case Obstacle::unreachable:
      return "The node that serves this wallet cannot be reached. Nothing was done; try again.";
    case Obstacle::way_is_full:
      return "The way to the node that serves this wallet is full. Nothing was done; try again.";
    case Obstacle::too_many: return "More requests wait for other nodes than may. Nothing was done; try again.";
    case Obstacle::too_many_hops:
      return "The wallet moved from node to node faster than the request could follow. Nothing was done; try again.";
    case Obstacle::too_large: return "The request is too large to be sent to the node that serves this wallet.";
  }
  return {};
}

Router::Router(RouterActor::pointer self, NodePtr node)
    : self_(self), node_(std::move(node)), hints_(node_->settings.shard_count) {}

ShardHints::Owner Router::owner_of(Shard shard) { return hints_.owner_of(shard, *node_->view.load(), now()); }

// --- finding a place for a request ---

void Router::forward(Submit& submit) {
  Pending pending{std::move(submit), now() + longest_wait};
  const Shard shard = shard_of_request(pending.submit.request, node_->settings.shard_count);
  // The seat says that the shard is served and the shard, which has not heard of it yet, sent the request back.
  const bool came_back = node_->serves(shard) && pending.submit.hops > 0;
  if (!came_back)
    return place(std::move(pending));
  if (pending.submit.hops > most_hops)
    return give_up(pending, Obstacle::no_owner);
  park(std::move(pending), Obstacle::no_owner);
}

void Router::place(Pending pending) {
  const Shard shard = shard_of_request(pending.submit.request, node_->settings.shard_count);
  const std::uint64_t correlation = pending.submit.correlation;
  if (is_of_peer(correlation) && !incoming_.contains(correlation))
    return;  // The peer has given up, or is gone.
  if (node_->serves(shard))
    return give(pending, shard);
  const Incarnation owner = owner_of(shard).node;
  if (owner.uuid.is_nil() || is_me(owner))
    return park(std::move(pending), Obstacle::no_owner);
  if (is_of_peer(correlation))
    return say_not_owner(correlation, shard);
  send_to(owner, std::move(pending));
}

void Router::give(Pending& pending, Shard shard) {
  if (is_of_peer(pending.submit.correlation))
    node_->counters.served_for_others += 1;
  pending.submit.hops += 1;
  self_->send(node_->shards[shard], std::move(pending.submit));
}

void Router::send_to(const Incarnation& owner, Pending pending) {
  Submit& submit = pending.submit;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(pending.deadline - now());
  if (left.count() <= 0)
    return give_up(pending, Obstacle::unreachable);
  if (submit.hops >= most_hops)
    return give_up(pending, Obstacle::too_many_hops);
  if (owner == pending.refused_by && now() < pending.ask_again)
    return park(std::move(pending), Obstacle::no_owner);
  if (outgoing_.size() >= most_outgoing)
    return give_up(pending, Obstacle::too_many);
  if (full_.contains(owner))
    return park(std::move(pending), Obstacle::way_is_full);
  const auto hops = static_cast<std::uint8_t>(submit.hops + 1);
  const std::uint64_t correlation = ++last_outgoing_;
  std::string frame =
      encode(RemoteRequest{correlation, hops, static_cast<std::uint32_t>(left.count()), submit.request});
  if (frame.size() > largest_frame)
    return give_up(pending, Obstacle::too_large);
  switch (node_->links->send(owner, std::move(frame))) {
    case Sent::down: return park(std::move(pending), Obstacle::unreachable);
    case Sent::busy: full_.insert(owner); return park(std::move(pending), Obstacle::way_is_full);
    case Sent::sent: break;
  }
  node_->counters.forwarded_requests += 1;
  submit.hops = hops;
  outgoing_.emplace(correlation, Outgoing{std::move(pending), owner});
  keep_ticking();
}

void Router::park(Pending pending, Obstacle obstacle) {
  if (!pending.patience_ends)
    pending.patience_ends = now() + node_->settings.cluster.hand_over_patience;
  if (now() >= *pending.patience_ends)
    return give_up(pending, obstacle);
  if (parked_.size() >= most_parked)
    return give_up(pending, Obstacle::too_many);
  parked_.push_back(std::move(pending));
  keep_ticking();
}

/// A request that comes here was not sent, or everybody to whom it was sent said that he did nothing.
void Router::give_up(const Pending& pending, Obstacle obstacle) {
  const Submit& submit = pending.submit;
  if (is_of_peer(submit.correlation))
    return say_not_owner(submit.correlation, shard_of_request(submit.request, node_->settings.shard_count));
  node_->answer(submit.correlation, not_now(std::string{sentence(obstacle)}));
}

void Router::try_parked() {
  full_.clear();
  for (Pending& pending : std::exchange(parked_, {}))
    place(std::move(pending));
  full_.clear();
}

// --- links and time ---

void Router::on_link(const LinkChanged& changed) {
  if (changed.up) {
    say_what_waits();
    return try_parked();
  }
  unsaid_.erase(changed.peer);
  std::erase_if(incoming_, [&](const auto& entry) { return entry.second.peer == changed.peer; });
  std::vector<Outgoing> lost;
  for (auto at = outgoing_.begin(); at != outgoing_.end();) {
    if (at->second.peer == changed.peer) {
      lost.push_back(std::move(at->second));
      at = outgoing_.erase(at);
    } else {
      ++at;
    }
  }
  for (Outgoing& request : lost)
    lose(request);
}

/// Whether it was carried out before the link went is unknown, and only its key can tell. What only reads is asked
/// again.
void Router::lose(Outgoing& lost) {
  if (may_be_repeated(lost.pending.submit.request))
    return place(std::move(lost.pending));
  node_->answer(lost.pending.submit.correlation, NotNow{true, lost_sentence});
}

void Router::tick() {
  is_ticking_ = false;
  say_what_waits();
  try_parked();
  if (now() >= next_sweep_)
    sweep();
  keep_ticking();
}

void Router::sweep() {
  next_sweep_ = now() + sweep_interval;
  const auto is_late = [time = now()](const auto& entry) {
    if constexpr (requires { entry.second.pending; })
      return entry.second.pending.deadline <= time;
    else
      return entry.second.deadline <= time;
  };
  std::erase_if(outgoing_, is_late);
  std::erase_if(incoming_, is_late);
}

void Router::keep_ticking() {
  const bool is_idle = parked_.empty() && unsaid_.empty() && outgoing_.empty() && incoming_.empty();
  if (is_idle || std::exchange(is_ticking_, true))
    return;
  self_->delayed_send(self_, tick_interval, Tick{});
}

// --- the actor ---

RouterActor::behavior_type router_actor(RouterActor::stateful_pointer<std::unique_ptr<Router>> self, NodePtr node) {
  self->state = std::make_unique<Router>(self, std::move(node));
  return {
      [self](Forward& message) { self->state->forward(message.submit); },
      [self](AnswerRemote& message) { self->state->answer_remote(message.answers); },
      [self](AskRemote& message) { self->state->ask_remote(message.ask); },
      [self](const TellRemote& message) { self->state->tell_remote(message); },
      [self](const FrameArrived& message) { self->state->on_frame(message); },
      [self](const LinkChanged& message) { self->state->on_link(message); },
      [self](const MapChanged&) { self->state->try_parked(); },
      [self](const AnnounceShard& message) { self->state->announce(message.given); },
      [self](const Tick&) { self->state->tick(); },
  };
}

void AnswerRouter::deliver(std::vector<Answer> answers) {
  const auto is_for_peer = [](const Answer& answer) { return is_of_peer(answer.correlation); };
  if (std::ranges::none_of(answers, is_for_peer))
    return asker_.deliver(std::move(answers));
  const auto for_peers = std::ranges::stable_partition(answers, std::not_fn(is_for_peer));
  AnswerRemote remote;
  remote.answers.assign(std::move_iterator(for_peers.begin()), std::move_iterator(for_peers.end()));
  answers.erase(for_peers.begin(), for_peers.end());
  caf::anon_send(node_.router, std::move(remote));
  if (!answers.empty())
    asker_.deliver(std::move(answers));
}

}  // namespace dompet
