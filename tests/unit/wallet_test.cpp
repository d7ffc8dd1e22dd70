#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <string>

#include "domain/ensure.hpp"
#include "domain/wallet.hpp"
#include "tests/unit/given.hpp"
#include "tests/unit/outcome.hpp"

using namespace dompet;
using given::idr;
using given::in_status;
using given::jpy;
using given::transaction_id;
using given::wallet;
using given::with_hold;

namespace {

constexpr Minor most = std::numeric_limits<Minor>::max();

/// Given a wallet, when it is asked, then it says this. Whatever it says yes to must happen to it and leave it within
/// its bounds.
template <class Command>
void check(const Wallet& given, const Command& when, const std::string& then) {
  const auto decided = decide(given, when);
  CHECK(outcome::words(decided) == then);
  if (!decided)
    return;
  Wallet after = given;
  REQUIRE_NOTHROW(dompet::apply(after, *decided));
  CHECK(within_bounds(after));
}

/// The same question to a wallet that does not exist, that is open, frozen and closed.
template <class Command>
void check_by_status(const Wallet& open, const Command& when, const std::string& absent, const std::string& active,
                     const std::string& frozen, const std::string& closed) {
  check(in_status(open, WalletStatus::absent), when, absent);
  check(in_status(open, WalletStatus::active), when, active);
  check(in_status(open, WalletStatus::frozen), when, frozen);
  check(in_status(open, WalletStatus::closed), when, closed);
}

Credit credit(Minor amount, Currency currency = idr()) { return {transaction_id(9), currency, amount}; }
PlaceHold hold(Minor amount, Currency currency = idr()) { return {transaction_id(9), currency, amount}; }

}  // namespace

TEST_CASE("every command is answered by the wallet's status") {
  check_by_status(wallet(), OpenWallet{idr(), "Budi", {}}, "opened Budi", "already_exists", "already_exists",
                  "already_exists");
  check_by_status(wallet(), ChangeName{"Budi"}, "wallet_not_found", "renamed Budi", "renamed Budi", "wallet_closed");
  check_by_status(wallet(), ChangeLimits{{5, 6, 7}}, "wallet_not_found", "limits 5 6 7", "limits 5 6 7",
                  "wallet_closed");
  check_by_status(wallet(), FreezeWallet{}, "wallet_not_found", "frozen", "frozen", "wallet_closed");
  check_by_status(wallet(), UnfreezeWallet{}, "wallet_not_found", "unfrozen", "unfrozen", "wallet_closed");
  check_by_status(wallet(), CloseWallet{}, "wallet_not_found", "closed", "closed", "wallet_closed");
  check_by_status(wallet(100), credit(5), "wallet_not_found", "credited 5", "wallet_frozen", "wallet_closed");
  check_by_status(wallet(100), hold(5), "wallet_not_found", "held 5", "wallet_frozen", "wallet_closed");
}

TEST_CASE("money that was set aside can be taken or given back whatever the wallet's status") {
  const Wallet holding = with_hold(wallet(100), 3, 40);
  check_by_status(holding, CaptureHold{transaction_id(3), 40}, "captured 40", "captured 40", "captured 40",
                  "captured 40");
  check_by_status(holding, ReleaseHold{transaction_id(3)}, "released 40", "released 40", "released 40", "released 40");
}

TEST_CASE("an opened wallet is empty, active and in its currency") {
  Wallet fresh;
  dompet::apply(fresh, WalletOpened{jpy(), "Ani", {1, 2, 3}});
  CHECK(fresh.status == WalletStatus::active);
  CHECK(fresh.currency == jpy());
  CHECK(fresh.name == "Ani");
  CHECK(fresh.limits == Limits{1, 2, 3});
  CHECK(fresh.total() == 0);
  CHECK(fresh.holds.empty());
}

TEST_CASE("a wallet declines a debit beyond its available balance") {
  check(wallet(100), hold(100), "held 100");
  check(wallet(100), hold(101), "insufficient_funds");
  check(wallet(0), hold(1), "insufficient_funds");
  check(with_hold(wallet(100), 3, 60), hold(40), "held 40");
  check(with_hold(wallet(100), 3, 60), hold(41), "insufficient_funds");
}

