#include "tests/actor/fleet.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "actors/cluster/membership.hpp"
#include "actors/cluster/ownership.hpp"

namespace dompet::simulated {

namespace {

constexpr std::chrono::milliseconds piece{50};

struct Config : caf::actor_system_config {
  Config() {
    set("scheduler.policy", caf::atom("testing"));
    set("logger.verbosity", caf::atom("quiet"));
    set("logger.console", caf::atom("none"));
  }
};

Incarnation incarnation(std::uint64_t number) {
  Incarnation id;
  id.uuid.bytes[15] = static_cast<std::uint8_t>(number);
  return id;
}

template <class Handle>
const caf::resumable* job_of(const Handle& actor) {
  return dynamic_cast<const caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(actor));
}

template <class... Cases>
struct Overloads : Cases... {
  using Cases::operator()...;
};

/// An actor with this handle that does what `does` says of the messages that matter, and nothing about the others.
template <class Does, class... Messages>
caf::typed_behavior<caf::reacts_to<Messages>...> stand_in(caf::typed_actor<caf::reacts_to<Messages>...>, Does does) {
  return {[does](const Messages& message) { does(message); }...};
}

template <class... Cases>
Overloads<Cases...> cases(Cases... those) {
  return {those...};
}

LaneActor::behavior_type lane_stand_in(LaneActor::pointer, Fleet::Member* member, PlainShards* shards, int database) {
  const auto adopt = [=](const AdoptShards& order) {
    for (const Shard shard : order.shards)
      if (!member->lanes_are_deaf && shards->row(shard).owner == member->id()) {
        member->node->seats[shard].database = database;
        member->node->seats[shard].generation = 1;
      }
  };
  const auto reset = [=](const ResetLane&) { member->resets += 1; };
  return stand_in(LaneActor{}, cases(adopt, reset, [](const auto&) {}));
}

ShardActor::behavior_type shard_stand_in(ShardActor::pointer self, Fleet::Member* member, PlainShards* shards,
                                         Shard shard) {
  const auto release = [=](const ReleaseShard& order) {
    member->told_to_release.push_back(shard);
    if (member->shards_hold_on)
      return;
    member->node->seats[shard].generation = 0;
    shards->hand_over(shard, order.to);
    self->send(member->node->membership, LookNow{});
  };
  return stand_in(ShardActor{}, cases(release, [](const auto&) {}));
}

}  // namespace

// --- the table of shards ---

PlainShards::PlainShards(Shard first, Shard count) {
  for (Shard shard = first; shard < first + count; ++shard)
    rows_[shard].shard = shard;
}

std::vector<ShardRow> PlainShards::rows() const {
  std::vector<ShardRow> all;
  for (const auto& [shard, row] : rows_)
    all.push_back(row);
  return all;
}

std::vector<Shard> PlainShards::take(const Incarnation& me, const std::vector<ShardRow>& seen) {
  attempts_to_take_ += 1;
  std::vector<Shard> taken;
  for (const ShardRow& row : seen)
    if (!refuses_ && rows_.at(row.shard).epoch == row.epoch && rows_.at(row.shard).owner == row.owner) {
      rows_.at(row.shard) = {row.shard, me, row.epoch + 1, {}};
      taken.push_back(row.shard);
    }
  return taken;
}

bool PlainShards::set_target(const ShardRow& seen, const Incarnation& target) {
  ShardRow& row = rows_.at(seen.shard);
  if (row.epoch != seen.epoch || row.owner != seen.owner)
    return false;
  row.target = target;
  const auto has_wish = [](const auto& entry) { return entry.second.target != Incarnation{}; };
  most_open_wishes_ = std::max(most_open_wishes_, static_cast<int>(std::ranges::count_if(rows_, has_wish)));
  return true;
}

void PlainShards::hand_over(Shard shard, const Incarnation& to) {
  ShardRow& row = rows_.at(shard);
  row = {shard, to, row.epoch + 1, {}};
  hand_overs_ += 1;
}

// --- the nodes ---

struct Fleet::Machine {
  Config config{};
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
};

Fleet::Fleet(EngineSettings settings, int databases)
    : settings_(std::move(settings)), machine_(std::make_unique<Machine>()) {
  spdlog::set_level(spdlog::level::off);
  const Shard each = static_cast<Shard>(settings_.shard_count / databases);
  for (int database = 0; database < databases; ++database)
    databases_.emplace_back(static_cast<Shard>(database * each), each);
}

/// Timers keep the actors of a node that ended: they fire into the void first.
Fleet::~Fleet() {
  for (const auto& member : members_)
    kill(*member);
  do
    run();
  while (machine_->scheduler.trigger_timeouts() > 0);
}

