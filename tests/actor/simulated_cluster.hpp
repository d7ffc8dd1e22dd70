#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/actor/simulated_ledger.hpp"
#include "tests/actor/simulated_membership.hpp"
#include "tests/actor/simulated_network.hpp"
#include "tests/actor/simulated_node.hpp"
#include "tests/actor/simulated_provider.hpp"
#include "tests/actor/simulated_reads.hpp"

namespace dompet::simulated {

/// Machines with a process each, a network between them and one database for all, under one virtual time. Each machine
/// has clocks of its own: its wall clock is off by hours, its boottime runs up to one percent fast or slow.
///
/// One step is one message in one process, one database read, or one frame that arrives; which, is drawn by the seed.
/// While a process waits for the database others may go on, and so may its own other actors: the lane, membership and
/// ownership block, the rest does not.
class SimulatedCluster final : private ReplySink {
 public:
  SimulatedCluster(std::uint64_t seed, EngineSettings settings, std::size_t machines);
  ~SimulatedCluster() override;
  SimulatedCluster(const SimulatedCluster&) = delete;

  // --- machines and their processes ---

  std::size_t machines() const { return machines_.size(); }
  /// The process of a machine; none while it is down.
  SimulatedNode* process(std::size_t machine) { return machines_[machine]->process.get(); }
  bool is_frozen(std::size_t machine) const { return machines_[machine]->is_frozen; }
  bool is_cut_off(std::size_t machine) const { return machines_[machine]->is_cut_off; }
  /// Another start of the machine's node. `knows_predecessor`: its lock shows that the last one is dead.
  void start(std::size_t machine, bool knows_predecessor);
  /// kill -9. Not while a process is in the middle of a step.
  void kill(std::size_t machine);
  /// SIGSTOP: nothing of it runs any more, but its clocks go on; what comes for it waits.
  void freeze(std::size_t machine);
  void thaw(std::size_t machine);
  /// The databases cannot be reached from there; `first` is what becomes of the commit that meets it.
  void cut_off(std::size_t machine, Fate first);
  void reconnect(std::size_t machine);
  /// The next reads of the machine's pool fail.
  void fail_reads(std::size_t machine, int count) { machines_[machine]->reads.fail(count); }
  /// Whether the process ended by itself, or was asked to leave and did.
  bool has_ended(std::size_t machine) const;

  // --- asking ---

  /// Through the machine's process; never answered when there is none.
  std::uint64_t submit(std::size_t machine, Request request);
  void on_answer(std::function<void(const Answer&)> listen) { listen_ = std::move(listen); }

  // --- letting things happen ---

  /// One step; false when nothing can happen before time passes.
  bool step();
  /// Called after each step. It must not throw.
  void after_step(std::function<void()> check) { after_step_ = std::move(check); }
  void advance(std::chrono::milliseconds time);
  /// How a process that asks the database waits for it.
  struct Waiting {
    /// Of its calls.
    int percent = 0;
    std::chrono::milliseconds most{0};
    /// Of those that wait: the whole process is stopped meanwhile, perhaps for longer than the others put up with.
    int stopped_percent = 0;
  };
  void slow_down_database(const Waiting& waiting) { waiting_ = waiting; }
  /// Called while a process waits: clients may ask for something. It must not throw.
  void meanwhile(std::function<void()> act) { meanwhile_ = std::move(act); }
  std::int64_t now_ms() const { return now_ms_; }
  std::size_t steps() const { return steps_; }

  SimulatedLedger& ledger() { return ledger_; }
  SimulatedMembership& membership() { return membership_; }
  SimulatedNetwork& network() { return network_; }
  SimulatedProvider& provider() { return provider_; }
  std::size_t leaked_actors() const { return leaked_actors_; }
  /// The machine on which this process runs; nothing when it ended.
  std::optional<std::size_t> machine_of(const Incarnation& process) const;
  /// How a person would call it: the node's name and the number of the start.
  std::string name_of(const Incarnation& process) const;

 private:
  struct Machine {
    explicit Machine(SimulatedLedger& ledger) : reads(ledger) {}

    SimulatedReads reads;
    std::unique_ptr<SimulatedNode> process{};
    Incarnation last_start{};
    int starts = 0;
    std::int64_t boottime_us = 0;
    std::int64_t drift_ppm = 0;
    std::int64_t unix_offset_ms = 0;
    bool is_frozen = false;
    bool is_cut_off = false;
    /// What its process has not noticed of the time that passed.
    std::chrono::microseconds unnoticed{0};
  };

  void deliver(std::vector<Answer> answers) override;
  bool may_run(const Machine& machine) const;
  void hear_provider(const ProviderWordRequest& word);
  void live_meanwhile(const Incarnation& blocked);
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(random_()) % bound; }
  bool chance(int percent) { return static_cast<int>(below(100)) < percent; }

  std::minstd_rand random_;
  EngineSettings settings_;
  SimulatedLedger ledger_;
  SimulatedMembership membership_{};
  SimulatedNetwork network_;
  std::vector<std::unique_ptr<Machine>> machines_{};
  SimulatedProvider provider_;
  std::int64_t now_ms_;
  std::uint64_t next_correlation_ = 1;
  std::function<void(const Answer&)> listen_{};
  std::function<void()> after_step_{};
  std::function<void()> meanwhile_{};
  Waiting waiting_{};
  /// Processes that wait for the database in this moment, one inside the other.
  int waiting_depth_ = 0;
  std::size_t steps_ = 0;
  std::size_t leaked_actors_ = 0;
};

}  // namespace dompet::simulated
