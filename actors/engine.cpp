#include "actors/engine.hpp"

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <future>
#include <limits>
#include <thread>

#include "actors/lane.hpp"
#include "actors/node.hpp"
#include "actors/read_pool.hpp"
#include "actors/saga_engine.hpp"
#include "actors/shard.hpp"

namespace dompet {

namespace {

constexpr auto drain_limit = std::chrono::seconds(10);
constexpr auto idle_probe_interval = std::chrono::seconds(1);
constexpr int gave_up_exit_code = 70;

struct SchedulerConfig : caf::actor_system_config {
  explicit SchedulerConfig(const EngineSettings& settings) {
    set("scheduler.policy", caf::atom("stealing"));
    set("scheduler.max-threads", static_cast<std::size_t>(settings.scheduler_threads));
    set("scheduler.max-throughput", static_cast<std::size_t>(50));
    // Few polls, then sleep until woken: an idle node costs no CPU (docs/decisions/0005).
    set("work-stealing.aggressive-poll-attempts", static_cast<std::size_t>(1));
    set("work-stealing.moderate-poll-attempts", static_cast<std::size_t>(1));
    set("work-stealing.relaxed-sleep-duration", caf::timespan(std::chrono::milliseconds(100)));
    set("logger.console", caf::atom("none"));
  }
};

/// The shard that a request begins in: the source's, or the one wallet's that it is about.
WalletId first_wallet(const Request& request) {
  if (const auto* money = std::get_if<MoveMoneyRequest>(&request))
    return money->transaction->kind == TransactionKind::topup ? money->transaction->destination
                                                              : money->transaction->source;
  if (const auto* open = std::get_if<OpenWalletRequest>(&request))
    return open->wallet;
  if (const auto* change = std::get_if<ChangeWalletRequest>(&request))
    return change->wallet;
  return std::get<ReadWalletRequest>(request).wallet;
}

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

[[noreturn]] void stop_process(const std::string& reason) {
  spdlog::critical("the node gives up: {}", reason);
  spdlog::default_logger()->flush();
  std::_Exit(gave_up_exit_code);
}

/// An empty entry for a lane that had nothing to do: its commit shows whether the database is still there, so that an
/// idle node does not call itself ready without one.
void probe_idle_lane(const NodePtr& node, std::uint64_t& commits_seen) {
  const std::uint64_t commits = node->counters.commits;
  if (node->ready && commits == commits_seen) {
    auto barrier = std::make_shared<LaneEntry>();
    barrier->generation = node->generation;
    caf::anon_send(node->lane, Append{std::move(barrier)});
  }
  commits_seen = commits;
}

/// Watches the actors that must never die: the lane, the shards, the saga engines (protocol 5.4, escalation).
caf::behavior process_supervisor(caf::stateful_actor<std::uint64_t>* self, const NodePtr& node) {
  self->monitor(node->lane);
  for (const ShardActor& shard : node->shards)
    self->monitor(shard);
  for (const SagaEngineActor& engine : node->sagas)
    self->monitor(engine);
  self->set_down_handler([node](const caf::down_msg& down) {
    if (down.reason != caf::exit_reason::user_shutdown)
      node->give_up("an actor that holds the node together crashed: " + caf::to_string(down.reason));
  });
  self->delayed_send(self, idle_probe_interval, Tick{});
  return {[self, node](const Tick&) {
    probe_idle_lane(node, self->state);
    self->delayed_send(self, idle_probe_interval, Tick{});
  }};
}

}  // namespace

class Engine::Parts {
 public:
  Parts(const EngineSettings& settings, const LaneStoreFactory& lane_store, const ReaderFactory& reader,
        ReplySink& sink)
      : config_(settings), system_(config_), pool_(settings.query_connections, settings.query_queue, reader) {
    node_->settings = settings;
    node_->sink = &sink;
    node_->pool = &pool_;
    node_->unix_ms = wall_clock_ms;
    node_->give_up = stop_process;
    auto store = std::make_shared<std::unique_ptr<LaneStore>>(lane_store());
    node_->lane = system_.spawn<caf::detached>(lane_actor, node_, std::move(store));
    for (Shard shard = 0; shard < settings.shard_count; ++shard) {
      node_->shards.push_back(system_.spawn(shard_actor, node_, shard));
      node_->sagas.push_back(system_.spawn(saga_engine_actor, node_, shard));
    }
    supervisor_ = system_.spawn(process_supervisor, node_);
    caf::anon_send(node_->lane, AcquireShards{});
  }

