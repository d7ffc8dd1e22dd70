#include <catch2/catch_test_macros.hpp>

#include "http/body_money.hpp"
#include "http/card_guesses.hpp"
#include "http/payment_memory.hpp"
#include "tests/unit/given.hpp"

// What the routes that move money take, and what they remember.

using namespace dompet;
using namespace dompet::http;

namespace {

std::shared_ptr<const Transaction> payment(std::uint64_t number) {
  Transaction transaction = *given::transfer(number, 100);
  transaction.kind = TransactionKind::payment;
  return std::make_shared<const Transaction>(transaction);
}

template <class Value>
std::string fault_of(const Read<Value>& read) {
  return read ? "" : read.error().errors.empty() ? std::string{read.error().code} : read.error().errors[0].field;
}

constexpr std::string_view wallet = R"("wallet_id":"0193480e-7a5c-7c1e-9f6b-2d1f0c8a4b11")";
constexpr std::string_view amount = R"("amount":"5.00","currency":"IDR")";

std::string object(std::initializer_list<std::string_view> members) {
  std::string text;
  for (const std::string_view member : members)
    (text += text.empty() ? "{" : ",") += member;
  return text + "}";
}

}  // namespace

TEST_CASE("a card is read as it is printed", "[money body]") {
  const auto read =
      read_payment(object({R"("card":{"number":"4000 0012-3456 7899","expiry":"02/29","cvv":"007"})", amount}));
  REQUIRE(read.has_value());
  CHECK(read->card->number == "4000001234567899");
  CHECK(read->card->month == 2);
  CHECK(read->card->year == 2029);
  CHECK(read->transaction.method == "card");
  CHECK_FALSE(read->transaction.manual_capture);
}

TEST_CASE("what is not printed on a card is none of it", "[money body]") {
  const auto field = [](std::string_view card) { return fault_of(read_payment(object({card, amount}))); };
  CHECK(field(R"("card":{"number":"4000001234567899","expiry":"00/29","cvv":"007"})") == "card.expiry");
  CHECK(field(R"("card":{"number":"4000001234567899","expiry":"2/29","cvv":"007"})") == "card.expiry");
  CHECK(field(R"("card":{"number":"4000001234567899","expiry":"02/2029","cvv":"007"})") == "card.expiry");
  CHECK(field(R"("card":{"number":"4000001234567899","expiry":"02/29","cvv":"07a"})") == "card.cvv");
  CHECK(field(R"("card":{"number":"400000123456789","expiry":"02/29","cvv":"007"})") == "card.number");
  CHECK(field(R"("card":{"number":"4000001234567899","expiry":"02/29","cvv":"007","pin":"1"})") == "card.pin");
}

TEST_CASE("a payment has one payer", "[money body]") {
  CHECK(fault_of(read_payment(object({amount}))) == "card");
  CHECK(fault_of(read_payment(object({wallet, R"("card":{})", amount}))) == "card");
  CHECK(fault_of(read_payment(object({wallet, amount}))).empty());
  CHECK(fault_of(read_payment(object({wallet, R"("capture":"later")", amount}))) == "capture");
}

TEST_CASE("a transfer has one receiver", "[money body]") {
  constexpr std::string_view source = R"("source_wallet_id":"0193480e-7a5c-7c1e-9f6b-2d1f0c8a4b11")";
  constexpr std::string_view receiver = R"("destination_wallet_id":"0193480e-8b10-7d52-8a44-91c0de5a7702")";
  constexpr std::string_view named = R"("destination":{"username":"budi"})";
  CHECK(fault_of(read_transfer(object({source, amount}))) == "destination_wallet_id");
  CHECK(fault_of(read_transfer(object({source, receiver, named, amount}))) == "destination");
  CHECK(fault_of(read_transfer(object({source, R"("destination":{})", amount}))) == "destination");
  const auto read = read_transfer(object({source, named, amount}));
  REQUIRE(read.has_value());
  CHECK(read->destination.is_given());
  CHECK(read->transaction.destination == WalletId{});
}

TEST_CASE("an act names an amount of its payment's currency, or none for all", "[money body]") {
  const auto read = read_capture(R"({"amount":"5","final":true})");
  REQUIRE(read.has_value());
  CHECK(read->is_final);
  CHECK(**amount_of(*read, given::jpy()) == 5);
  CHECK(**amount_of(*read, given::idr()) == 500);
  CHECK_FALSE(amount_of(*read_capture(""), given::idr())->has_value());
  CHECK(fault_of(amount_of(*read_refund(R"({"amount":"0.00"})"), given::idr())) == "amount");
  CHECK(fault_of(read_increment("{}")) == "amount");
  CHECK(fault_of(read_refund(R"({"final":true})")) == "final");
}

TEST_CASE("the payment that was not used for longest is forgotten first", "[money body]") {
  PaymentMemory memory(2);
  memory.remember(payment(1));
  memory.remember(payment(2));
  CHECK(memory.recall(given::transaction_id(1)) != nullptr);
  memory.remember(payment(3));
  CHECK(memory.recall(given::transaction_id(2)) == nullptr);
  CHECK(memory.recall(given::transaction_id(1)) != nullptr);
  memory.remember(payment(1));
  CHECK(memory.size() == 2);
}

TEST_CASE("a card that was guessed at is locked for a while", "[money body]") {
  CardGuesses guesses;
  const CardId card{given::uuid(1)};
  const auto now = CardGuesses::Clock::time_point{} + std::chrono::hours{1};
  for (int wrong = 0; wrong < CardGuesses::most_wrong; ++wrong) {
    CHECK_FALSE(guesses.is_locked(card, now));
    guesses.count_wrong(card, now);
  }
  CHECK(guesses.is_locked(card, now));
  CHECK_FALSE(guesses.is_locked({given::uuid(2)}, now));
  CHECK_FALSE(guesses.is_locked(card, now + CardGuesses::memory));
}

TEST_CASE("whoever asks for many numbers at once has no more guesses than one after the other", "[money body]") {
  VaGuesses guesses;
  const UserId payer{given::uuid(1)};
  const auto now = VaGuesses::Clock::time_point{} + std::chrono::hours{1};
  for (int number = 0; number < VaGuesses::most_wrong; ++number)
    CHECK(guesses.begin(payer, now));
  CHECK_FALSE(guesses.begin(payer, now));
  CHECK_FALSE(guesses.is_locked(payer, now));
  // Those that were right are given back.
  guesses.end(payer, false, now);
  CHECK(guesses.begin(payer, now));
  for (int number = 0; number < VaGuesses::most_wrong; ++number)
    guesses.end(payer, true, now);
  CHECK(guesses.is_locked(payer, now));
  CHECK_FALSE(guesses.begin(payer, now));
  CHECK(guesses.begin(payer, now + VaGuesses::memory));
}
