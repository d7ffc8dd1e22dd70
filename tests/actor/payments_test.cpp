// Payments by a merchant: authorized now, captured later, in parts, given up, or over by time.

#include "tests/actor/ledger_checker.hpp"
#include "tests/actor/shop.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

EngineSettings short_lived() {
  EngineSettings settings = small_node();
  settings.authorization_lifetime = seconds(10);
  settings.idle_before_passivation = seconds(4);
  return settings;
}

}  // namespace

TEST_CASE("an automatic payment moves the money at once, and counts as a payment in the payer's limits") {
  Shop shop;
  REQUIRE(std::holds_alternative<WalletHistory>(
      shop.bank.ask_change(shop.payer, ChangeLimits{{.out_by_kind = {{{}, {}, {.day = 300}}}}})));
  REQUIRE(is_done(shop.pay(200, "a")));
  CHECK(is_declined(shop.pay(101, "b"), Decline::daily_limit_exceeded));
  CHECK(is_done(shop.bank.ask_transfer(shop.payer, shop.merchant, 500, "a transfer is none")));
  shop.balances_are(300, 0, 700);
}

TEST_CASE("an authorized payment is held, captured in parts, and what is left is given back with the last one") {
  for (const bool fast : {true, false}) {
    Shop shop(fast ? small_node() : slow_node());
    const TransactionId payment = shop.authorize(500);
    shop.balances_are(500, 500, 0);
    REQUIRE(is_done(shop.bank.ask_send(shop.capture(payment, 100), "first")));
    shop.balances_are(500, 400, 100);
    REQUIRE(is_done(shop.bank.ask_send(shop.of(TransactionKind::increment, 50, payment), "more")));
    CHECK(shop.stands(payment) == PaymentState{550, 100, 450});
    REQUIRE(is_done(shop.bank.ask_send(shop.capture(payment, 150, /*is_final=*/true), "last")));
    shop.balances_are(750, 0, 250);
    CHECK(shop.stands(payment) == PaymentState{550, 250, 0});
    CHECK(is_declined(shop.bank.ask_send(shop.capture(payment, 1), "too late"), Decline::payment_not_open));
  }
}

TEST_CASE("a capture of no amount takes all that is left, and says how much that was") {
  Shop shop;
  const TransactionId payment = shop.authorize(500);
  REQUIRE(is_done(shop.bank.ask_send(shop.capture(payment, 200), "first")));
  const Result rest = shop.bank.ask_send(shop.capture(payment, 0), "the rest");
  REQUIRE(is_done(rest));
  CHECK(money(rest).record->transaction->amount == 300);
  shop.balances_are(500, 0, 500);
  const Result again = shop.bank.ask_send(shop.capture(payment, 0), "the rest");
  REQUIRE(is_done(again));
  CHECK(money(again).replayed);
}

TEST_CASE("captures at the same time never take more than was authorized") {
  for (const bool fast : {true, false}) {
    Shop shop(fast ? small_node() : slow_node());
    const TransactionId payment = shop.authorize(500);
    std::vector<std::uint64_t> asked;
    for (int i = 0; i < 8; ++i)
      asked.push_back(shop.bank.send(shop.capture(payment, 120, i % 3 == 2), std::to_string(i)));
    int done = 0;
    for (const std::uint64_t correlation : asked)
      done += is_done(shop.bank.ask(correlation)) ? 1 : 0;
    CHECK(done == 3);
    shop.balances_are(640, 0, 360);
  }
}

TEST_CASE("a payment that was given up is not captured, and gives the money back once") {
  Shop shop;
  const TransactionId payment = shop.authorize(500);
  REQUIRE(is_done(shop.bank.ask_send(shop.capture(payment, 100), "first")));
  const Result voided = shop.bank.ask_send(shop.voided(payment), "void");
  REQUIRE(is_done(voided));
  CHECK(money(voided).record->kind == RecordKind::payment_voided);
  CHECK(money(voided).record->transaction->amount == 400);
  CHECK(is_declined(shop.bank.ask_send(shop.voided(payment), "again"), Decline::payment_not_open));
  CHECK(is_declined(shop.bank.ask_send(shop.capture(payment, 1), "capture"), Decline::payment_not_open));
  shop.balances_are(900, 0, 100);
}

