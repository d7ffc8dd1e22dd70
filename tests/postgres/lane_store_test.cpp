#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <future>
#include <thread>

#include "persistence/failpoint.hpp"
#include "persistence/lane_store.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

using namespace std::chrono_literals;

std::int64_t count(SqlSession& sql, const std::string& what) {
  return sql.ask("SELECT count(*) FROM " + what)[0].number(0);
}

/// Waits until a session of this name waits for a lock.
void await_blocked(SqlSession& sql, const std::string& application) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (count(sql, "pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE '" + application +
                        "'") == 0) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(2ms);
  }
}

/// Takes every shard as another node would.
void acquire_as_another(SqlSession& sql) {
  const std::string me = to_string(make_incarnation());
  sql.run("INSERT INTO node (incarnation, name) VALUES ('" + me + "', 'other'); INSERT INTO lane_fence VALUES ('" + me +
          "')");
  sql.run("SELECT acquire_shards_v1('" + me +
          "', (SELECT array_agg(shard ORDER BY shard) FROM shard),"
          " (SELECT array_agg(epoch ORDER BY shard) FROM shard))");
}

/// Claims until it works: the server may still be busy with the session that was lost.
std::vector<Claim> claim_again(LaneStore& store) {
  for (const auto deadline = std::chrono::steady_clock::now() + 10s;;) {
    try {
      return store.claim();
    } catch (const Unavailable&) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(5ms);
    }
  }
}

bool same(const Record& record, const JournalRow& row) {
  const JournalRow read = encode(record);
  return read.payload == row.payload && read.id == row.id && read.key == row.key && read.wallet == row.wallet &&
         read.peer == row.peer && read.amount == row.amount && read.at_ms == row.at_ms && read.epoch == row.epoch &&
         read.batch == row.batch && read.wallet_seq == row.wallet_seq && read.peer_seq == row.peer_seq;
}

}  // namespace

