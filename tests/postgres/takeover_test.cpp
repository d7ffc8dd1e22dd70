#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <chrono>
#include <future>

#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// A batch with one record of no wallet, at the next place of the claim's stream.
Batch next_of(const Claim& claim, std::uint64_t number = 1) {
  JournalRow row{.shard = claim.shard, .kind = static_cast<std::int16_t>(RecordKind::declined), .currency = 360};
  row.shard_seq = static_cast<std::int64_t>(claim.last_seq + 1);
  row.epoch = static_cast<std::int64_t>(claim.epoch);
  row.id = make_incarnation().uuid;
  return {.id = number, .at_ms = 1'790'000'000'000, .journal = {row}};
}

Outcome commit_next(TestNode& node, const Claim& claim) { return node.lane->commit(next_of(claim)).outcome; }

std::vector<Shard> shards_of(const std::vector<Claim>& claims) {
  std::vector<Shard> shards;
  std::ranges::transform(claims, std::back_inserter(shards), &Claim::shard);
  return shards;
}

/// The rows of these shards, as a node sees them now.
std::vector<ShardRow> rows_of(TestNode& node, const std::vector<Shard>& shards) {
  std::vector<ShardRow> rows = node.ownership->shards();
  std::erase_if(rows, [&](const ShardRow& row) { return std::ranges::find(shards, row.shard) == shards.end(); });
  return rows;
}

const std::vector<Shard> some{3, 17, 40};

/// A ledger that one node owns altogether, and a second node whose lane is connected and owns nothing.
struct TwoNodes {
  TwoNodes() {
    make_empty_ledger();
    old.emplace();
    next.emplace();
    claims = old->take_all();
    REQUIRE(next->lane->claim().empty());
  }

  std::optional<TestNode> old{};
  std::optional<TestNode> next{};
  std::vector<Claim> claims{};
  SqlSession sql = open_session();
};

/// What a paused process leaves behind: a session of this name with a transaction that shares the node's fence.
struct PausedSession {
  PausedSession(const std::string& name, const Incarnation& incarnation)
      : sql({.database = database_url(), .application_name = name, .read_only = false}) {
    sql.run("BEGIN; SELECT FROM lane_fence WHERE incarnation = '" + to_string(incarnation) + "' FOR SHARE");
  }
  bool lives() {
    try {
      sql.run("SELECT 1");
      return true;
    } catch (const Unavailable&) {
      return false;
    }
  }

  SqlSession sql;
};

std::string lane_name(const Incarnation& incarnation) {
  return "dompet/paused/" + to_string(incarnation).substr(24) + "/lane";
}

}  // namespace

TEST_CASE("once a node has taken shards, their former owner commits nothing until it claims what it still has",
          "[takeover]") {
  TwoNodes nodes;
  CHECK(commit_next(*nodes.old, nodes.claims[5]) == Outcome::durable);
  CHECK(nodes.next->ownership->acquire(rows_of(*nodes.next, some)) == some);
  CHECK(commit_next(*nodes.old, nodes.claims[3]) == Outcome::fenced);
  CHECK(commit_next(*nodes.old, nodes.claims[6]) == Outcome::fenced);
  CHECK(count(nodes.sql, "journal") == 1);

  const std::vector<Claim> left = nodes.old->lane->claim();
  CHECK(left.size() == default_shard_count - some.size());
  CHECK(std::ranges::none_of(left, [](const Claim& claim) { return claim.shard == 17; }));
  CHECK(left[4].shard == 5);
  CHECK(left[4].last_seq == 1);
  CHECK(commit_next(*nodes.old, left[4]) == Outcome::durable);
}

TEST_CASE("a lane adopts what was taken beside it and goes on under the fence that it has", "[takeover]") {
  TwoNodes nodes;
  CHECK(commit_next(*nodes.old, nodes.claims[17]) == Outcome::durable);
  nodes.next->ownership->acquire(rows_of(*nodes.next, {40}));
  const Claim first = nodes.next->lane->adopt({40}).at(0);
  nodes.next->ownership->acquire(rows_of(*nodes.next, {3, 17}));
  const std::vector<Claim> adopted = nodes.next->lane->adopt({3, 17, 20});
  CHECK(shards_of(adopted) == std::vector<Shard>{3, 17});
  CHECK(adopted[1].last_seq == 1);
  CHECK(adopted[1].epoch == nodes.claims[17].epoch + 1);
  CHECK(commit_next(*nodes.next, first) == Outcome::durable);
  CHECK(commit_next(*nodes.next, adopted[1]) == Outcome::durable);
}

