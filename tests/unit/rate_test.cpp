#include <catch2/catch_test_macros.hpp>

#include <optional>
#include <string>

#include "domain/rate_table.hpp"
#include "exchange/rate_board.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;

namespace {

Currency currency(std::string_view code) { return *find_currency(code); }
Rate rate(std::string_view text) { return *parse_rate(text); }

/// What an amount in minor units comes to, and what rounding leaves, in the other currency.
void check(Minor amount, std::string_view from, std::string_view to, std::string_view by, Minor comes_to,
           std::string_view left) {
  INFO(amount << ' ' << from << " in " << to << " at " << by);
  const auto converted = convert(amount, rate(by), currency(from), currency(to));
  REQUIRE(converted);
  CHECK(*converted == comes_to);
  CHECK(rounding_of(amount, rate(by), currency(from), currency(to), *converted) == left);
}

void is_no_rate(std::string_view text) {
  INFO(text);
  CHECK_FALSE(parse_rate(text));
}

}  // namespace

TEST_CASE("a rate is read as it is written, and equal rates are equal") {
  CHECK(rate("15250.5") == Rate{152505, 1});
  CHECK(rate("15250.500") == Rate{152505, 1});
  CHECK(rate("0.0000565") == Rate{565, 7});
  CHECK(rate("100") == Rate{100, 0});
  CHECK(format_rate(rate("15250.50")) == "15250.5");
  CHECK(format_rate(rate("0.0000565")) == "0.0000565");
  CHECK(rate("999999999999999999") == Rate{999'999'999'999'999'999, 0});
  for (const char* text :
       {"", "0", "0.0", "-1", "+1", "1e3", "1.", ".5", "1,5", " 1", "1000000000000000000", "1.0000000000000000001",
        "0.0000000000000000001", "NaN", "11111111111111111111111111111111111111111111111111"})
    is_no_rate(text);
}

TEST_CASE("a converted amount is rounded down once, and what is left is shown exactly") {
  check(10'00, "USD", "IDR", "15250.5", 152'505'00, "0");
  check(1, "USD", "IDR", "15250.555", 152'50, "0.00555");
  check(152'505'00, "IDR", "USD", "0.0000655737", 10'00, "0.0003171185");
}

TEST_CASE("currencies without decimals and with three are converted in their own smallest units") {
  check(10'00, "USD", "JPY", "149.75", 1'497, "0.5");
  check(1'000, "JPY", "USD", "0.00667", 6'67, "0");
  check(1'000, "KWD", "USD", "3.2555", 3'25, "0.0055");
  check(1'00, "USD", "KWD", "0.30715", 307, "0.00015");
  check(1, "KWD", "JPY", "480", 0, "0.48");
  check(1'0000, "CLF", "JPY", "6000.25", 6'000, "0.25");
}

TEST_CASE("the largest amount at the finest rate is counted exactly, and too much is no amount") {
  const Rate finest{999'999'999'999'999'999, 18};
  CHECK(convert(largest_amount, finest, currency("USD"), currency("USD")) == largest_amount - 1);
  CHECK(rounding_of(largest_amount, finest, currency("USD"), currency("USD"), largest_amount - 1) == "0.00999");
  CHECK_FALSE(convert(largest_amount, rate("1.1"), currency("USD"), currency("EUR")));
  CHECK_FALSE(convert(largest_amount + 1, rate("1"), currency("USD"), currency("EUR")));
  CHECK_FALSE(convert(-1, rate("1"), currency("USD"), currency("EUR")));
  CHECK_FALSE(convert(largest_amount, rate("999999999999999999"), currency("JPY"), currency("CLF")));
}

TEST_CASE("a rate the other way round is rounded down to eighteen digits") {
  CHECK(format_rate(*inverse(rate("4"))) == "0.25");
  CHECK(format_rate(*inverse(rate("15250"))) == "0.0000655737704918032786");
  CHECK(format_rate(*inverse(rate("3"))) == "0.333333333333333333");
  CHECK(format_rate(*inverse(rate("1"))) == "1");
  CHECK_FALSE(inverse(rate("0.000000000000000001")));
}

TEST_CASE("a crossed rate is rounded down to eighteen digits") {
  CHECK(format_rate(*product(rate("1.5"), rate("0.25"))) == "0.375");
  CHECK(format_rate(*product(rate("0.333333333333333333"), rate("0.333333333333333333"))) == "0.11111111111111111");
  CHECK_FALSE(product(rate("999999999999999999"), rate("999999999999999999")));
}

TEST_CASE("money never grows on its way to another currency and back at one rate") {
  given::Random random(75);
  for (int i = 0; i < 20'000; ++i) {
    const Rate there{static_cast<std::int64_t>(1 + random.upto(999'999'999)),
                     static_cast<std::uint8_t>(random.upto(9))};
    const auto back = inverse(there);
    REQUIRE(back);
    const Minor amount = static_cast<Minor>(1 + random.upto(1'000'000'000));
    static constexpr std::string_view codes[]{"IDR", "USD", "JPY", "KWD", "CLF"};
    const Currency from = currency(random.one_of(codes));
    const Currency to = currency(random.one_of(codes));
    const auto converted = convert(amount, there, from, to);
    if (!converted)
      continue;
    const auto returned = convert(*converted, *back, to, from);
    REQUIRE(returned);
    CHECK(*returned <= amount);
  }
}

namespace {

RateRow row(std::string_view base, std::string_view quote, std::string_view bid, std::string_view ask,
            std::int64_t at_ms = 1'000) {
  return {currency(base), currency(quote), rate(bid), rate(ask), at_ms, "a test"};
}

/// The rate between two currencies at this time, or why there is none.
std::string between(const RateTable& rates, std::string_view from, std::string_view to, std::int64_t now_ms = 1'000) {
  const auto used = rates.between(currency(from), currency(to), now_ms, 500);
  if (!used)
    return used.error() == RateFault::too_old ? "too old" : "not found";
  return format_rate(used->rate) + (used->through ? " through " + std::string{used->through->text()} : "");
}

}  // namespace

TEST_CASE("the house buys at its bid and sells at its ask") {
  const RateTable rates({row("USD", "IDR", "15000", "16000")});
  CHECK(between(rates, "USD", "IDR") == "15000");
  CHECK(between(rates, "IDR", "USD") == "0.0000625");
  CHECK(between(rates, "USD", "USD") == "1");
  CHECK(between(rates, "USD", "JPY") == "not found");
}

TEST_CASE("two currencies without a rate meet through the third one that gives most") {
  const RateTable rates({row("USD", "IDR", "15000", "16000"), row("USD", "SGD", "1.30", "1.25"),
                         row("EUR", "SGD", "1.50", "1.60"), row("EUR", "IDR", "20000", "20000")});
  CHECK(between(rates, "SGD", "IDR") == "12500 through EUR");
  CHECK(between(rates, "JPY", "IDR") == "not found");
}

TEST_CASE("nobody is paid by a rate that is too old") {
  const RateTable rates({row("USD", "IDR", "15000", "16000", 1'000), row("USD", "SGD", "1.25", "1.30", 5'000)});
  CHECK(between(rates, "USD", "IDR", 1'500) == "15000");
  CHECK(between(rates, "USD", "IDR", 1'501) == "too old");
  CHECK(between(rates, "SGD", "IDR", 5'000) == "too old");
  CHECK(between(rates, "SGD", "USD", 5'000) != "too old");
}

TEST_CASE("a direct rate that is too old gives way to a fresh crossing") {
  const RateTable rates({row("SGD", "IDR", "11000", "12000", 0), row("USD", "IDR", "15000", "16000", 5'000),
                         row("USD", "SGD", "1.25", "1.25", 5'000)});
  CHECK(between(rates, "SGD", "IDR", 5'000) == "12000 through USD");
}

TEST_CASE("of a pair that is written both ways round the newer rate counts") {
  const RateTable newer_inverse(
      {row("USD", "IDR", "15000", "16000", 0), row("IDR", "USD", "0.00005", "0.0000625", 5'000)});
  CHECK(between(newer_inverse, "USD", "IDR", 5'000) == "16000");
  CHECK(between(newer_inverse, "IDR", "USD", 5'000) == "0.00005");
  CHECK(format_rate(newer_inverse.middle_between(currency("IDR"), currency("USD"))->rate) == "0.00005625");
  const RateTable newer_direct(
      {row("USD", "IDR", "15000", "16000", 5'000), row("IDR", "USD", "0.00005", "0.0000625", 0)});
  CHECK(between(newer_direct, "USD", "IDR", 5'000) == "15000");
  CHECK(between(newer_direct, "IDR", "USD", 5'000) == "0.0000625");
}

TEST_CASE("rates that come late do not replace newer ones on the board") {
  const auto numbered = [](std::uint64_t number, const char* bid) {
    RateRow made = row("USD", "IDR", bid, "16000");
    made.number = number;
    return RateTable({made});
  };
  RateBoard board;
  board.replace(numbered(2, "15000"));
  board.replace(numbered(1, "14000"));
  CHECK(between(*board.read(), "USD", "IDR") == "15000");
  board.replace(numbered(3, "15500"));
  CHECK(between(*board.read(), "USD", "IDR") == "15500");
}

TEST_CASE("a position is valued half way between bid and ask") {
  const RateTable rates({row("USD", "IDR", "15000", "16001")});
  CHECK(format_rate(rates.middle_between(currency("USD"), currency("IDR"))->rate) == "15500.5");
  CHECK_FALSE(rates.middle_between(currency("USD"), currency("JPY")));
}
