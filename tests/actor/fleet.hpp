#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/node.hpp"
#include "tests/actor/simulated_membership.hpp"

namespace dompet::simulated {

/// The shard table of one database, without wallets. It notes how many wishes were open at the same time.
class PlainShards final : public SimulatedShards {
 public:
  PlainShards(Shard first, Shard count);

  std::vector<ShardRow> rows() const override;
  std::vector<Shard> take(const Incarnation& me, const std::vector<ShardRow>& seen) override;
  bool set_target(const ShardRow& seen, const Incarnation& target) override;

  bool has(Shard shard) const { return rows_.contains(shard); }
  const ShardRow& row(Shard shard) const { return rows_.at(shard); }
  /// What an owner's lane does with a shard that it gives away.
  void hand_over(Shard shard, const Incarnation& to);
  void wish(Shard shard, const Incarnation& target) { rows_.at(shard).target = target; }
  void give(Shard shard, const Incarnation& owner) { rows_.at(shard).owner = owner; }
  /// Every attempt to take something comes too late.
  void refuse(bool refuses) { refuses_ = refuses; }
  int attempts_to_take() const { return attempts_to_take_; }
  int most_open_wishes() const { return most_open_wishes_; }
  int hand_overs() const { return hand_overs_; }

 private:
  std::map<Shard, ShardRow> rows_{};
  int most_open_wishes_ = 0;
  int hand_overs_ = 0;
  bool refuses_ = false;
  int attempts_to_take_ = 0;
};

/// Nodes as far as membership goes: their membership and ownership actors are the real ones, their lanes and shards
/// stand-ins that serve what they are told to and let go when they are told to. All share one deterministic scheduler
/// and one virtual time, which is also everybody's boottime.
class Fleet {
 public:
  struct Member;

  explicit Fleet(EngineSettings settings, int databases = 1);
  ~Fleet();
  Fleet(const Fleet&) = delete;

  /// Starts a process. Without an address it cannot be reached by others: it serves alone.
  Member& start(const std::string& name, const std::string& address, const Incarnation& predecessor = {});
  /// kill -9.
  void kill(Member& member);

  /// Everything that can happen before time passes.
  void run();
  void pass(std::chrono::milliseconds time);
  /// False when it did not hold within the limit.
  bool pass_until(const std::function<bool()>& holds, std::chrono::milliseconds limit = std::chrono::seconds(60));
  /// Time passes during whatever is going on.
  void advance_clock(std::chrono::milliseconds time) { now_ms_ += time.count(); }
  std::int64_t now_ms() const { return now_ms_; }

  const ShardRow& row(Shard shard) const;
  std::size_t owned_by(const Member& member) const;
  std::size_t served_by(const Member& member) const;
  NodeState state_of(const Member& member) const;
  Shard shard_count() const { return settings_.shard_count; }
  PlainShards& shards(int database = 0) { return databases_.at(static_cast<std::size_t>(database)); }

  SimulatedMembership table{};

 private:
  struct Machine;
  bool may_run(const caf::resumable* job) const;

  EngineSettings settings_;
  std::vector<PlainShards> databases_{};
  std::int64_t now_ms_ = 1'000'000;
  std::uint64_t next_incarnation_ = 1;
  std::unique_ptr<Machine> machine_;
  std::vector<std::unique_ptr<Member>> members_{};
};

struct Fleet::Member final : public Links {
  NodePtr node{};
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  std::vector<NodeRow> peers{};
  std::optional<std::string> stepped_down{};
  int resets = 0;
  /// Its process does nothing, as after SIGSTOP.
  bool is_stopped = false;
  /// Only its ownership actors hang.
  bool ownership_hangs = false;
  /// Its lanes do not hear what they shall serve.
  bool lanes_are_deaf = false;
  /// Its shards do not let go.
  bool shards_hold_on = false;
  std::vector<Shard> told_to_release{};

  const Incarnation& id() const { return node->me.incarnation; }

  void set_peers(const std::vector<NodeRow>& those) override { peers = those; }
  Sent send(const Incarnation&, std::string) override { return Sent::down; }
  bool is_up(const Incarnation&) const override { return true; }
};

}  // namespace dompet::simulated
