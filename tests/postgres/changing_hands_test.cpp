#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <random>
#include <thread>

#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

constexpr int nodes = 3;
constexpr int rounds = 150;

/// What went on, for the end: a test of races that did not race shows nothing.
struct Tally {
  std::atomic<int> durable{0}, fenced{0}, other{0}, acquired{0}, given{0}, outages{0};
};

/// A node that commits to its shards, takes others' although their owners live, and gives some of its own away.
class GreedyNode {
 public:
  GreedyNode(int number, Tally& tally) : tally_(tally), random_(static_cast<unsigned>(number) + 1) {}

  const Incarnation& incarnation() const { return node_.row.incarnation; }

  void live(const std::vector<Incarnation>& everybody) {
    claim();
    for (int round = 0; round < rounds; ++round) {
      try {
        if (random_() % 16 == 0)
          take_some();
        else if (random_() % 16 == 0)
          give_one(everybody[random_() % everybody.size()]);
        else
          commit_some();
      } catch (const Unavailable&) {
        tally_.outages += 1;
        return;
      }
    }
  }

 private:
  void claim() { claims_ = node_.lane->claim(); }

  void take_some() {
    std::vector<ShardRow> rows = node_.ownership->shards();
    std::erase_if(rows, [this](const ShardRow& row) { return row.owner == incarnation() || random_() % 4 != 0; });
    const std::vector<Shard> taken = node_.ownership->acquire(rows);
    tally_.acquired += static_cast<int>(taken.size());
    for (const Claim& claim : node_.lane->adopt(taken))
      claims_.push_back(claim);
  }

  void give_one(const Incarnation& to) {
    if (claims_.empty() || to == incarnation())
      return;
    if (!node_.lane->hand_over(claims_.back(), to))
      return claim();
    claims_.pop_back();
    tally_.given += 1;
  }

  /// One record for each of some shards.
  void commit_some() {
    Batch batch{.id = 1 + random_(), .at_ms = 1'790'000'000'000};
    std::vector<Claim*> written;
    for (Claim& claim : claims_)
      if (random_() % 3 == 0)
        written.push_back(&claim);
    for (const Claim* claim : written) {
      JournalRow row{.shard = claim->shard, .kind = static_cast<std::int16_t>(RecordKind::declined), .currency = 360};
      row.shard_seq = static_cast<std::int64_t>(claim->last_seq + 1);
      row.epoch = static_cast<std::int64_t>(claim->epoch);
      row.id = incarnation().uuid;
      batch.journal.push_back(row);
    }
    const Outcome outcome = node_.lane->commit(batch).outcome;
    (outcome == Outcome::durable ? tally_.durable : outcome == Outcome::fenced ? tally_.fenced : tally_.other) += 1;
    if (outcome != Outcome::durable)
      return claim();
    for (Claim* claim : written)
      claim->last_seq += 1;
  }

  Tally& tally_;
  std::minstd_rand random_;
  TestNode node_{};
  std::vector<Claim> claims_{};
};

}  // namespace

TEST_CASE("nodes that snatch shards from each other while they commit never write under an old epoch", "[takeover]") {
  make_empty_ledger();
  Tally tally;
  std::vector<std::unique_ptr<GreedyNode>> greedy;
  std::vector<Incarnation> everybody;
  for (int number = 0; number < nodes; ++number) {
    greedy.push_back(std::make_unique<GreedyNode>(number, tally));
    everybody.push_back(greedy.back()->incarnation());
  }
  {
    std::vector<std::jthread> threads;
    threads.reserve(greedy.size());
    for (const auto& node : greedy)
      threads.emplace_back([&] { node->live(everybody); });
  }
  CAPTURE(tally.durable, tally.fenced, tally.acquired, tally.given);
  // Nobody met a deadlock, waited too long for a lock, or wrote to a place that another had written to.
  CHECK(tally.outages == 0);
  CHECK(tally.other == 0);
  CHECK(tally.durable > 0);
  CHECK(tally.fenced > 0);
  CHECK(tally.acquired > 0);
  CHECK(tally.given > 0);
  SqlSession sql = open_session();
  // `id` says who wrote.
  const std::string streams = "(SELECT *, lag(epoch) OVER s AS epoch_before, lag(id) OVER s AS id_before,"
                              " row_number() OVER s AS place FROM journal"
                              " WINDOW s AS (PARTITION BY shard ORDER BY shard_seq)) AS j";
  CHECK(count(sql, streams) > 100);
  CHECK(count(sql, streams + " WHERE epoch < epoch_before") == 0);
  CHECK(count(sql, streams + " WHERE place <> shard_seq") == 0);
  CHECK(count(sql, streams + " WHERE epoch = epoch_before AND id <> id_before") == 0);
  CHECK(count(sql, "journal j JOIN shard s USING (shard) WHERE j.epoch > s.epoch") == 0);
}

}  // namespace dompet::testing
