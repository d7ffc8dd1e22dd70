#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <string>

#include "domain/spending.hpp"
#include "tests/unit/given.hpp"
#include "tests/unit/outcome.hpp"

using namespace dompet;
using given::transaction_id;
using given::wallet;

namespace {

using namespace std::chrono;

std::int32_t on(int year, unsigned month, unsigned day) {
  const sys_days date = std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day};
  return static_cast<std::int32_t>(date.time_since_epoch().count());
}

PlaceHold spend(Minor amount, std::int32_t day, SpendingKind kind = SpendingKind::transfer, std::uint64_t number = 9) {
  return {.transaction = transaction_id(number), .currency = given::idr(), .amount = amount, .spending = {kind, day}};
}

/// Asks, and lets it leave at once when the wallet says yes.
void check(Wallet& wallet, const PlaceHold& when, const std::string& then) {
  const auto decided = decide(wallet, when);
  CHECK(outcome::words(decided) == then);
  if (decided)
    dompet::apply(wallet, TransferredOut{when.transaction, when.amount, when.spending});
}

}  // namespace

TEST_CASE("a day is a day in UTC, from midnight to midnight") {
  const auto at = [](sys_days day, milliseconds time) {
    return day_of(duration_cast<milliseconds>(day.time_since_epoch() + time).count());
  };
  const sys_days new_year = 2026y / January / 1;
  CHECK(at(new_year, 0ms) == on(2026, 1, 1));
  CHECK(at(new_year, 24h - 1ms) == on(2026, 1, 1));
  CHECK(at(new_year, 24h) == on(2026, 1, 2));
  CHECK(day_of(0) == 0);
  CHECK(day_of(-1) == -1);
}

