#include <catch2/catch_test_macros.hpp>

#include "persistence/marketplace_store.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

/// An order of a marketplace, and whoever pays it.
struct Order {
  Order() {
    make_empty_ledger();
    run("DELETE FROM marketplace_notice");
  }

  Reader reader{{.database = database_url()}};
  MarketplaceStore store{reader};
  MarketplaceNotice notice = of("DS-88001");

  static MarketplaceNotice of(const std::string& va_number) {
    return {.id = make_incarnation().uuid,
            .marketplace = "sawit",
            .va_number = va_number,
            .merchant = make_incarnation().uuid,
            .key = key_id("ayu", va_number),
            .amount = 100,
            .currency = *find_currency("IDR")};
  }
  static void run(const std::string& statement) {
    SqlSession sql = open_session();
    sql.within("BEGIN", [&] { sql.ask(statement, {}); });
  }
  /// Every payment was begun and is to be looked up since so long.
  static void pass_minutes(int minutes) {
    run("UPDATE marketplace_notice SET next_at = now(), begun_at = begun_at - interval '" + std::to_string(minutes) +
        " minutes'");
  }
  void forget() { store.forget_if_over(notice.marketplace, notice.va_number, notice.key); }
  std::string state() {
    const auto all = store.list({});
    return all.empty() ? "none" : all.front().state;
  }
};

}  // namespace

TEST_CASE("a payment of an order that is begun again while it is looked up is not forgotten") {
  Order order;
  REQUIRE(order.store.begin(order.notice) == MarketplaceStore::Begun::ours);
  Order::pass_minutes(13);
  const auto unknown = order.store.claim_unknown(10);
  REQUIRE(unknown.size() == 1);
  CHECK(unknown.front().is_over);
  REQUIRE(order.store.begin(order.notice) == MarketplaceStore::Begun::ours);
  order.forget();
  CHECK(order.state() == "paying");
  Order::pass_minutes(13);
  order.forget();
  CHECK(order.state() == "none");
}

TEST_CASE("a marketplace is to be told of what was paid, though nothing was noted before, and once") {
  Order order;
  const TransactionId payment{make_incarnation().uuid};
  CHECK(order.store.paid(order.notice, payment, 1'000));
  CHECK(order.state() == "due");
  order.store.delivered(order.notice.id);
  CHECK(order.store.paid(order.notice, payment, 1'000));
  CHECK(order.state() == "delivered");
  CHECK_FALSE(order.store.paid(order.notice, {make_incarnation().uuid}, 1'000));
}

TEST_CASE("a payment whose end is not known is looked up at once") {
  Order order;
  REQUIRE(order.store.begin(order.notice) == MarketplaceStore::Begun::ours);
  CHECK(order.store.claim_unknown(10).empty());
  order.store.look_now(order.notice.marketplace, order.notice.va_number, order.notice.key);
  CHECK(order.store.claim_unknown(10).size() == 1);
}

TEST_CASE("a marketplace hears of a new payment before those that it did not take") {
  Order order;
  const MarketplaceNotice second = Order::of("DS-88002");
  REQUIRE(order.store.paid(order.notice, {make_incarnation().uuid}, 1'000));
  REQUIRE(order.store.claim_due("sawit", 0)->id == order.notice.id);
  REQUIRE(order.store.paid(second, {make_incarnation().uuid}, 1'000));
  CHECK(order.store.claim_due("sawit", 60'000)->id == second.id);
  CHECK(order.store.claim_due("sawit", 60'000)->id == order.notice.id);
}

}  // namespace dompet::testing
