// Transfers, payments and refunds between two currencies, on both paths and through crashes.

#include <catch2/catch_test_macros.hpp>

#include "persistence/failpoint.hpp"
#include "tests/actor/bank.hpp"
#include "tests/actor/ledger_checker.hpp"

namespace dompet::simulated {

namespace {

const Currency dollars = *find_currency("USD");
const Currency rupiah = *find_currency("IDR");
/// 1 USD is 3.333333 IDR here: small amounts leave something.
constexpr Rate rate{3'333'333, 6};

/// A payer in dollars and a receiver in rupiah, who lives in another shard.
struct Exchange {
  explicit Exchange(bool fast) : bank(fast ? small_node() : slow_node()) {
    while (shard_of(receiver, bank.world.node().settings.shard_count) ==
           shard_of(payer, bank.world.node().settings.shard_count))
      receiver = bank.wallet_with(1'000);
  }

  Bank bank;
  WalletId payer = bank.wallet_with(1'000, {}, "USD");
  WalletId receiver = bank.wallet_with(1'000);

  Transaction of(TransactionKind kind, Minor amount, const TransactionId& payment = {}) const {
    Transaction wanted{.kind = kind, .currency = dollars, .amount = amount, .source = payer, .destination = receiver};
    wanted.parent = payment;
    wanted.fx = FxLeg{.rate = rate, .currency = rupiah, .amount = convert(amount, rate, dollars, rupiah).value_or(0)};
    return wanted;
  }
  Transaction refund(const TransactionId& payment, Minor to_payer) const {
    Transaction wanted = of(TransactionKind::refund, 0, payment);
    std::swap(wanted.source, wanted.destination);
    wanted.currency = rupiah;
    wanted.fx = FxLeg{.rate = rate, .currency = dollars, .amount = to_payer};
    return wanted;
  }
  Transaction capture(const TransactionId& payment, Minor amount, bool is_final = false) const {
    Transaction wanted = of(TransactionKind::capture, amount, payment);
    wanted.fx->amount = 0;
    wanted.final_capture = is_final;
    return wanted;
  }
  TransactionId authorize(Minor amount) {
    Transaction wanted = of(TransactionKind::payment, amount);
    wanted.manual_capture = true;
    wanted.expires_at_ms = bank.world.now_ms() + 1'000'000'000;
    REQUIRE(is_done(bank.ask_send(wanted, "authorize")));
    return bank.last_transaction();
  }
  void balances_are(Minor payers, Minor receivers) {
    CHECK(bank.balance(payer) == payers);
    CHECK(bank.balance(receiver) == receivers);
    LedgerChecker checker(bank.ledger);
    checker.check();
    checker.check_at_rest();
  }
  Minor position(std::string_view account) const {
    Minor sum = 0;
    for (const auto& [key, total] : bank.ledger.totals())
      sum += key.second == account ? total : 0;
    return sum;
  }
};

}  // namespace

TEST_CASE("a transfer between two currencies takes one and gives the other, on either path") {
  for (const bool fast : {true, false}) {
    Exchange exchange(fast);
    REQUIRE(is_done(exchange.bank.ask_send(exchange.of(TransactionKind::transfer, 100), "k")));
    exchange.balances_are(900, 1'333);
    CHECK(exchange.position("fx:USD") == 100);
    CHECK(exchange.position("fx:IDR") == -333);
    const Result again = exchange.bank.ask_send(exchange.of(TransactionKind::transfer, 100), "k");
    CHECK(money(again).replayed);
    exchange.balances_are(900, 1'333);
  }
}

TEST_CASE("a conversion into a wallet of a third currency is declined, and nothing is moved") {
  for (const bool fast : {true, false}) {
    Exchange exchange(fast);
    Transaction wanted = exchange.of(TransactionKind::transfer, 100);
    wanted.fx->currency = *find_currency("EUR");
    const Result result = exchange.bank.ask_send(wanted, "k");
    CHECK_FALSE(is_done(result));
    exchange.balances_are(1'000, 1'000);
    CHECK(exchange.position("fx:USD") == 0);
  }
}

TEST_CASE("without a conversion two currencies do not meet") {
  Exchange exchange(true);
  Transaction wanted = exchange.of(TransactionKind::transfer, 100);
  wanted.fx.reset();
  CHECK(is_declined(exchange.bank.ask_send(wanted, "k"), Decline::currency_mismatch));
  exchange.balances_are(1'000, 1'000);
}

TEST_CASE("a converted transfer is finished after a crash at any step, once") {
  for (int steps = 0; steps < 60; steps += 3) {
    Exchange exchange(false);
    exchange.bank.send(exchange.of(TransactionKind::transfer, 100), "k");
    for (int step = 0; step < steps; ++step)
      exchange.bank.world.step();
    exchange.bank.restart();
    exchange.bank.world.pass_until([&] { return exchange.bank.ledger.open_sagas() == 0; });
    REQUIRE(is_done(exchange.bank.ask_send(exchange.of(TransactionKind::transfer, 100), "k")));
    exchange.balances_are(900, 1'333);
  }
}

TEST_CASE("a converted payment goes back in the payer's currency, in parts, to the last unit of both sides") {
  for (const bool fast : {true, false}) {
    Exchange exchange(fast);
    REQUIRE(is_done(exchange.bank.ask_send(exchange.of(TransactionKind::payment, 100), "p")));
    const TransactionId payment = exchange.bank.last_transaction();
    exchange.balances_are(900, 1'333);
    REQUIRE(is_done(exchange.bank.ask_send(exchange.refund(payment, 50), "a")));
    exchange.balances_are(950, 1'333 - 166);
    CHECK(is_declined(exchange.bank.ask_send(exchange.refund(payment, 51), "b"), Decline::refund_exceeded));
    REQUIRE(is_done(exchange.bank.ask_send(exchange.refund(payment, 0), "c")));
    exchange.balances_are(1'000, 1'000);
    CHECK(exchange.position("fx:USD") == 0);
    CHECK(exchange.position("fx:IDR") == 0);
    CHECK(is_declined(exchange.bank.ask_send(exchange.refund(payment, 1), "d"), Decline::refund_exceeded));
  }
}

TEST_CASE("captures of a converted payment are converted one by one, by the payment's rate") {
  for (const bool fast : {true, false}) {
    Exchange exchange(fast);
    const TransactionId payment = exchange.authorize(100);
    REQUIRE(is_done(exchange.bank.ask_send(exchange.capture(payment, 40), "a")));
    REQUIRE(is_done(exchange.bank.ask_send(exchange.capture(payment, 50, true), "b")));
    exchange.balances_are(910, 1'000 + 133 + 166);
    REQUIRE(is_done(exchange.bank.ask_send(exchange.refund(payment, 0), "c")));
    exchange.balances_are(1'000, 1'000);
  }
}

TEST_CASE("a capture's record says what all captures of the payment came to, also after a return and a kill") {
  for (const bool fast : {true, false}) {
    Exchange exchange(fast);
    Bank& bank = exchange.bank;
    const TransactionId payment = exchange.authorize(100);
    const auto stands = [&] {
      PaymentState last;
      for (const JournalRow& row : bank.ledger.journal())
        if (const Record record = decode(row); record.payment && record.transaction->parent == payment)
          last = *record.payment;
      return last;
    };
    REQUIRE(is_done(bank.ask_send(exchange.capture(payment, 10), "a")));
    CHECK(stands() == PaymentState{100, 10, 90, 33});
    REQUIRE(std::holds_alternative<WalletHistory>(bank.ask_change(exchange.receiver, FreezeWallet{})));
    CHECK(is_declined(bank.ask_send(exchange.capture(payment, 40), "b"), Decline::wallet_frozen));
    REQUIRE(std::holds_alternative<WalletHistory>(bank.ask_change(exchange.receiver, UnfreezeWallet{})));
    bank.restart();
    REQUIRE(is_done(bank.ask_send(exchange.capture(payment, 50), "c")));
    CHECK(stands() == PaymentState{100, 60, 40, 33 + 166});
    const Result last = bank.ask_send(exchange.capture(payment, 0), "d");
    REQUIRE(is_done(last));
    CHECK(money(last).record->payment == PaymentState{100, 100, 0, 33 + 166 + 133});
    exchange.balances_are(900, 1'000 + 33 + 166 + 133);
    CHECK(money(bank.ask_send(exchange.capture(payment, 0), "d")).record->payment == money(last).record->payment);
  }
}

TEST_CASE("a capture that converts to nothing is declined and leaves its authorization") {
  Exchange exchange(true);
  Transaction wanted = exchange.of(TransactionKind::payment, 100);
  wanted.manual_capture = true;
  wanted.expires_at_ms = exchange.bank.world.now_ms() + 1'000'000'000;
  wanted.fx->rate = {5, 2};
  wanted.fx->amount = 5;
  REQUIRE(is_done(exchange.bank.ask_send(wanted, "authorize")));
  const TransactionId payment = exchange.bank.last_transaction();
  Transaction capture = exchange.capture(payment, 10);
  capture.fx->rate = {5, 2};
  CHECK(is_declined(exchange.bank.ask_send(capture, "a"), Decline::converts_to_nothing));
  CHECK(exchange.bank.held(exchange.payer) == 100);
  capture.amount = 0;
  REQUIRE(is_done(exchange.bank.ask_send(capture, "b")));
  exchange.balances_are(900, 1'005);
}

}  // namespace dompet::simulated