TEST_CASE("a lane commits nothing for a shard that it has not claimed, or under another epoch", "[takeover]") {
  TwoNodes nodes;
  nodes.next->ownership->acquire(rows_of(*nodes.next, some));
  CHECK(commit_next(*nodes.next, {.shard = 3, .epoch = nodes.claims[3].epoch + 1}) == Outcome::fenced);
  Claim claim = nodes.next->lane->adopt({3}).at(0);
  claim.epoch += 1;
  CHECK(commit_next(*nodes.next, claim) == Outcome::fenced);
  CHECK(count(nodes.sql, "journal") == 0);
}

TEST_CASE("shards that somebody took first are left out, and nobody is disturbed for them", "[takeover]") {
  TwoNodes nodes;
  TestNode third;
  const std::vector<ShardRow> seen = rows_of(third, {1, 3, 17, 40});
  nodes.next->ownership->acquire(rows_of(*nodes.next, some));
  const std::vector<Claim> adopted = nodes.next->lane->adopt(some);
  CHECK(third.ownership->acquire(seen) == std::vector<Shard>{1});
  CHECK(third.ownership->acquire(seen).empty());
  CHECK(commit_next(*nodes.next, adopted.at(0)) == Outcome::durable);
  // The owner is the one that was read, its epoch is not: it has claimed again since.
  const std::vector<ShardRow> stale = rows_of(third, some);
  const std::vector<Claim> claimed = nodes.next->lane->claim();
  CHECK(third.ownership->acquire(stale).empty());
  CHECK(commit_next(*nodes.next, claimed.at(1)) == Outcome::durable);
  // An epoch alone does not make a row the one that was read: after a lossy failover two owners may have had it.
  std::vector<ShardRow> forged = rows_of(third, {3});
  forged[0].owner = nodes.old->row.incarnation;
  CHECK(third.ownership->acquire(forged).empty());
}

TEST_CASE("shards without an owner are taken at once", "[takeover]") {
  make_empty_ledger();
  TestNode node;
  const std::vector<ShardRow> seen = node.ownership->shards();
  REQUIRE(seen.size() == default_shard_count);
  CHECK(seen[0].owner.uuid.is_nil());
  CHECK(node.ownership->acquire(seen).size() == default_shard_count);
  CHECK(node.ownership->shards()[9] == ShardRow{9, node.row.incarnation, 1, {}});
}

TEST_CASE("a shard that was handed over is closed to its former lane, which goes on with its others", "[takeover]") {
  TwoNodes nodes;
  CHECK(commit_next(*nodes.old, nodes.claims[17]) == Outcome::durable);
  CHECK(nodes.old->lane->hand_over(nodes.claims[17], nodes.next->row.incarnation));
  Claim given = nodes.claims[17];
  given.last_seq = 1;
  CHECK(commit_next(*nodes.old, given) == Outcome::fenced);
  CHECK(commit_next(*nodes.old, nodes.claims[18]) == Outcome::durable);

  const Claim taken = nodes.next->lane->adopt({17}).at(0);
  CHECK(taken.epoch == given.epoch + 1);
  CHECK(taken.last_seq == 1);
  CHECK(commit_next(*nodes.next, taken) == Outcome::durable);
  CHECK(nodes.old->lane->hand_over(nodes.claims[18], nodes.next->row.incarnation));
  CHECK(nodes.old->lane->claim().size() == default_shard_count - 2);
}

TEST_CASE("a transfer into a shard that was handed over is not committed as one record", "[takeover]") {
  TestLedger ledger;
  const TestNode other;
  const WalletId ayu = ledger.open_wallet("Ayu");
  WalletId budi = ledger.open_wallet("Budi");
  while (ledger.writer().shard_of_wallet(budi) == ledger.writer().shard_of_wallet(ayu))
    budi = ledger.open_wallet("Budi");
  ledger.top_up(ayu, 500);
  ledger.transfer(ayu, budi, 100);
  ledger.commit();
  const ShardRow row = other.ownership->shards().at(ledger.writer().shard_of_wallet(budi));
  CHECK(ledger.store().hand_over({row.shard, row.epoch, 0}, other.row.incarnation));
  ledger.top_up(ayu, 1);
  CHECK(ledger.writer().try_commit().outcome == Outcome::durable);
  ledger.transfer(ayu, budi, 100);
  CHECK(ledger.writer().try_commit().outcome == Outcome::fenced);
  CHECK(ledger.reader().load_wallet(budi)->wallet.available == 100);
}

