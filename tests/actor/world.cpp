#include "tests/actor/world.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

#include "actors/lane.hpp"
#include "actors/saga_engine.hpp"
#include "actors/shard.hpp"

namespace dompet::simulated {

namespace {

constexpr std::int64_t first_ms = 1'750'000'000'000;
constexpr std::size_t too_many_steps = 1'000'000;

struct Config : caf::actor_system_config {
  Config() {
    set("scheduler.policy", caf::atom("testing"));
    set("logger.verbosity", caf::atom("quiet"));
    set("logger.console", caf::atom("none"));
  }
};

}  // namespace

struct World::Machine {
  Config config{};
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  std::size_t own_actors = system.registry().running();
};

EngineSettings small_node() {
  EngineSettings settings;
  settings.shard_count = 4;
  return settings;
}

EngineSettings slow_node() {
  EngineSettings settings = small_node();
  settings.fast_path = false;
  return settings;
}

World::World(SimulatedLedger& ledger, EngineSettings settings, std::optional<std::uint64_t> seed)
    : ledger_(ledger), settings_(settings), now_ms_(first_ms) {
  spdlog::set_level(spdlog::level::off);
  if (seed)
    random_.emplace(static_cast<std::minstd_rand::result_type>(*seed % 2'147'483'646 + 1));
  start();
}

World::~World() { kill(); }

void World::start() {
  kill();
  alive_ = std::make_shared<bool>(true);
  gave_up_.reset();
  machine_ = std::make_unique<Machine>();
  node_ = std::make_shared<Node>();
  node_->settings = settings_;
  node_->sink = this;
  node_->pool = this;
  node_->unix_ms = [this] { return now_ms_; };
  node_->give_up = [this](const std::string& reason) { gave_up_ = reason; };
  auto store = std::make_shared<std::unique_ptr<LaneStore>>(ledger_.connect(alive_));
  node_->lane = machine_->system.spawn(lane_actor, node_, std::move(store));
  for (Shard shard = 0; shard < settings_.shard_count; ++shard) {
    node_->shards.push_back(machine_->system.spawn(shard_actor, node_, shard));
    node_->sagas.push_back(machine_->system.spawn(saga_engine_actor, node_, shard));
  }
  caf::anon_send(node_->lane, AcquireShards{});
}

/// A process that is killed takes its actors with it; ours must be talked out of it one by one, deaf and without a
/// database: wallets first, since a transfer that is under way and its wallet hold on to each other.
void World::kill() {
  if (!machine_)
    return;
  *alive_ = false;
  reads_.clear();
  for (const ShardActor& shard : node_->shards)
    caf::anon_send(shard, BeginGeneration{std::numeric_limits<std::uint64_t>::max()});
  while (jobs() > 0)
    run_job(0);
  for (const ShardActor& shard : node_->shards)
    caf::anon_send_exit(shard, caf::exit_reason::kill);
  for (const SagaEngineActor& engine : node_->sagas)
    caf::anon_send_exit(engine, caf::exit_reason::kill);
  caf::anon_send_exit(node_->lane, caf::exit_reason::kill);
  do {
    while (jobs() > 0)
      run_job(0);
  } while (machine_->scheduler.trigger_timeouts() > 0);
  node_->shards.clear();
  node_->sagas.clear();
  node_->lane = LaneActor{};
  node_.reset();
  leaked_actors_ += machine_->system.registry().running() - machine_->own_actors;
  if (leaked_actors_ > 0)
    machine_->system.await_actors_before_shutdown(false);
  machine_.reset();
}

std::uint64_t World::submit(Request request) {
  const std::uint64_t correlation = next_correlation_++;
  const auto first = [](const auto& asked) {
    if constexpr (requires { asked.transaction; })
      return asked.transaction->kind == TransactionKind::topup ? asked.transaction->destination
                                                               : asked.transaction->source;
    else
      return asked.wallet;
  };
  const WalletId wallet = std::visit(first, request);
  caf::anon_send(node_->shard_of_wallet(wallet), Submit{correlation, std::move(request)});
  return correlation;
}

std::size_t World::jobs() const { return machine_ ? machine_->scheduler.jobs.size() : 0; }

std::size_t World::draw(std::size_t count) { return random_ ? static_cast<std::size_t>((*random_)()) % count : 0; }

void World::run_job(std::size_t index) {
  auto& waiting = machine_->scheduler.jobs;
  if (index > 0)
    std::swap(waiting[0], waiting[index]);
  machine_->scheduler.run_once();
}

void World::run_read(std::size_t index) {
  const Read read = std::move(reads_[index]);
  reads_.erase(reads_.begin() + static_cast<std::ptrdiff_t>(index));
  if (reads_to_fail_ > 0) {
    --reads_to_fail_;
    return read.failed("simulated: the database does not answer", false);
  }
  try {
    read.work(ledger_);
  } catch (const Unreadable& damage) {
    read.failed(damage.what(), true);
  }
}

bool World::step() {
  const std::size_t readable = reads_are_held_ ? 0 : reads_.size();
  const std::size_t choices = jobs() + readable;
  if (choices == 0)
    return false;
  const std::size_t choice = draw(choices);
  if (choice < jobs())
    run_job(choice);
  else
    run_read(choice - jobs());
  return true;
}

void World::run() {
  for (std::size_t steps = 0; step(); ++steps)
    if (steps > too_many_steps)
      throw std::runtime_error("the world does not come to rest");
}

void World::run_without_lane() {
  const auto* lane = dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(node_->lane));
  for (;;) {
    auto& waiting = machine_->scheduler.jobs;
    const auto place = std::ranges::find_if(waiting, [&](const caf::resumable* job) { return job != lane; });
    if (place != waiting.end())
      run_job(static_cast<std::size_t>(place - waiting.begin()));
    else if (!reads_.empty() && !reads_are_held_)
      run_read(0);
    else
      return;
  }
}

void World::advance(std::chrono::milliseconds time) {
  now_ms_ += time.count();
  machine_->scheduler.advance_time(time);
}

void World::pass(std::chrono::milliseconds time) {
  advance(time);
  run();
}

bool World::pass_until(const std::function<bool()>& holds, std::chrono::milliseconds limit) {
  constexpr std::chrono::milliseconds piece{50};
  for (auto passed = std::chrono::milliseconds{0}; passed < limit; passed += piece) {
    run();
    if (holds())
      return true;
    advance(piece);
  }
  run();
  return holds();
}

void World::deliver(std::vector<Answer> answers) {
  if (!*alive_)
    return;
  for (Answer& answer : answers) {
    if (listen_)
      listen_(answer);
    answers_[answer.correlation].push_back(std::move(answer.result));
  }
}

bool World::read(std::function<void(RecoveryStore&)> work, std::function<void(const std::string&, bool)> failed) {
  if (!*alive_ || pool_is_full_)
    return false;
  reads_.push_back({std::move(work), std::move(failed)});
  return true;
}

}  // namespace dompet::simulated
