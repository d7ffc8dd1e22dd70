// Invoices, as the wallet that is paid decides them: once, in time, whatever the clocks say.

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <string>

#include "domain/ensure.hpp"
#include "domain/wallet.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;

namespace {

constexpr std::int64_t hour_ms = 60 * 60 * 1000;

InvoiceTerms bill(std::uint64_t number, std::int64_t expires_at_ms) { return {{given::uuid(number)}, expires_at_ms}; }

/// A payment asked for at this time.
TransactionId asked_at(std::int64_t at_ms, std::uint8_t number = 0) { return {make_uuid_v7(at_ms, {number})}; }

/// What the wallet says to a payment of the invoice at this time; a payment happens to it.
std::string pay(Wallet& merchant, const InvoiceTerms& terms, std::int64_t now_ms, std::int64_t asked_ms) {
  const auto decided = decide(merchant, Credit{.transaction = asked_at(asked_ms),
                                               .currency = given::idr(),
                                               .amount = 10,
                                               .invoice = terms,
                                               .now_ms = now_ms});
  if (!decided)
    return std::string{code(decided.error())};
  dompet::apply(merchant, *decided);
  return "paid";
}

std::string pay(Wallet& merchant, const InvoiceTerms& terms, std::int64_t now_ms) {
  return pay(merchant, terms, now_ms, now_ms);
}

}  // namespace

TEST_CASE("an invoice is paid once") {
  Wallet merchant = given::wallet();
  const InvoiceTerms terms = bill(1, 2 * hour_ms);
  CHECK(pay(merchant, terms, hour_ms) == "paid");
  CHECK(pay(merchant, terms, hour_ms) == "invoice_paid");
  CHECK(pay(merchant, bill(2, 2 * hour_ms), hour_ms) == "paid");
  CHECK(merchant.available == 20);
}

TEST_CASE("an invoice whose time is over is not paid") {
  Wallet merchant = given::wallet();
  CHECK(pay(merchant, bill(1, hour_ms), hour_ms) == "invoice_expired");
  CHECK(pay(merchant, bill(1, hour_ms), hour_ms - 1) == "paid");
}

TEST_CASE("a ledger in which an invoice was paid twice, or out of time, does not replay") {
  const InvoicePaid once{bill(1, 2 * hour_ms), hour_ms};
  const auto happens = [](Wallet& merchant, const InvoicePaid& payment) {
    dompet::apply(merchant, Credited{asked_at(hour_ms), 10, payment});
  };
  Wallet merchant = given::wallet();
  happens(merchant, once);
  CHECK_THROWS_AS(happens(merchant, once), Bug);
  CHECK_THROWS_AS(happens(merchant, {bill(2, 2 * hour_ms), 2 * hour_ms}), Bug);
  CHECK_THROWS_AS(happens(merchant, {bill(2, 2 * hour_ms), hour_ms - 1}), Bug);
}

TEST_CASE("a clock that goes back pays no invoice twice that was forgotten when it was over") {
  Wallet merchant = given::wallet();
  const InvoiceTerms early = bill(1, 2 * hour_ms);
  REQUIRE(pay(merchant, early, hour_ms) == "paid");
  REQUIRE(pay(merchant, bill(2, 9 * hour_ms), 3 * hour_ms) == "paid");
  CHECK(merchant.invoices.paid().size() == 1);
  CHECK(pay(merchant, early, hour_ms) == "invoice_expired");
}

TEST_CASE("a payment that an officer looked at for days pays the invoice if its time is not over") {
  Wallet merchant = given::wallet();
  CHECK(pay(merchant, bill(1, 100 * hour_ms), 99 * hour_ms, hour_ms) == "paid");
  CHECK(pay(merchant, bill(2, 100 * hour_ms), 100 * hour_ms, hour_ms) == "invoice_expired");
}

TEST_CASE("a clock that jumped forward once declines only what is over by it") {
  Wallet merchant = given::wallet();
  REQUIRE(pay(merchant, bill(1, 30 * hour_ms), 24 * hour_ms) == "paid");
  CHECK(pay(merchant, bill(2, 30 * hour_ms), hour_ms) == "paid");
  CHECK(pay(merchant, bill(3, 2 * hour_ms), hour_ms) == "invoice_expired");
}