  ~Parts() {
    drain();
    let_wallets_go();
    stop(supervisor_);
    pool_.stop();
    for (const ShardActor& shard : node_->shards)
      stop(shard);
    for (const SagaEngineActor& engine : node_->sagas)
      stop(engine);
    stop(node_->lane);
    // The actors know each other through the node: these handles would keep them alive for ever.
    node_->shards.clear();
    node_->sagas.clear();
    node_->lane = LaneActor{};
    supervisor_ = caf::actor{};
  }

  /// A wallet whose transfer is still under way knows itself through the transfer and would never end: a last
  /// generation, in which nothing can be appended, makes every wallet answer what it has under way and stop.
  void let_wallets_go() {
    for (const ShardActor& shard : node_->shards)
      caf::anon_send(shard, BeginGeneration{std::numeric_limits<std::uint64_t>::max()});
    const auto deadline = std::chrono::steady_clock::now() + drain_limit;
    while (node_->counters.resident_wallets > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
  }

  /// Ends an actor and waits for its end, so that nobody uses the node while it is taken apart.
  template <class Handle>
  void stop(const Handle& actor) {
    caf::scoped_actor self{system_};
    self->send_exit(actor, caf::exit_reason::user_shutdown);
    self->wait_for(actor);
  }

  /// Waits until everything that is in the lane now is durable or refused.
  void drain() {
    const auto done = std::make_shared<std::promise<void>>();
    auto barrier = std::make_shared<LaneEntry>();
    barrier->generation = generation_seen();
    barrier->when_durable = [done](const RecordPtr&) { done->set_value(); };
    barrier->when_lost = [done](bool) { done->set_value(); };
    caf::anon_send(node_->lane, Append{std::move(barrier)});
    if (done->get_future().wait_for(drain_limit) != std::future_status::ready)
      spdlog::warn("the lane did not drain within {} s", drain_limit.count());
  }

  std::uint64_t generation_seen() const { return node_->generation.load(); }

  SchedulerConfig config_;
  caf::actor_system system_;
  SessionPool pool_;
  NodePtr node_ = std::make_shared<Node>();
  caf::actor supervisor_{};
};

Engine::Engine(EngineSettings settings, LaneStoreFactory lane_store, ReaderFactory reader, ReplySink& sink)
    : parts_(std::make_unique<Parts>(settings, lane_store, reader, sink)) {}

Engine::~Engine() = default;

void Engine::submit(std::uint64_t correlation, Request request) {
  const ShardActor& shard = parts_->node_->shard_of_wallet(first_wallet(request));
  caf::anon_send(shard, Submit{correlation, std::move(request)});
}

bool Engine::query(QueryWork work, std::function<void(std::string reason)> on_failure) {
  return parts_->pool_.query(
      std::move(work), [on_failure = std::move(on_failure)](const std::string& reason, bool) { on_failure(reason); });
}

Pressure Engine::pressure() const {
  const Node& node = *parts_->node_;
  const std::int64_t oldest = node.oldest_waiting_ms;
  return {node.ready, node.waiting_rows,
          std::chrono::milliseconds(oldest == 0 ? 0 : std::max<std::int64_t>(0, steady_ms() - oldest))};
}

EngineCounters Engine::counters() const {
  const AtomicCounters& now = parts_->node_->counters;
  return {now.commits,          now.committed_records,  now.commit_microseconds,
          now.lane_resets,      now.unknown_commits,    now.rejected_commits,
          now.wallet_loads,     now.wallet_crashes,     now.quarantined_wallets,
          now.resident_wallets, now.passivated_wallets, now.key_lookups,
          now.saga_resends,     now.integrity_alarms};
}

}  // namespace dompet