TEST_CASE("a capture that races a void has one outcome each, and all the money is somewhere") {
  for (std::uint64_t steps = 0; steps < 40; ++steps)
    for (const bool fast : {true, false}) {
      Shop shop(fast ? small_node() : slow_node());
      const TransactionId payment = shop.authorize(500);
      const std::uint64_t captured = shop.bank.send(shop.capture(payment, 200), "capture");
      for (std::uint64_t i = 0; i < steps; ++i)
        shop.bank.world.step();
      const std::uint64_t voided = shop.bank.send(shop.voided(payment), "void");
      CHECK(is_done(shop.bank.ask(captured)));
      CHECK(is_done(shop.bank.ask(voided)));
      shop.balances_are(800, 0, 200);
    }
}

TEST_CASE("a merchant whose wallet refuses gets nothing, and the payment can still be captured") {
  for (const bool fast : {true, false}) {
    Shop shop(fast ? small_node() : slow_node());
    const TransactionId payment = shop.authorize(500);
    shop.bank.ask_change(shop.merchant, FreezeWallet{});
    CHECK(is_declined(shop.bank.ask_send(shop.capture(payment, 200, true), "frozen"), Decline::wallet_frozen));
    shop.bank.ask_change(shop.merchant, UnfreezeWallet{});
    shop.balances_are(500, 500, 0);
    CHECK(is_done(shop.bank.ask_send(shop.capture(payment, 0), "thawed")));
    shop.balances_are(500, 0, 500);
  }
}

TEST_CASE("a payment is captured from a wallet that was frozen after it") {
  for (const bool fast : {true, false}) {
    Shop shop(fast ? small_node() : slow_node());
    const TransactionId payment = shop.authorize(500);
    shop.bank.ask_change(shop.payer, FreezeWallet{});
    CHECK(is_done(shop.bank.ask_send(shop.capture(payment, 200, true), "capture")));
    shop.balances_are(800, 0, 200);
  }
}

TEST_CASE("a last capture and a transfer at the same time never spend the same money") {
  for (std::uint64_t steps = 0; steps < 40; ++steps) {
    Shop shop;
    const TransactionId payment = shop.authorize(900);
    const std::uint64_t captured = shop.bank.send(shop.capture(payment, 100, true), "capture");
    for (std::uint64_t i = 0; i < steps; ++i)
      shop.bank.world.step();
    const std::uint64_t spent = shop.bank.transfer(shop.payer, shop.merchant, 850, "spend");
    CHECK(is_done(shop.bank.ask(captured)));
    const bool was_in_time = is_done(shop.bank.ask(spent));
    shop.balances_are(was_in_time ? 50 : 900, 0, was_in_time ? 950 : 100);
  }
}

TEST_CASE("a blocked card pays nothing, and what was authorized with it before can be captured") {
  Shop shop;
  CardId card;
  card.uuid.bytes.back() = 9;
  Transaction by_card = shop.of(TransactionKind::payment, 100);
  by_card.card = card;
  by_card.manual_capture = true;
  REQUIRE(is_done(shop.bank.ask_send(by_card, "a")));
  const TransactionId payment = shop.bank.last_transaction();
  REQUIRE(std::holds_alternative<WalletHistory>(shop.bank.ask_change(shop.payer, BlockCard{card})));
  CHECK(is_declined(shop.bank.ask_send(by_card, "b"), Decline::card_blocked));
  CHECK(is_done(shop.bank.ask_send(shop.capture(payment, 100), "capture")));
  REQUIRE(std::holds_alternative<WalletHistory>(shop.bank.ask_change(shop.payer, AllowCard{card})));
  CHECK(is_done(shop.bank.ask_send(by_card, "c")));
  shop.balances_are(800, 100, 100);
}

