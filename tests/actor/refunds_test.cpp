// Refunds: never more than was captured, whoever asks how often at the same time, and whatever fails in between.

#include "persistence/failpoint.hpp"
#include "tests/actor/ledger_checker.hpp"
#include "tests/actor/shop.hpp"

namespace dompet::simulated {

namespace {

/// Whatever was asked for, the books of the ledger say that no more was refunded than captured.
void books_hold(Shop& shop) {
  LedgerChecker checker(shop.bank.ledger);
  checker.check();
}

}  // namespace

TEST_CASE("a refund goes back to the payer, in parts, up to what was paid") {
  for (const bool fast : {true, false}) {
    Shop shop(fast ? small_node() : slow_node());
    REQUIRE(is_done(shop.pay(300, "p")));
    const TransactionId payment = shop.bank.last_transaction();
    REQUIRE(is_done(shop.bank.ask_send(shop.refund(payment, 100), "a")));
    CHECK(is_declined(shop.bank.ask_send(shop.refund(payment, 201), "b"), Decline::refund_exceeded));
    const Result rest = shop.bank.ask_send(shop.refund(payment, 0), "c");
    REQUIRE(is_done(rest));
    CHECK(money(rest).record->transaction->amount == 200);
    CHECK(is_declined(shop.bank.ask_send(shop.refund(payment, 1), "d"), Decline::refund_exceeded));
    CHECK(is_declined(shop.bank.ask_send(shop.refund(payment, 0), "e"), Decline::refund_exceeded));
    shop.balances_are(1'000, 0, 0);
  }
}

TEST_CASE("of a payment that was not captured nothing is refunded") {
  Shop shop;
  REQUIRE(is_done(shop.bank.ask_topup(shop.merchant, 500, "other money")));
  const TransactionId payment = shop.authorize(300);
  CHECK(is_declined(shop.bank.ask_send(shop.refund(payment, 1), "a"), Decline::refund_exceeded));
  REQUIRE(is_done(shop.bank.ask_send(shop.capture(payment, 200), "capture")));
  CHECK(is_declined(shop.bank.ask_send(shop.refund(payment, 201), "b"), Decline::refund_exceeded));
  CHECK(is_done(shop.bank.ask_send(shop.refund(payment, 200), "c")));
  shop.balances_are(900, 100, 500);
}

TEST_CASE("refunds at the same time come to no more than was captured") {
  for (const bool fast : {true, false})
    for (int steps = 0; steps < 12; ++steps) {
      Shop shop(fast ? small_node() : slow_node());
      REQUIRE(is_done(shop.bank.ask_topup(shop.merchant, 500, "other money")));
      REQUIRE(is_done(shop.pay(300, "p")));
      const TransactionId payment = shop.bank.last_transaction();
      std::vector<std::uint64_t> asked;
      for (int i = 0; i < 8; ++i) {
        asked.push_back(shop.bank.send(shop.refund(payment, 70), std::to_string(i)));
        for (int step = 0; step < steps; ++step)
          shop.bank.world.step();
      }
      int done = 0;
      for (const std::uint64_t correlation : asked)
        done += is_done(shop.bank.ask(correlation)) ? 1 : 0;
      CHECK(done == 4);
      shop.balances_are(980, 0, 520);
    }
}

TEST_CASE("a refund that the payer's wallet refuses can be asked for again") {
  for (const bool fast : {true, false}) {
    Shop shop(fast ? small_node() : slow_node());
    REQUIRE(is_done(shop.pay(300, "p")));
    const TransactionId payment = shop.bank.last_transaction();
    shop.bank.ask_change(shop.payer, FreezeWallet{});
    CHECK(is_declined(shop.bank.ask_send(shop.refund(payment, 300), "a"), Decline::wallet_frozen));
    shop.bank.ask_change(shop.payer, UnfreezeWallet{});
    CHECK(is_done(shop.bank.ask_send(shop.refund(payment, 300), "b")));
    shop.balances_are(1'000, 0, 0);
  }
}

TEST_CASE("refunds of a wallet that crashes, or whose commits are lost, still come to no more than was captured") {
  for (const std::string_view place : {"wallet.begin", "wallet.finish", "none"})
    for (const Fate fate : {Fate::durable, Fate::unknown_committed, Fate::unknown_lost, Fate::fenced})
      for (int steps = 0; steps < 24; steps += 3) {
        Shop shop;
        REQUIRE(is_done(shop.bank.ask_topup(shop.merchant, 500, "other money")));
        REQUIRE(is_done(shop.pay(300, "p")));
        const TransactionId payment = shop.bank.last_transaction();
        arm_failpoint(std::string{place} + ":trip:2");
        for (int i = 0; i < 6; ++i) {
          shop.bank.send(shop.refund(payment, 200), std::to_string(i));
          for (int step = 0; step < steps; ++step)
            shop.bank.world.step();
          if (i == 2)
            shop.bank.ledger.next_commit(fate);
        }
        shop.bank.world.pass(std::chrono::seconds(2));
        arm_failpoint("");
        books_hold(shop);
        shop.bank.ask_send(shop.refund(payment, 200), "last");
        CHECK(shop.bank.balance(shop.payer) == 900);
        shop.balances_are(900, 0, 600);
      }
}

TEST_CASE("a refund that cannot be looked up is not applied, and may be sent again") {
  Shop shop;
  REQUIRE(is_done(shop.pay(300, "p")));
  const TransactionId payment = shop.bank.last_transaction();
  shop.bank.world.fail_reads(1);
  CHECK(is_not_applied(shop.bank.ask_send(shop.refund(payment, 300), "a")));
  shop.bank.world.fill_read_pool(true);
  CHECK(is_not_applied(shop.bank.ask_send(shop.refund(payment, 300), "a")));
  shop.bank.world.fill_read_pool(false);
  CHECK(is_done(shop.bank.ask_send(shop.refund(payment, 300), "a")));
  shop.balances_are(1'000, 0, 0);
}

}  // namespace dompet::simulated