TEST_CASE("a payment that was asked for when the invoice was over is late, whatever the clock of the wallet says") {
  Wallet merchant = given::wallet();
  CHECK(pay(merchant, bill(1, 2 * hour_ms), hour_ms, 2 * hour_ms) == "invoice_expired");
}

TEST_CASE("a wallet remembers so many paid invoices and no more, and takes others when some are over") {
  Wallet merchant = given::wallet();
  for (std::uint64_t number = 0; number < most_paid_invoices; ++number)
    REQUIRE(pay(merchant, bill(number, 2 * hour_ms), hour_ms) == "paid");
  CHECK(pay(merchant, bill(most_paid_invoices, 2 * hour_ms), hour_ms) == "too_many_paid_invoices");
  CHECK(pay(merchant, bill(most_paid_invoices, 4 * hour_ms), 2 * hour_ms) == "paid");
  CHECK(merchant.invoices.paid().size() == 1);
}

TEST_CASE("a copy of a wallet, as each reading of its balance makes one, copies no invoices and sees no later ones") {
  Wallet merchant = given::wallet();
  REQUIRE(pay(merchant, bill(1, 2 * hour_ms), hour_ms) == "paid");
  const Wallet read = merchant;
  CHECK(read.invoices.paid().data() == merchant.invoices.paid().data());
  REQUIRE(pay(merchant, bill(2, 2 * hour_ms), hour_ms) == "paid");
  CHECK(read.invoices.paid().size() == 1);
  CHECK(merchant.invoices.paid().size() == 2);
}

TEST_CASE("a wallet that refuses money for another reason leaves the invoice to be paid") {
  Wallet merchant = given::wallet(0, {.maximum_balance = 5});
  const InvoiceTerms terms = bill(1, 2 * hour_ms);
  CHECK(pay(merchant, terms, hour_ms) == "maximum_balance_exceeded");
  merchant.limits = {};
  CHECK(pay(merchant, terms, hour_ms) == "paid");
}

TEST_CASE("money that pays no invoice is remembered by nothing") {
  Wallet merchant = given::wallet();
  const auto decided = decide(merchant, Credit{asked_at(1), given::idr(), 10, {}, {}, hour_ms});
  REQUIRE(decided);
  CHECK_FALSE(decided->invoice);
  dompet::apply(merchant, *decided);
  CHECK(merchant.invoices == PaidInvoices{});
}

TEST_CASE("whatever the clock does, no invoice is paid twice, and replay remembers the same") {
  constexpr std::uint64_t lives = 200;
  std::uint64_t paid = 0;
  std::uint64_t declined = 0;
  for (std::uint64_t seed = 1; seed <= lives; ++seed) {
    given::Random random(seed);
    Wallet merchant = given::wallet();
    Wallet replayed = merchant;
    std::map<std::uint64_t, int> times;
    std::int64_t clock_ms = 100 * hour_ms;
    for (int step = 0; step < 200; ++step) {
      // It jumps a day either way now and then.
      clock_ms += static_cast<std::int64_t>(random.upto(2 * hour_ms)) - hour_ms / 2;
      if (random.upto(10) == 0)
        clock_ms += (static_cast<std::int64_t>(random.upto(2)) - 1) * 24 * hour_ms;
      const std::uint64_t number = random.upto(20);
      const InvoiceTerms terms = bill(number, (100 + static_cast<std::int64_t>(number) * 5) * hour_ms);
      // It was asked for by a clock that is right with the wallet's latest one.
      const std::int64_t asked_ms = paid_at(merchant.invoices, clock_ms);
      const auto decided = decide(merchant, Credit{asked_at(asked_ms), given::idr(), 1, {}, terms, clock_ms});
      declined += decided ? 0 : 1;
      if (!decided)
        continue;
      ++paid;
      CHECK(++times[number] == 1);
      dompet::apply(merchant, *decided);
      dompet::apply(replayed, *decided);
      REQUIRE(replayed == merchant);
    }
  }
  CHECK(paid > lives);
  CHECK(declined > lives);
}