TEST_CASE("what a batch holds is in the journal afterwards, and beside it", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const WalletId budi = ledger.open_wallet("Budi");
  ledger.top_up(ayu, 10'000);
  ledger.commit();
  ledger.transfer(ayu, budi, 300);
  ledger.place_hold(ayu, budi, 200);
  const std::vector<JournalRow> sealed = ledger.writer().pending().journal;
  const std::uint64_t batch = ledger.writer().pending().id;
  ledger.commit();
  const auto stream = ledger.reader().stream(sealed[0].shard, static_cast<std::uint64_t>(sealed[0].shard_seq) - 1, 10);
  REQUIRE(stream.size() == 2);
  CHECK(same(stream[0], sealed[0]));
  CHECK(same(stream[1], sealed[1]));
  CHECK(ledger.store().batch_at(sealed[0].shard, stream[0].shard_seq) == batch);
  CHECK_FALSE(ledger.store().batch_at(sealed[0].shard, 999));
  CHECK(count(ledger.sql(), "saga WHERE state = 1 AND amount = 200") == 1);
  CHECK(count(ledger.sql(), "wallet WHERE status = 'active'") == 2);
}

TEST_CASE("a lane whose shards another one took can write nothing any more", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  acquire_as_another(ledger.sql());
  const std::int64_t before = count(ledger.sql(), "journal");
  ledger.top_up(ayu, 500);
  const CommitResult result = ledger.writer().try_commit();
  CHECK(result.outcome == Outcome::fenced);
  CHECK(result.sqlstate == "DP001");
  CHECK(count(ledger.sql(), "journal") == before);
  CHECK(count(ledger.sql(), "system_total") == 0);
  // It may take them back, under a new epoch each.
  const std::vector<Claim> claims = ledger.store().claim();
  CHECK(claims.size() == default_shard_count);
  CHECK(claims[0].epoch == 3);
  CHECK(ledger.store().commit(Batch{.id = 9, .at_ms = ledger.now_ms()}).outcome == Outcome::durable);
}

TEST_CASE("whoever takes shards waits for the commit that is running", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  ledger.top_up(ayu, 500);
  SqlSession stopper = open_session();
  SqlSession other = open_session();
  std::future<CommitResult> commit;
  std::future<void> taking;
  stopper.within("BEGIN", [&] {
    // The commit has its fence and waits for the journal; who takes the shards then waits for the commit.
    stopper.run("LOCK TABLE journal IN SHARE MODE");
    commit = std::async(std::launch::async, [&] { return ledger.writer().try_commit(); });
    await_blocked(ledger.sql(), "dompet/test/%/lane");
    taking = std::async(std::launch::async, [&] { acquire_as_another(other); });
    await_blocked(ledger.sql(), "dompet/test");
  });
  CHECK(commit.get().outcome == Outcome::durable);
  taking.get();
  ledger.top_up(ayu, 500);
  CHECK(ledger.writer().try_commit().outcome == Outcome::fenced);
  CHECK(ledger.reader().load_wallet(ayu)->wallet.available == 500);
}

TEST_CASE("a commit that waits while its shards are taken is fenced", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  ledger.top_up(ayu, 500);
  SqlSession other = open_session();
  std::future<CommitResult> commit;
  other.within("BEGIN", [&] {
    acquire_as_another(other);
    commit = std::async(std::launch::async, [&] { return ledger.writer().try_commit(); });
    await_blocked(ledger.sql(), "dompet/test/%/lane");
  });
  CHECK(commit.get().outcome == Outcome::fenced);
  CHECK(ledger.reader().load_wallet(ayu)->seq == 1);
}

TEST_CASE("a second process is kept off the ledger, and let in once the first is gone", "[lane store]") {
  TestLedger ledger;
  const auto other = make_lane_store();
  CHECK_THROWS_AS(other->claim(), Unavailable);
  ledger.open_wallet("Ayu");
  ledger.sql().ask(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'dompet/test/%/lane'");
  CHECK(claim_again(*other).size() == default_shard_count);
}

TEST_CASE("a commit whose connection was cut is unknown, and a new claim tells that it never happened",
          "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  ledger.top_up(ayu, 500);
  const JournalRow row = ledger.writer().pending().journal.at(0);
  SqlSession stopper = open_session();
  stopper.within("BEGIN", [&] {
    stopper.run("LOCK TABLE journal IN SHARE MODE");
    auto commit = std::async(std::launch::async, [&] { return ledger.writer().try_commit(); });
    await_blocked(ledger.sql(), "dompet/test/%/lane");
    ledger.sql().ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'dompet/test/%'");
    CHECK(commit.get().outcome == Outcome::unknown);
    CHECK(ledger.writer().try_commit().outcome == Outcome::unknown);
  });
  CHECK(claim_again(ledger.store()).size() == default_shard_count);
  CHECK_FALSE(ledger.store().batch_at(row.shard, static_cast<std::uint64_t>(row.shard_seq)));
}

#ifdef DOMPET_FAILPOINTS
TEST_CASE("a commit whose answer was lost is unknown, and a new claim tells that it happened", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  ledger.top_up(ayu, 500);
  const JournalRow row = ledger.writer().pending().journal.at(0);
  const std::uint64_t batch = ledger.writer().pending().id;
  arm_failpoint("lane.during_commit:trip");
  CHECK(ledger.writer().try_commit().outcome == Outcome::unknown);
  claim_again(ledger.store());
  const auto found = ledger.store().batch_at(row.shard, static_cast<std::uint64_t>(row.shard_seq));
  // The server may have been told of the lost client before it began; then nothing was written.
  CHECK((!found || *found == batch));
  const bool has_money = ledger.reader().load_wallet(ayu)->wallet.available == 500;
  CHECK(has_money == found.has_value());
}
#endif

TEST_CASE("a key that was used before rejects its whole batch", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  ledger.top_up(ayu, 500);
  const KeyId key = ledger.last_key();
  ledger.commit();
  const std::int64_t before = count(ledger.sql(), "journal");
  ledger.top_up(ayu, 600);
  ledger.top_up(ayu, 700);
  ledger.writer().pending().journal.at(1).key = key.uuid;
  const CommitResult result = ledger.writer().try_commit();
  CHECK(result.outcome == Outcome::rejected);
  CHECK(result.sqlstate == "23505");
  CHECK(count(ledger.sql(), "journal") == before);
  CHECK(ledger.reader().load_wallet(ayu)->wallet.available == 500);
  CHECK(ledger.reader().trial_balance().at(1).total == 500);
}

TEST_CASE("a saga that is not where memory believes it to be rejects the batch", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  ledger.top_up(ayu, 500);
  const TransactionId id = ledger.place_hold(ayu, ledger.open_wallet("Budi"), 100);
  ledger.commit();
  const std::int64_t before = count(ledger.sql(), "journal");
  ledger.top_up(ayu, 1);
  SECTION("another state") {
    ledger.writer().pending().sagas.push_back(
        {.id = id, .expected = SagaState::cancelling, .next = SagaState::settled});
  }
  SECTION("no such saga") {
    ledger.writer().pending().sagas.push_back(
        {.id = {make_incarnation().uuid}, .expected = SagaState::reserved, .next = SagaState::settled});
  }
  const CommitResult result = ledger.writer().try_commit();
  CHECK(result.outcome == Outcome::rejected);
  CHECK(result.sqlstate == "DP002");
  CHECK(count(ledger.sql(), "journal") == before);
}

TEST_CASE("a saga may go through several states in one batch", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const WalletId budi = ledger.open_wallet("Budi");
  ledger.top_up(ayu, 500);
  const TransactionId early = ledger.place_hold(ayu, budi, 100);
  ledger.commit();
  const TransactionId late = ledger.place_hold(ayu, budi, 100);
  for (const TransactionId& id : {early, late}) {
    ledger.cancel(id);
    ledger.refuse(id, Decline::cancelled);
    ledger.release(id);
  }
  ledger.commit();
  CHECK(ledger.reader().transaction(early)->state == SagaState::released);
  CHECK(ledger.reader().transaction(late)->state == SagaState::released);
}

TEST_CASE("a transfer is decided once", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const WalletId budi = ledger.open_wallet("Budi");
  ledger.top_up(ayu, 500);
  const TransactionId id = ledger.place_hold(ayu, budi, 100);
  ledger.commit();
  ledger.credit(id);
  ledger.commit();
  ledger.refuse(id, Decline::cancelled);
  const CommitResult result = ledger.writer().try_commit();
  CHECK(result.outcome == Outcome::rejected);
  CHECK(result.sqlstate == "23505");
  CHECK(ledger.reader().decision(id).outcome == Decision::credited);
}

TEST_CASE("a wallet keeps its two newest snapshots", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const WalletId budi = ledger.open_wallet("Budi");
  ledger.snapshot(budi);
  for (int i = 0; i < 4; ++i) {
    ledger.top_up(ayu, 500);
    ledger.snapshot(ayu);
    ledger.commit();
  }
  CHECK(count(ledger.sql(), "snapshot WHERE wallet = '" + to_string(ayu) + "' AND seq IN (4, 5)") == 2);
  CHECK(count(ledger.sql(), "snapshot") == 3);
}

TEST_CASE("a wallet's row carries its newest name and status", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  ledger.change(ayu, NameChanged{"Ayu Lestari"});
  ledger.change(ayu, WalletFrozen{});
  ledger.commit();
  CHECK(count(ledger.sql(), "wallet WHERE name = 'Ayu Lestari' AND status = 'frozen'") == 1);
}

}  // namespace dompet::testing