TEST_CASE("a wallet with a credit limit may fall that far below zero and no further") {
  const Limits overdraft{{}, {}, 50};
  check(wallet(10, overdraft), hold(60), "held 60");
  check(wallet(10, overdraft), hold(61), "insufficient_funds");
  check(wallet(-50, overdraft), hold(1), "insufficient_funds");
}

TEST_CASE("a credit limit cannot be taken away while it is used") {
  check(wallet(-30, {{}, {}, 50}), ChangeLimits{{{}, {}, 30}}, "limits none none 30");
  check(wallet(-30, {{}, {}, 50}), ChangeLimits{{{}, {}, 29}}, "insufficient_funds");
}

TEST_CASE("who may only tighten lowers limits and sets new ones, and widens none") {
  const Limits now{.per_transaction = 50, .credit_limit = 20, .out = {.day = 30}, .out_by_kind = {{{.week = 7}}}};
  const auto may = [&](auto change) {
    Limits wanted = now;
    change(wanted);
    const auto decided = decide(wallet(0, now), ChangeLimits{wanted, true});
    return decided.has_value() || decided.error() != Decline::forbidden;
  };
  CHECK(may([](Limits&) {}));
  CHECK(may([](Limits& limits) { limits.per_transaction = 49; }));
  CHECK(may([](Limits& limits) { limits.maximum_balance = 5; }));
  CHECK(may([](Limits& limits) { limits.credit_limit = 0; }));
  CHECK(may([](Limits& limits) { limits.out.month = 1'000; }));
  CHECK(may([](Limits& limits) { limits.out_by_kind[2].day = 0; }));
  CHECK_FALSE(may([](Limits& limits) { limits.per_transaction = 51; }));
  CHECK_FALSE(may([](Limits& limits) { limits.per_transaction.reset(); }));
  CHECK_FALSE(may([](Limits& limits) { limits.credit_limit = 21; }));
  CHECK_FALSE(may([](Limits& limits) { limits.out.day = 31; }));
  CHECK_FALSE(may([](Limits& limits) { limits.out_by_kind[0].week.reset(); }));
  check(wallet(0, now), ChangeLimits{{}}, "limits none none 0");
}

TEST_CASE("a wallet declines a transaction over its limit for one") {
  const Limits limited{50, {}, 0};
  check(wallet(100, limited), hold(50), "held 50");
  check(wallet(100, limited), hold(51), "transaction_limit_exceeded");
  check(wallet(100, limited), credit(500), "credited 500");
}

TEST_CASE("a wallet takes no more than its maximum balance, money set aside included") {
  const Limits limited{{}, 100, 0};
  check(wallet(60, limited), credit(40), "credited 40");
  check(wallet(60, limited), credit(41), "maximum_balance_exceeded");
  check(with_hold(wallet(60, limited), 3, 50), credit(40), "credited 40");
  check(with_hold(wallet(60, limited), 3, 50), credit(41), "maximum_balance_exceeded");
}

TEST_CASE("a wallet takes no money that it could not count") {
  check(wallet(most - 5), credit(5), "credited 5");
  check(wallet(most - 5), credit(6), "balance_overflow");
  check(with_hold(wallet(most), 3, most), credit(1), "balance_overflow");
}

TEST_CASE("a wallet sets no more aside than it could count") {
  // Everything on credit, paid back, and everything on credit again.
  Wallet deep = with_hold(wallet(0, {{}, {}, most}), 3, most);
  dompet::apply(deep, Credited{transaction_id(4), most});
  check(deep, hold(most), "balance_overflow");
}

TEST_CASE("a wallet moves only money of its own currency") {
  check(wallet(100), credit(5, jpy()), "currency_mismatch");
  check(wallet(100), hold(5, jpy()), "currency_mismatch");
}

TEST_CASE("of several reasons to decline the first by precedence is told") {
  const Limits limits{10, 20, 0};
  check(in_status(wallet(5, limits), WalletStatus::closed), hold(50, jpy()), "wallet_closed");
  check(in_status(wallet(5, limits), WalletStatus::frozen), hold(50, jpy()), "wallet_frozen");
  check(wallet(5, limits), hold(50, jpy()), "currency_mismatch");
  check(wallet(5, limits), hold(50), "transaction_limit_exceeded");
  check(wallet(5, limits), hold(9), "insufficient_funds");
  check(in_status(wallet(5, limits), WalletStatus::frozen), credit(50, jpy()), "wallet_frozen");
  check(wallet(5, limits), credit(50, jpy()), "currency_mismatch");
  check(wallet(5, limits), credit(16), "maximum_balance_exceeded");
  check(with_hold(wallet(5), 3, 2), CloseWallet{}, "wallet_has_holds");
  check(wallet(5), CloseWallet{}, "wallet_not_empty");
  check(wallet(-5, {{}, {}, 5}), CloseWallet{}, "wallet_not_empty");
}

TEST_CASE("a hold can be captured in parts, and never beyond what it has left") {
  Wallet payer = with_hold(wallet(100), 3, 60);
  check(payer, CaptureHold{transaction_id(3), 61}, "hold_exceeded");
  dompet::apply(payer, HoldCaptured{transaction_id(3), 20});
  CHECK(payer.available == 40);
  CHECK(payer.held == 40);
  check(payer, CaptureHold{transaction_id(3), 41}, "hold_exceeded");
  check(payer, ReleaseHold{transaction_id(3)}, "released 40");
  dompet::apply(payer, HoldCaptured{transaction_id(3), 40});
  CHECK(payer.held == 0);
  check(payer, CaptureHold{transaction_id(3), 1}, "hold_not_found");
  check(payer, ReleaseHold{transaction_id(3)}, "hold_not_found");
}

TEST_CASE("what is released is available again, other holds stay as they are") {
  Wallet payer = with_hold(with_hold(with_hold(wallet(100), 3, 10), 4, 20), 5, 30);
  dompet::apply(payer, HoldReleased{transaction_id(3), 10});
  CHECK(payer.available == 50);
  CHECK(payer.held == 50);
  CHECK(payer.find_hold(transaction_id(3)) == nullptr);
  CHECK(payer.find_hold(transaction_id(4))->amount == 20);
  CHECK(payer.find_hold(transaction_id(5))->amount == 30);
}

TEST_CASE("events that cannot have happened to a wallet stop the program instead of moving money") {
  const auto impossible = [](Wallet given, const Event& event) { CHECK_THROWS_AS(dompet::apply(given, event), Bug); };
  impossible(wallet(), WalletOpened{idr(), "again", {}});
  impossible(wallet(most), Credited{transaction_id(1), 1});
  impossible(wallet(100), Credited{transaction_id(1), 0});
  impossible(wallet(100), Credited{transaction_id(1), -5});
  impossible(wallet(100), TransferredOut{transaction_id(1), -5});
  impossible(wallet(100), HoldPlaced{transaction_id(1), std::numeric_limits<Minor>::min()});
  impossible(wallet(100), HoldCaptured{transaction_id(1), 5});
  impossible(with_hold(wallet(100), 3, 5), HoldCaptured{transaction_id(3), 6});
  impossible(with_hold(wallet(100), 3, 5), HoldCaptured{transaction_id(3), 0});
  impossible(with_hold(wallet(100), 3, 5), HoldReleased{transaction_id(3), -1});
  impossible(wallet(100), HoldReleased{transaction_id(3), 5});
}

TEST_CASE("a wallet whose numbers contradict each other is out of bounds") {
  CHECK(within_bounds(with_hold(wallet(100), 3, 40)));
  CHECK_FALSE(within_bounds(wallet(-1)));
  CHECK(within_bounds(wallet(-1, {{}, {}, 1})));
  CHECK_FALSE(within_bounds(wallet(0, {{}, {}, -1})));
  Wallet unheld = wallet(100);
  unheld.held = 1;
  CHECK_FALSE(within_bounds(unheld));
  Wallet empty_hold = wallet(100);
  empty_hold.holds.push_back({transaction_id(3), 0});
  CHECK_FALSE(within_bounds(empty_hold));
}

TEST_CASE("every decline has a code and a sentence of its own, and keeps its number") {
  for (int number = 0; number < 256; ++number) {
    const auto decline = decline_of(static_cast<std::uint8_t>(number));
    CHECK(decline.has_value() == (number >= 1 && number <= 30));
    if (!decline)
      continue;
    CHECK(static_cast<int>(*decline) == number);
    CHECK_FALSE(code(*decline).empty());
    CHECK(sentence(*decline).ends_with('.'));
  }
  CHECK(code(Decline::insufficient_funds) == "insufficient_funds");
  CHECK(static_cast<int>(Decline::insufficient_funds) == 7);
  CHECK(code(Decline::cancelled) == "cancelled");
}
