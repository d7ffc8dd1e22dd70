#include "tests/actor/simulated_node.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

#include "actors/cluster/membership.hpp"
#include "actors/cluster/ownership.hpp"
#include "actors/lane.hpp"
#include "actors/saga_engine.hpp"
#include "actors/shard.hpp"

namespace dompet::simulated {

namespace {

struct Config : caf::actor_system_config {
  Config() {
    set("scheduler.policy", caf::atom("testing"));
    set("logger.verbosity", caf::atom("quiet"));
    set("logger.console", caf::atom("none"));
  }
};

/// As the engine's: whatever holds the node together and ends takes the process with it.
caf::behavior supervisor(caf::event_based_actor* self, const NodePtr& node) {
  const auto watch = [&](const auto& actor) {
    if (actor)
      self->monitor(actor);
  };
  watch(node->lanes[0]->actor);
  watch(node->router);
  watch(node->membership);
  std::ranges::for_each(node->ownership, watch);
  std::ranges::for_each(node->shards, watch);
  std::ranges::for_each(node->sagas, watch);
  self->set_down_handler([node](const caf::down_msg& down) {
    node->give_up("an actor that holds the node together crashed: " + caf::to_string(down.reason));
  });
  return {[](const Tick&) {}};
}

template <class Handle>
void end(Handle& actor) {
  if (actor)
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  actor = Handle{};
}

}  // namespace

struct SimulatedNode::Machine {
  Config config{};
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  std::size_t own_actors = system.registry().running();
};

SimulatedNode::SimulatedNode(Surroundings around, EngineSettings settings, NodeRow me, Links& links,
                             Incarnation predecessor)
    : around_(std::move(around)), machine_(std::make_unique<Machine>()),
      node_(std::make_shared<Node>(std::move(settings), 1)), answers_(*node_, *this) {
  spdlog::set_level(spdlog::level::off);
  node_->me = std::move(me);
  node_->sink = &answers_;
  node_->pools = {&around_.reads};
  node_->links = &links;
  node_->provider = around_.provider;
  node_->unix_ms = around_.unix_ms;
  node_->boottime_ms = around_.boottime_ms;
  node_->give_up = [this](const std::string& reason) {
    if (*alive_ && !gave_up_)
      gave_up_ = reason;
  };
  node_->step_down = [this](const std::string& reason) {
    *alive_ = false;
    stepped_down_ = reason;
  };
  spawn_actors();
  if (around_.membership != nullptr)
    join(predecessor);
  else
    serve_alone();
  supervisor_ = machine_->system.spawn(supervisor, node_);
}

SimulatedNode::~SimulatedNode() { kill(); }

void SimulatedNode::spawn_actors() {
  caf::actor_system& system = machine_->system;
  auto store = std::make_shared<std::unique_ptr<LaneStore>>(around_.ledger.connect(id(), alive_));
  node_->lanes[0]->actor = system.spawn(lane_actor, node_, 0, std::move(store));
  for (Shard shard = 0; shard < node_->settings.shard_count; ++shard) {
    node_->shards.push_back(system.spawn(shard_actor, node_, shard));
    node_->sagas.push_back(system.spawn(saga_engine_actor, node_, shard));
  }
  node_->router = system.spawn(router_actor, node_);
}

void SimulatedNode::serve_alone() {
  node_->lease_until_ms = std::numeric_limits<std::int64_t>::max();
  around_.ledger.take(id(), around_.ledger.rows());
  caf::anon_send(node_->lanes[0]->actor, ClaimShards{});
}

void SimulatedNode::join(const Incarnation& predecessor) {
  auto shards = std::make_shared<std::unique_ptr<OwnershipStore>>(
      around_.membership->ownership_of(id(), 0, around_.ledger, alive_));
  node_->ownership.push_back(machine_->system.spawn(ownership_actor, node_, 0, std::move(shards)));
  auto nodes = std::make_shared<std::unique_ptr<MembershipStore>>(around_.membership->membership_of(id(), alive_));
  node_->membership = machine_->system.spawn(membership_actor, node_, std::move(nodes), predecessor);
  caf::anon_send(node_->lanes[0]->actor, ClaimShards{});
  caf::anon_send(node_->membership, Tick{});
}

/// A process that is killed takes its actors with it; ours must be talked out of it one by one, deaf and without a
/// database: wallets first, since a transfer that is under way and its wallet hold on to each other.
std::size_t SimulatedNode::kill() {
  if (!machine_)
    return 0;
  *alive_ = false;
  end(supervisor_);
  end(node_->membership);
  std::ranges::for_each(node_->ownership, end<OwnershipActor>);
  for (const ShardActor& shard : node_->shards)
    caf::anon_send(shard, EndTenure{});
  run_all_jobs();
  std::ranges::for_each(node_->shards, end<ShardActor>);
  std::ranges::for_each(node_->sagas, end<SagaEngineActor>);
  end(node_->lanes[0]->actor);
  end(node_->router);
  do
    run_all_jobs();
  while (machine_->scheduler.trigger_timeouts() > 0);
  node_->shards.clear();
  node_->sagas.clear();
  node_->ownership.clear();
  node_.reset();
  const std::size_t leaked = machine_->system.registry().running() - machine_->own_actors;
  if (leaked > 0)
    machine_->system.await_actors_before_shutdown(false);
  machine_.reset();
  return leaked;
}

void SimulatedNode::submit(std::uint64_t correlation, Request request) {
  const Shard shard = shard_of_request(request, node_->settings.shard_count);
  Submit submit{correlation, std::move(request)};
  if (node_->serves(shard))
    caf::anon_send(node_->shards[shard], std::move(submit));
  else
    caf::anon_send(node_->router, Forward{std::move(submit)});
}

std::size_t SimulatedNode::jobs() const { return machine_->scheduler.jobs.size(); }

void SimulatedNode::run_job(std::size_t index) {
  auto& waiting = machine_->scheduler.jobs;
  if (index > 0)
    std::swap(waiting[0], waiting[index]);
  machine_->scheduler.run_once();
}

void SimulatedNode::run_all_jobs() {
  while (jobs() > 0)
    run_job(0);
}

bool SimulatedNode::run_job_beside_lane() {
  const auto* lane = dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(node_->lanes[0]->actor));
  auto& waiting = machine_->scheduler.jobs;
  const auto place = std::ranges::find_if(waiting, [&](const caf::resumable* job) { return job != lane; });
  if (place == waiting.end())
    return false;
  run_job(static_cast<std::size_t>(place - waiting.begin()));
  return true;
}

void SimulatedNode::advance(std::chrono::nanoseconds time) { machine_->scheduler.advance_time(time); }

void SimulatedNode::deliver(std::vector<Answer> answers) {
  if (*alive_)
    around_.clients.deliver(std::move(answers));
}

}  // namespace dompet::simulated
