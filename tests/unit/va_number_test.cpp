#include <catch2/catch_test_macros.hpp>

#include "domain/va_number.hpp"

using namespace dompet;

TEST_CASE("a virtual account's number begins with the prefix and ends with its check digit") {
  const std::string number = make_va_number("88008", 123'456'789'012);
  CHECK(number.size() == 18);
  CHECK(number.starts_with("88008210987654321"));
  CHECK(is_va_number(number, "88008"));
  CHECK_FALSE(is_va_number(number, "88009"));
}

TEST_CASE("one wrong digit in a virtual account's number is noticed") {
  const std::string number = make_va_number("88008", 987'654'321);
  for (std::size_t place = 5; place < number.size(); ++place)
    for (char digit = '0'; digit <= '9'; ++digit) {
      std::string wrong = number;
      wrong[place] = digit;
      CHECK(is_va_number(wrong, "88008") == (wrong == number));
    }
}

TEST_CASE("two digits that were swapped are noticed, but for 0 and 9") {
  const std::string number = make_va_number("88008", 271'828'182'845);
  for (std::size_t place = 5; place + 1 < number.size(); ++place) {
    std::string wrong = number;
    std::swap(wrong[place], wrong[place + 1]);
    const int sum = number[place] + number[place + 1] - 2 * '0';
    const bool is_pair_of_luhn = sum == 9 && (number[place] == '0' || number[place] == '9');
    CHECK(is_va_number(wrong, "88008") == (wrong == number || is_pair_of_luhn));
  }
}

TEST_CASE("a marketplace's number is made of letters, digits and dashes") {
  CHECK(can_be_va_number("DS-8800123456"));
  CHECK_FALSE(can_be_va_number(""));
  CHECK_FALSE(can_be_va_number("880'; --"));
  CHECK_FALSE(can_be_va_number(std::string(35, '1')));
}
