#include <catch2/catch_test_macros.hpp>

#include "domain/card_number.hpp"

namespace dompet::testing {

TEST_CASE("the numbers that the schemes publish for tests are card numbers", "[card]") {
  for (const char* number : {"4111111111111111", "4242424242424242", "5555555555554444", "6011111111111117",
                             "3530111333300000", "4000056655665556"})
    CHECK(is_card_number(number));
}

TEST_CASE("a wrong digit, two swapped ones, or another length is no card number", "[card]") {
  for (const char* text : {"4111111111111112", "4242424242424224", "411111111111111", "41111111111111111", "",
                           "4111 1111 1111 1111", "4111111111111l11",
                           "\xD9\xA1"
                           "11111111111111"})
    CHECK_FALSE(is_card_number(text));
}

TEST_CASE("every single wrong digit is noticed", "[card]") {
  const std::string number = "4242424242424242";
  for (std::size_t at = 0; at < number.size(); ++at)
    for (char digit = '0'; digit <= '9'; ++digit) {
      std::string other = number;
      other[at] = digit;
      CHECK(is_card_number(other) == (other == number));
    }
}

TEST_CASE("Luhn's digit makes any beginning valid", "[card]") {
  CHECK(luhn_digit("7992739871") == '3');
  CHECK(luhn_digit("424242424242424") == '2');
  CHECK(luhn_digit("000000000000000") == '0');
}

TEST_CASE("a new card's number begins with its provider's digits and is valid, whatever chance says", "[card]") {
  for (const CardProvider& provider : card_providers())
    for (const std::uint64_t random :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{987'654'321'987}, ~std::uint64_t{0}}) {
      const std::string number = make_card_number(provider, random);
      CHECK(number.starts_with(provider.prefix));
      CHECK(is_card_number(number));
    }
  CHECK(make_card_number(*find_card_provider("visa"), 1) != make_card_number(*find_card_provider("visa"), 2));
  CHECK(find_card_provider("VISA") == nullptr);
}

TEST_CASE("of a card number the last four digits are shown", "[card]") {
  CHECK(masked_card_number("4242424242424242") == "************4242");
}

TEST_CASE("a card number is read as people write it", "[card]") {
  CHECK(read_card_number("4242 4242-4242 4242") == "4242424242424242");
  CHECK_FALSE(read_card_number("4242 4242 4242 4243"));
  CHECK_FALSE(read_card_number("4242_4242_4242_4242"));
}

TEST_CASE("a CVV is three digits of a keyed hash, zeros included", "[card]") {
  CHECK(cvv_of(std::string("\0\0\0\0\0\0\0\x07", 8) + "more") == "007");
  CHECK(cvv_of(std::string("\0\0\0\0\0\0\x03\xE8", 8)) == "000");
  CHECK(cvv_of(std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8)) == "615");
}

}  // namespace dompet::testing
