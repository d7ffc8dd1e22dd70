#include "actors/cluster/membership.hpp"

#include <algorithm>
#include <utility>

#include "config/logging.hpp"

namespace dompet {

namespace {

constexpr int outages_per_warning = 30;

bool is_live(const NodeRow& node) { return node.state == NodeState::up || node.state == NodeState::draining; }

/// Whether what messages are routed by has changed.
bool is_other_map(const ClusterView& before, const ClusterView& now) {
  const auto same_shard = [](const ShardView& a, const ShardView& b) {
    return a.row.owner == b.row.owner && a.row.epoch == b.row.epoch;
  };
  const auto same_node = [](const NodeView& a, const NodeView& b) {
    return a.row.incarnation == b.row.incarnation && a.row.state == b.row.state && a.linked == b.linked;
  };
  return !std::ranges::equal(before.shards, now.shards, same_shard) ||
         !std::ranges::equal(before.nodes, now.nodes, same_node);
}

}  // namespace

Membership::Membership(MembershipActor::pointer self, NodePtr node, std::unique_ptr<MembershipStore> store,
                       Incarnation predecessor)
    : self_(self), node_(std::move(node)), store_(std::move(store)), predecessor_(predecessor),
      observer_(3 * node_->settings.cluster.renew), duties_(node_->me.incarnation, node_->settings.cluster) {}

/// Runs what asks the store. False when it did not answer.
template <class Action>
bool Membership::tried(Action action) {
  try {
    action();
    outages_ = 0;
    return true;
  } catch (const Unavailable& outage) {
    note_outage(outage);
    return false;
  }
}

void Membership::note_outage(const Unavailable& outage) {
  if (outages_++ % outages_per_warning == 0)
    log_event(LogLevel::warning, "the table of nodes cannot be reached", {{"reason", outage.what()}});
}

// --- rounds ---

/// Ticks come from the timer and from looks that were asked for; the time of the next renewal tells which it is.
void Membership::tick() {
  look_is_queued_ = false;
  if (is_over_)
    return;
  const auto now = self_->clock().now();
  if (now >= next_renewal_) {
    next_renewal_ = now + node_->settings.cluster.renew;
    self_->delayed_send(self_, node_->settings.cluster.renew, Tick{});
    if (!join() || !renew())
      return;
  }
  if (joined_)
    look();
}

/// Many may ask while a round blocks: they get one together.
void Membership::look_now() {
  if (std::exchange(look_is_queued_, true))
    return;
  self_->send(self_, Tick{});
}

bool Membership::join() {
  if (joined_)
    return true;
  for (const OwnershipActor& ownership : node_->ownership)
    self_->send(ownership, LookNow{});
  return tried([this] {
    store_->join(node_->me);
    if (predecessor_ != Incarnation{})
      store_->bury(predecessor_);
    joined_ = true;
  });
}

/// The lease counts from before the renewal was sent: whoever sees the new counter sees it later than that.
bool Membership::renew() {
  const std::int64_t sent_ms = node_->boottime_ms();
  bool is_member = true;
  const bool answered = tried([&] { is_member = store_->renew(); });
  if (!answered) {
    node_->counters.missed_renewals += 1;
    return false;
  }
  if (is_member) {
    node_->lease_until_ms = sent_ms + node_->settings.cluster.lease_local.count();
    return !leaving_ || announce_leaving();
  }
  end();
  // Whoever was about to leave has what he wanted, and his own word may be what ended him.
  if (!leaving_)
    node_->step_down("another node expired this start, because its heartbeat had stood still; only a new start can "
                     "become a member again");
  return false;
}

void Membership::end() {
  is_over_ = true;
  node_->lease_until_ms = 0;
  node_->left = leaving_;
  if (leaving_)
    node_->left_signal.release();
}

void Membership::look() {
  const bool answered = tried([this] {
    read_nodes();
    expire_silent();
  });
  if (!answered)
    return;
  publish();
  for (const OwnershipActor& ownership : node_->ownership)
    self_->send(ownership, LookNow{});
  leave_if_empty();
}

void Membership::read_nodes() {
  const std::vector<NodeRow> rows = store_->nodes();
  observer_.look(rows, node_->boottime_ms());
  const std::vector<NodeView> before = std::exchange(nodes_, {});
  std::vector<NodeRow> peers;
  for (const NodeRow& row : rows) {
    const bool is_me = row.incarnation == node_->me.incarnation;
    if (!is_me && is_live(row) && !row.internal_address.empty())
      peers.push_back(row);
    if (is_me && row.state == NodeState::draining)
      node_->leaving = true;
    nodes_.push_back({row, is_me, false, observer_.silent_for(row.incarnation)});
  }
  // Starts that serve come before ended ones of the same name.
  std::ranges::sort(nodes_, {}, [](const NodeView& node) {
    return std::tuple(!is_live(node.row), node.row.name, node.row.incarnation);
  });
  if (node_->links != nullptr && !node_->me.internal_address.empty())
    node_->links->set_peers(peers);
  log_changes(before);
}

/// The statement compares the counter once more: whoever renewed in the meantime stays.
void Membership::expire_silent() {
  for (NodeView& node : nodes_) {
    if (node.is_me || !is_live(node.row) || node.silent_for < node_->settings.cluster.lease_ttl)
      continue;
    if (!store_->expire(node.row.incarnation, node.row.heartbeat))
      continue;
    node.row.state = NodeState::expired;
    node_->counters.expired_peers += 1;
    log_event(LogLevel::warning, "a node was expired, because its heartbeat stood still",
              {{"name", node.row.name},
               {"incarnation", to_string(node.row.incarnation)},
               {"silent_for_ms", node.silent_for.count()}});
  }
}

void Membership::log_changes(const std::vector<NodeView>& before) const {
  for (const NodeView& node : nodes_) {
    const auto same = [&](const NodeView& old) { return old.row.incarnation == node.row.incarnation; };
    const auto known = std::ranges::find_if(before, same);
    const bool is_news = known == before.end() ? is_live(node.row) : known->row.state != node.row.state;
    if (is_news)
      log_event(LogLevel::info, "a node's state",
                {{"name", node.row.name},
                 {"incarnation", to_string(node.row.incarnation)},
                 {"state", name_of(node.row.state)},
                 {"internal_address", node.row.internal_address}});
  }
}

// --- shards ---

bool Membership::knows_all(const std::vector<ShardRow>& rows) const {
  const auto is_known = [this](const Incarnation& one) {
    return one == Incarnation{} ||
           std::ranges::any_of(nodes_, [&](const NodeView& node) { return node.row.incarnation == one; });
  };
  return std::ranges::all_of(rows, [&](const ShardRow& row) { return is_known(row.owner) && is_known(row.target); });
}

/// A node that is not known may just have joined. Only when it is missing in a table that was read after its name was
/// seen it is gone for good, and its shards are nobody's.
void Membership::on_shards_seen(const ShardsSeen& seen) {
  if (is_over_ || !joined_)
    return;
  if (!knows_all(seen.rows) && !tried([this] { read_nodes(); }))
    return;
  for (const ShardRow& row : seen.rows)
    node_->seats.at(row.shard).database = seen.database;
  duties_.see(seen.database, seen.rows, nodes_, node_->boottime_ms());
  publish();
  decide();
}

std::vector<LaneView> Membership::lanes() const {
  std::vector<LaneView> views;
  for (const std::unique_ptr<LaneSeat>& lane : node_->lanes)
    views.push_back(
        {static_cast<int>(views.size()), lane->ready, lane->waiting_rows, lane->oldest_age(), lane->shards});
  return views;
}

void Membership::publish() {
  auto view = std::make_shared<ClusterView>();
  view->nodes = nodes_;
  for (NodeView& node : view->nodes)
    node.linked = !node.is_me && node_->links != nullptr && node_->links->is_up(node.row.incarnation);
  view->shards.resize(node_->settings.shard_count);
  for (Shard shard = 0; shard < node_->settings.shard_count; ++shard) {
    view->shards[shard].row.shard = shard;
    view->shards[shard].mine = node_->serves(shard);
  }
  duties_.describe(view->shards);
  view->lanes = lanes();
  const std::shared_ptr<const ClusterView> before = node_->view.exchange(view);
  if (is_other_map(*before, *view))
    self_->send(node_->router, MapChanged{});
}

void Membership::decide() {
  const std::shared_ptr<const ClusterView> view = node_->view;
  carry_out(duties_.decide(*view, {node_->lease_holds(), leaving_}, node_->boottime_ms()));
  leave_if_empty();
  if (!leaving_ && duties_.stands_by(*view) && !std::exchange(said_that_it_stands_by_, true))
    log_event(LogLevel::warning, "another node serves this ledger; this one has no cluster.listen, so it waits until "
                                 "that one has left or is silent for cluster.lease_ttl_ms");
}

void Membership::carry_out(const ShardOrders& orders) {
  const auto place = [](int database) { return static_cast<std::size_t>(database); };
  for (const auto& [database, rows] : orders.acquire)
    self_->send(node_->ownership[place(database)], AcquireShards{rows});
  for (const auto& [database, shards] : orders.adopt)
    self_->send(node_->lanes[place(database)]->actor, AdoptShards{shards});
  for (const auto& [database, wishes] : orders.wishes)
    self_->send(node_->ownership[place(database)], SetTargets{wishes});
  for (const auto& [shard, to] : orders.release)
    self_->send(node_->shards[shard], ReleaseShard{to});
}

void Membership::rebalance_now() {
  duties_.rebalance_now(node_->boottime_ms());
  look_now();
}

// --- leaving ---

void Membership::drain(const Incarnation& node) {
  if (tried([&] { store_->set_state(node, NodeState::draining); }))
    look_now();
}

void Membership::leave() {
  if (is_over_)
    return;
  leaving_ = true;
  node_->leaving = true;
  if (!joined_)
    return end();
  if (announce_leaving())
    look_now();
}

/// Tried again at each renewal until it is known to the others.
bool Membership::announce_leaving() {
  if (leave_is_known_)
    return true;
  return tried([this] { leave_is_known_ = store_->set_state(node_->me.incarnation, NodeState::draining); }) &&
         leave_is_known_;
}

/// Once nothing is left to give, or nobody to give it to. Whoever sees that this node left may take what remains at
/// once, so its lease ends first.
void Membership::leave_if_empty() {
  if (is_over_ || !leave_is_known_)
    return;
  const std::shared_ptr<const ClusterView> view = node_->view;
  const auto is_other = [this](const Candidate& candidate) { return candidate.incarnation != node_->me.incarnation; };
  const bool has_heirs = std::ranges::any_of(candidates_of(*view, node_->settings.cluster), is_other);
  const bool is_empty = duties_.databases_seen() == node_->lanes.size() && !duties_.owns_any();
  if (has_heirs && !is_empty)
    return;
  node_->lease_until_ms = 0;
  if (!tried([this] { store_->set_state(node_->me.incarnation, NodeState::left); }))
    return;
  end();
  log_event(LogLevel::info, "left the cluster", {{"gave_everything_away", is_empty}});
}

MembershipActor::behavior_type membership_actor(MembershipActor::stateful_pointer<std::unique_ptr<Membership>> self,
                                                NodePtr node, std::shared_ptr<std::unique_ptr<MembershipStore>> store,
                                                Incarnation predecessor) {
  self->state = std::make_unique<Membership>(self, std::move(node), std::move(*store), predecessor);
  return {
      [self](const ShardsSeen& seen) { self->state->on_shards_seen(seen); },
      [self](const LookNow&) { self->state->look_now(); },
      [self](const Leave&) { self->state->leave(); },
      [self](const RebalanceNow&) { self->state->rebalance_now(); },
      [self](const DrainNode& order) { self->state->drain(order.node); },
      [self](const Tick&) { self->state->tick(); },
  };
}

}  // namespace dompet
