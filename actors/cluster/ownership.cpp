#include "actors/cluster/ownership.hpp"

#include <utility>

#include "config/logging.hpp"

namespace dompet {

namespace {

constexpr int outages_per_warning = 30;

}  // namespace

Ownership::Ownership(OwnershipActor::pointer self, NodePtr node, int database, std::unique_ptr<OwnershipStore> store)
    : self_(self), node_(std::move(node)), database_(database), store_(std::move(store)) {}

/// Runs what asks the store. False when it did not answer; the rest of the action was left out then.
template <class Action>
bool Ownership::tried(Action action) {
  try {
    if (!is_introduced_)
      introduce();
    action();
    outages_ = 0;
    return true;
  } catch (const Unavailable& outage) {
    is_introduced_ = false;
    if (outages_++ % outages_per_warning == 0)
      log_event(LogLevel::warning, "the table of shards cannot be reached",
                {{"database", database_}, {"reason", outage.what()}});
    return false;
  }
}

/// After an outage another server may answer under the same address: one that was promoted or restored, and may lack
/// what the old one had. What the lane's memory says is then worth nothing (protocol 5.2).
void Ownership::introduce() {
  const DatabaseIdentity identity = store_->identity();
  store_->register_node(node_->me);
  if (identity_ && *identity_ != identity) {
    log_event(
        LogLevel::error, "another PostgreSQL cluster or timeline answers",
        {{"database", database_}, {"system_identifier", identity.system_identifier}, {"timeline", identity.timeline}});
    self_->send(lane().actor, ResetLane{"another PostgreSQL cluster or timeline answers"});
  }
  // From here on there is a fence, and the lane can work, be it for no shard yet.
  self_->send(lane().actor, ClaimShards{});
  identity_ = identity;
  is_introduced_ = true;
}

/// Membership asks for a look in each of its rounds; the timer stands in when it does not, because its own database is
/// away.
void Ownership::tick() {
  const auto now = self_->clock().now();
  const std::chrono::milliseconds renew = node_->settings.cluster.renew;
  if (now >= next_tick_) {
    next_tick_ = now + renew;
    self_->delayed_send(self_, renew, Tick{});
  }
  if (std::exchange(look_is_queued_, false) || now - last_look_ >= renew)
    look();
}

/// Many may ask while a statement blocks: they get one look together.
void Ownership::look_now() {
  if (std::exchange(look_is_queued_, true))
    return;
  self_->send(self_, Tick{});
}

void Ownership::look() {
  last_look_ = self_->clock().now();
  tried([this] { self_->send(node_->membership, ShardsSeen{database_, store_->shards()}); });
}

void Ownership::acquire(const std::vector<ShardRow>& seen) {
  const bool answered = tried([&] {
    const std::vector<Shard> taken = store_->acquire(seen);
    if (!taken.empty()) {
      node_->counters.acquired_shards += taken.size();
      log_event(LogLevel::info, "acquired shards", {{"database", database_}, {"shards", taken.size()}});
      self_->send(lane().actor, AdoptShards{taken});
    }
  });
  if (answered)
    look();
}

void Ownership::set_targets(const std::vector<ShardRow>& wishes) {
  const bool answered = tried([&] {
    for (const ShardRow& wish : wishes)
      store_->set_target(wish, wish.target);
  });
  if (answered)
    look();
}

OwnershipActor::behavior_type ownership_actor(OwnershipActor::stateful_pointer<std::unique_ptr<Ownership>> self,
                                              NodePtr node, int database,
                                              std::shared_ptr<std::unique_ptr<OwnershipStore>> store) {
  self->state = std::make_unique<Ownership>(self, std::move(node), database, std::move(*store));
  return {
      [self](const AcquireShards& order) { self->state->acquire(order.seen); },
      [self](const SetTargets& order) { self->state->set_targets(order.wishes); },
      [self](const LookNow&) { self->state->look_now(); },
      [self](const Tick&) { self->state->tick(); },
  };
}

}  // namespace dompet
