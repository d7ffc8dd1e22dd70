// Invoices are paid once: on the fast path, by single steps, and over kill -9.

#include "tests/actor/ledger_checker.hpp"
#include "tests/actor/shop.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// A merchant's invoice and two customers who want to pay it.
struct Counter {
  explicit Counter(EngineSettings settings) : bank(std::move(settings)) {}

  Bank bank;
  WalletId merchant = bank.wallet_with(0);
  WalletId ani = bank.wallet_beside(merchant, false);
  WalletId budi = bank.wallet_beside(ani, false);
  InvoiceTerms invoice{{bank.nobody().uuid}, bank.world.now_ms() + 3'600'000};

  std::uint64_t send(const WalletId& payer, std::string_view key) {
    return bank.send({.kind = TransactionKind::payment,
                      .currency = *find_currency("IDR"),
                      .amount = 300,
                      .source = payer,
                      .destination = merchant,
                      .method = "wallet",
                      .bill = Bill{invoice, "880081234567890128"}},
                     key);
  }
  Result pay(const WalletId& payer, std::string_view key) { return bank.ask(send(payer, key)); }
  void fill() {
    REQUIRE(is_done(bank.ask_topup(ani, 1'000, "of ani")));
    REQUIRE(is_done(bank.ask_topup(budi, 1'000, "of budi")));
  }
  void rests() {
    REQUIRE(bank.world.pass_until([&] { return bank.ledger.open_sagas() == 0; }));
    LedgerChecker checker(bank.ledger);
    checker.check();
    checker.check_at_rest();
    bank.check_books(2'000);
  }
};

/// An officer looks at every payment.
EngineSettings with_officers(EngineSettings settings) {
  RiskRule rule{.id = "all", .name = "All", .enabled = true, .currency = find_currency("IDR")};
  rule.kinds = {TransactionKind::payment};
  rule.amount = 1;
  rule.score = 50;
  rule.action = RiskAction::review;
  settings.risk_rules = std::make_shared<const RiskRules>(RiskRules{1, {rule}});
  return settings;
}

bool waits_for_an_officer(const Result& result) {
  const auto* answer = std::get_if<MoneyAnswer>(&result);
  return answer != nullptr && answer->state == SagaState::under_review;
}

/// Declined at once, or by steps: the hold went back because the merchant's wallet said this.
bool was_refused(const Result& result, Decline why) {
  const auto* answer = std::get_if<MoneyAnswer>(&result);
  return answer != nullptr && (answer->refusal == why || answer->record->decline == why);
}

}  // namespace

TEST_CASE("of two payers of one invoice at the same moment exactly one pays, and the other has his money back") {
  for (const bool fast : {true, false}) {
    Counter counter(fast ? small_node() : slow_node());
    counter.fill();
    const std::uint64_t first = counter.send(counter.ani, "a");
    const std::uint64_t second = counter.send(counter.budi, "b");
    const Result of_ani = counter.bank.ask(first);
    const Result of_budi = counter.bank.ask(second);
    CHECK((was_refused(of_ani, Decline::invoice_paid) != was_refused(of_budi, Decline::invoice_paid)));
    counter.rests();
    CHECK(counter.bank.balance(counter.merchant) == 300);
    CHECK(counter.bank.balance(counter.ani) + counter.bank.balance(counter.budi) == 1'700);
    CHECK(counter.bank.held(counter.ani) + counter.bank.held(counter.budi) == 0);
  }
}

TEST_CASE("an invoice that was paid stays paid when the process is killed") {
  for (const bool fast : {true, false}) {
    Counter counter(fast ? small_node() : slow_node());
    counter.fill();
    REQUIRE(is_done(counter.pay(counter.ani, "a")));
    counter.bank.restart();
    CHECK(was_refused(counter.pay(counter.budi, "b"), Decline::invoice_paid));
    const Result again = counter.pay(counter.ani, "a");
    REQUIRE(is_done(again));
    CHECK(money(again).replayed);
    counter.rests();
  }
}

TEST_CASE("an invoice whose time is over while its payment waits for the merchant is not paid") {
  for (const bool fast : {true, false}) {
    Counter counter(fast ? small_node() : slow_node());
    counter.fill();
    counter.bank.world.pass(hours(1));
    CHECK(was_refused(counter.pay(counter.ani, "late"), Decline::invoice_expired));
    counter.rests();
    CHECK(counter.bank.balance(counter.ani) == 1'000);
  }
}

TEST_CASE("an officer's approval pays an invoice however long it took, while the invoice can be paid") {
  Counter counter(with_officers(small_node()));
  counter.fill();
  REQUIRE(waits_for_an_officer(counter.pay(counter.ani, "a")));
  const TransactionId payment = counter.bank.last_transaction();
  counter.bank.world.pass(minutes(50));
  const Shard shard = shard_of(counter.ani, counter.bank.world.node().settings.shard_count);
  const auto approval = counter.bank.world.submit(SagaOrderRequest{payment, shard, SagaOrder::approve});
  CHECK(std::get<SagaReport>(counter.bank.ask(approval)).accepted);
  counter.rests();
  CHECK(counter.bank.balance(counter.merchant) == 300);
}

TEST_CASE("a payment under review ends with the time of its invoice, and the payer has his money back") {
  Counter counter(with_officers(small_node()));
  counter.fill();
  REQUIRE(waits_for_an_officer(counter.pay(counter.ani, "a")));
  counter.bank.world.pass(minutes(50));
  CHECK(counter.bank.held(counter.ani) == 300);
  counter.bank.world.pass(minutes(11));
  counter.rests();
  CHECK(counter.bank.balance(counter.ani) == 1'000);
  CHECK(counter.bank.balance(counter.merchant) == 0);
}

TEST_CASE("a payment that reaches its wallet long after it was asked for is declined, unless it was begun in time") {
  for (const bool fast : {true, false}) {
    Counter counter(fast ? small_node() : slow_node());
    counter.fill();
    const TransactionId asked{make_uuid_v7(counter.bank.world.now_ms(), {1})};
    counter.bank.world.pass(std::chrono::milliseconds(invoice_decision_ms + 1));
    Transaction late{.id = asked,
                     .kind = TransactionKind::payment,
                     .currency = *find_currency("IDR"),
                     .amount = 300,
                     .source = counter.ani,
                     .destination = counter.merchant,
                     .method = "wallet",
                     .bill = Bill{counter.invoice, "880081234567890128"}};
    const Stamp stamp{key_id("a client", "late"), fingerprint("late")};
    const auto sent = counter.bank.world.submit(
        MoveMoneyRequest{std::make_shared<const Transaction>(std::move(late)), stamp, UserId{}});
    CHECK(was_refused(counter.bank.ask(sent), Decline::cancelled));
    counter.rests();
    CHECK(counter.bank.balance(counter.ani) == 1'000);
  }
}

}  // namespace dompet::simulated