TEST_CASE("a daily limit is new at midnight") {
  Wallet payer = wallet(1'000, {.out = {.day = 100}});
  check(payer, spend(60, on(2026, 3, 10)), "held 60");
  check(payer, spend(41, on(2026, 3, 10)), "daily_limit_exceeded");
  check(payer, spend(40, on(2026, 3, 10)), "held 40");
  check(payer, spend(1, on(2026, 3, 10)), "daily_limit_exceeded");
  check(payer, spend(100, on(2026, 3, 11)), "held 100");
}

TEST_CASE("a weekly limit is new on Monday, also across the end of a year") {
  Wallet payer = wallet(1'000, {.out = {.week = 100}});
  // Monday 2025-12-29 to Sunday 2026-01-04 is the first ISO week of 2026.
  check(payer, spend(60, on(2025, 12, 29)), "held 60");
  check(payer, spend(40, on(2026, 1, 4)), "held 40");
  check(payer, spend(1, on(2026, 1, 4)), "weekly_limit_exceeded");
  check(payer, spend(100, on(2026, 1, 5)), "held 100");
}

TEST_CASE("a monthly limit is new on the first") {
  Wallet payer = wallet(1'000, {.out = {.month = 100}});
  check(payer, spend(60, on(2028, 2, 1)), "held 60");
  check(payer, spend(40, on(2028, 2, 29)), "held 40");
  check(payer, spend(1, on(2028, 2, 29)), "monthly_limit_exceeded");
  check(payer, spend(100, on(2028, 3, 1)), "held 100");
  check(payer, spend(1, on(2028, 3, 31)), "monthly_limit_exceeded");
  // The same month of another year is another month.
  check(payer, spend(100, on(2029, 3, 31)), "held 100");
}

TEST_CASE("the limits of a kind and of all hold both, the day before the week before the month") {
  Limits limits{.out = {.day = 100, .week = 150, .month = 180}};
  limits.out_by_kind[static_cast<std::size_t>(SpendingKind::withdrawal) - 1] = {.day = 30};
  Wallet payer = wallet(1'000, limits);
  check(payer, spend(31, on(2026, 3, 10), SpendingKind::withdrawal), "daily_limit_exceeded");
  check(payer, spend(30, on(2026, 3, 10), SpendingKind::withdrawal), "held 30");
  check(payer, spend(1, on(2026, 3, 10), SpendingKind::withdrawal), "daily_limit_exceeded");
  check(payer, spend(50, on(2026, 3, 10), SpendingKind::payment), "held 50");
  check(payer, spend(21, on(2026, 3, 10), SpendingKind::transfer), "daily_limit_exceeded");
  check(payer, spend(20, on(2026, 3, 10), SpendingKind::transfer), "held 20");
  check(payer, spend(51, on(2026, 3, 11)), "weekly_limit_exceeded");
  check(payer, spend(50, on(2026, 3, 11)), "held 50");
  check(payer, spend(31, on(2026, 3, 17)), "monthly_limit_exceeded");
  check(payer, spend(30, on(2026, 3, 17)), "held 30");
}

TEST_CASE("refunds count for no limit") {
  Wallet payer = wallet(1'000, {.out = {.day = 1, .week = 1, .month = 1}});
  check(payer, {transaction_id(9), given::idr(), 500}, "held 500");
  CHECK(payer.spent == Spent{});
}

TEST_CASE("an amount that cannot be added to what was spent is over every limit") {
  constexpr Minor most = std::numeric_limits<Minor>::max();
  Wallet payer = wallet(most, {.credit_limit = most, .out = {.month = most}});
  check(payer, spend(most, on(2026, 3, 10)), "held " + std::to_string(most));
  check(payer, spend(1, on(2026, 3, 10)), "monthly_limit_exceeded");
}

TEST_CASE("what was spent before a limit was set counts") {
  Wallet payer = wallet(1'000);
  check(payer, spend(60, on(2026, 3, 10)), "held 60");
  dompet::apply(payer, LimitsChanged{{.out = {.day = 100}}});
  check(payer, spend(41, on(2026, 3, 10)), "daily_limit_exceeded");
}

TEST_CASE("what is released was not spent, and a hold counts while it lasts") {
  Wallet payer = wallet(1'000, {.out = {.day = 100}});
  const std::int32_t today = on(2026, 3, 10);
  const PlaceHold hold = spend(80, today, SpendingKind::withdrawal, 3);
  dompet::apply(payer, *decide(payer, hold));
  CHECK(outcome::words(decide(payer, spend(21, today))) == "daily_limit_exceeded");
  SECTION("released") { dompet::apply(payer, HoldReleased{transaction_id(3), 80}); }
  SECTION("captured, it stays spent") {
    dompet::apply(payer, HoldCaptured{transaction_id(3), 80});
    CHECK(outcome::words(decide(payer, spend(21, today))) == "daily_limit_exceeded");
    return;
  }
  check(payer, spend(100, today), "held 100");
}

TEST_CASE("what is released in a later period makes no room there") {
  Wallet payer = wallet(1'000, {.out = {.day = 100, .month = 200}});
  dompet::apply(payer, *decide(payer, spend(80, on(2026, 3, 10), SpendingKind::transfer, 3)));
  check(payer, spend(100, on(2026, 3, 11)), "held 100");
  dompet::apply(payer, HoldReleased{transaction_id(3), 80});
  check(payer, spend(1, on(2026, 3, 11)), "daily_limit_exceeded");
  // The month is the same: there is room for 100 again.
  check(payer, spend(100, on(2026, 3, 12)), "held 100");
  check(payer, spend(1, on(2026, 3, 13)), "monthly_limit_exceeded");
}

TEST_CASE("a void and the rest of a final capture are given back to the limits") {
  const std::int32_t today = on(2026, 3, 10);
  Wallet payer = wallet(1'000, {.out = {.day = 100}});
  PlaceHold hold = spend(100, today, SpendingKind::payment, 3);
  hold.authorization = true;
  dompet::apply(payer, *decide(payer, hold));
  CHECK(payer.spent.in_day[2] == 100);
  SECTION("voided") {
    dompet::apply(payer, *decide(payer, VoidPayment{transaction_id(3)}));
    CHECK(payer.spent.in_day[2] == 0);
    check(payer, spend(100, today), "held 100");
  }
  SECTION("captured in part and for good") {
    dompet::apply(payer,
                  settled_at_once(*decide(payer, ReserveCapture{transaction_id(3), transaction_id(4), 30, true})));
    CHECK(payer.spent.in_day[2] == 30);
    check(payer, spend(70, today), "held 70");
  }
  check(payer, spend(1, today), "daily_limit_exceeded");
}

TEST_CASE("an increment counts the whole hold on its own day") {
  Wallet payer = wallet(1'000, {.out = {.day = 100}});
  PlaceHold hold = spend(60, on(2026, 3, 10), SpendingKind::payment, 3);
  hold.authorization = true;
  dompet::apply(payer, *decide(payer, hold));
  const auto grow = [](Minor amount) {
    return IncreaseHold{transaction_id(3), amount, {SpendingKind::payment, on(2026, 3, 11)}};
  };
  CHECK(outcome::words(decide(payer, grow(41))) == "daily_limit_exceeded");
  dompet::apply(payer, *decide(payer, grow(40)));
  CHECK(payer.spent.in_day[2] == 100);
  CHECK(payer.spent.in_week[2] == 100);
  check(payer, spend(1, on(2026, 3, 11)), "daily_limit_exceeded");
}

TEST_CASE("a capture that returns after an increment counts on the increment's day, and no room is made twice") {
  const std::int32_t monday = on(2026, 3, 9);
  Wallet payer = wallet(1'000);
  PlaceHold hold = spend(100, monday, SpendingKind::payment, 3);
  hold.authorization = true;
  dompet::apply(payer, *decide(payer, hold));
  dompet::apply(payer, *decide(payer, ReserveCapture{transaction_id(3), transaction_id(4), 60}));
  dompet::apply(payer, *decide(payer, IncreaseHold{transaction_id(3), 10, {SpendingKind::payment, monday + 1}}));
  check(payer, spend(200, monday + 1, SpendingKind::payment), "held 200");
  CHECK(payer.spent.in_day[2] == 250);
  dompet::apply(payer, *decide(payer, ReturnCapture{transaction_id(4)}));
  dompet::apply(payer, *decide(payer, VoidPayment{transaction_id(3)}));
  CHECK(payer.spent.in_day[2] == 200);
  CHECK(payer.spent.in_week[2] == 200);
}

TEST_CASE("a movement that carries an older day counts only in what both days share") {
  Wallet payer = wallet(1'000);
  check(payer, spend(10, on(2026, 3, 11)), "held 10");
  check(payer, spend(5, on(2026, 3, 10)), "held 5");
  CHECK(payer.spent.in_day[0] == 10);
  CHECK(payer.spent.in_week[0] == 15);
  check(payer, spend(3, on(2026, 3, 8)), "held 3");
  CHECK(payer.spent.in_week[0] == 15);
  CHECK(payer.spent.in_month[0] == 18);
  check(payer, spend(2, on(2026, 2, 28)), "held 2");
  CHECK(payer.spent.in_month[0] == 18);
}
