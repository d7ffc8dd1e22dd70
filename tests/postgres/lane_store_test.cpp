#include <catch2/catch_test_macros.hpp>

#include <future>

#include "persistence/failpoint.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

/// Takes every shard as another node would, in the session's transaction.
void acquire_as_another(SqlSession& sql) {
  const std::string me = to_string(make_incarnation());
  sql.run("INSERT INTO node (incarnation, name) VALUES ('" + me + "', 'other'); INSERT INTO lane_fence VALUES ('" + me +
          "')");
  sql.run("SELECT acquire_shards_v2('" + me +
          "', array_agg(shard ORDER BY shard), array_agg(epoch ORDER BY shard), array_agg(owner ORDER BY shard))"
          " FROM shard");
}

/// As PostgreSQL warns when somebody cancels its wait for the standby: done here, and perhaps nowhere else.
void warn_about(SqlSession& sql, const std::string& table) {
  sql.run("CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS"
          " $$ BEGIN RAISE WARNING 'not replicated'; RETURN NULL; END $$;"
          "CREATE TRIGGER warn AFTER INSERT OR UPDATE ON " +
          table + " EXECUTE FUNCTION warn()");
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
  CHECK(ledger.store().claim().empty());
  // It may take them back. Each change of hands and each claim is a new epoch: two before, three since.
  const std::vector<Claim> claims = ledger.node().take_all();
  CHECK(claims.size() == default_shard_count);
  CHECK(claims[0].epoch == 5);
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
    terminate(ledger.sql(), "dompet/test/%/lane");
    CHECK(commit.get().outcome == Outcome::unknown);
    CHECK(ledger.writer().try_commit().outcome == Outcome::unknown);
  });
  CHECK(ledger.store().claim().size() == default_shard_count);
  CHECK_FALSE(ledger.store().batch_at(row.shard, static_cast<std::uint64_t>(row.shard_seq)));
}

TEST_CASE("a commit that the server warns about is unknown until a claim has settled it", "[lane store]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  ledger.top_up(ayu, 500);
  const JournalRow row = ledger.writer().pending().journal.at(0);
  const std::uint64_t batch = ledger.writer().pending().id;
  warn_about(ledger.sql(), "journal");
  CHECK(ledger.writer().try_commit().outcome == Outcome::unknown);
  CHECK(ledger.store().claim().size() == default_shard_count);
  CHECK(ledger.store().batch_at(row.shard, static_cast<std::uint64_t>(row.shard_seq)) == batch);
}

TEST_CASE("a claim, a hand-over and a takeover that the server warns about are not relied on", "[lane store]") {
  TestLedger ledger;
  const TestNode other;
  warn_about(ledger.sql(), "shard");
  CHECK_THROWS_AS(ledger.store().hand_over({.shard = 17, .epoch = 2}, other.row.incarnation), Unavailable);
  CHECK_THROWS_AS(ledger.store().claim(), Unavailable);
  CHECK_THROWS_AS(ledger.store().adopt({1}), Unavailable);
  // The taker looks at the rows instead.
  const std::vector<ShardRow> seen = other.ownership->shards();
  CHECK(seen[17].owner == other.row.incarnation);
  CHECK(other.ownership->acquire({seen[1], seen[2]}) == std::vector<Shard>{1, 2});
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
  ledger.store().claim();
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
