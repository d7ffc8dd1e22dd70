#include <spdlog/spdlog.h>

#include <algorithm>

#include "actors/cluster/router.hpp"
#include "actors/not_now.hpp"
#include "persistence/codec.hpp"

// The router's side that speaks with its peers.

namespace dompet {

namespace {

/// Requests of others that this node has at a time.
constexpr std::size_t most_incoming = 16'384;
/// No asker waits longer, whatever he says.
constexpr std::chrono::milliseconds longest_service{5'000};
/// Frames that wait for room in one peer's window.
constexpr std::size_t most_unsaid = 1'024;
/// Until an owner who said that he was none is asked again: his news may be older than ours.
constexpr auto ask_again_after = std::chrono::milliseconds(50);
constexpr auto complaint_interval = std::chrono::seconds(1);

constexpr const char* has_too_many_sentence =
    "The node that serves this wallet has more requests of other nodes than it may. Nothing was done; try again.";
constexpr const char* long_answer_sentence =
    "The answer is too long to be sent from the node that serves this wallet. Look up what came of the request.";

}  // namespace

void Router::on_frame(const FrameArrived& arrived) {
  try {
    RemoteMessage message = decode_remote(arrived.frame);
    std::visit([&](auto& said) { hear(arrived.from, said); }, message);
  } catch (const Unreadable& fault) {
    complain(arrived.from, fault.what());
  }
}

void Router::complain(const Incarnation& peer, std::string_view what) {
  ++complaints_;
  if (now() < next_complaint_)
    return;
  spdlog::warn("{} frames were dropped, the last from node {}: {}", std::exchange(complaints_, 0), to_string(peer),
               what);
  next_complaint_ = now() + complaint_interval;
}

// --- requests of others ---

void Router::hear(const Incarnation& from, RemoteRequest& message) {
  const Shard shard = shard_of_request(message.request, node_->settings.shard_count);
  if (!is_shard(shard))
    return complain(from, "a request names a shard that the ledger has not");
  if (message.remaining_ms == 0)
    return;
  const auto patience = std::min(std::chrono::milliseconds{message.remaining_ms}, longest_service);
  const Incoming asked{from, message.correlation, now() + patience};
  if (incoming_.size() >= most_incoming)
    return answer_peer(asked, not_now(has_too_many_sentence));
  const std::uint64_t correlation = ++last_incoming_ | forwarded_bit;
  incoming_.emplace(correlation, asked);
  keep_ticking();
  place({Submit{correlation, std::move(message.request), message.hops}, asked.deadline});
}

void Router::answer_remote(std::vector<Answer>& answers) {
  for (Answer& answer : answers)
    if (const auto asked = incoming_.extract(answer.correlation))
      answer_peer(asked.mapped(), std::move(answer.result));
}

void Router::answer_peer(const Incoming& asked, Result result) {
  std::string frame = encode(RemoteAnswer{asked.correlation, std::move(result)});
  if (frame.size() > largest_frame)
    frame = encode(RemoteAnswer{asked.correlation, NotNow{true, long_answer_sentence}});
  say(asked.peer, std::move(frame));
}

void Router::say_not_owner(std::uint64_t correlation, Shard shard) {
  const auto asked = incoming_.extract(correlation);
  if (!asked)
    return;
  const ShardHints::Owner owner = owner_of(shard);
  say(asked.mapped().peer, encode(RemoteNotOwner{asked.mapped().correlation, shard, owner.node, owner.epoch}));
}

void Router::say(const Incarnation& peer, std::string frame) {
  const auto queue = unsaid_.find(peer);
  const bool has_queue = queue != unsaid_.end();
  // A link takes its frame even when it has no room; so a copy is kept for later.
  if (!has_queue && node_->links->send(peer, frame) != Sent::busy)
    return;
  std::deque<std::string>& waiting = has_queue ? queue->second : unsaid_[peer];
  if (waiting.size() < most_unsaid)
    waiting.push_back(std::move(frame));
  keep_ticking();
}

void Router::say_what_waits() {
  for (auto at = unsaid_.begin(); at != unsaid_.end();) {
    auto& [peer, waiting] = *at;
    while (!waiting.empty() && node_->links->send(peer, waiting.front()) != Sent::busy)
      waiting.pop_front();
    at = waiting.empty() ? unsaid_.erase(at) : std::next(at);
  }
}

// --- answers to ours ---

void Router::hear(const Incarnation& from, RemoteAnswer& message) {
  const auto place_of = outgoing_.find(message.correlation);
  if (place_of == outgoing_.end() || place_of->second.peer != from)
    return;
  const std::uint64_t asker = place_of->second.pending.submit.correlation;
  outgoing_.erase(place_of);
  node_->answer(asker, std::move(message.result));
}

void Router::hear(const Incarnation& from, const RemoteNotOwner& message) {
  if (!is_shard(message.shard))
    return complain(from, "a hint names a shard that the ledger has not");
  hints_.learn(message.shard, {message.owner, message.epoch}, now());
  const auto place_of = outgoing_.find(message.correlation);
  if (place_of == outgoing_.end() || place_of->second.peer != from)
    return;
  Pending pending = std::move(place_of->second.pending);
  outgoing_.erase(place_of);
  pending.refused_by = from;
  pending.ask_again = now() + ask_again_after;
  place(std::move(pending));
}

// --- slow transfers ---

void Router::ask_remote(CreditAsk& ask) {
  const Shard destination = ask.destination_shard;
  if (node_->serves(destination))
    return self_->send(node_->shards[destination], AskDecision{std::move(ask)});
  const auto no_proof = [&](NoProofReason reason) {
    self_->send(node_->sagas[ask.source_shard], NoProof{ask.transaction->id, reason});
  };
  const Incarnation owner = owner_of(destination).node;
  if (owner.uuid.is_nil() || is_me(owner))
    return no_proof(NoProofReason::no_owner);
  switch (node_->links->send(owner, encode(ask))) {
    case Sent::sent: return;
    case Sent::busy: return no_proof(NoProofReason::busy);
    case Sent::down: return no_proof(NoProofReason::unreachable);
  }
}

/// Not kept when there is no room for it: the coordinator asks again.
void Router::tell_remote(const TellRemote& told) {
  const auto frame = std::visit([](const auto& word) { return encode(word); }, told.word);
  static_cast<void>(node_->links->send(told.to, frame));
}

void Router::hear(const Incarnation& from, CreditAsk& message) {
  const Shard destination = message.destination_shard;
  if (!is_shard(destination) || !is_shard(message.source_shard))
    return complain(from, "a question about a transfer names a shard that the ledger has not");
  if (!node_->serves(destination))
    return tell_remote({from, RemoteNoProof{message.source_shard, message.transaction->id, NoProofReason::not_owner}});
  message.asker = from;
  self_->send(node_->shards[destination], AskDecision{std::move(message)});
}

void Router::hear(const Incarnation& from, const RemoteProof& message) {
  if (!is_shard(message.source_shard))
    return complain(from, "a proof names a shard that the ledger has not");
  self_->send(node_->sagas[message.source_shard], Proof{message.saga, message.outcome, message.reason});
}

void Router::hear(const Incarnation& from, const RemoteNoProof& message) {
  if (!is_shard(message.source_shard))
    return complain(from, "a word about a transfer names a shard that the ledger has not");
  self_->send(node_->sagas[message.source_shard], NoProof{message.saga, message.reason});
}

// --- the map ---

void Router::announce(const ShardGiven& given) {
  hints_.learn(given.shard, {given.owner, given.epoch}, now());
  const std::string frame = encode(given);
  for (const NodeView& node : node_->view.load()->nodes)
    if (!node.is_me && node_->links->is_up(node.row.incarnation))
      static_cast<void>(node_->links->send(node.row.incarnation, frame));
  try_parked();
}

void Router::hear(const Incarnation& from, const ShardGiven& message) {
  if (!is_shard(message.shard))
    return complain(from, "news of the map name a shard that the ledger has not");
  hints_.learn(message.shard, {message.owner, message.epoch}, now());
  if (is_me(message.owner))
    caf::anon_send(node_->membership, LookNow{});
  try_parked();
}

}  // namespace dompet
