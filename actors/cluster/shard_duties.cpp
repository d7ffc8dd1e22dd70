#include "actors/cluster/shard_duties.hpp"

#include <algorithm>

namespace dompet {

namespace {

bool is_live(const NodeRow& node) { return node.state == NodeState::up || node.state == NodeState::draining; }

const NodeView* find_node(const std::vector<NodeView>& nodes, const Incarnation& node) {
  const auto found = std::ranges::find_if(nodes, [&](const NodeView& one) { return one.row.incarnation == node; });
  return found == nodes.end() ? nullptr : &*found;
}

/// Nobody's: never taken, or its owner ended. An owner that is not in the table ended long ago.
bool is_ownerless(const ShardRow& row, const std::vector<NodeView>& nodes) {
  const NodeView* const owner = find_node(nodes, row.owner);
  return owner == nullptr || !is_live(owner->row);
}

bool is_other_and_live(const NodeView& node) { return !node.is_me && is_live(node.row); }

bool has_wish(const ShardRow& row) { return row.target != Incarnation{} && row.target != row.owner; }

constexpr int looks_before_stale = 3;

/// How long an ownerless shard is left to the node that it is drawn to, before anybody takes it.
std::chrono::milliseconds patience_with_preferred(const ClusterSettings& settings) { return 2 * settings.renew; }

}  // namespace

std::vector<Candidate> candidates_of(const ClusterView& view, const ClusterSettings& settings) {
  const bool is_alone = std::ranges::none_of(view.nodes, is_other_and_live);
  std::vector<Candidate> found;
  for (const NodeView& node : view.nodes) {
    const bool is_reachable = !node.row.internal_address.empty() || (node.is_me && is_alone);
    const bool beats = node.is_me || node.silent_for < settings.lease_ttl / 2;
    if (node.row.state == NodeState::up && is_reachable && beats)
      found.push_back({node.row.incarnation, node.row.name});
  }
  return found;
}

void ShardDuties::see(int database, const std::vector<ShardRow>& rows, const std::vector<NodeView>& nodes,
                      std::int64_t now_ms) {
  databases_[database] = now_ms;
  // What is listed no more lives elsewhere now, and is seen there.
  std::erase_if(shards_, [&](const auto& entry) {
    return entry.second.database == database && std::ranges::count(rows, entry.first, &ShardRow::shard) == 0;
  });
  for (const ShardRow& row : rows) {
    const auto [place, is_new] = shards_.try_emplace(row.shard);
    Watched& shard = place->second;
    const NodeView* const owner = find_node(nodes, row.owner);
    const std::string name = owner == nullptr ? std::string{} : owner->row.name;
    // A node that starts again and takes back its own has moved nothing.
    if (!is_new && shard.row.owner != row.owner && !shard.owner_name.empty() && !name.empty() &&
        shard.owner_name != name)
      shard.moved_ms = now_ms;
    shard.database = database;
    shard.row = row;
    if (!name.empty())
      shard.owner_name = name;
  }
}

bool ShardDuties::ask(Watched& shard, Asked what, const Look& look, std::chrono::milliseconds patience) {
  if (shard.asked == what && shard.asked_row == shard.row && look.now_ms - shard.asked_ms < patience.count())
    return false;
  shard.asked = what;
  shard.asked_row = shard.row;
  shard.asked_ms = look.now_ms;
  return true;
}

bool ShardDuties::is_fresh(const Watched& shard, const Look& look) const {
  return look.now_ms - databases_.at(shard.database) <= looks_before_stale * settings_.renew.count();
}

bool ShardDuties::is_candidate(const Look& look, const Incarnation& node) const {
  return std::ranges::count(look.candidates, node, &Candidate::incarnation) > 0;
}

bool ShardDuties::is_draining(const Look& look) const {
  const NodeView* const me = find_node(look.view.nodes, me_);
  return look.intent.leaving || (me != nullptr && me->row.state == NodeState::draining);
}

bool ShardDuties::stands_by(const ClusterView& view) const {
  const NodeView* const me = find_node(view.nodes, me_);
  return me != nullptr && me->row.internal_address.empty() && std::ranges::any_of(view.nodes, is_other_and_live);
}

/// Nodes that stand by for each other, because both were started on a ledger that is to be served by one, would wait
/// for ever: after the patience the first of them goes on.
bool ShardDuties::takes(const Watched& shard, const Look& look) const {
  const bool waited = look.now_ms - *shard.ownerless_since_ms > patience_with_preferred(settings_).count();
  if (stands_by(look.view)) {
    const auto goes_first = [this](const NodeView& node) {
      return is_other_and_live(node) && (!node.row.internal_address.empty() || node.row.incarnation < me_);
    };
    return waited && !is_draining(look) && std::ranges::none_of(look.view.nodes, goes_first);
  }
  if (!is_candidate(look, me_))
    return false;
  const Candidate* const first = preferred(shard.row.shard, look.candidates);
  return waited || first->incarnation == me_;
}

void ShardDuties::take(Watched& shard, const Look& look, ShardOrders& orders) const {
  if (!shard.ownerless_since_ms)
    shard.ownerless_since_ms = look.now_ms;
  if (look.intent.is_member && takes(shard, look) && ask(shard, Asked::acquire, look, settings_.renew))
    orders.acquire[shard.database].push_back(shard.row);
}

/// A shard that was just acquired is brought to the lane by the one who acquired it; a renewal later it was lost.
void ShardDuties::serve(Watched& shard, const Look& look, ShardOrders& orders) const {
  const bool just_acquired = shard.asked == Asked::acquire && shard.asked_row.epoch + 1 == shard.row.epoch &&
                             look.now_ms - shard.asked_ms < settings_.renew.count();
  const bool is_served = look.view.shards[shard.row.shard].mine;
  if (!is_served && !just_acquired && ask(shard, Asked::adopt, look, settings_.renew))
    orders.adopt[shard.database].push_back(shard.row.shard);
}

void ShardDuties::let_go(const Look& look, ShardOrders& orders) {
  const auto is_mine = [&](const Watched& shard) {
    return shard.row.owner == me_ && look.view.shards[shard.row.shard].mine;
  };
  const auto is_under_way = [&](const auto& entry) {
    const Watched& shard = entry.second;
    return shard.asked == Asked::release && shard.asked_row == shard.row && is_mine(shard) &&
           look.now_ms - shard.asked_ms < release_patience.count();
  };
  auto under_way = std::ranges::count_if(shards_, is_under_way);
  for (auto& [number, shard] : shards_) {
    if (under_way >= settings_.concurrent_moves)
      return;
    if (!has_wish(shard.row) || !is_mine(shard) || !is_candidate(look, shard.row.target))
      continue;
    if (!ask(shard, Asked::release, look, release_patience))
      continue;
    orders.release.emplace_back(number, shard.row.target);
    under_way += 1;
  }
}

Placement ShardDuties::placement(const Look& look) const {
  Placement placement;
  placement.candidates = look.candidates;
  if (is_draining(look))
    placement.leaving.push_back(me_);
  for (const auto& [number, shard] : shards_) {
    if (is_ownerless(shard.row, look.view.nodes) || !is_fresh(shard, look))
      continue;
    const std::chrono::milliseconds settled{shard.moved_ms ? look.now_ms - *shard.moved_ms
                                                           : settings_.move_dwell.count()};
    placement.shards.push_back({number, shard.row.owner, shard.row.target, settled});
  }
  return placement;
}

/// Balance is planned by the candidate with the smallest incarnation, so that normally one does it; a leaving node
/// plans for itself, and whoever was ordered to rebalance does. When two plan at once the rows tell the second one no.
std::vector<Move> ShardDuties::moves(const Look& look) {
  const bool ordered = look.now_ms < rebalance_until_ms_;
  MoveLimits limits{settings_.concurrent_moves, settings_.move_dwell, balancing_ || ordered};
  if (ordered)
    limits.dwell = std::chrono::milliseconds{0};
  if (is_draining(look)) {
    std::vector<Move> found = plan_moves(placement(look), limits);
    std::erase_if(found, [this](const Move& move) { return move.from != me_; });
    return found;
  }
  const bool is_first =
      !look.candidates.empty() && std::ranges::min(look.candidates, {}, &Candidate::incarnation).incarnation == me_;
  if (!is_first && !(ordered && is_candidate(look, me_)))
    return {};
  std::vector<Move> found = plan_moves(placement(look), limits);
  const bool is_moving = std::ranges::any_of(shards_, [&](const auto& entry) {
    return has_wish(entry.second.row) && is_candidate(look, entry.second.row.target);
  });
  balancing_ = !found.empty() || (balancing_ && is_moving);
  if (found.empty() && !is_moving)
    rebalance_until_ms_ = 0;
  return found;
}

void ShardDuties::plan(const Look& look, ShardOrders& orders) {
  for (const Move& move : moves(look)) {
    Watched& shard = shards_.at(move.shard);
    if (!ask(shard, Asked::wish, look, settings_.renew))
      continue;
    ShardRow wish = shard.row;
    wish.target = move.to;
    orders.wishes[shard.database].push_back(wish);
  }
}

/// A wish for a node that is gone will never come true.
void ShardDuties::withdraw(const Look& look, ShardOrders& orders) {
  for (auto& [number, shard] : shards_) {
    const NodeView* const target = find_node(look.view.nodes, shard.row.target);
    const bool is_void = shard.row.target == shard.row.owner || target == nullptr || !is_live(target->row);
    if (shard.row.owner != me_ || shard.row.target == Incarnation{} || !is_void)
      continue;
    if (!ask(shard, Asked::wish, look, settings_.renew))
      continue;
    ShardRow none = shard.row;
    none.target = Incarnation{};
    orders.wishes[shard.database].push_back(none);
  }
}

ShardOrders ShardDuties::decide(const ClusterView& view, Intent intent, std::int64_t now_ms) {
  Look look{view, intent, now_ms, candidates_of(view, settings_)};
  if (intent.leaving)
    std::erase_if(look.candidates, [this](const Candidate& candidate) { return candidate.incarnation == me_; });
  ShardOrders orders;
  for (auto& [number, shard] : shards_) {
    if (!is_fresh(shard, look))
      continue;
    const bool ownerless = is_ownerless(shard.row, view.nodes);
    if (!ownerless)
      shard.ownerless_since_ms.reset();
    if (shard.row.owner == me_)
      serve(shard, look, orders);
    else if (ownerless)
      take(shard, look, orders);
  }
  if (!intent.is_member)
    return orders;
  let_go(look, orders);
  withdraw(look, orders);
  plan(look, orders);
  return orders;
}

bool ShardDuties::owns_any() const {
  return std::ranges::any_of(shards_, [this](const auto& entry) { return entry.second.row.owner == me_; });
}

void ShardDuties::describe(std::vector<ShardView>& shards) const {
  for (const auto& [number, shard] : shards_) {
    shards.at(number).row = shard.row;
    shards.at(number).database = shard.database;
  }
}

}  // namespace dompet
