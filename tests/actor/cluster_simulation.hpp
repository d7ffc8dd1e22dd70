#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/actor/action_trace.hpp"
#include "tests/actor/clients.hpp"
#include "tests/actor/ledger_checker.hpp"
#include "tests/actor/simulated_cluster.hpp"

namespace dompet::simulated {

/// One random life of a cluster, wholly given by its seed: two to four nodes, one database, clients that ask now this
/// node, now that one. Processes are killed, stopped and started again, databases and peers cannot be reached, frames
/// get lost, doubled and late, shards move, operators interfere. The rules of the ledger are checked after every step;
/// at the end everything is healed, and the cluster must come to rest with every promise kept.
class ClusterSimulation {
 public:
  /// Ways in which the nodes can be broken, so that the clients can be seen to find it.
  enum class Habit {
    sound,
    /// A node trusts its lease for much longer than the others wait before they take its shards.
    keeps_its_lease,
  };

  explicit ClusterSimulation(std::uint64_t seed, Flaw flaw = Flaw::none, Habit habit = Habit::sound);

  /// The rule that was broken, as a sentence; nothing when all held.
  std::optional<std::string> run();
  /// Before `run`: keep what happens.
  void keep_trace();
  /// What happened last.
  std::string trace() const { return trace_.text(); }

  /// How much happened, to see that it is not nothing.
  struct Tally {
    std::size_t steps = 0;
    std::int64_t virtual_ms = 0;
    int kills = 0;
    int freezes = 0;
    int partitions = 0;
    int cuts = 0;
    int step_downs = 0;
    std::uint64_t resets = 0;
    std::uint64_t crashes = 0;
    std::uint64_t forwarded = 0;
    std::uint64_t handed_over = 0;
    std::uint64_t acquired = 0;
    std::uint64_t slow_transfers = 0;
    Clients::Tally clients{};

    Tally& operator+=(const Tally& other);
    std::string in_words() const;
  };
  Tally tally() const;

 private:
  struct Undo {
    std::int64_t due_ms = 0;
    std::function<void()> act{};
  };
  using Fatal = void (ClusterSimulation::*)();

  // A life: cluster_simulation.cpp.
  void live();
  void begin();
  void act();
  void act_as_client();
  void act_as_operator();
  void vex_by_provider();
  void ask_the_silent();
  void run_steps(std::size_t most);
  void pass(std::chrono::milliseconds time);
  bool pass_until(const std::function<bool()>& holds, std::chrono::milliseconds limit);
  void check_once();
  void must_hold();
  /// Starts what ended, does what is due.
  void tend();
  void later(std::int64_t in_ms, std::function<void()> act);

  // What goes wrong: cluster_fate.cpp.
  void act_as_fate();
  void kill();
  void freeze();
  void cut_off_database();
  void partition();
  void change_weather();
  void break_commit();
  void break_reads_and_claims();
  void crash_wallet();
  void lose_membership_answers();
  void stop_database();
  void suspend_all();
  void promote();
  void replay_frames();
  void vex_provider();
  void move_shard();
  void leave();
  void rebalance_or_drain();
  void end_process(std::size_t machine);
  void heal();

  // The end: cluster_rest.cpp.
  void come_to_rest();
  bool is_every_shard_served();
  void resume_all_sagas();
  void ask_all_keys_again();
  void end_all_payments();
  void compare_balances();
  void check_nothing_is_stuck();

  bool is_up(std::size_t machine) { return cluster_.process(machine) != nullptr; }
  std::optional<TransactionId> any_open_saga(Shard& source_shard);
  std::uint64_t order_saga(const TransactionId& saga, Shard source_shard, SagaOrder order);
  std::int64_t scaled(std::int64_t renewals, std::int64_t spread);
  std::size_t any_machine() { return below(cluster_.machines()); }
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(random_()) % bound; }
  bool chance(int percent) { return static_cast<int>(below(100)) < percent; }
  void note(const std::string& what) { trace_.note(cluster_.now_ms(), "fate", what); }

  std::mt19937_64 random_;
  Flaw flaw_;
  Habit habit_;
  EngineSettings settings_;
  SimulatedCluster cluster_;
  LedgerChecker checker_;
  Clients clients_;
  ActionTrace trace_{};
  /// Chance in percent, drawn once a life: a calm one, a stormy one.
  int fate_percent_;
  bool doubles_requests_;
  /// What may go wrong in this life.
  std::vector<Fatal> fates_{};
  std::vector<Undo> undos_{};
  /// Through which machine clients ask now; any, if none is named.
  std::optional<std::size_t> through_{};
  std::optional<Broken> broken_{};
  std::int64_t began_ms_ = 0;
  Tally tally_{};
};

}  // namespace dompet::simulated
