// What goes wrong in the life of a cluster, and how it is healed.

#include <array>

#include "persistence/failpoint.hpp"
#include "tests/actor/cluster_simulation.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::milliseconds;

bool is_by_quarantine(const std::string& reason) { return reason.find("quarantined") != reason.npos; }

}  // namespace

/// Some renewals' time and up to `spread` per cent of it more.
std::int64_t ClusterSimulation::scaled(std::int64_t renewals, std::int64_t spread) {
  const std::int64_t time = renewals * settings_.cluster.renew.count();
  return time + static_cast<std::int64_t>(below(static_cast<std::size_t>(time * spread / 100 + 1)));
}

/// A life has some kinds of misfortune, not all of them: rare meetings of few kinds are found sooner so.
void ClusterSimulation::act_as_fate() {
  using Self = ClusterSimulation;
  static constexpr std::array<Fatal, 19> all{&Self::kill,
                                             &Self::kill,
                                             &Self::freeze,
                                             &Self::freeze,
                                             &Self::cut_off_database,
                                             &Self::cut_off_database,
                                             &Self::partition,
                                             &Self::partition,
                                             &Self::change_weather,
                                             &Self::break_commit,
                                             &Self::break_commit,
                                             &Self::break_reads_and_claims,
                                             &Self::crash_wallet,
                                             &Self::lose_membership_answers,
                                             &Self::stop_database,
                                             &Self::replay_frames,
                                             &Self::move_shard,
                                             &Self::leave,
                                             &Self::vex_provider};
  if (fates_.empty() && habit_ == Habit::keeps_its_lease) {
    fates_ = {&Self::freeze, &Self::cut_off_database, &Self::move_shard};
    return;
  }
  if (fates_.empty()) {
    for (const Fatal fatal : all)
      if (chance(50))
        fates_.push_back(fatal);
    if (chance(10))
      fates_.push_back(&Self::suspend_all);
    if (chance(10))
      fates_.push_back(&Self::promote);
    fates_.push_back(&Self::change_weather);
    return;
  }
  (this->*fates_[below(fates_.size())])();
}

// --- processes ---