Fleet::Member& Fleet::start(const std::string& name, const std::string& address, const Incarnation& predecessor) {
  members_.push_back(std::make_unique<Member>());
  Member& member = *members_.back();
  const NodePtr node = std::make_shared<Node>(settings_, static_cast<int>(databases_.size()));
  member.node = node;
  node->me.incarnation = incarnation(next_incarnation_++);
  node->me.name = name;
  node->me.internal_address = address;
  node->links = &member;
  node->unix_ms = [this] { return now_ms_; };
  node->boottime_ms = [this] { return now_ms_; };
  node->step_down = [&member](const std::string& reason) { member.stepped_down = reason; };
  caf::actor_system& system = machine_->system;
  for (std::size_t i = 0; i < databases_.size(); ++i) {
    const int database = static_cast<int>(i);
    node->lanes[i]->actor = system.spawn(lane_stand_in, &member, &databases_[i], database);
    auto store = std::make_shared<std::unique_ptr<OwnershipStore>>(
        table.ownership_of(member.id(), database, databases_[i], member.alive));
    node->ownership.push_back(system.spawn(ownership_actor, node, database, std::move(store)));
  }
  for (Shard shard = 0; shard < settings_.shard_count; ++shard) {
    const auto home = std::ranges::find_if(databases_, [shard](const PlainShards& one) { return one.has(shard); });
    node->shards.push_back(system.spawn(shard_stand_in, &member, &*home, shard));
  }
  auto store = std::make_shared<std::unique_ptr<MembershipStore>>(table.membership_of(member.id(), member.alive));
  node->membership = system.spawn(membership_actor, node, std::move(store), predecessor);
  caf::anon_send(node->membership, Tick{});
  return member;
}

void Fleet::kill(Member& member) {
  if (!*member.alive)
    return;
  *member.alive = false;
  member.is_stopped = member.ownership_hangs = false;
  Node& node = *member.node;
  caf::anon_send_exit(node.membership, caf::exit_reason::kill);
  for (const OwnershipActor& ownership : node.ownership)
    caf::anon_send_exit(ownership, caf::exit_reason::kill);
  for (const auto& lane : node.lanes)
    caf::anon_send_exit(lane->actor, caf::exit_reason::kill);
  for (const ShardActor& shard : node.shards)
    caf::anon_send_exit(shard, caf::exit_reason::kill);
  node.membership = MembershipActor{};
  node.ownership.clear();
  node.shards.clear();
  for (const auto& lane : node.lanes)
    lane->actor = LaneActor{};
  for (ShardSeat& seat : node.seats)
    seat.generation = 0;
}

bool Fleet::may_run(const caf::resumable* job) const {
  for (const auto& member : members_) {
    if (!*member->alive || (!member->is_stopped && !member->ownership_hangs))
      continue;
    const Node& node = *member->node;
    const bool is_ownership =
        std::ranges::any_of(node.ownership, [job](const OwnershipActor& one) { return job_of(one) == job; });
    if (is_ownership)
      return false;
    const auto is_shard = [job](const ShardActor& shard) { return job_of(shard) == job; };
    const auto is_lane = [job](const auto& lane) { return job_of(lane->actor) == job; };
    if (member->is_stopped && (job_of(node.membership) == job || std::ranges::any_of(node.lanes, is_lane) ||
                               std::ranges::any_of(node.shards, is_shard)))
      return false;
  }
  return true;
}

void Fleet::run() {
  auto& jobs = machine_->scheduler.jobs;
  for (;;) {
    const auto job = std::ranges::find_if(jobs, [this](const caf::resumable* one) { return may_run(one); });
    if (job == jobs.end())
      return;
    std::rotate(jobs.begin(), job, std::next(job));
    machine_->scheduler.run_once();
  }
}

void Fleet::pass(std::chrono::milliseconds time) {
  pass_until([] { return false; }, time);
}

bool Fleet::pass_until(const std::function<bool()>& holds, std::chrono::milliseconds limit) {
  for (auto passed = std::chrono::milliseconds{0}; passed < limit; passed += piece) {
    run();
    if (holds())
      return true;
    now_ms_ += piece.count();
    machine_->scheduler.advance_time(piece);
  }
  run();
  return holds();
}

const ShardRow& Fleet::row(Shard shard) const {
  return std::ranges::find_if(databases_, [shard](const PlainShards& one) { return one.has(shard); })->row(shard);
}

std::size_t Fleet::owned_by(const Member& member) const {
  std::size_t count = 0;
  for (Shard shard = 0; shard < settings_.shard_count; ++shard)
    count += row(shard).owner == member.id() ? 1 : 0;
  return count;
}

std::size_t Fleet::served_by(const Member& member) const {
  std::size_t count = 0;
  for (Shard shard = 0; shard < settings_.shard_count; ++shard)
    count += row(shard).owner == member.id() && member.node->serves(shard) ? 1 : 0;
  return count;
}

NodeState Fleet::state_of(const Member& member) const { return table.find(member.id())->state; }

}  // namespace dompet::simulated
