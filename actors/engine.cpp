#include "actors/engine.hpp"

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <future>
#include <thread>

#include "actors/cluster/basp_links.hpp"
#include "actors/cluster/membership.hpp"
#include "actors/cluster/ownership.hpp"
#include "actors/cluster/router.hpp"
#include "actors/lane.hpp"
#include "actors/node.hpp"
#include "actors/not_now.hpp"
#include "actors/read_pool.hpp"
#include "actors/saga_engine.hpp"
#include "actors/shard.hpp"

namespace dompet {

namespace {

constexpr auto drain_limit = std::chrono::seconds(10);
constexpr auto idle_probe_interval = std::chrono::seconds(1);
/// sysexits.h: EX_SOFTWARE, something broke; EX_TEMPFAIL, start it again.
constexpr int gave_up_exit_code = 70;
constexpr int stepped_down_exit_code = 75;

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
    add_links_to(*this, settings.cluster);
  }
};

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Counts suspends, unlike the steady clock: what a lease is measured with.
std::int64_t boottime_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1'000 + now.tv_nsec / 1'000'000;
}

/// Why a request for this lane is not begun; nothing when it is. With several lanes the door cannot tell: a lane whose
/// database is away would be full of requests that nobody commits.
const char* turned_away(const LaneSeat& lane, const EngineSettings& settings) {
  if (!lane.ready)
    return database_away_sentence;
  const bool is_full = lane.waiting_rows >= settings.lane_queue_rows || lane.oldest_age() > settings.lane_age_limit;
  return is_full ? busy_lane_sentence : nullptr;
}

[[noreturn]] void stop_process(const std::string& reason, int exit_code) {
  spdlog::critical("the node gives up: {}", reason);
  spdlog::default_logger()->flush();
  std::_Exit(exit_code);
}

/// An empty entry for each lane that had nothing to do: its commit shows whether the database is still there, so that
/// an idle node does not call itself ready without one.
void probe_idle_lanes(const NodePtr& node, std::vector<std::uint64_t>& commits_seen) {
  commits_seen.resize(node->lanes.size());
  for (std::size_t i = 0; i < node->lanes.size(); ++i) {
    LaneSeat& lane = *node->lanes[i];
    if (lane.ready && lane.commits == commits_seen[i]) {
      auto barrier = std::make_shared<LaneEntry>();
      barrier->generation = lane.generation;
      lane.append(std::move(barrier));
    }
    commits_seen[i] = lane.commits;
  }
}

/// Watches the actors that must never die: lanes, shards, saga engines, and what keeps the node in the cluster
/// (protocol 5.4, escalation).
caf::behavior process_supervisor(caf::stateful_actor<std::vector<std::uint64_t>>* self, const NodePtr& node) {
  for (const auto& lane : node->lanes)
    self->monitor(lane->actor);
  for (const OwnershipActor& ownership : node->ownership)
    self->monitor(ownership);
  self->monitor(node->router);
  self->monitor(node->membership);
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
    probe_idle_lanes(node, self->state);
    self->delayed_send(self, idle_probe_interval, Tick{});
  }};
}

}  // namespace

Shard shard_of_request(const Request& request, Shard shard_count) {
  if (const auto* saga = std::get_if<SagaOrderRequest>(&request))
    return saga->source_shard;
  if (const auto* word = std::get_if<ProviderWordRequest>(&request))
    return word->source_shard;
  if (const auto* money = std::get_if<MoveMoneyRequest>(&request)) {
    const Transaction& asked = *money->transaction;
    return shard_of(asked.kind == TransactionKind::topup ? asked.destination : asked.source, shard_count);
  }
  if (const auto* open = std::get_if<OpenWalletRequest>(&request))
    return shard_of(open->wallet, shard_count);
  if (const auto* change = std::get_if<ChangeWalletRequest>(&request))
    return shard_of(change->wallet, shard_count);
  return shard_of(std::get<ReadWalletRequest>(request).wallet, shard_count);
}

