#include <catch2/catch_test_macros.hpp>

#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

/// A wallet with a hundred small movements, with two snapshots among them.
WalletId busy_wallet(TestLedger& ledger) {
  const WalletId wallet = ledger.open_wallet("Ayu");
  for (int i = 1; i <= 100; ++i) {
    ledger.top_up(wallet, 100 + i);
    if (i == 40 || i == 80) {
      ledger.commit();
      ledger.snapshot(wallet);
    }
  }
  ledger.commit();
  return wallet;
}

}  // namespace

TEST_CASE("a wallet comes back from the journal exactly as it was left", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const WalletId budi = ledger.open_wallet("Budi");
  ledger.top_up(ayu, 250'000);
  ledger.transfer(ayu, budi, 32'000);
  ledger.change(budi, WalletFrozen{});
  ledger.place_hold(ayu, budi, 5'000);
  ledger.commit();
  CHECK(ledger.reader().load_wallet(ayu) == ledger.writer().history(ayu));
  CHECK(ledger.reader().load_wallet(budi) == ledger.writer().history(budi));
  CHECK_FALSE(ledger.reader().load_wallet(WalletId{make_incarnation().uuid}).has_value());
}

TEST_CASE("a wallet comes back from its newest snapshot and what came after it", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = busy_wallet(ledger);
  CHECK(ledger.reader().load_wallet(ayu) == ledger.writer().history(ayu));
  // The older legs are not even looked at.
  ledger.sql().run("UPDATE journal SET payload = 'nonsense' WHERE wallet_seq < 81 OR wallet_seq BETWEEN 41 AND 80");
  CHECK(ledger.reader().load_wallet(ayu) == ledger.writer().history(ayu));
}

TEST_CASE("a damaged snapshot is passed over for the older one, and that one for the journal", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = busy_wallet(ledger);
  REQUIRE(ledger.sql().ask("SELECT count(*) FROM snapshot")[0].number(0) == 2);
  ledger.sql().run("UPDATE snapshot SET state = set_byte(state, 30, get_byte(state, 30) # 1) WHERE seq = 81");
  CHECK(ledger.reader().load_wallet(ayu) == ledger.writer().history(ayu));
  ledger.sql().run("UPDATE snapshot SET state = 'short' WHERE seq = 41");
  CHECK(ledger.reader().load_wallet(ayu) == ledger.writer().history(ayu));
}

TEST_CASE("a snapshot that is whole but says another balance than the journal is not believed", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = busy_wallet(ledger);
  WalletHistory richer = ledger.writer().history(ayu);
  richer.wallet.available += 1'000'000;
  ledger.writer().pending().snapshots.push_back({ayu, richer.seq, encode_snapshot(richer)});
  ledger.commit();
  CHECK(ledger.reader().load_wallet(ayu) == ledger.writer().history(ayu));
}

TEST_CASE("a wallet with a missing, damaged or forged record is not loaded at all", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = busy_wallet(ledger);
  SECTION("missing") { ledger.sql().run("DELETE FROM journal WHERE wallet_seq = 90"); }
  SECTION("missing right after the snapshot") { ledger.sql().run("DELETE FROM journal WHERE wallet_seq = 82"); }
  SECTION("damaged") { ledger.sql().run("UPDATE journal SET payload = substr(payload, 1, 20) WHERE wallet_seq = 90"); }
  SECTION("another amount") { ledger.sql().run("UPDATE journal SET amount = amount + 1 WHERE wallet_seq = 90"); }
  SECTION("another time") { ledger.sql().run("UPDATE journal SET at = at + interval '1 hour' WHERE wallet_seq = 90"); }
  CHECK_THROWS_AS(ledger.reader().load_wallet(ayu), Unreadable);
}

TEST_CASE("a very long history without a snapshot is loaded in pieces", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  for (int i = 0; i < 9'000; ++i)
    ledger.top_up(ayu, 1);
  ledger.commit();
  CHECK(ledger.reader().load_wallet(ayu) == ledger.writer().history(ayu));
  ledger.sql().run("DELETE FROM journal WHERE wallet_seq BETWEEN 4100 AND 8300");
  CHECK_THROWS_AS(ledger.reader().load_wallet(ayu), Unreadable);
}

TEST_CASE("a balance can be asked for as of any moment", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const std::int64_t opened = ledger.now_ms() - 1'000;
  ledger.top_up(ayu, 500);
  ledger.commit();
  const WalletHistory early = ledger.writer().history(ayu);
  const std::int64_t first_topup = ledger.now_ms() - 1'000;
  ledger.top_up(ayu, 700);
  ledger.commit();
  Reader& reader = ledger.reader();
  CHECK(reader.opened_at_ms(ayu) == opened);
  CHECK_FALSE(reader.wallet_as_of(ayu, opened - 1).has_value());
  CHECK(reader.wallet_as_of(ayu, opened)->seq == 1);
  CHECK(reader.wallet_as_of(ayu, first_topup - 1)->seq == 1);
  CHECK(reader.wallet_as_of(ayu, first_topup) == early);
  CHECK(reader.wallet_as_of(ayu, ledger.now_ms()) == ledger.writer().history(ayu));
}

TEST_CASE("a statement shows every line once, newest first, page by page", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const WalletId budi = ledger.open_wallet("Budi");
  ledger.top_up(ayu, 10'000);
  ledger.top_up(budi, 10'000);
  for (int i = 0; i < 20; ++i) {
    ledger.transfer(ayu, budi, 10);
    ledger.transfer(budi, ayu, 20);
  }
  ledger.commit();
  std::vector<std::uint64_t> seqs;
  std::optional<std::uint64_t> before;
  for (;;) {
    const auto page = ledger.reader().statement(ayu, before, 9);
    if (page.empty())
      break;
    for (const StatementLine& line : page) {
      CHECK(line.leg.wallet == ayu);
      seqs.push_back(line.leg.seq);
    }
    before = seqs.back();
  }
  REQUIRE(seqs.size() == 42);
  for (std::size_t i = 0; i < seqs.size(); ++i)
    CHECK(seqs[i] == 42 - i);
}

TEST_CASE("a request's key leads to the record that first carried it", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const TransactionId id = ledger.top_up(ayu, 10'000);
  const KeyId key = ledger.last_key();
  ledger.commit();
  const auto record = ledger.reader().record_of_key(key);
  REQUIRE(record);
  CHECK(record->id == id);
  CHECK(record->stamp == Stamp{key, 7});
  CHECK_FALSE(ledger.reader().record_of_key(KeyId{make_incarnation().uuid}));
}

TEST_CASE("every key of a shard is told at start-up", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  std::vector<KeyId> expected;
  for (int i = 0; i < 50; ++i) {
    ledger.top_up(ayu, 10);
    expected.push_back(ledger.last_key());
  }
  ledger.commit();
  std::vector<KeyId> keys;
  Reader& reader = ledger.reader();
  CHECK(reader.shard_count() == default_shard_count);
  for (Shard shard = 0; shard < reader.shard_count(); ++shard)
    reader.keys_of(shard, [&](const KeyId& key) { keys.push_back(key); });
  CHECK(keys == expected);
  CHECK(reader.stream(ledger.writer().shard_of_wallet(ayu), 48, 10).size() == 3);
}

TEST_CASE("a transfer by single steps tells its state, its story and its end", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const WalletId budi = ledger.open_wallet("Budi");
  ledger.top_up(ayu, 10'000);
  const TransactionId settled = ledger.place_hold(ayu, budi, 1'000);
  const TransactionId released = ledger.place_hold(ayu, budi, 2'000);
  const TransactionId open = ledger.place_hold(ayu, budi, 3'000);
  ledger.commit();
  Reader& reader = ledger.reader();
  CHECK(reader.open_sagas(ledger.writer().shard_of_wallet(ayu)).size() == 3);
  CHECK(reader.decision(settled).outcome == Decision::none);
  ledger.credit(settled);
  ledger.cancel(released);
  ledger.refuse(released, Decline::wallet_frozen);
  ledger.commit();
  ledger.capture(settled);
  ledger.release(released);
  ledger.commit();
  const std::int64_t end = ledger.now_ms() - 1'000;

  const auto one = reader.transaction(settled);
  REQUIRE(one);
  CHECK(one->state == SagaState::settled);
  CHECK(one->completed_at_ms == end);
  CHECK(one->record.kind == RecordKind::hold_placed);
  CHECK_FALSE(one->refusal);
  const auto two = reader.transaction(released);
  REQUIRE(two);
  CHECK(two->state == SagaState::released);
  CHECK(two->refusal == Decline::wallet_frozen);
  CHECK(reader.transaction(open)->state == SagaState::reserved);
  CHECK(reader.transaction(open)->completed_at_ms == 0);
  CHECK(reader.decision(settled).outcome == Decision::credited);
  CHECK(reader.decision(released).reason == static_cast<std::uint8_t>(Decline::wallet_frozen));

  std::vector<RecordKind> story;
  for (const Record& record : reader.timeline(released))
    story.push_back(record.kind);
  CHECK(story == std::vector{RecordKind::hold_placed, RecordKind::transfer_cancelling, RecordKind::transfer_refused,
                             RecordKind::hold_released});
  REQUIRE(reader.open_sagas(ledger.writer().shard_of_wallet(ayu)).size() == 1);
  CHECK(reader.open_sagas(ledger.writer().shard_of_wallet(ayu))[0].id == open);
}

TEST_CASE("a transfer in one record was decided by being written", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const WalletId budi = ledger.open_wallet("Budi");
  ledger.top_up(ayu, 10'000);
  const TransactionId id = ledger.transfer(ayu, budi, 1'000);
  ledger.commit();
  const StoredDecision decision = ledger.reader().decision(id);
  CHECK(decision.outcome == Decision::credited);
  CHECK(decision.wallet == budi);
  CHECK(decision.amount == 1'000);
  CHECK(ledger.reader().transaction(id)->state == SagaState::settled);
  CHECK_FALSE(ledger.reader().transaction(TransactionId{ayu.uuid}));
}

TEST_CASE("the books of all accounts add up to nothing", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const WalletId budi = ledger.open_wallet("Budi");
  ledger.top_up(ayu, 10'000);
  ledger.top_up(budi, 500, "bca");
  ledger.credit(ledger.place_hold(ayu, budi, 1'000));
  ledger.commit();
  Minor sum = 0;
  std::map<std::string, Minor> lines;
  for (const TrialBalanceLine& line : ledger.reader().trial_balance()) {
    sum += line.total;
    lines[line.account] = line.total;
  }
  CHECK(sum == 0);
  CHECK(lines == std::map<std::string, Minor>{{"external:bri:IDR", -10'000},
                                              {"external:bca:IDR", -500},
                                              {"transit:IDR", -1'000},
                                              {"wallets:IDR", 11'500}});
}

TEST_CASE("a reader goes on after its connection was cut", "[reader]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  REQUIRE(ledger.reader().load_wallet(ayu));
  ledger.sql().ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dompet/reader'");
  CHECK(ledger.reader().load_wallet(ayu));
  CHECK(ledger.reader().durability_faults().empty());
}

TEST_CASE("a database that is not there is an outage, and so is a question that takes too long", "[reader]") {
  Reader lost(ReaderSettings{.database = "postgresql://dompet@%2Fnowhere/dompet"});
  CHECK_THROWS_AS(lost.shard_count(), Unavailable);
  SqlSession hurried({.database = database_url(), .statement_timeout_ms = 50});
  CHECK_THROWS_AS(hurried.ask("SELECT pg_sleep(5)"), Unavailable);
  CHECK(hurried.ask("SELECT 1")[0].number(0) == 1);
  CHECK_THROWS_AS(hurried.run("CREATE TABLE written (x int)"), Unavailable);
}

}  // namespace dompet::testing