TEST_CASE("a hand-over waits for what the old lane still had on its way, and shuts the door behind it", "[takeover]") {
  TwoNodes nodes;
  // As after a connection that was lost: a second one of the same lane, with the same fence, still has a commit to do.
  PausedSession late("dompet/late", nodes.old->row.incarnation);
  auto handing = std::async(std::launch::async,
                            [&] { return nodes.old->lane->hand_over(nodes.claims[17], nodes.next->row.incarnation); });
  await_blocked(nodes.sql, "dompet/test/%/lane");
  CHECK(rows_of(*nodes.next, {17})[0].owner == nodes.old->row.incarnation);
  late.sql.run("COMMIT");
  CHECK(handing.get());
  CHECK(count(nodes.sql,
              "lane_fence WHERE incarnation = '" + to_string(nodes.old->row.incarnation) + "' AND fence = 3") == 1);
}

TEST_CASE("a shard is handed over only by its owner, as it is now, and only to a node that is up", "[takeover]") {
  TwoNodes nodes;
  const auto& to = nodes.next->row.incarnation;
  Claim claim = nodes.claims[17];
  SECTION("another epoch") { claim.epoch += 1; }
  SECTION("not its owner any more") { nodes.next->ownership->acquire(rows_of(*nodes.next, {17})); }
  SECTION("fenced for another shard") { nodes.next->ownership->acquire(rows_of(*nodes.next, {3})); }
  SECTION("the other is about to leave") { make_membership_store(to)->set_state(to, NodeState::draining); }
  const std::vector<ShardRow> before = nodes.next->ownership->shards();
  CHECK_FALSE(nodes.old->lane->hand_over(claim, to));
  CHECK_FALSE(nodes.old->lane->hand_over(claim, nodes.old->row.incarnation));
  CHECK_FALSE(nodes.old->lane->hand_over(claim, make_incarnation()));
  CHECK(nodes.next->ownership->shards() == before);
}

TEST_CASE("a claim fences the lane's own earlier commits, also when no shard is left", "[takeover]") {
  TwoNodes nodes;
  nodes.sql.run("UPDATE shard SET owner = NULL, epoch = epoch + 1");
  const auto after_reconnect = make_lane_store(nodes.old->row.incarnation);
  CHECK(after_reconnect->claim().empty());
  CHECK(commit_next(*nodes.old, nodes.claims[0]) == Outcome::fenced);
}

TEST_CASE("without its connection a lane does nothing but claim", "[takeover]") {
  TwoNodes nodes;
  terminate(nodes.sql, "dompet/test/%/lane");
  CHECK(commit_next(*nodes.old, nodes.claims[0]) == Outcome::unknown);
  CHECK(commit_next(*nodes.old, nodes.claims[0]) == Outcome::unknown);
  CHECK_THROWS_AS(nodes.old->lane->adopt({1}), Unavailable);
  CHECK_THROWS_AS(nodes.old->lane->hand_over(nodes.claims[1], nodes.next->row.incarnation), Unavailable);
  CHECK_THROWS_AS(nodes.old->lane->batch_at(1, 1), Unavailable);
  CHECK(count(nodes.sql, "pg_stat_activity WHERE application_name LIKE 'dompet/test/%/lane'") == 0);
  CHECK(nodes.old->lane->claim().at(0).epoch == nodes.claims[0].epoch + 1);
}

TEST_CASE("a node that is not registered claims nothing and takes nothing", "[takeover]") {
  make_empty_ledger();
  CHECK_THROWS_AS(make_lane_store(make_incarnation())->claim(), Unavailable);
  const auto stranger =
      make_postgres_ownership_store({.database = database_url(), .incarnation = make_incarnation(), .node_name = "x"});
  CHECK_THROWS_AS(stranger->acquire(stranger->shards()), Unavailable);
}

