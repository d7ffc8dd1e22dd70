#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "persistence/verify.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

struct Town {
  WalletId ayu{};
  WalletId budi{};
  TransactionId settled{};
  TransactionId released{};
  TransactionId open{};
  TransactionId credited{};
  TransactionId payment{};
  TransactionId refunded{};
  TransactionId withdrawn{};
};

/// Payments of every kind, captured, voided and refunded, and what a provider decided.
void pay_and_withdraw(TestLedger& ledger, Town& town) {
  town.refunded = ledger.pay(town.ayu, town.budi, 4'000);
  ledger.refund(town.refunded, 1'500);
  town.payment = ledger.authorize(town.ayu, town.budi, 9'000);
  ledger.increase(town.payment, 1'000);
  ledger.capture_payment(town.payment, 3'000);
  const TransactionId by_steps = ledger.reserve_capture(town.payment, 2'000);
  const TransactionId refused = ledger.reserve_capture(town.payment, 500);
  ledger.commit();
  ledger.credit(by_steps);
  ledger.refuse(refused, Decline::wallet_frozen);
  ledger.commit();
  ledger.capture(by_steps);
  ledger.release(refused);
  ledger.void_payment(town.payment);
  town.withdrawn = ledger.withdraw(town.ayu, 700);
  const TransactionId returned = ledger.withdraw(town.ayu, 800);
  const TransactionId confirmed = ledger.begin_topup(town.budi, 600);
  const TransactionId rejected = ledger.begin_topup(town.budi, 650);
  ledger.withdraw(town.ayu, 900);
  ledger.commit();
  ledger.capture(town.withdrawn);
  ledger.release(returned);
  ledger.confirm_topup(confirmed);
  ledger.refuse_topup(rejected);
  ledger.commit();
}

/// A ledger in which everything happened once: every kind of record, a snapshot, sagas in every state.
Town town(TestLedger& ledger) {
  Town town;
  town.ayu = ledger.open_wallet("Ayu");
  town.budi = ledger.open_wallet("Budi");
  ledger.top_up(town.ayu, 250'000);
  ledger.top_up(town.budi, 1'000, "bca");
  ledger.transfer(town.ayu, town.budi, 32'000);
  ledger.decline_transfer(town.budi, town.ayu, 999'999'999, Decline::insufficient_funds);
  town.settled = ledger.place_hold(town.ayu, town.budi, 5'000);
  town.released = ledger.place_hold(town.ayu, town.budi, 6'000);
  town.open = ledger.place_hold(town.ayu, town.budi, 7'000);
  town.credited = ledger.place_hold(town.ayu, town.budi, 8'000);
  ledger.change(town.budi, NameChanged{"Budi Santoso"});
  ledger.commit();
  ledger.snapshot(town.ayu);
  ledger.credit(town.settled);
  ledger.credit(town.credited);
  ledger.refuse(town.released, Decline::wallet_frozen);
  ledger.commit();
  ledger.capture(town.settled);
  ledger.release(town.released);
  ledger.commit();
  pay_and_withdraw(ledger, town);
  return town;
}

/// The only checks that fail are the expected ones; each names the place.
void check_caught(std::initializer_list<const char*> claims) {
  const VerifyReport report = verify_ledger(database_url());
  CHECK_FALSE(report.is_sound());
  for (const LedgerCheck& check : report.checks) {
    const bool expected = std::ranges::any_of(claims, [&](const char* word) { return check.claim.contains(word); });
    INFO(check.claim << ": " << check.first_fault);
    CHECK((check.faults > 0) == expected);
    CHECK(check.first_fault.empty() == (check.faults == 0));
  }
}

// A word of each check's claim.
constexpr const char* readable = "can be read";
constexpr const char* contiguous = "(I1)";
constexpr const char* balanced = "postings";
constexpr const char* keys = "(I8)";
constexpr const char* totals = "totals";
constexpr const char* transit = "Transit";
constexpr const char* replays = "(I2)";
constexpr const char* chain = "hash chain";
constexpr const char* snapshots = "snapshot";
constexpr const char* rows = "table of wallets";
constexpr const char* conserved = "from outside";
constexpr const char* sagas = "Every saga";
constexpr const char* decisions = "(I3)";
constexpr const char* proven = "(I4, I5)";
constexpr const char* named = "Every act on a payment";
constexpr const char* within = "Every payment";

/// A second row with the same facts, which no constraint stops any more.
void duplicate_row(SqlSession& sql, const std::string& table, const std::string& key, const std::string& where) {
  sql.run("ALTER TABLE " + table + " DROP CONSTRAINT " + key + "; INSERT INTO " + table + " SELECT * FROM " + table +
          " WHERE " + where);
}

std::string with_id(const TransactionId& id) { return "id = '" + to_string(id) + "'"; }

/// Replaces a stored leg by one that another program would have written, digest and all.
void rewrite(SqlSession& sql, const Record& record) {
  const JournalRow row = encode(record);
  std::string hex = "\\x";
  for (char byte : row.payload) {
    constexpr char digits[] = "0123456789abcdef";
    hex += {digits[static_cast<unsigned char>(byte) >> 4], digits[byte & 15]};
  }
  sql.ask("UPDATE journal SET payload = $1, amount = $2 WHERE shard = $3 AND shard_seq = $4",
          Parameters{}.add(hex).add(row.amount).add(row.shard).add(row.shard_seq));
}

}  // namespace

TEST_CASE("a ledger in which every kind of thing happened is found sound", "[verify]") {
  TestLedger ledger;
  town(ledger);
  project_all();
  const VerifyReport report = verify_ledger(database_url());
  for (const LedgerCheck& check : report.checks) {
    INFO(check.claim << ": " << check.first_fault);
    CHECK(check.faults == 0);
    CHECK(check.looked_at > 0);
  }
  CHECK(report.is_sound());
  CHECK(report.wallets == 2);
  CHECK(report.checks.size() == 19);
}

TEST_CASE("an empty ledger is sound", "[verify]") {
  TestLedger ledger;
  CHECK(verify_ledger(database_url()).is_sound());
}

TEST_CASE("a record that was taken away is missed", "[verify]") {
  TestLedger ledger;
  town(ledger);
  ledger.sql().run("DELETE FROM journal WHERE kind = 3");
  check_caught({contiguous, replays, snapshots, rows, conserved});
}

TEST_CASE("a record that was taken from a stream's end is missed by the books", "[verify]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  ledger.top_up(ayu, 500);
  ledger.commit();
  ledger.sql().run("DELETE FROM journal WHERE kind = 2");
  check_caught({totals, conserved});
}

TEST_CASE("a refusal that was taken away leaves a gap in its shard's stream", "[verify]") {
  TestLedger ledger;
  town(ledger);
  ledger.top_up(ledger.open_wallet("Citra"), 1);
  ledger.commit();
  ledger.sql().run("DELETE FROM journal WHERE kind = 4 AND shard_seq < (SELECT max(shard_seq) FROM journal j"
                   " WHERE j.shard = journal.shard)");
  check_caught({contiguous});
}

TEST_CASE("a record under an epoch that fell, or that its shard never had, is seen", "[verify]") {
  TestLedger ledger;
  town(ledger);
  SECTION("fell") { ledger.sql().run("UPDATE journal SET epoch = 0 WHERE kind = 3"); }
  SECTION("never had") { ledger.sql().run("UPDATE journal SET epoch = 99 WHERE kind = 3"); }
  check_caught({contiguous});
}

TEST_CASE("a record that is damaged or in another shard's stream is seen", "[verify]") {
  TestLedger ledger;
  town(ledger);
  SECTION("damaged") {
    ledger.sql().run("UPDATE journal SET payload = substr(payload, 1, 30) WHERE kind = 1 AND wallet_seq > 1");
    check_caught({readable, replays, rows, conserved});
  }
  SECTION("in another stream") {
    ledger.sql().run("UPDATE journal SET shard = (shard + 1) % 64, shard_seq = shard_seq + 100 WHERE kind = 4");
    check_caught({readable, contiguous});
  }
}

TEST_CASE("a balance that was changed in the journal is seen", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  Record record = ledger.reader().statement(people.ayu, 3, 1).at(0).record;
  REQUIRE(record.kind == RecordKind::topup);
  record.leg[0].available_after += 1'000'000;
  rewrite(ledger.sql(), record);
  check_caught({replays, snapshots, conserved});
}

TEST_CASE("a description that was changed breaks the wallet's hash chain", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  Record record = ledger.reader().statement(people.ayu, 3, 1).at(0).record;
  auto transaction = std::make_shared<Transaction>(*record.transaction);
  transaction->description = "rent";
  record.transaction = transaction;
  rewrite(ledger.sql(), record);
  check_caught({chain});
}

TEST_CASE("money made from nothing, with digests that fit, is found by the books", "[verify]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  ledger.top_up(ayu, 500);
  ledger.commit();
  StatementLine line = ledger.reader().statement(ayu, {}, 1).at(0);
  Record& record = line.record;
  WalletHistory history = *ledger.reader().wallet_as_of(ayu, ledger.now_ms() - 2'000);
  auto transaction = std::make_shared<Transaction>(*record.transaction);
  transaction->amount = 900;
  record.transaction = transaction;
  record.leg[0].event = Credited{record.id, 900};
  extend(history, record.leg[0]);
  record.leg[0].digest = link(history.digest, record, record.leg[0]);
  rewrite(ledger.sql(), record);
  check_caught({totals, conserved});
}

TEST_CASE("a transfer that credits more than it debits does not balance", "[verify]") {
  TestLedger ledger;
  const WalletId ayu = ledger.open_wallet("Ayu");
  const WalletId budi = ledger.open_wallet("Budi");
  ledger.top_up(ayu, 500);
  ledger.transfer(ayu, budi, 200);
  ledger.commit();
  StatementLine line = ledger.reader().statement(budi, {}, 1).at(0);
  Record& record = line.record;
  WalletHistory history = *ledger.reader().wallet_as_of(budi, ledger.now_ms() - 2'000);
  record.leg[1].event = Credited{record.id, 900};
  extend(history, record.leg[1]);
  record.leg[1].digest = link(history.digest, record, record.leg[1]);
  rewrite(ledger.sql(), record);
  check_caught({balanced, totals, conserved});
}

namespace {

/// Dollars that became rupiah: at once, by steps, on the way at this moment, and given back.
struct Travel {
  TestLedger ledger{};
  WalletId ayu = ledger.open_wallet("Ayu", "USD");
  WalletId budi = ledger.open_wallet("Budi");
  TransactionId at_once{};

  Travel() {
    constexpr Rate rate{15'200'555, 3};
    ledger.top_up(ayu, 10'000);
    at_once = ledger.convert(ayu, budi, 101, rate);
    const TransactionId by_steps = ledger.place_converted_hold(ayu, budi, 202, rate);
    const TransactionId credited = ledger.place_converted_hold(ayu, budi, 303, rate);
    const TransactionId refused = ledger.place_converted_hold(ayu, budi, 404, rate);
    ledger.commit();
    ledger.credit(by_steps);
    ledger.credit(credited);
    ledger.refuse(refused, Decline::wallet_frozen);
    ledger.commit();
    ledger.capture(by_steps);
    ledger.release(refused);
    ledger.commit();
  }
};

}  // namespace

TEST_CASE("a ledger whose money changed its currency is sound, also between two steps", "[verify]") {
  Travel travel;
  project_all();
  const VerifyReport report = verify_ledger(database_url());
  for (const LedgerCheck& check : report.checks)
    CHECK(check.first_fault == "");
  CHECK(report.is_sound());
}

TEST_CASE("what a destination decided is what it got, whether in one record or by steps") {
  Travel travel;
  Reader& reader = travel.ledger.reader();
  const StoredDecision at_once = reader.decision(travel.at_once);
  CHECK(at_once.outcome == Decision::credited);
  CHECK(at_once.wallet == travel.budi);
  CHECK(at_once.currency.text() == "IDR");
  CHECK(at_once.amount == 1'535'256);
}

TEST_CASE("a conversion whose rate was changed gives another amount than its rate says", "[verify]") {
  Travel travel;
  Record record = travel.ledger.reader().transaction(travel.at_once)->record;
  auto transaction = std::make_shared<Transaction>(*record.transaction);
  transaction->fx->rate = {16'000, 0};
  record.transaction = transaction;
  rewrite(travel.ledger.sql(), record);
  check_caught({balanced, chain});
}

TEST_CASE("a position of the house that was changed is seen", "[verify]") {
  Travel travel;
  travel.ledger.sql().run("UPDATE system_total SET total = total - 1 WHERE account = 'fx:USD'");
  check_caught({totals, conserved});
}

TEST_CASE("a decision about another amount than the destination got is seen", "[verify]") {
  Travel travel;
  travel.ledger.sql().run("UPDATE decision SET amount = 202, currency = 840 WHERE outcome = 1 AND currency = 360");
  check_caught({"Every transfer by steps is decided at most once, and credited as decided (I3)."});
}

TEST_CASE("a total that was changed is seen", "[verify]") {
  TestLedger ledger;
  town(ledger);
  SECTION("of money from outside") {
    ledger.sql().run("UPDATE system_total SET total = total + 1 WHERE account = 'external:bri:IDR'");
  }
  SECTION("of the wallets") {
    ledger.sql().run("UPDATE system_total SET total = total + 1 WHERE account = 'wallets:IDR'");
  }
  SECTION("taken away") { ledger.sql().run("DELETE FROM system_total WHERE account = 'external:bca:IDR'"); }
  check_caught({totals, conserved});
}

TEST_CASE("a transit account that was changed is seen", "[verify]") {
  TestLedger ledger;
  town(ledger);
  SECTION("changed") { ledger.sql().run("UPDATE transit SET out_total = out_total + 1 WHERE out_total > 0"); }
  SECTION("taken away") { ledger.sql().run("DELETE FROM transit WHERE in_total > 0"); }
  check_caught({transit});
}

TEST_CASE("a snapshot that is not what replay gives is seen", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  SECTION("another balance, well written") {
    WalletHistory richer = ledger.writer().history(people.budi);
    richer.wallet.available += 1;
    ledger.writer().pending().snapshots.push_back({people.budi, richer.seq, encode_snapshot(richer)});
    ledger.commit();
  }
  SECTION("damaged") { ledger.sql().run("UPDATE snapshot SET state = set_byte(state, 60, 0)"); }
  SECTION("beyond the journal") { ledger.sql().run("UPDATE snapshot SET seq = 99"); }
  check_caught({snapshots});
}

TEST_CASE("a wallet whose row tells something else than its journal is seen", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  SECTION("another status") { ledger.sql().run("UPDATE wallet SET status = 'frozen' WHERE name = 'Ayu'"); }
  SECTION("an old name") { ledger.sql().run("UPDATE wallet SET name = 'Budi' WHERE name LIKE 'Budi%'"); }
  SECTION("another currency") { ledger.sql().run("UPDATE wallet SET currency = 840 WHERE name = 'Ayu'"); }
  SECTION("no row") { ledger.sql().run("DELETE FROM wallet WHERE name = 'Ayu'"); }
  SECTION("a row without a past") {
    ledger.sql().run("INSERT INTO wallet SELECT gen_random_uuid(), 0, 360, 'Ghost', 'active', now()");
  }
  check_caught({rows});
  CHECK(people.ayu != people.budi);
}

TEST_CASE("one key with two transactions is seen", "[verify]") {
  TestLedger ledger;
  town(ledger);
  ledger.sql().run("DROP INDEX journal_key; UPDATE journal SET key = (SELECT key FROM journal WHERE kind = 3 LIMIT 1)"
                   " WHERE kind = 4");
  check_caught({keys});
}

TEST_CASE("a saga that stands elsewhere than its records is seen", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  SECTION("ended without a record") {
    ledger.sql().run("UPDATE saga SET state = 2 WHERE " + with_id(people.open));
    check_caught({sagas});
  }
  SECTION("taken away") {
    ledger.sql().run("DELETE FROM saga WHERE " + with_id(people.open));
    check_caught({sagas});
  }
  SECTION("about another amount") {
    ledger.sql().run("UPDATE saga SET amount = 1 WHERE " + with_id(people.open));
    check_caught({sagas});
  }
  SECTION("settled without a credit") {
    ledger.sql().run("UPDATE saga SET state = 3 WHERE " + with_id(people.open));
    check_caught({sagas, proven});
  }
  SECTION("released though credited") {
    ledger.sql().run("UPDATE saga SET state = 4 WHERE " + with_id(people.credited));
    check_caught({sagas, proven});
  }
}

TEST_CASE("a decision that is not what was decided is seen", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  SECTION("written twice") {
    duplicate_row(ledger.sql(), "decision", "decision_pkey", with_id(people.settled));
    check_caught({decisions});
  }
  SECTION("turned round") {
    ledger.sql().run("UPDATE decision SET outcome = 1 WHERE " + with_id(people.released));
    check_caught({decisions, proven});
  }
  SECTION("taken away") {
    ledger.sql().run("DELETE FROM decision WHERE " + with_id(people.credited));
    check_caught({decisions});
  }
  SECTION("about another amount") {
    ledger.sql().run("UPDATE decision SET amount = 1 WHERE " + with_id(people.credited));
    check_caught({decisions});
  }
  SECTION("of a transfer that nobody asked for") {
    ledger.sql().run("INSERT INTO decision SELECT gen_random_uuid(), shard, 1, 0, wallet, amount, currency, now()"
                     " FROM decision LIMIT 1");
    check_caught({decisions, proven});
  }
}

TEST_CASE("a payment of which more was captured than authorized is seen", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  // As a program would write it that forgot the payment: the money is the payer's own, and every digest fits.
  const TransactionId capture = ledger.transfer(people.ayu, people.budi, 6'000);
  ledger.commit();
  Record record = *ledger.reader().record_of_key(ledger.last_key());
  auto transaction = std::make_shared<Transaction>(*record.transaction);
  transaction->kind = TransactionKind::capture;
  transaction->parent = people.payment;
  record.transaction = transaction;
  rewrite(ledger.sql(), record);
  ledger.sql().run("UPDATE journal SET parent = '" + to_string(people.payment) + "' WHERE " + with_id(capture));
  check_caught({chain, within});
}

TEST_CASE("a refund of more than was captured is seen", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  SECTION("by one") { ledger.refund(people.refunded, 2'501); }
  SECTION("by many") {
    for (int i = 0; i < 3; ++i)
      ledger.refund(people.refunded, 1'000);
  }
  ledger.commit();
  check_caught({within});
}

TEST_CASE("a record whose row names another payment than its payload is seen", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  SECTION("none") {
    ledger.sql().run("UPDATE journal SET parent = NULL WHERE kind = 12");
    check_caught({readable, within});
  }
  SECTION("another one") {
    ledger.sql().run("UPDATE journal SET parent = '" + to_string(people.refunded) + "' WHERE kind = 13");
    check_caught({readable, named, within});
  }
}

TEST_CASE("an act on a payment that never was is seen", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  const TransactionId stray = ledger.pay(people.ayu, people.budi, 100);
  ledger.commit();
  Record record = *ledger.reader().record_of_key(ledger.last_key());
  auto transaction = std::make_shared<Transaction>(*record.transaction);
  transaction->kind = TransactionKind::refund;
  transaction->parent = ledger.transfer(people.ayu, people.budi, 1);
  ledger.commit();
  record.transaction = transaction;
  rewrite(ledger.sql(), record);
  ledger.sql().run("UPDATE journal SET parent = '" + to_string(transaction->parent) + "' WHERE " + with_id(stray));
  check_caught({chain, named});
}

TEST_CASE("what a provider decided is not in the register of decisions", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  ledger.sql().run("INSERT INTO decision SELECT '" + to_string(people.withdrawn) +
                   "', shard, 2, 0, wallet, amount, currency, now() FROM decision LIMIT 1");
  check_caught({decisions});
}

TEST_CASE("money that came back from a provider without a refusal is seen", "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  const TransactionId id = ledger.withdraw(people.ayu, 50);
  ledger.commit();
  Record release{
      .kind = RecordKind::hold_released, .id = id, .transaction = ledger.reader().transaction(id)->record.transaction};
  release.add_leg(people.ayu, HoldReleased{id, 50});
  ledger.writer().add(std::move(release));
  const Shard shard = ledger.writer().shard_of_wallet(people.ayu);
  ledger.writer().pending().sagas.push_back({id,
                                             SagaState::reserved,
                                             SagaState::released,
                                             shard,
                                             shard,
                                             people.ayu,
                                             {},
                                             50,
                                             *find_currency("IDR"),
                                             TransactionKind::withdrawal});
  ledger.commit();
  check_caught({proven});
}

TEST_CASE("a saga of another kind than its hold, and a wallet of another owner than its journal's, are seen",
          "[verify]") {
  TestLedger ledger;
  const Town people = town(ledger);
  SECTION("kind") {
    ledger.sql().run("UPDATE saga SET kind = 2 WHERE " + with_id(people.withdrawn));
    check_caught({sagas});
  }
  SECTION("owner") {
    ledger.sql().run("UPDATE wallet SET owner = gen_random_uuid() WHERE name = 'Ayu'");
    check_caught({rows});
  }
}

TEST_CASE("the total of a provider's account that was changed is seen", "[verify]") {
  TestLedger ledger;
  town(ledger);
  ledger.sql().run("UPDATE system_total SET total = total - 1 WHERE account = 'external:payout:IDR'");
  check_caught({totals, conserved});
}

}  // namespace dompet::testing
