#include "tests/actor/cluster_simulation.hpp"

#include <algorithm>
#include <array>

#include "persistence/failpoint.hpp"
#include "tests/actor/bank_rules.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::milliseconds;

constexpr int actions_a_life = 250;
constexpr std::size_t too_many_steps = 3'000'000;

/// Bounds so tight that a short life meets them; the cluster's intervals in the protocol's ratios, mostly shorter.
EngineSettings drawn_settings(std::mt19937_64& random, ClusterSimulation::Habit habit) {
  const auto one_of = [&](std::initializer_list<std::size_t> values) {
    return values.begin()[random() % values.size()];
  };
  EngineSettings settings;
  settings.shard_count = static_cast<Shard>(one_of({4, 4, 6, 8, 16}));
  settings.batch_rows = one_of({1, 2, 8, 512});
  settings.stash_limit = one_of({2, 5, 1'000});
  settings.snapshot_every = one_of({3, 8, 1'000});
  settings.resident_wallets = one_of({1, 16, 1'000});
  settings.idle_before_passivation = std::chrono::seconds(1);
  settings.transfer_expiry = std::chrono::seconds(one_of({2, 5}));
  settings.attempt_timeout = milliseconds(one_of({200, 1'000}));
  settings.resend_most = milliseconds(one_of({300, 5'000}));
  settings.fast_path = one_of({0, 1, 1}) == 1;
  settings.authorization_lifetime = std::chrono::seconds(one_of({2, 10, 7 * 24 * 3'600}));
  settings.topups_ask_provider = one_of({0, 1}) == 1;
  if (one_of({0, 0, 1}) == 1)
    settings.risk_rules = rules_of_a_bank();
  ClusterSettings& cluster = settings.cluster;
  cluster.listen = "simulated:7700";
  cluster.renew = milliseconds(one_of({200, 200, 200, 1'000}));
  cluster.lease_local = (habit == ClusterSimulation::Habit::keeps_its_lease ? 100 : 4) * cluster.renew;
  cluster.lease_ttl = 6 * cluster.renew;
  cluster.link_timeout = 2 * cluster.renew;
  cluster.move_dwell = milliseconds(one_of({500, 5'000, 30'000}));
  cluster.concurrent_moves = static_cast<int>(one_of({1, 4}));
  return settings;
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::durable: return "durable";
    case Outcome::rejected: return "rejected";
    case Outcome::fenced: return "fenced";
    case Outcome::unknown: return "unknown";
  }
  return {};
}

}  // namespace

ClusterSimulation::ClusterSimulation(std::uint64_t seed, Flaw flaw, Habit habit)
    : random_(seed), flaw_(flaw), habit_(habit), settings_(drawn_settings(random_, habit)),
      cluster_(random_(), settings_, 2 + below(3)), checker_(cluster_.ledger()),
      clients_(
          random_, checker_,
          [this](Request request) {
            const std::size_t machine = through_ ? *through_ : any_machine();
            return cluster_.submit(machine, std::move(request));
          },
          [this] { return cluster_.now_ms(); }, /*commits_take_time=*/true, settings_.authorization_lifetime),
      fate_percent_(static_cast<int>(std::initializer_list<int>{0, 5, 10, 20, 40}.begin()[below(5)])),
      doubles_requests_(chance(30)), began_ms_(cluster_.now_ms()) {
  arm_failpoint("");
  checker_.ask_provider([this](const TransactionId& id) { return cluster_.provider().decided(id); });
  cluster_.on_answer([this](const Answer& answer) {
    trace_.note_answer(cluster_.now_ms(), answer);
    clients_.listen(answer);
  });
  cluster_.after_step([this] { check_once(); });
  cluster_.meanwhile([this] { chance(50) ? clients_.ask_any_balance() : clients_.begin_wish(); });
  cluster_.network().on_double([this](const TransactionId& id) { checker_.expect_again(id); });
}

void ClusterSimulation::keep_trace() {
  trace_.enable();
  cluster_.ledger().on_commit([this](const Incarnation& from, const Batch& batch, Outcome outcome) {
    trace_.note_batch(cluster_.now_ms(), cluster_.name_of(from), batch, name_of(outcome));
  });
  cluster_.network().on_send([this](const Incarnation& from, const Incarnation& to, const std::string& frame) {
    trace_.note_frame(cluster_.now_ms(), cluster_.name_of(from), cluster_.name_of(to), frame);
  });
}

std::optional<std::string> ClusterSimulation::run() {
  try {
    live();
  } catch (const Broken& rule) {
    broken_ = rule;
  } catch (const std::exception& fault) {
    broken_.emplace(std::string{"the simulation itself failed: "} + fault.what());
  }
  arm_failpoint("");
  cluster_.on_answer({});
  cluster_.after_step({});
  cluster_.slow_down_database({});
  return broken_ ? std::optional<std::string>{broken_->what()} : std::nullopt;
}

void ClusterSimulation::live() {
  begin();
  cluster_.ledger().break_on_purpose(flaw_);
  for (int i = 0; i < actions_a_life; ++i) {
    act();
    run_steps(below(40));
    if (chance(40))
      pass(milliseconds(below(60)));
  }
  heal();
  come_to_rest();
  ask_all_keys_again();
  end_all_payments();
  come_to_rest();
  checker_.check_at_rest();
  compare_balances();
  check_nothing_is_stuck();
}

void ClusterSimulation::begin() {
  for (std::size_t machine = 0; machine < cluster_.machines(); ++machine)
    cluster_.start(machine, false);
  must(pass_until([&] { return is_every_shard_served(); }, milliseconds(30'000)),
       "a new cluster does not begin to serve");
  const std::size_t wallets = 6 + below(7);
  const auto are_open = [&] {
    return std::ranges::all_of(clients_.wallets(),
                               [&](const WalletId& one) { return checker_.wallet(one) != nullptr; });
  };
  do
    clients_.open_wallets(wallets);
  while (!pass_until(are_open, milliseconds(2'000)) && cluster_.now_ms() - began_ms_ < 60'000);
  must(are_open(), "a healthy cluster does not open wallets");
  clients_.top_up_all();
  pass(milliseconds(200));
  act_as_fate();
  cluster_.slow_down_database({chance(60) ? static_cast<int>(below(20)) : 0, milliseconds(chance(20) ? 500 : 20),
                               chance(30) ? static_cast<int>(below(5)) : 0});
}

// --- steps and time ---

/// In the middle of a step, which is no place to throw.
void ClusterSimulation::check_once() {
  if (broken_)
    return;
  try {
    if (clients_.broken())
      throw *clients_.broken();
    checker_.check();
    for (std::size_t machine = 0; machine < cluster_.machines(); ++machine)
      if (is_up(machine))
        must(cluster_.process(machine)->node().counters.integrity_alarms == 0,
             "a node itself raised an integrity alarm");
  } catch (const Broken& rule) {
    broken_ = rule;
  }
}

void ClusterSimulation::must_hold() {
  if (broken_)
    throw *broken_;
  must(cluster_.steps() < too_many_steps, "the cluster does not come to rest");
}

void ClusterSimulation::run_steps(std::size_t most) {
  for (std::size_t i = 0; i < most && cluster_.step(); ++i)
    must_hold();
  tend();
}

void ClusterSimulation::pass(milliseconds time) {
  pass_until([] { return false; }, time);
}

bool ClusterSimulation::pass_until(const std::function<bool()>& holds, milliseconds limit) {
  constexpr std::int64_t longest_piece_ms = 20;
  const std::int64_t end_ms = cluster_.now_ms() + limit.count();
  while (cluster_.now_ms() < end_ms) {
    const std::int64_t piece = 1 + static_cast<std::int64_t>(below(longest_piece_ms));
    cluster_.advance(milliseconds(std::min(piece, end_ms - cluster_.now_ms())));
    run_steps(100 + below(400));
    if (holds())
      return true;
  }
  return false;
}

void ClusterSimulation::later(std::int64_t in_ms, std::function<void()> act) {
  undos_.push_back({cluster_.now_ms() + in_ms, std::move(act)});
}

void ClusterSimulation::tend() {
  must_hold();
  for (std::size_t machine = 0; machine < cluster_.machines(); ++machine)
    if (cluster_.has_ended(machine))
      end_process(machine);
  for (std::size_t i = 0; i < undos_.size();)
    if (undos_[i].due_ms <= cluster_.now_ms()) {
      const Undo undo = std::move(undos_[i]);
      undos_.erase(undos_.begin() + static_cast<std::ptrdiff_t>(i));
      undo.act();
    } else {
      ++i;
    }
}

// --- what happens ---

void ClusterSimulation::act() {
  if (chance(fate_percent_))
    act_as_fate();
  else if (chance(10))
    act_as_operator();
  else
    act_as_client();
}

void ClusterSimulation::act_as_client() {
  const std::size_t draw = below(100);
  if (draw < 50)
    clients_.begin_wish();
  else if (draw < 60)
    clients_.repeat_unanswered_key();
  else if (draw < 67)
    clients_.repeat_key(/*other_content=*/false);
  else if (draw < 70)
    clients_.repeat_key(/*other_content=*/true);
  else if (draw < 74)
    clients_.change_status();
  else if (draw < 88)
    clients_.ask_any_balance();
  else if (draw < 92)
    ask_the_silent();
  else if (draw < 95)
    vex_by_provider();
  else
    pass(milliseconds(std::array{50, 200, 600, 1'500}[below(4)]));
}

/// Nodes that cannot know what happens elsewhere are those that may tell old balances.
void ClusterSimulation::ask_the_silent() {
  for (std::size_t machine = 0; machine < cluster_.machines(); ++machine) {
    if (!is_up(machine) || (!cluster_.is_frozen(machine) && !cluster_.is_cut_off(machine)))
      continue;
    through_ = machine;
    for (int i = 0; i < 3; ++i)
      clients_.ask_any_balance();
  }
  through_.reset();
}

/// Old words come again; and of what is over the opposite is said.
void ClusterSimulation::vex_by_provider() {
  const std::vector<TransactionId> known = cluster_.provider().known();
  if (known.empty())
    return;
  const TransactionId& id = known[below(known.size())];
  const auto state = cluster_.ledger().saga(id);
  if (state && is_final(*state) && chance(50))
    cluster_.provider().contradict_itself(id);
  else
    cluster_.provider().repeat(id);
}

void ClusterSimulation::act_as_operator() {
  Shard shard = 0;
  const auto saga = any_open_saga(shard);
  if (!saga || chance(30))
    return chance(70) ? move_shard() : rebalance_or_drain();
  static constexpr std::array orders{SagaOrder::inspect, SagaOrder::retry,   SagaOrder::cancel,  SagaOrder::pause,
                                     SagaOrder::resume,  SagaOrder::approve, SagaOrder::approve, SagaOrder::reject};
  order_saga(*saga, shard, orders[below(orders.size())]);
}

std::optional<TransactionId> ClusterSimulation::any_open_saga(Shard& source_shard) {
  const auto first = static_cast<Shard>(below(settings_.shard_count));
  for (Shard i = 0; i < settings_.shard_count; ++i) {
    source_shard = static_cast<Shard>((first + i) % settings_.shard_count);
    const std::vector<SagaListing> open = cluster_.ledger().open_sagas(source_shard);
    if (!open.empty())
      return open[below(open.size())].id;
  }
  return std::nullopt;
}

std::uint64_t ClusterSimulation::order_saga(const TransactionId& saga, Shard source_shard, SagaOrder order) {
  return cluster_.submit(any_machine(), SagaOrderRequest{saga, source_shard, order});
}

ClusterSimulation::Tally ClusterSimulation::tally() const {
  Tally tally = tally_;
  tally.steps = cluster_.steps();
  tally.virtual_ms = cluster_.now_ms() - began_ms_;
  tally.clients = clients_.tally();
  return tally;
}

}  // namespace dompet::simulated