TEST_CASE("a paused lane that keeps a lock is ended, and its shards are taken within two seconds", "[takeover]") {
  TwoNodes nodes;
  PausedSession paused(lane_name(nodes.old->row.incarnation), nodes.old->row.incarnation);
  const auto begun = steady_clock::now();
  CHECK(nodes.next->ownership->acquire(nodes.next->ownership->shards()).size() == default_shard_count);
  CHECK(steady_clock::now() - begun < 2s);
  CHECK_FALSE(paused.lives());
}

TEST_CASE("a takeover ends nobody's session but a lane's of the former owner", "[takeover]") {
  TwoNodes nodes;
  const std::vector<ShardRow> before = nodes.next->ownership->shards();
  PausedSession stranger("dompet/somebody", nodes.old->row.incarnation);
  PausedSession innocent(lane_name(nodes.next->row.incarnation), nodes.old->row.incarnation);
  CHECK_THROWS_AS(nodes.next->ownership->acquire(before), Unavailable);
  CHECK(stranger.lives());
  CHECK(innocent.lives());
  CHECK(nodes.next->ownership->shards() == before);
}

TEST_CASE("a lane whose lost connection left a lock behind gets rid of it and claims", "[takeover]") {
  TwoNodes nodes;
  const auto hurried = make_lane_store(nodes.old->row.incarnation, 200);
  PausedSession lost(lane_name(nodes.old->row.incarnation), nodes.old->row.incarnation);
  CHECK_THROWS_AS(hurried->claim(), Unavailable);
  CHECK_FALSE(lost.lives());
  CHECK(hurried->claim().size() == default_shard_count);
}

TEST_CASE("of a takeover whose answer was lost, what it took is found", "[takeover]") {
  TwoNodes nodes;
  const bool took = GENERATE(false, true);
  const std::vector<ShardRow> seen = rows_of(*nodes.next, some);
  PausedSession stopper("dompet/somebody", nodes.old->row.incarnation);
  auto taking = std::async(std::launch::async, [&] { return nodes.next->ownership->acquire(seen); });
  await_blocked(nodes.sql, "dompet/test/%/ownership");
  if (took)
    nodes.sql.run("UPDATE shard SET owner = '" + to_string(nodes.next->row.incarnation) +
                  "', epoch = epoch + 1 WHERE shard IN (3, 40)");
  terminate(nodes.sql, "dompet/test/" + to_string(nodes.next->row.incarnation).substr(24) + "/ownership");
  CHECK(taking.get() == (took ? std::vector<Shard>{3, 40} : std::vector<Shard>{}));
}

TEST_CASE("a wish to move a shard holds for the row that was read, until the shard changes hands", "[takeover]") {
  TwoNodes nodes;
  const ShardRow seen = rows_of(*nodes.next, {17}).at(0);
  const auto& to = nodes.next->row.incarnation;
  CHECK(nodes.next->ownership->set_target(seen, to));
  CHECK(rows_of(*nodes.old, {17}).at(0).target == to);
  CHECK(nodes.next->ownership->set_target(seen, {}));
  CHECK(rows_of(*nodes.old, {17}).at(0).target.uuid.is_nil());
  CHECK(nodes.next->ownership->set_target(seen, to));
  CHECK_FALSE(nodes.next->ownership->set_target(seen, make_incarnation()));
  CHECK(nodes.old->lane->hand_over(nodes.claims[17], to));
  CHECK(rows_of(*nodes.old, {17}).at(0) == ShardRow{17, to, seen.epoch + 1, {}});
  CHECK_FALSE(nodes.next->ownership->set_target(seen, to));
}

TEST_CASE("the ledger remembers the cluster that it is served from", "[takeover]") {
  TwoNodes nodes;
  const DatabaseIdentity identity = nodes.next->ownership->identity();
  const std::string from_here = "ledger WHERE system_identifier = '" + identity.system_identifier +
                                "' AND timeline = " + std::to_string(identity.timeline);
  CHECK_FALSE(identity.system_identifier.empty());
  CHECK(count(nodes.sql, from_here) == 1);
  // As after a restore elsewhere: the next connection sees that, and its claim takes everything anew.
  nodes.sql.run("UPDATE ledger SET timeline = 99");
  terminate(nodes.sql, "dompet/test/%/lane");
  CHECK(commit_next(*nodes.old, nodes.claims[0]) == Outcome::unknown);
  CHECK(nodes.old->lane->claim().at(0).epoch == nodes.claims[0].epoch + 1);
  CHECK(count(nodes.sql, from_here) == 1);
}

}  // namespace dompet::testing
