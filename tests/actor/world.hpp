#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/engine.hpp"
#include "actors/node.hpp"
#include "tests/actor/simulated_ledger.hpp"

namespace dompet::simulated {

/// The settings of a node in a test: few shards, so that wallets meet in them.
EngineSettings small_node();
/// The same where every transfer takes its steps one by one.
EngineSettings slow_node();

/// One node, whole but for its threads: lane, shards, saga engines and wallets under CAF's deterministic scheduler, a
/// simulated ledger under them, virtual time around them. One step is one message or one database read. With a seed,
/// what runs next is drawn by it; without, it is first come, first served.
///
/// `kill` is kill -9: whatever was in memory is gone, what the ledger has stays. `start` starts another process on it.
class World final : public ReplySink, public ReadPool {
 public:
  World(SimulatedLedger& ledger, EngineSettings settings, std::optional<std::uint64_t> seed = std::nullopt);
  ~World() override;
  World(const World&) = delete;

  void start();
  void kill();
  bool is_running() const { return machine_ != nullptr; }

  // --- asking ---

  std::uint64_t submit(Request request);
  /// What was answered so far; an asker may be answered more than once only with "not now".
  const std::vector<Result>& answers(std::uint64_t correlation) { return answers_[correlation]; }
  bool is_answered(std::uint64_t correlation) { return !answers_[correlation].empty(); }
  /// Called at each answer, before it is kept.
  void on_answer(std::function<void(const Answer&)> listen) { listen_ = std::move(listen); }

  // --- letting things happen ---

  /// One message or one read. False when nothing can happen before time passes.
  bool step();
  /// Until nothing can happen before time passes.
  void run();
  /// The same with the lane held up: nothing becomes durable.
  void run_without_lane();
  /// Time passes, delayed messages arrive, and what follows from them happens.
  void pass(std::chrono::milliseconds time);
  /// Only the first half of `pass`.
  void advance(std::chrono::milliseconds time);
  /// Passes time in small pieces until the condition holds. False when it did not within the limit.
  bool pass_until(const std::function<bool()>& holds, std::chrono::milliseconds limit = std::chrono::seconds(60));

  // --- what shall go wrong ---

  /// The next reads of the database fail.
  void fail_reads(int count) { reads_to_fail_ = count; }
  /// The read pool takes nothing.
  void fill_read_pool(bool full) { pool_is_full_ = full; }
  /// Holds back reads that were begun, until false.
  void hold_reads(bool held) { reads_are_held_ = held; }

  Node& node() { return *node_; }
  const std::optional<std::string>& gave_up() const { return gave_up_; }
  std::int64_t now_ms() const { return now_ms_; }
  SimulatedLedger& ledger() { return ledger_; }
  /// Actors that outlived the end of their node: none, unless something holds on to itself.
  std::size_t leaked_actors() const { return leaked_actors_; }

  // --- ReplySink, ReadPool ---

  void deliver(std::vector<Answer> answers) override;
  bool read(std::function<void(RecoveryStore&)> work, std::function<void(const std::string&, bool)> failed) override;

 private:
  struct Machine;
  struct Read {
    std::function<void(RecoveryStore&)> work{};
    std::function<void(const std::string&, bool)> failed{};
  };

  std::size_t jobs() const;
  void run_job(std::size_t index);
  void run_read(std::size_t index);
  std::size_t draw(std::size_t count);

  SimulatedLedger& ledger_;
  EngineSettings settings_;
  std::optional<std::minstd_rand> random_{};
  std::shared_ptr<bool> alive_{};
  std::unique_ptr<Machine> machine_{};
  NodePtr node_{};
  std::deque<Read> reads_{};
  std::int64_t now_ms_;
  std::uint64_t next_correlation_ = 1;
  std::unordered_map<std::uint64_t, std::vector<Result>> answers_{};
  std::function<void(const Answer&)> listen_{};
  std::optional<std::string> gave_up_{};
  int reads_to_fail_ = 0;
  bool pool_is_full_ = false;
  bool reads_are_held_ = false;
  std::size_t leaked_actors_ = 0;
};

}  // namespace dompet::simulated
