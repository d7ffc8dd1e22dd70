#include <catch2/catch_test_macros.hpp>

#include "persistence/movement_projector.hpp"
#include "persistence/movement_reader.hpp"
#include "persistence/saga_inspector.hpp"
#include "tests/postgres/ledger.hpp"
#include "tests/postgres/plans.hpp"

namespace dompet::testing {

namespace {

constexpr int page = 51;
/// What a step may sort, or read in vain, for a page of 50: nothing that grows with the ledger.
constexpr long most_rows = 2'000;
/// Of a user's history a page of each of his wallets is looked at.
constexpr long wallets_of_user = 100;

const std::vector<std::string> large_tables{"journal", "wallet", "monthly_movement"};

/// A ledger in which every plan that reads too much is slow enough to be seen: 150,000 records, of which one wallet has
/// a third, and a user with many wallets.
struct Crowd {
  WalletId busy{};
  WalletId quiet{};
  UserId user{};
};

/// As `dompetctl generate-journal` does it: no actor, batches of thousands.
class Filling {
 public:
  explicit Filling(TestLedger& ledger) : ledger_(ledger), writer_(ledger.writer()) {}

  Crowd fill() {
    Crowd crowd;
    crowd.user.uuid.bytes.fill(7);
    for (int i = 0; i < 5'000; ++i)
      open(i % (5'000 / wallets_of_user) == 0 ? crowd.user : UserId{});
    for (const WalletId& wallet : wallets_)
      add_top_up(wallet);
    crowd.busy = wallets_[1];
    crowd.quiet = wallets_[2];
    for (int i = 0; i < 140'000; ++i)
      add_transfer(i % 3 == 0 ? crowd.busy : wallets_[3 + random() % 4'990], wallets_[3 + random() % 4'990]);
    ledger_.commit();
    ledger_.sql().run("ANALYZE");
    return crowd;
  }

 private:
  void added() {
    if (writer_.pending().journal.size() >= 5'000)
      ledger_.commit();
  }
  void open(const UserId& owner) {
    Record record{.kind = RecordKind::wallet_changed, .id = ledger_.make_id()};
    const WalletId wallet{record.id.uuid};
    record.add_leg(wallet, WalletOpened{*find_currency("IDR"), "Wallet", {}, owner});
    writer_.add(std::move(record));
    wallets_.push_back(wallet);
    added();
  }
  void add_top_up(const WalletId& wallet) {
    ledger_.top_up(wallet, 100'000'000);
    added();
  }
  void add_transfer(const WalletId& source, const WalletId& destination) {
    if (source == destination)
      return;
    ledger_.transfer(source, destination, 1 + static_cast<Minor>(random() % 100));
    added();
  }
  std::size_t random() { return static_cast<std::size_t>((state_ = state_ * 6364136223846793005ULL + 1) >> 33); }

  TestLedger& ledger_;
  LedgerWriter& writer_;
  std::vector<WalletId> wallets_{};
  std::uint64_t state_ = 1;
};

/// when this is read, then no step of it grows with the ledger.
void check(const char* what, const std::function<void()>& read, long most = most_rows) {
  INFO(what);
  const std::vector<std::string> plans = plans_of(read);
  REQUIRE_FALSE(plans.empty());
  CHECK(first_expensive_step(plans, large_tables, most) == "");
}

}  // namespace

TEST_CASE("the plans of all lists read what they show, by an index, however long the ledger is", "[plans]") {
  TestLedger ledger;
  const std::string url = url_with_plans();
  if (url.empty())
    SKIP("this PostgreSQL does not tell its plans");
  const Crowd crowd = Filling(ledger).fill();
  Reader reader({.database = url});

  // A check that cannot fail is none.
  SqlSession session({.database = url});
  const auto all = plans_of([&] { session.ask("SELECT count(*) FROM journal"); });
  CHECK(first_expensive_step(all, large_tables, most_rows).contains("Seq Scan on journal"));
  const auto sorted = plans_of([&] { session.ask("SELECT i FROM generate_series(1, 5000) i ORDER BY -i LIMIT 1"); });
  CHECK(first_expensive_step(sorted, large_tables, most_rows).contains("generate_series"));

  std::optional<TransactionCursor> middle;
  check("transactions", [&] { middle = reader.transactions({}, {}, page).back().place; });
  check("transactions, second page", [&] { reader.transactions({}, middle, page); });
  check("transactions of a kind", [&] { reader.transactions({.kind = TransactionKind::transfer}, {}, page); });
  check("transactions from a time on", [&] { reader.transactions({.from_ms = ledger.now_ms() - 5'000}, {}, page); });
  check("transactions before a time", [&] { reader.transactions({.to_ms = ledger.now_ms() - 5'000}, {}, page); });
  for (const WalletId& wallet : {crowd.busy, crowd.quiet}) {
    check("a wallet's transactions", [&] { middle = reader.transactions({.wallet = wallet}, {}, page).back().place; });
    check("a wallet's transactions, second page", [&] { reader.transactions({.wallet = wallet}, middle, page); });
    check("a wallet's transfers",
          [&] { reader.transactions({.wallet = wallet, .kind = TransactionKind::transfer}, {}, page); });
    // What the routes make of a card or a merchant.
    check("a card's transactions", [&] {
      middle = reader.transactions({.wallet = wallet, .card = CardId{}, .card_wallet = wallet}, {}, page).back().place;
    });
    check("a card's transactions, second page",
          [&] { reader.transactions({.wallet = wallet, .card = CardId{}, .card_wallet = wallet}, middle, page); });
    check("a merchant's transactions", [&] {
      reader.transactions({.wallet = wallet, .merchant = MerchantId{}, .merchant_wallet = wallet}, {}, page);
    });
    check("what went out of a wallet",
          [&] { reader.transactions({.wallet = wallet, .direction = Direction::out}, {}, page); });
    check("a wallet's transactions of a currency",
          [&] { reader.transactions({.wallet = wallet, .currency = *find_currency("IDR")}, {}, page); });
    check("a wallet's statement", [&] { reader.statement(wallet, {}, page); });
    check("a wallet's statement, second page", [&] { reader.statement(wallet, 1'000, page); });
    check("a wallet", [&] { reader.load_wallet(wallet); });
    check("a wallet as of a time", [&] { reader.wallet_as_of(wallet, ledger.now_ms() - 5'000); });
  }
  const long pages = wallets_of_user * page;
  check("a user's history", [&] { middle = reader.transactions({.owner = crowd.user}, {}, page).back().place; }, pages);
  check("a user's history, second page", [&] { reader.transactions({.owner = crowd.user}, middle, page); }, pages);
  check(
      "what a user sent", [&] { reader.transactions({.owner = crowd.user, .direction = Direction::out}, {}, page); },
      pages);
  // What came in without another wallet (top-ups) is looked for among all that this one paid, 47,000 here; never among
  // what others did.
  check("what came into a quiet wallet",
        [&] { reader.transactions({.wallet = crowd.quiet, .direction = Direction::in}, {}, page); });
  check(
      "what came into a busy wallet",
      [&] { reader.transactions({.wallet = crowd.busy, .direction = Direction::in}, {}, page); }, 60'000);
  check("transactions of a currency", [&] { reader.transactions({.currency = *find_currency("IDR")}, {}, page); });
  check("wallets", [&] { reader.wallets({}, "", page); });
  check("a user's wallets", [&] { reader.wallets({}, "", page, crowd.user); });
  check("sagas", [&] { SagaInspector(reader).list({}, {}, page); });
  check("a transaction", [&] { reader.transaction(middle->id); });
}

TEST_CASE("the plans of statistics read sums, not the ledger", "[plans]") {
  TestLedger ledger;
  const std::string url = url_with_plans();
  if (url.empty())
    SKIP("this PostgreSQL does not tell its plans");
  const Crowd crowd = Filling(ledger).fill();
  MovementProjector projector({.database = database_url(), .page_records = 5'000});
  for (int idle = 0; idle < 2;)
    idle = projector.step().records == 0 ? idle + 1 : 0;
  ledger.sql().run("ANALYZE monthly_movement, movement_mark");
  // Some that are not counted yet.
  for (int i = 0; i < 100; ++i)
    ledger.transfer(crowd.busy, crowd.quiet, 1);
  ledger.commit();
  Reader reader({.database = url});
  const Month now = month_of(ledger.now_ms());
  const auto ask = [&](std::vector<WalletId> wallets) {
    MovementReader(reader).answer(
        {.wallets = std::move(wallets), .from = now.plus(-11), .to = now.plus(1), .with_past = true});
  };
  check("of a busy wallet", [&] { ask({crowd.busy}); });
  check("of a quiet wallet", [&] { ask({crowd.quiet}); });
  check("of a user's wallets", [&] { ask(MovementReader(reader).wallets_of(crowd.user.uuid)); });
  check("of the ledger", [&] { ask({}); });
}

}  // namespace dompet::testing
