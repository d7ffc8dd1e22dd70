#include "tests/actor/simulated_membership.hpp"

#include <algorithm>
#include <utility>

namespace dompet::simulated {

namespace {

bool is_live(const NodeRow& node) { return node.state == NodeState::up || node.state == NodeState::draining; }

}  // namespace

class SimulatedMembership::Nodes final : public MembershipStore {
 public:
  Nodes(SimulatedMembership& table, const Incarnation& me, std::shared_ptr<const bool> alive)
      : table_(table), me_(me), alive_(std::move(alive)) {}

  void join(const NodeRow& me) override {
    pass();
    if (table_.find(me.incarnation) == nullptr) {
      table_.rows_.push_back(me);
      table_.rows_.back().heartbeat = 0;
      table_.rows_.back().state = NodeState::up;
    }
    table_.answer(me_);
  }

  bool renew() override {
    pass();
    NodeRow* const row = table_.find_live(me_);
    if (row != nullptr)
      row->heartbeat += 1;
    table_.answer(me_);
    return row != nullptr;
  }

  std::vector<NodeRow> nodes() override {
    pass();
    std::vector<NodeRow> rows = table_.rows_;
    table_.done(me_);
    return rows;
  }

  bool expire(const Incarnation& node, std::uint64_t heartbeat) override {
    pass();
    NodeRow* const row = table_.find_live(node);
    const bool stands_still = row != nullptr && row->heartbeat == heartbeat;
    if (stands_still)
      row->state = NodeState::expired;
    table_.answer(me_);
    return stands_still;
  }

  void bury(const Incarnation& node) override { set_state(node, NodeState::expired); }

  bool set_state(const Incarnation& node, NodeState state) override {
    pass();
    NodeRow* const row = table_.find_live(node);
    if (row != nullptr)
      row->state = state;
    table_.answer(me_);
    return row != nullptr;
  }

 private:
  void pass() const { table_.pass(me_, 0, *alive_); }

  SimulatedMembership& table_;
  Incarnation me_;
  std::shared_ptr<const bool> alive_;
};

class SimulatedMembership::Owners final : public OwnershipStore {
 public:
  Owners(SimulatedMembership& table, const Incarnation& me, int database, SimulatedShards& shards,
         std::shared_ptr<const bool> alive)
      : table_(table), me_(me), database_(database), shards_(shards), alive_(std::move(alive)) {}

  void register_node(const NodeRow& me) override {
    pass();
    shards_.register_node(me.incarnation);
    table_.answer(me_);
  }

  std::vector<ShardRow> shards() override {
    pass();
    std::vector<ShardRow> rows = shards_.rows();
    table_.done(me_);
    return rows;
  }

  std::vector<Shard> acquire(const std::vector<ShardRow>& seen) override {
    pass();
    std::vector<Shard> taken = shards_.take(me_, seen);
    table_.answer(me_);
    return taken;
  }

  bool set_target(const ShardRow& seen, const Incarnation& target) override {
    pass();
    const bool is_set = shards_.set_target(seen, target);
    table_.answer(me_);
    return is_set;
  }

  DatabaseIdentity identity() override {
    pass();
    return table_.identity_;
  }

 private:
  void pass() const { table_.pass(me_, database_, *alive_); }

  SimulatedMembership& table_;
  Incarnation me_;
  int database_;
  SimulatedShards& shards_;
  std::shared_ptr<const bool> alive_;
};

std::unique_ptr<MembershipStore> SimulatedMembership::membership_of(const Incarnation& me,
                                                                    std::shared_ptr<const bool> alive) {
  return std::make_unique<Nodes>(*this, me, std::move(alive));
}

std::unique_ptr<OwnershipStore> SimulatedMembership::ownership_of(const Incarnation& me, int database,
                                                                  SimulatedShards& shards,
                                                                  std::shared_ptr<const bool> alive) {
  return std::make_unique<Owners>(*this, me, database, shards, std::move(alive));
}

void SimulatedMembership::cut_off(const Incarnation& node, bool is_cut_off) {
  if (is_cut_off)
    cut_off_.insert(node);
  else
    cut_off_.erase(node);
}

void SimulatedMembership::stop(int database, bool is_stopped) {
  if (is_stopped)
    stopped_.insert(database);
  else
    stopped_.erase(database);
}

const NodeRow* SimulatedMembership::find(const Incarnation& node) const {
  const auto found = std::ranges::find(rows_, node, &NodeRow::incarnation);
  return found == rows_.end() ? nullptr : &*found;
}

NodeRow* SimulatedMembership::find_live(const Incarnation& node) {
  const auto found = std::ranges::find(rows_, node, &NodeRow::incarnation);
  return found == rows_.end() || !is_live(*found) ? nullptr : &*found;
}

void SimulatedMembership::pass(const Incarnation& caller, int database, bool alive) const {
  if (!alive || cut_off_.contains(caller) || stopped_.contains(database))
    throw Unavailable("simulated: the database does not answer");
  if (listen_)
    listen_(caller);
}

void SimulatedMembership::answer(const Incarnation& caller) {
  done(caller);
  if (answers_to_lose_ == 0)
    return;
  answers_to_lose_ -= 1;
  throw Unavailable("simulated: the answer was lost");
}

void SimulatedMembership::done(const Incarnation& caller) const {
  if (listen_when_done_)
    listen_when_done_(caller);
  if (cut_off_.contains(caller))
    throw Unavailable("simulated: the answer was lost");
}

}  // namespace dompet::simulated
