#pragma once

#include <chrono>
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
#include "tests/actor/simulated_node.hpp"
#include "tests/actor/simulated_provider.hpp"
#include "tests/actor/simulated_reads.hpp"

namespace dompet::simulated {

/// The settings of a node in a test: few shards, so that wallets meet in them.
EngineSettings small_node();
/// The same where every transfer takes its steps one by one.
EngineSettings slow_node();

/// One node that serves alone: no membership, no peers, every shard is its own from the start. A simulated ledger is
/// under it, virtual time around it. One step is one message or one database read. With a seed, what runs next is drawn
/// by it; without, it is first come, first served.
///
/// `kill` is kill -9: whatever was in memory is gone, what the ledger has stays. `start` starts another process on it.
class World final : private ReplySink {
 public:
  World(SimulatedLedger& ledger, EngineSettings settings, std::optional<std::uint64_t> seed = std::nullopt);
  ~World() override;
  World(const World&) = delete;

  void start();
  void kill();
  bool is_running() const { return process_ != nullptr; }

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
  void fail_reads(int count) { reads_.fail(count); }
  /// The read pool takes nothing.
  void fill_read_pool(bool full) { reads_.fill(full); }
  /// Holds back reads that were begun, until false.
  void hold_reads(bool held) { reads_.hold(held); }

  Node& node() { return process_->node(); }
  bool is_ready() const { return process_->node().lanes[0]->ready; }
  std::uint64_t generation() const { return process_->node().lanes[0]->generation; }
  const std::optional<std::string>& gave_up() const { return process_->gave_up(); }
  std::int64_t now_ms() const { return now_ms_; }
  SimulatedLedger& ledger() { return ledger_; }
  SimulatedProvider& provider() { return provider_; }
  /// The node has no provider, from its next start on.
  void take_provider_away() { has_provider_ = false; }
  /// Actors that outlived the end of their node: none, unless something holds on to itself.
  std::size_t leaked_actors() const { return leaked_actors_; }

 private:
  /// The node is alone: nobody can be reached.
  class NoLinks final : public Links {
   public:
    void set_peers(const std::vector<NodeRow>&) override {}
    Sent send(const Incarnation&, std::string) override { return Sent::down; }
    bool is_up(const Incarnation&) const override { return false; }
  };

  void deliver(std::vector<Answer> answers) override;
  std::size_t draw(std::size_t count);
  void hear_provider(const ProviderWordRequest& word);

  SimulatedLedger& ledger_;
  EngineSettings settings_;
  std::optional<std::minstd_rand> random_{};
  SimulatedReads reads_;
  SimulatedProvider provider_;
  bool has_provider_ = true;
  NoLinks links_{};
  std::unique_ptr<SimulatedNode> process_{};
  std::uint64_t starts_ = 0;
  std::int64_t now_ms_;
  std::uint64_t next_correlation_ = 1;
  std::unordered_map<std::uint64_t, std::vector<Result>> answers_{};
  std::function<void(const Answer&)> listen_{};
  std::size_t leaked_actors_ = 0;
};

}  // namespace dompet::simulated
