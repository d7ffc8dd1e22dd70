#include <catch2/catch_test_macros.hpp>

#include <cctype>
#include <limits>
#include <optional>
#include <string>

#include "domain/money.hpp"

using namespace dompet;

namespace {

constexpr Minor most = std::numeric_limits<Minor>::max();
constexpr Minor least = std::numeric_limits<Minor>::min();

Currency currency(std::string_view code) {
  const auto found = find_currency(code);
  REQUIRE(found);
  return *found;
}

std::string word(AmountFault fault) {
  switch (fault) {
    case AmountFault::not_a_number: return "not a number";
    case AmountFault::too_many_decimals: return "too many decimals";
    case AmountFault::not_positive: return "not positive";
    case AmountFault::too_large: return "too large";
  }
  return "?";
}

std::string word(const std::expected<Minor, AmountFault>& amount) {
  return amount ? std::to_string(*amount) : word(amount.error());
}

/// A text in a currency is read as minor units, or refused.
void check(std::string_view code, std::string_view text, const std::string& minor_units) {
  INFO("\"" << text << "\" in " << code);
  CHECK(word(parse_amount(text, currency(code))) == minor_units);
}

/// Minor units are written, and what was written is read back as the same.
void check_written(std::string_view code, Minor amount, const std::string& text) {
  INFO(amount << " in " << code);
  CHECK(format_amount(amount, currency(code)) == text);
  if (amount > 0 && amount <= largest_amount)
    CHECK(word(parse_amount(text, currency(code))) == std::to_string(amount));
}

}  // namespace

TEST_CASE("an amount is read with up to as many decimals as its currency has") {
  check("IDR", "125000.00", "12500000");
  check("IDR", "125000", "12500000");
  check("IDR", "0.5", "50");
  check("IDR", "0.01", "1");
  check("JPY", "500", "500");
  check("KWD", "1.234", "1234");
  check("KWD", "1.2", "1200");
  check("CLF", "0.0001", "1");
  check("IDR", "000001.10", "110");
}

TEST_CASE("an amount with more decimals than its currency has is refused, even if they are zeros") {
  check("IDR", "1.001", "too many decimals");
  check("IDR", "1.000", "too many decimals");
  check("JPY", "1.0", "too many decimals");
  check("KWD", "1.2345", "too many decimals");
  check("CLF", "1.00000", "too many decimals");
}

TEST_CASE("what is no plain decimal is no amount") {
  for (const char* text :
       {"", ".", "1.", ".5", "-1", "+1", "1e3", "1,000", " 1", "1 ", "0x10", "NaN", "1.2.3", "١", "1_0"})
    check("IDR", text, "not a number");
}

TEST_CASE("nothing is not an amount") {
  check("IDR", "0", "not positive");
  check("IDR", "0.00", "not positive");
  check("JPY", "0", "not positive");
}

TEST_CASE("an amount that cannot be counted is refused and never wraps around") {
  check("IDR", "10000000000000.00", std::to_string(largest_amount));
  check("IDR", "10000000000000.01", "too large");
  check("IDR", "92233720368547758.08", "too large");
  check("JPY", "1000000000000000", std::to_string(largest_amount));
  check("JPY", "1000000000000001", "too large");
  check("JPY", "99999999999999999999999999", "too large");
  check("CLF", "100000000000.0000", std::to_string(largest_amount));
  check("CLF", "100000000000.0001", "too large");
}

TEST_CASE("whole units count as many minor units as the currency says") {
  CHECK(word(amount_of_major_units(125'000, currency("IDR"))) == "12500000");
  CHECK(word(amount_of_major_units(500, currency("JPY"))) == "500");
  CHECK(word(amount_of_major_units(7, currency("CLF"))) == "70000");
  CHECK(word(amount_of_major_units(0, currency("IDR"))) == "not positive");
  CHECK(word(amount_of_major_units(-1, currency("IDR"))) == "not positive");
  CHECK(word(amount_of_major_units(largest_amount, currency("JPY"))) == std::to_string(largest_amount));
  CHECK(word(amount_of_major_units(most / 100 + 1, currency("IDR"))) == "too large");
}

TEST_CASE("an amount is written with exactly the digits of its currency") {
  check_written("IDR", 12'500'000, "125000.00");
  check_written("IDR", 5, "0.05");
  check_written("IDR", 0, "0.00");
  check_written("IDR", -150, "-1.50");
  check_written("JPY", 500, "500");
  check_written("JPY", 0, "0");
  check_written("KWD", 1, "0.001");
  check_written("CLF", 10'001, "1.0001");
  check_written("IDR", most, "92233720368547758.07");
  check_written("IDR", least, "-92233720368547758.08");
}

TEST_CASE("sums that cannot be counted are nothing") {
  CHECK(checked_add(2, 3) == 5);
  CHECK(checked_add(most, 0) == most);
  CHECK(checked_add(most, 1) == std::nullopt);
  CHECK(checked_add(least, -1) == std::nullopt);
  CHECK(checked_subtract(2, 3) == -1);
  CHECK(checked_subtract(least, 1) == std::nullopt);
  CHECK(checked_subtract(0, least) == std::nullopt);
}

TEST_CASE("currencies are known by their code and by their number") {
  struct Row {
    const char* code;
    std::uint16_t numeric;
    std::uint8_t exponent;
  };
  for (const Row& row : {Row{"IDR", 360, 2}, Row{"USD", 840, 2}, Row{"EUR", 978, 2}, Row{"JPY", 392, 0},
                         Row{"KWD", 414, 3}, Row{"CLF", 990, 4}, Row{"AED", 784, 2}, Row{"ZWG", 924, 2}}) {
    INFO(row.code);
    const Currency found = currency(row.code);
    CHECK(found.numeric == row.numeric);
    CHECK(found.exponent == row.exponent);
    CHECK(find_currency(row.numeric)->text() == row.code);
  }
  for (const char* unknown : {"", "idr", "ID", "IDRX", "XXX", "ZZZ", "AAA", "BTC"})
    CHECK_FALSE(find_currency(unknown));
  CHECK_FALSE(find_currency(std::uint16_t{0}));
  CHECK_FALSE(find_currency(std::uint16_t{999}));
}

TEST_CASE("every currency has three letters, a number of its own and at most four decimals") {
  int known = 0;
  for (std::uint16_t number = 0; number < 1'000; ++number) {
    const auto found = find_currency(number);
    if (!found)
      continue;
    ++known;
    INFO(found->text());
    CHECK(found->text().size() == 3);
    for (char letter : found->text())
      CHECK(std::isupper(static_cast<unsigned char>(letter)));
    CHECK(found->exponent <= 4);
    CHECK(found->exponent != 1);
    // Found by code as well: the table is sorted and holds no code twice.
    REQUIRE(find_currency(found->text()));
    CHECK(find_currency(found->text())->numeric == number);
  }
  CHECK(known > 150);
}
