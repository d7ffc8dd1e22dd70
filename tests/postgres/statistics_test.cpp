#include <catch2/catch_test_macros.hpp>

#include <array>
#include <thread>

#include "persistence/movement_projector.hpp"
#include "persistence/movement_reader.hpp"
#include "persistence/verify.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

constexpr Month december(2026, 12);
constexpr Month january(2027, 1);

/// Two people and a year's turn: every kind of record that moves money, or does not.
struct Year {
  WalletId ayu{};
  WalletId budi{};
};

Year year(TestLedger& ledger) {
  ledger.go_to(begin_of(december));
  Year y{ledger.open_wallet("Ayu"), ledger.open_wallet("Budi")};
  for (int i = 0; i < 20; ++i) {
    ledger.top_up(y.ayu, 10'000, i % 2 == 0 ? "bri" : "bca");
    ledger.transfer(y.ayu, y.budi, 100 + i);
    ledger.decline_transfer(y.budi, y.ayu, 99'999'999, Decline::insufficient_funds);
    ledger.commit();
  }
  const TransactionId settled = ledger.place_hold(y.ayu, y.budi, 7'000);
  const TransactionId released = ledger.place_hold(y.ayu, y.budi, 8'000);
  ledger.commit();
  ledger.go_to(begin_of(january) - 1);
  ledger.credit(settled);
  ledger.refuse(released, Decline::wallet_frozen);
  ledger.commit();
  ledger.go_to(begin_of(january));
  ledger.capture(settled);
  ledger.release(released);
  ledger.transfer(y.budi, y.ayu, 55);
  ledger.commit();
  return y;
}

/// What the table must hold: the whole journal, added up by the domain's rule alone.
MovementSheet expected(TestLedger& ledger) {
  MovementSheet sheet;
  for (Shard shard = 0; shard < ledger.reader().shard_count(); ++shard)
    for (const Record& record : ledger.reader().stream(shard, 0, 1'000'000))
      add_record(sheet, record);
  return sheet;
}

MovementSheet counted(SqlSession& sql) {
  MovementSheet sheet;
  sql.ask("SELECT wallet, " + month_number_sql("month") +
          ", shard, currency, kind, direction, outcome, method, party, count, amount::text FROM monthly_movement")
      .each([&](const Row& row) {
        sheet[{{row.uuid(0)},
               Month::numbered(static_cast<int>(row.number(1))),
               static_cast<Shard>(row.number(2)),
               static_cast<std::uint16_t>(row.number(3)),
               static_cast<TransactionKind>(row.number(4)),
               static_cast<Direction>(row.number(5)),
               static_cast<MovementOutcome>(row.number(6)),
               std::string{row.text(7)},
               row.uuid(8)}] = {row.number(9), *parse_total(row.text(10))};
      });
  return sheet;
}

bool equal(const MovementSheet& left, const MovementSheet& right) {
  return std::ranges::equal(left, right, [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.count == b.second.count && a.second.amount == b.second.amount;
  });
}

struct Sum {
  std::int64_t count = 0;
  std::string amount{};
  bool operator==(const Sum&) const = default;
};

Sum sum_of(const MovementAnswer& answer, std::optional<Month> month, Direction direction, MovementOutcome outcome) {
  Sum sum;
  Total total;
  for (const MovementRow& row : answer.rows)
    if (row.month == month && row.direction == direction && row.outcome == outcome) {
      sum.count += row.count;
      total += row.amount;
    }
  sum.amount = to_string(total);
  return sum;
}

/// What came in less what went out, up to the month's end.
Total balance_at_end(Reader& reader, const WalletId& wallet, Month month) {
  Total balance;
  const MovementAnswer answer = MovementReader(reader).answer({.wallets = {wallet},
                                                               .from = month,
                                                               .to = month.plus(1),
                                                               .with_past = true,
                                                               .outcome = MovementOutcome::completed});
  CHECK(answer.pending_records == 0);
  for (const MovementRow& row : answer.rows)
    row.direction == Direction::in ? balance += row.amount : balance -= row.amount;
  return balance;
}

}  // namespace

TEST_CASE("every record is counted once, in pages of any size and by any number of projectors", "[statistics]") {
  TestLedger ledger;
  year(ledger);
  const MovementSheet wanted = expected(ledger);
  for (const int page : {1, 7, 5'000}) {
    ledger.sql().run("TRUNCATE monthly_movement, movement_mark");
    for (bool more = true; more;) {
      more = false;
      // Each step by another process.
      for (int look = 0; look < 64 && !more; ++look)
        more = MovementProjector(in_pages_of(page)).step().records > 0;
    }
    CHECK(equal(counted(ledger.sql()), wanted));
  }
  project_all();
  CHECK(equal(counted(ledger.sql()), wanted));
}

TEST_CASE("a projector that is killed in the middle of a page has counted nothing of it", "[statistics]") {
  TestLedger ledger;
  year(ledger);
  project_all(5'000);
  const MovementSheet wanted = expected(ledger);
  MovementProjector(in_pages_of(1)).forget();
  SqlSession other = open_session();
  // The page's rows wait for this one's key.
  other.run("BEGIN; INSERT INTO movement_mark SELECT shard, 0 FROM shard");
  std::exception_ptr failure;
  std::thread victim([&] {
    try {
      MovementProjector(in_pages_of(5'000)).step();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  await_blocked(ledger.sql(), "dompet/test/statistics");
  // Whoever comes meanwhile leaves it alone.
  CHECK_FALSE(MovementProjector(in_pages_of(5'000)).step().was_ours);
  terminate(ledger.sql(), "dompet/test/statistics");
  victim.join();
  other.run("ROLLBACK");
  CHECK(failure != nullptr);
  CHECK(counted(ledger.sql()).empty());
  project_all(5'000);
  CHECK(equal(counted(ledger.sql()), wanted));
}

TEST_CASE("two nodes that count at the same time count everything once", "[statistics]") {
  TestLedger ledger;
  year(ledger);
  std::array<std::jthread, 2> nodes;
  for (std::jthread& node : nodes)
    node = std::jthread([] { project_all(3); });
  for (std::jthread& node : nodes)
    node.join();
  project_all();
  CHECK(equal(counted(ledger.sql()), expected(ledger)));
}

TEST_CASE("an answer is the same before, while and after its records are counted", "[statistics]") {
  TestLedger ledger;
  const Year y = year(ledger);
  for (const int pages : {0, 3, 100}) {
    MovementProjector projector(in_pages_of(8));
    for (int page = 0; page < pages; ++page)
      projector.step();
    MovementReader reader(ledger.reader());
    const MovementAnswer ayu = reader.answer({.wallets = {y.ayu}, .from = december, .to = january.plus(1)});
    CHECK(ayu.pending_records == 0);
    CHECK(sum_of(ayu, december, Direction::in, MovementOutcome::completed) == Sum{20, "200000"});
    CHECK(sum_of(ayu, december, Direction::out, MovementOutcome::completed) == Sum{20, "2190"});
    CHECK(sum_of(ayu, january, Direction::out, MovementOutcome::completed) == Sum{1, "7000"});
    CHECK(sum_of(ayu, january, Direction::out, MovementOutcome::failed) == Sum{1, "8000"});
    CHECK(sum_of(ayu, january, Direction::in, MovementOutcome::completed) == Sum{1, "55"});
    const MovementAnswer all = reader.answer({.from = december, .to = january.plus(1)});
    CHECK(sum_of(all, december, Direction::in, MovementOutcome::completed) == Sum{20, "200000"});
    CHECK(sum_of(all, december, Direction::within, MovementOutcome::completed) == Sum{20, "2190"});
    CHECK(sum_of(all, december, Direction::within, MovementOutcome::failed) == Sum{20, "1999999980"});
    CHECK(sum_of(all, january, Direction::within, MovementOutcome::completed) == Sum{2, "7055"});
  }
}

TEST_CASE("a transfer between my own wallets is not counted twice in the ledger", "[statistics]") {
  TestLedger ledger;
  year(ledger);
  project_all();
  const MovementAnswer all = MovementReader(ledger.reader())
                                 .answer({.from = december,
                                          .to = december.plus(1),
                                          .kind = TransactionKind::transfer,
                                          .outcome = MovementOutcome::completed});
  CHECK(sum_of(all, december, Direction::within, MovementOutcome::completed).count == 20);
  CHECK(sum_of(all, december, Direction::in, MovementOutcome::completed).count == 0);
}

TEST_CASE("a month's balance is what the wallet had at its end, not what it has now", "[statistics]") {
  TestLedger ledger;
  const Year y = year(ledger);
  for (const int pages : {0, 100}) {
    MovementProjector projector(in_pages_of(50));
    for (int page = 0; page < pages; ++page)
      projector.step();
    for (const WalletId& wallet : {y.ayu, y.budi}) {
      const auto then = ledger.reader().wallet_as_of(wallet, begin_of(january) - 1);
      CHECK(balance_at_end(ledger.reader(), wallet, december) == Total{then->wallet.total()});
      const auto now = ledger.reader().load_wallet(wallet);
      CHECK(balance_at_end(ledger.reader(), wallet, january) == Total{now->wallet.total()});
      CHECK(balance_at_end(ledger.reader(), wallet, january.plus(5)) == Total{now->wallet.total()});
      CHECK(balance_at_end(ledger.reader(), wallet, december.plus(-1)) == Total{});
    }
  }
}

TEST_CASE("verify finds a month that is not what the journal says, and rebuilding mends it", "[statistics]") {
  TestLedger ledger;
  year(ledger);
  const auto is_sound = [] {
    for (const LedgerCheck& check : verify_ledger(database_url()).checks)
      if (check.claim.starts_with("Statistics"))
        return check.faults == 0;
    FAIL("statistics are not verified");
    return false;
  };
  CHECK(is_sound());
  project_all();
  CHECK(is_sound());
  for (const char* damage :
       {"UPDATE monthly_movement SET amount = amount + 1 WHERE ctid = (SELECT min(ctid) FROM monthly_movement)",
        "UPDATE monthly_movement SET count = count + 1 WHERE ctid = (SELECT max(ctid) FROM monthly_movement)",
        "DELETE FROM monthly_movement WHERE ctid = (SELECT max(ctid) FROM monthly_movement)",
        "UPDATE movement_mark SET shard_seq = shard_seq - 1 WHERE shard_seq = (SELECT max(shard_seq) FROM "
        "movement_mark)",
        "DELETE FROM movement_mark"}) {
    INFO(damage);
    ledger.sql().run(damage);
    CHECK_FALSE(is_sound());
    MovementProjector(in_pages_of(1)).forget();
    project_all();
    CHECK(is_sound());
  }
}

TEST_CASE("a record that cannot be read holds up its own shard only", "[statistics]") {
  TestLedger ledger;
  year(ledger);
  const MovementSheet wanted = expected(ledger);
  ledger.sql().run(
      "CREATE TABLE kept AS SELECT shard, shard_seq, payload FROM journal WHERE kind = 2 ORDER BY at LIMIT 1");
  ledger.sql().run(
      "UPDATE journal j SET payload = '\\x63' FROM kept k WHERE (j.shard, j.shard_seq) = (k.shard, k.shard_seq)");
  MovementProjector projector(in_pages_of(10));
  std::string fault;
  for (int step = 0; step < 300; ++step)
    if (const ProjectedStep done = projector.step(); !done.fault.empty())
      fault = done.fault;
  CHECK(fault.contains("layout 99"));
  CHECK(count(ledger.sql(), "shard s WHERE (SELECT max(shard_seq) FROM journal j WHERE j.shard = s.shard) >"
                            " coalesce((SELECT shard_seq FROM movement_mark m WHERE m.shard = s.shard), 0)") == 1);
  ledger.sql().run(
      "UPDATE journal j SET payload = k.payload FROM kept k WHERE (j.shard, j.shard_seq) = (k.shard, k.shard_seq)");
  ledger.sql().run("DROP TABLE kept");
  project_all();
  CHECK(equal(counted(ledger.sql()), wanted));
}

}  // namespace dompet::testing