TEST_CASE("nobody moves the money of a wallet that is not his, and learns not even that there is one") {
  Bank bank;
  const UserId ani{bank.nobody().uuid};
  const UserId budi{bank.nobody().uuid};
  const WalletId wallet = bank.nobody();
  const WalletId other = bank.wallet_with(0);
  bank.ask(bank.world.submit(OpenWalletRequest{wallet, {*find_currency("IDR"), "ani's", {}, ani}}));
  const Transaction topup{.kind = TransactionKind::topup,
                          .currency = *find_currency("IDR"),
                          .amount = 100,
                          .destination = wallet,
                          .method = "cash"};
  const Transaction transfer{.currency = *find_currency("IDR"), .amount = 60, .source = wallet, .destination = other};
  REQUIRE(is_done(bank.ask_send(topup, "t", ani)));
  CHECK(is_refused(bank.ask_send(topup, "u", budi), Decline::wallet_not_found));
  CHECK(is_refused(bank.ask_send(transfer, "v", budi), Decline::wallet_not_found));
  CHECK(is_refused(bank.ask(bank.world.submit(ChangeWalletRequest{wallet, {FreezeWallet{}}, budi})),
                   Decline::wallet_not_found));
  CHECK(is_done(bank.ask_send(transfer, "v", ani)));
  CHECK(is_refused(bank.ask(bank.world.submit(ChangeWalletRequest{other, {FreezeWallet{}}, budi})),
                   Decline::wallet_not_found));
  CHECK(bank.balance(wallet) == 40);
}

TEST_CASE("a payment whose time is over gives the money back by itself, once, and not before") {
  Shop shop(short_lived());
  const TransactionId payment = shop.authorize(500, "authorize", 15'000);
  REQUIRE(is_done(shop.bank.ask_send(shop.capture(payment, 100), "first")));
  shop.bank.world.pass(seconds(13));
  CHECK(shop.bank.held(shop.payer) == 400);
  REQUIRE(shop.bank.world.pass_until([&] { return shop.stands(payment).remaining == 0; }, seconds(10)));
  shop.balances_are(900, 0, 100);
  const std::size_t rows = shop.bank.ledger.journal().size();
  shop.bank.world.pass(seconds(60));
  CHECK(shop.bank.ledger.journal().size() == rows);
  CHECK(decode(shop.bank.ledger.journal().back()).decline == Decline::cancelled);
  CHECK(is_declined(shop.bank.ask_send(shop.capture(payment, 1), "late"), Decline::payment_not_open));
}

TEST_CASE("a payment's time also ends when nobody was there to see it, and hundreds of them end soon") {
  Shop shop(short_lived());
  const int count = 250;
  for (int i = 0; i < count; ++i)
    shop.authorize(2, std::to_string(i), 12'000);
  CHECK(shop.bank.held(shop.payer) == 2 * count);
  shop.bank.world.kill();
  shop.bank.world.start();
  shop.bank.world.run();
  shop.bank.world.pass(seconds(20));
  REQUIRE(shop.bank.world.pass_until([&] { return shop.bank.held(shop.payer) == 0; }, seconds(20)));
  shop.balances_are(1'000, 0, 0);
}

TEST_CASE("a payment is captured after every commit of its capture was lost or came to be known late") {
  for (const Fate fate : {Fate::unknown_committed, Fate::unknown_lost, Fate::rejected, Fate::fenced})
    for (const bool fast : {true, false}) {
      Shop shop(fast ? small_node() : slow_node());
      const TransactionId payment = shop.authorize(500);
      shop.bank.ledger.next_commit(fate);
      const Result result = shop.bank.ask_send(shop.capture(payment, 200, true), "capture");
      CHECK((is_done(result) || is_not_applied(result)));
      CHECK(is_done(shop.bank.ask_send(shop.capture(payment, 200, true), "capture")));
      shop.balances_are(800, 0, 200);
    }
}

TEST_CASE("a capture by single steps goes on after its process was killed, whatever was durable by then") {
  for (const bool refused : {false, true})
    for (std::size_t durable = 1; durable <= 3; ++durable) {
      Shop shop(slow_node());
      const TransactionId payment = shop.authorize(500);
      if (refused)
        shop.bank.ask_change(shop.merchant, FreezeWallet{});
      const std::size_t before = shop.bank.ledger.journal().size();
      shop.bank.send(shop.capture(payment, 200, true), "capture");
      while (shop.bank.ledger.journal().size() < before + durable)
        if (!shop.bank.world.step())
          shop.bank.world.advance(milliseconds(50));
      shop.bank.restart();
      REQUIRE(shop.bank.world.pass_until([&] { return shop.bank.ledger.open_sagas() == 0; }));
      shop.balances_are(refused ? 500 : 800, refused ? 500 : 0, refused ? 0 : 200);
    }
}

}  // namespace dompet::simulated
