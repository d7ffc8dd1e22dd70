#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/cluster/router.hpp"
#include "actors/node.hpp"
#include "tests/actor/simulated_ledger.hpp"
#include "tests/actor/simulated_membership.hpp"

namespace dompet::simulated {

/// What is around a simulated process and outlives it.
struct Surroundings {
  SimulatedLedger& ledger;
  ReadPool& reads;
  /// Who hears the answers of its clients.
  ReplySink& clients;
  std::function<std::int64_t()> unix_ms{};
  std::function<std::int64_t()> boottime_ms{};
  /// None: the process serves alone, without membership, and owns every shard from its start on.
  SimulatedMembership* membership = nullptr;
  ProviderPort* provider = nullptr;
};

/// One process, whole but for its threads: lane, shards, saga engines, wallets, router and, as a member of a cluster,
/// membership and ownership, all of them the real ones, under a deterministic scheduler of its own. Nothing happens by
/// itself: whoever has it runs its jobs, one message each, and lets its time pass.
class SimulatedNode final : private ReplySink {
 public:
  /// Starts it. `predecessor` is an earlier start that surely is dead, if one is known.
  SimulatedNode(Surroundings around, EngineSettings settings, NodeRow me, Links& links, Incarnation predecessor = {});
  ~SimulatedNode() override;
  SimulatedNode(const SimulatedNode&) = delete;

  /// kill -9: what is in memory is gone, what the ledger has stays. Returns how many actors outlived their process:
  /// none, unless something holds on to itself.
  std::size_t kill();

  /// As the engine does it: to the shard, or to the router when the shard is not served here.
  void submit(std::uint64_t correlation, Request request);

  std::size_t jobs() const;
  void run_job(std::size_t index);
  /// One job that is not the lane's; false when there is none.
  bool run_job_beside_lane();
  /// Time passes, and delayed messages arrive.
  void advance(std::chrono::nanoseconds time);

  Node& node() { return *node_; }
  const Node& node() const { return *node_; }
  const Incarnation& id() const { return node_->me.incarnation; }
  /// Why the process ended by itself, and whether a new start was all it wanted.
  const std::optional<std::string>& gave_up() const { return gave_up_; }
  const std::optional<std::string>& stepped_down() const { return stepped_down_; }

 private:
  struct Machine;

  void deliver(std::vector<Answer> answers) override;
  void spawn_actors();
  void join(const Incarnation& predecessor);
  void serve_alone();
  void run_all_jobs();

  Surroundings around_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<Machine> machine_;
  NodePtr node_;
  AnswerRouter answers_;
  caf::actor supervisor_{};
  std::optional<std::string> gave_up_{};
  std::optional<std::string> stepped_down_{};
};

}  // namespace dompet::simulated