const NodeView* ClusterView::find(const Incarnation& incarnation) const {
  const auto found = std::ranges::find(nodes, incarnation, [](const NodeView& node) { return node.row.incarnation; });
  return found == nodes.end() ? nullptr : &*found;
}

/// A name may have been several starts': the one that lives is meant.
const NodeView* ClusterView::find(std::string_view node_name) const {
  const auto lives = [&](const NodeView& node) {
    return node.row.name == node_name && (node.row.state == NodeState::up || node.row.state == NodeState::draining);
  };
  const auto found = std::ranges::find_if(nodes, lives);
  return found == nodes.end() ? nullptr : &*found;
}

class Engine::Parts {
 public:
  Parts(const EngineSettings& settings, Member member, const std::vector<DatabaseAccess>& databases, ReplySink& sink,
        ProviderPort* provider)
      : config_(settings), system_(config_),
        node_(std::make_shared<Node>(settings, static_cast<int>(databases.size()))), sink_(*node_, sink) {
    node_->me = member.me;
    node_->sink = &sink_;
    node_->provider = provider;
    node_->unix_ms = settings.wall_clock_ms ? settings.wall_clock_ms : wall_clock_ms;
    node_->boottime_ms = boottime_ms;
    node_->risk.set(settings.risk_rules, boottime_ms());
    node_->give_up = [](const std::string& reason) { stop_process(reason, gave_up_exit_code); };
    node_->step_down = [](const std::string& reason) { stop_process(reason, stepped_down_exit_code); };
    for (const DatabaseAccess& database : databases) {
      pools_.push_back(
          std::make_unique<SessionPool>(settings.query_connections, settings.query_queue, database.reader));
      node_->pools.push_back(pools_.back().get());
    }
    spawn_wallets();
    spawn_lanes(databases);
    join(std::move(member), databases);
    supervisor_ = system_.spawn(process_supervisor, node_);
  }

  /// The lanes first: what they have by then is durable or answered, and nothing that a wallet says afterwards, when it
  /// lets go of what is under way, can turn out to be untrue.
  ~Parts() {
    for (const auto& lane : node_->lanes)
      drain(*lane);
    stop(supervisor_);
    for (const auto& lane : node_->lanes)
      stop(lane->actor);
    let_wallets_go();
    stop(node_->membership);
    for (const OwnershipActor& ownership : node_->ownership)
      stop(ownership);
    stop(node_->router);
    links_.reset();
    for (const auto& pool : pools_)
      pool->stop();
    for (const ShardActor& shard : node_->shards)
      stop(shard);
    for (const SagaEngineActor& engine : node_->sagas)
      stop(engine);
    forget_actors();
  }

  void spawn_wallets() {
    for (Shard shard = 0; shard < node_->settings.shard_count; ++shard) {
      node_->shards.push_back(system_.spawn(shard_actor, node_, shard));
      node_->sagas.push_back(system_.spawn(saga_engine_actor, node_, shard));
    }
    node_->router = system_.spawn(router_actor, node_);
  }

  void spawn_lanes(const std::vector<DatabaseAccess>& databases) {
    for (std::size_t i = 0; i < databases.size(); ++i) {
      auto store = std::make_shared<std::unique_ptr<LaneStore>>(databases[i].lane_store());
      node_->lanes[i]->actor = system_.spawn<caf::detached>(lane_actor, node_, static_cast<int>(i), std::move(store));
    }
  }

  /// From here on the node is a member: it is found, trusted, and given shards. Nobody can greet it before membership
  /// has told the others of it, so no frame arrives before the router knows its links.
  void join(Member member, const std::vector<DatabaseAccess>& databases) {
    const auto observe = [node = node_](LinkEvent event) {
      if (event == LinkEvent::lost)
        node->counters.link_losses += 1;
      if (event == LinkEvent::gateway_ended)
        node->give_up("the gateway for the other nodes ended by itself");
    };
    links_ = make_basp_links(system_, node_->settings.cluster, node_->me, node_->router, observe);
    node_->links = links_.get();
    for (std::size_t i = 0; i < databases.size(); ++i) {
      auto store = std::make_shared<std::unique_ptr<OwnershipStore>>(databases[i].ownership());
      node_->ownership.push_back(
          system_.spawn<caf::detached>(ownership_actor, node_, static_cast<int>(i), std::move(store)));
    }
    auto store = std::make_shared<std::unique_ptr<MembershipStore>>(member.store());
    node_->membership = system_.spawn<caf::detached>(membership_actor, node_, std::move(store), member.predecessor);
    caf::anon_send(node_->membership, Tick{});
  }