/// It is over with this process; another start follows.
void ClusterSimulation::end_process(std::size_t machine) {
  SimulatedNode& process = *cluster_.process(machine);
  const AtomicCounters& counters = process.node().counters;
  tally_.resets += counters.lane_resets;
  tally_.crashes += counters.wallet_crashes;
  tally_.forwarded += counters.forwarded_requests;
  tally_.handed_over += counters.shards_given;
  tally_.acquired += counters.acquired_shards;
  tally_.slow_transfers += counters.slow_transfers;
  tally_.step_downs += process.stepped_down() ? 1 : 0;
  if (const auto& reason = process.gave_up())
    must(is_by_quarantine(*reason), "a node gave up: " + *reason);
  note("end of " + cluster_.name_of(process.id()) + (process.stepped_down() ? ": " + *process.stepped_down() : ""));
  cluster_.kill(machine);
  later(static_cast<std::int64_t>(below(chance(50) ? 100 : 3'000)), [this, machine] {
    if (is_up(machine))
      return;
    cluster_.start(machine, /*knows_predecessor=*/chance(50));
    note("start of " + cluster_.name_of(cluster_.process(machine)->id()));
  });
}

void ClusterSimulation::kill() {
  const std::size_t machine = any_machine();
  if (!is_up(machine))
    return;
  ++tally_.kills;
  end_process(machine);
}

/// Shorter than a lease, or longer than the others wait; a process may be stopped again as soon as it runs.
void ClusterSimulation::freeze() {
  const std::size_t machine = any_machine();
  if (!is_up(machine) || cluster_.is_frozen(machine))
    return;
  ++tally_.freezes;
  const std::int64_t time =
      chance(50) ? scaled(0, 0) +
                       static_cast<std::int64_t>(below(static_cast<std::size_t>(settings_.cluster.lease_local.count())))
                 : scaled(6, 150);
  const Incarnation frozen = cluster_.process(machine)->id();
  note("freeze " + cluster_.name_of(frozen) + " for " + std::to_string(time) + " ms");
  cluster_.freeze(machine);
  later(time, [this, machine, frozen] {
    if (is_up(machine) && cluster_.process(machine)->id() == frozen) {
      cluster_.thaw(machine);
      note("thaw " + cluster_.name_of(frozen));
    }
  });
}

void ClusterSimulation::leave() {
  const std::size_t machine = any_machine();
  if (!is_up(machine))
    return;
  note("leave " + cluster_.name_of(cluster_.process(machine)->id()));
  caf::anon_send(cluster_.process(machine)->node().membership, Leave{});
  // The process has a limit of its own, and then just ends.
  const Incarnation leaving = cluster_.process(machine)->id();
  later(scaled(5, 200), [this, machine, leaving] {
    if (is_up(machine) && cluster_.process(machine)->id() == leaving)
      end_process(machine);
  });
}

void ClusterSimulation::suspend_all() {
  note("everything is suspended for hours");
  cluster_.advance(milliseconds(60'000 + below(10'000'000)));
}

// --- the network ---

void ClusterSimulation::partition() {
  const std::size_t one = any_machine();
  const std::size_t other = (one + 1 + below(cluster_.machines() - 1)) % cluster_.machines();
  const bool both_ways = chance(60);
  const bool is_isolated = chance(30);
  ++tally_.partitions;
  const auto block = [=, this](bool is_blocked) {
    for (std::size_t peer = 0; peer < cluster_.machines(); ++peer) {
      if (peer == one || (peer != other && !is_isolated))
        continue;
      cluster_.network().block(one, peer, is_blocked);
      if (both_ways)
        cluster_.network().block(peer, one, is_blocked);
    }
  };
  note("partition of machine " + std::to_string(one) +
       (is_isolated ? " from all" : " from machine " + std::to_string(other)) + (both_ways ? "" : ", one way"));
  block(true);
  later(chance(50) ? scaled(1, 100) : scaled(4, 200), [this, block] {
    block(false);
    note("end of a partition");
  });
}

void ClusterSimulation::change_weather() {
  Weather weather;
  weather.loss_percent = chance(50) ? static_cast<int>(below(30)) : 0;
  weather.double_percent = doubles_requests_ ? static_cast<int>(below(30)) : 0;
  weather.delay_most = milliseconds(std::array{0, 2, 20, 200, 1'500}[below(5)]);
  weather.window = chance(20) ? 1 + below(4) : 1'024;
  cluster_.network().set_weather(weather);
  note("weather: loss " + std::to_string(weather.loss_percent) + " %, doubles " +
       std::to_string(weather.double_percent) + " %, delay up to " + std::to_string(weather.delay_most.count()) +
       " ms");
}

void ClusterSimulation::vex_provider() {
  note("the provider has bad manners");
  cluster_.provider().behave({.refuses = static_cast<int>(below(50)),
                              .loses = static_cast<int>(below(40)),
                              .doubles = static_cast<int>(below(40)),
                              .hesitates = static_cast<int>(below(20)),
                              .keeps = static_cast<int>(below(50)),
                              .delay_most = milliseconds(std::array{0, 50, 1'000, 20'000}[below(4)])});
}

void ClusterSimulation::replay_frames() {
  note("old frames come once more");
  for (std::size_t i = below(20); i > 0; --i)
    cluster_.network().replay_a_frame(doubles_requests_);
}

// --- the database ---

void ClusterSimulation::cut_off_database() {
  const std::size_t machine = any_machine();
  if (!is_up(machine) || cluster_.is_cut_off(machine))
    return;
  ++tally_.cuts;
  static constexpr std::array fates{Fate::unknown_committed, Fate::unknown_lost, Fate::unknown_late};
  const Incarnation cut = cluster_.process(machine)->id();
  note("cut off " + cluster_.name_of(cut) + " from the database");
  cluster_.cut_off(machine, fates[below(fates.size())]);
  later(chance(50) ? scaled(0, 0) + static_cast<std::int64_t>(below(1'000)) : scaled(5, 150), [this, machine, cut] {
    if (!is_up(machine) || cluster_.process(machine)->id() != cut)
      return;
    cluster_.reconnect(machine);
    note("reconnect " + cluster_.name_of(cut));
  });
}

/// All sessions break at once; the server is back soon.
void ClusterSimulation::stop_database() {
  note("the database stops");
  for (std::size_t machine = 0; machine < cluster_.machines(); ++machine) {
    if (!is_up(machine) || cluster_.is_cut_off(machine))
      continue;
    const Incarnation cut = cluster_.process(machine)->id();
    cluster_.cut_off(machine, chance(50) ? Fate::unknown_committed : Fate::unknown_lost);
    later(static_cast<std::int64_t>(below(800)), [this, machine, cut] {
      if (is_up(machine) && cluster_.process(machine)->id() == cut)
        cluster_.reconnect(machine);
    });
  }
}

void ClusterSimulation::break_commit() {
  SimulatedLedger& ledger = cluster_.ledger();
  switch (below(7)) {
    case 0: return ledger.next_commit(Fate::rejected, chance(40) ? "23505" : chance(50) ? "22003" : "XX000");
    case 1: return ledger.next_commit(Fate::fenced);
    case 2: return ledger.next_commit(Fate::unknown_committed);
    case 3: return ledger.next_commit(Fate::unknown_lost);
    case 4: return ledger.next_commit(Fate::unknown_late);
    default: return ledger.land_late_batches();
  }
}

void ClusterSimulation::break_reads_and_claims() {
  cluster_.fail_reads(any_machine(), static_cast<int>(1 + below(3)));
  cluster_.ledger().refuse_claims(static_cast<int>(below(4)));
}

void ClusterSimulation::lose_membership_answers() {
  cluster_.membership().lose_answers(static_cast<int>(1 + below(4)));
}

void ClusterSimulation::promote() {
  note("another server was promoted");
  cluster_.membership().promote();
}

/// The next wallet that gets such a message crashes with it, wherever it is.
void ClusterSimulation::crash_wallet() {
  static constexpr std::array places{"wallet.begin", "wallet.finish", "wallet.decide_credit", "wallet.decide_credit"};
  arm_failpoint(std::string{places[below(places.size())]} + ":trip:" + std::to_string(1 + below(4)));
}

// --- who has which shard ---

/// To whoever, whether he lives or not, as an operator's order may come late.
void ClusterSimulation::move_shard() {
  const auto& nodes = cluster_.membership().rows();
  const auto shard = static_cast<Shard>(below(settings_.shard_count));
  const ShardRow row = cluster_.ledger().rows()[shard];
  const Incarnation to = nodes[below(nodes.size())].incarnation;
  note("move shard " + std::to_string(shard) + " to " + cluster_.name_of(to));
  const auto owner = cluster_.machine_of(row.owner);
  if (owner && chance(20))
    caf::anon_send(cluster_.process(*owner)->node().shards[shard], ReleaseShard{to});
  else
    cluster_.ledger().set_target(row, to);
}

void ClusterSimulation::rebalance_or_drain() {
  const std::size_t machine = any_machine();
  if (!is_up(machine))
    return;
  const MembershipActor& membership = cluster_.process(machine)->node().membership;
  if (chance(80))
    return caf::anon_send(membership, RebalanceNow{});
  const std::size_t other = any_machine();
  if (!is_up(other))
    return;
  const Incarnation drained = cluster_.process(other)->id();
  note("drain " + cluster_.name_of(drained));
  caf::anon_send(membership, DrainNode{drained});
  later(scaled(5, 200), [this, other, drained] {
    if (is_up(other) && cluster_.process(other)->id() == drained)
      end_process(other);
  });
}

// --- the end of all that ---

void ClusterSimulation::heal() {
  note("everything is healed");
  arm_failpoint("");
  undos_.clear();
  cluster_.slow_down_database({});
  cluster_.network().heal();
  cluster_.ledger().heal();
  cluster_.provider().behave({});
  cluster_.membership().lose_answers(0);
  for (std::size_t machine = 0; machine < cluster_.machines(); ++machine) {
    cluster_.fail_reads(machine, 0);
    if (is_up(machine)) {
      cluster_.reconnect(machine);
      cluster_.thaw(machine);
      Node& node = cluster_.process(machine)->node();
      const bool is_going = node.leaving || cluster_.has_ended(machine);
      if (node.counters.quarantined_wallets > 0 || is_going || chance(10))
        end_process(machine);
    }
  }
  undos_.clear();
  for (std::size_t machine = 0; machine < cluster_.machines(); ++machine)
    if (!is_up(machine))
      cluster_.start(machine, chance(50));
}

}  // namespace dompet::simulated