  /// A wallet whose transfer is still under way knows itself through the transfer and would never end: the end of its
  /// shard's tenure makes every wallet answer what it has under way and stop.
  void let_wallets_go() {
    for (const ShardActor& shard : node_->shards)
      caf::anon_send(shard, EndTenure{});
    const auto deadline = std::chrono::steady_clock::now() + drain_limit;
    while (node_->counters.resident_wallets > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
  }

  /// The actors know each other through the node: these handles would keep them alive for ever.
  void forget_actors() {
    node_->shards.clear();
    node_->sagas.clear();
    node_->ownership.clear();
    for (const auto& lane : node_->lanes)
      lane->actor = LaneActor{};
    node_->router = RouterActor{};
    node_->membership = MembershipActor{};
    supervisor_ = caf::actor{};
  }

  /// Ends an actor and waits for its end, so that nobody uses the node while it is taken apart.
  template <class Handle>
  void stop(const Handle& actor) {
    caf::scoped_actor self{system_};
    self->send_exit(actor, caf::exit_reason::user_shutdown);
    self->wait_for(actor);
  }

  /// Waits until everything that is in the lane now is durable or refused.
  void drain(LaneSeat& lane) {
    const auto done = std::make_shared<std::promise<void>>();
    auto barrier = std::make_shared<LaneEntry>();
    barrier->generation = lane.generation;
    barrier->when_durable = [done](const RecordPtr&) { done->set_value(); };
    barrier->when_lost = [done](bool) { done->set_value(); };
    lane.append(std::move(barrier));
    if (done->get_future().wait_for(drain_limit) != std::future_status::ready)
      spdlog::warn("a lane did not drain within {} s", drain_limit.count());
  }

  SchedulerConfig config_;
  caf::actor_system system_;
  std::vector<std::unique_ptr<SessionPool>> pools_{};
  NodePtr node_;
  AnswerRouter sink_;
  std::unique_ptr<Links> links_{};
  caf::actor supervisor_{};
};

Engine::Engine(EngineSettings settings, Member member, std::vector<DatabaseAccess> databases, ReplySink& sink,
               ProviderPort* provider)
    : parts_(std::make_unique<Parts>(settings, std::move(member), databases, sink, provider)) {}

Engine::~Engine() = default;

void Engine::submit(std::uint64_t correlation, Request request) {
  Node& node = *parts_->node_;
  const Shard shard = shard_of_request(request, node.settings.shard_count);
  if (shard >= node.settings.shard_count)
    return node.answer(correlation, NotNow{false, "There is no such shard."});
  Submit submit{correlation, std::move(request)};
  if (node.serves(shard) && node.lanes.size() > 1)
    if (const char* const reason = turned_away(node.lane_seat(shard), node.settings))
      return node.answer(correlation, not_now(reason));
  if (node.serves(shard))
    caf::anon_send(node.shards[shard], std::move(submit));
  else
    caf::anon_send(node.router, Forward{std::move(submit)});
}

bool Engine::query(QueryWork work, std::function<void(std::string reason)> on_failure, int database) {
  return parts_->pools_.at(static_cast<std::size_t>(database))
      ->query(std::move(work),
              [on_failure = std::move(on_failure)](const std::string& reason, bool) { on_failure(reason); });
}

int Engine::databases() const { return static_cast<int>(parts_->pools_.size()); }

Shard Engine::shard_count() const { return parts_->node_->settings.shard_count; }

std::optional<int> Engine::database_of(Shard shard) const {
  if (databases() == 1)
    return 0;
  const auto view = cluster();
  // A shard that any database lists, and that ever had an owner, has an epoch.
  if (shard >= view->shards.size() || view->shards[shard].row.epoch == 0)
    return std::nullopt;
  return view->shards[shard].database;
}

std::shared_ptr<const ClusterView> Engine::cluster() const { return parts_->node_->view.load(); }

std::optional<std::string> Engine::move_shard(Shard shard, const std::string& to_node) {
  const auto view = cluster();
  if (shard >= view->shards.size())
    return "There is no shard " + std::to_string(shard) + "; there are " + std::to_string(view->shards.size()) + ".";
  const NodeView* to = view->find(to_node);
  if (to == nullptr || to->row.state != NodeState::up)
    return "There is no node '" + to_node + "' that is up; see which there are in the state of the cluster.";
  ShardRow wish = view->shards[shard].row;
  if (wish.owner == to->row.incarnation)
    return "Shard " + std::to_string(shard) + " is with " + to_node + " already.";
  wish.target = to->row.incarnation;
  const auto database = static_cast<std::size_t>(view->shards[shard].database);
  caf::anon_send(parts_->node_->ownership.at(database), SetTargets{{wish}});
  return std::nullopt;
}

std::optional<std::string> Engine::drain_node(const std::string& node) {
  const auto view = cluster();
  const NodeView* found = view->find(node);
  if (found == nullptr)
    return "There is no node '" + node + "' that lives; see which there are in the state of the cluster.";
  caf::anon_send(parts_->node_->membership, DrainNode{found->row.incarnation});
  return std::nullopt;
}

void Engine::rebalance() { caf::anon_send(parts_->node_->membership, RebalanceNow{}); }

void Engine::leave(std::chrono::milliseconds limit) {
  Node& node = *parts_->node_;
  caf::anon_send(node.membership, Leave{});
  if (!node.left_signal.try_acquire_for(limit))
    spdlog::warn("the cluster could not be left in time; what this node still has goes to whoever takes it");
}

void Engine::set_risk_rules(RiskRulesPtr rules) { parts_->node_->risk.set(std::move(rules), boottime_ms()); }

RiskRulesPtr Engine::risk_rules() const {
  const Node& node = *parts_->node_;
  return node.risk.is_stale(boottime_ms(), node.settings) ? nullptr : node.risk.rules();
}

ReviewEnd Engine::end_of_review(const Transaction& transaction) const {
  return dompet::end_of_review(transaction, parts_->node_->settings.review_bounds());
}

RiskFigures Engine::risk_figures() const { return parts_->node_->risk.figures(); }

Pressure Engine::pressure() const {
  const Node& node = *parts_->node_;
  Pressure pressure{.leaving = node.leaving};
  for (int database = 0; database < databases(); ++database) {
    const LaneSeat& lane = *node.lanes[static_cast<std::size_t>(database)];
    const std::size_t rows = lane.waiting_rows;
    const std::chrono::milliseconds age = lane.oldest_age();
    pressure.waiting_rows += rows;
    pressure.oldest_age = std::max(pressure.oldest_age, age);
    if (!lane.ready) {
      pressure.unready_databases.push_back(database);
      continue;
    }
    pressure.least_waiting_rows = pressure.ready ? std::min(pressure.least_waiting_rows, rows) : rows;
    pressure.least_age = pressure.ready ? std::min(pressure.least_age, age) : age;
    pressure.ready = true;
  }
  return pressure;
}

EngineCounters Engine::counters() const {
  const AtomicCounters& now = parts_->node_->counters;
  return {now.commits,
          now.committed_records,
          now.commit_microseconds,
          now.lane_resets,
          now.unknown_commits,
          now.rejected_commits,
          now.wallet_loads,
          now.wallet_crashes,
          now.quarantined_wallets,
          now.resident_wallets,
          now.passivated_wallets,
          now.key_lookups,
          now.saga_resends,
          now.integrity_alarms,
          now.slow_transfers,
          now.forwarded_requests,
          now.served_for_others,
          now.link_losses,
          now.acquired_shards,
          now.shards_given,
          now.shards_lost,
          now.expired_peers,
          now.missed_renewals,
          now.provider_contradictions,
          now.expired_payments};
}

}  // namespace dompet
