// Conversions as the books have them: conservation over currencies.

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <map>
#include <string>

#include "domain/history.hpp"
#include "domain/invariants.hpp"
#include "domain/movement.hpp"
#include "domain/payment.hpp"
#include "domain/posting.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;

namespace {

constexpr std::array<std::string_view, 5> codes{"IDR", "USD", "JPY", "KWD", "CLF"};

/// A transfer of wallet 1 to wallet 2 at this rate.
std::shared_ptr<Transaction> conversion(Minor amount, std::string_view from, std::string_view to, const Rate& rate) {
  auto transaction = std::make_shared<Transaction>(*given::transfer(1, amount));
  transaction->currency = *find_currency(from);
  const Currency other = *find_currency(to);
  transaction->fx = FxLeg{.quote = {given::uuid(9)},
                          .rate = rate,
                          .currency = other,
                          .amount = convert(amount, rate, transaction->currency, other).value_or(0)};
  return transaction;
}

std::string words(const std::vector<Entry>& entries) {
  std::string text;
  for (const Entry& entry : entries)
    text += (text.empty() ? "" : ", ") + entry.account + ' ' + std::to_string(entry.amount);
  return text;
}

const std::string payer = "wallet:" + to_string(given::wallet_id(1));
const std::string held = "held:" + to_string(given::wallet_id(1));
const std::string payee = "wallet:" + to_string(given::wallet_id(2));

/// The record of a transfer, by its kind, as the wallets write it.
Record record_of(RecordKind kind, const std::shared_ptr<const Transaction>& transfer) {
  Record record{.kind = kind, .id = transfer->id, .transaction = transfer};
  if (kind == RecordKind::transfer)
    record.add_leg(transfer->source, TransferredOut{transfer->id, transfer->amount});
  if (kind == RecordKind::hold_placed)
    record.add_leg(transfer->source, HoldPlaced{transfer->id, transfer->amount});
  if (kind == RecordKind::hold_captured)
    record.add_leg(transfer->source, HoldCaptured{transfer->id, transfer->amount});
  if (kind == RecordKind::hold_released)
    record.add_leg(transfer->source, HoldReleased{transfer->id, transfer->amount});
  if (kind == RecordKind::transfer || kind == RecordKind::transfer_credited)
    record.add_leg(transfer->destination, Credited{transfer->id, credit_of(*transfer).amount});
  return record;
}

void check(RecordKind kind, const std::string& entries, const std::string& totals) {
  const Record record = record_of(kind, conversion(10'00, "USD", "IDR", {15'000, 0}));
  INFO("record kind " << static_cast<int>(kind));
  CHECK(words(postings(record)) == entries);
  CHECK(words(system_entries(record)) == totals);
  CHECK_FALSE(invariants::record_balances(record));
  CHECK(is_balanced(system_entries(record)));
}

}  // namespace

TEST_CASE("the house takes the one currency and gives the other, each balanced by itself") {
  check(RecordKind::transfer, payer + " -1000, " + payee + " 15000000, fx:USD 1000, fx:IDR -15000000",
        "fx:USD 1000, fx:IDR -15000000, wallets:USD -1000, wallets:IDR 15000000");
  check(RecordKind::hold_placed, payer + " -1000, " + held + " 1000", "");
  check(RecordKind::transfer_credited, payee + " 15000000, fx:IDR -15000000", "fx:IDR -15000000, wallets:IDR 15000000");
  check(RecordKind::hold_captured, held + " -1000, fx:USD 1000", "fx:USD 1000, wallets:USD -1000");
  check(RecordKind::hold_released, payer + " 1000, " + held + " -1000", "");
}

TEST_CASE("entries of two currencies do not make up for each other") {
  const Currency idr = *find_currency("IDR");
  const Currency usd = *find_currency("USD");
  CHECK_FALSE(is_balanced({{"a", 5, idr}, {"b", -5, usd}}));
  CHECK(is_balanced({{"a", 5, idr}, {"b", -3, usd}, {"c", -5, idr}, {"d", 3, usd}}));
}

TEST_CASE("a conversion that gives another amount than its rate says is found") {
  auto generous = conversion(10'00, "USD", "IDR", {15'000, 0});
  generous->fx->amount += 1;
  CHECK(invariants::record_balances(record_of(RecordKind::transfer, generous)));
  auto record = record_of(RecordKind::transfer, conversion(10'00, "USD", "IDR", {15'000, 0}));
  record.leg[1].event = Credited{record.id, 1};
  CHECK(invariants::record_balances(record));
}

TEST_CASE("statistics count each side of a conversion in its own currency") {
  const auto transfer = conversion(10'00, "USD", "IDR", {15'000, 0});
  std::map<std::string, Minor> sums;
  for (const RecordKind kind : {RecordKind::transfer_credited, RecordKind::hold_captured})
    for (const Movement& movement : movements_of(record_of(kind, transfer))) {
      const bool is_in = movement.direction == Direction::in;
      sums[to_string(movement.wallet) + std::string{movement.currency.text()}] +=
          is_in ? movement.amount : -movement.amount;
    }
  std::map<std::string, Minor> at_once;
  for (const Movement& movement : movements_of(record_of(RecordKind::transfer, transfer)))
    at_once[to_string(movement.wallet) + std::string{movement.currency.text()}] +=
        movement.direction == Direction::in ? movement.amount : -movement.amount;
  CHECK(sums == at_once);
  CHECK(sums.at(to_string(given::wallet_id(1)) + "USD") == -10'00);
  CHECK(sums.at(to_string(given::wallet_id(2)) + "IDR") == 150'000'00);
  CHECK(sums.at(to_string(WalletId{}) + "USD") == -10'00);
  CHECK(sums.at(to_string(WalletId{}) + "IDR") == 150'000'00);
}

namespace {

/// Wallets, one of each currency, and the totals beside the journal, all by currency.
struct Books {
  std::array<WalletHistory, codes.size()> wallets{};
  std::map<std::string, Minor> fx{};
  std::map<std::string, Minor> external{};

  Books() {
    for (std::size_t i = 0; i < codes.size(); ++i) {
      Record opened;
      wallets[i].wallet.id = given::wallet_id(i + 1);
      opened.add_leg(wallets[i].wallet.id, WalletOpened{*find_currency(codes[i]), "a wallet", {}});
      take(opened);
      auto topup = std::make_shared<Transaction>(*given::topup(i + 1, 1'000'000'000'000));
      topup->currency = *find_currency(codes[i]);
      topup->destination = wallets[i].wallet.id;
      Record came{.kind = RecordKind::topup, .id = topup->id, .transaction = topup};
      came.add_leg(topup->destination, Credited{topup->id, topup->amount});
      take(came);
    }
  }

  void take(Record& record) {
    CHECK_FALSE(invariants::record_balances(record));
    for (Leg& leg : record.all_legs())
      for (WalletHistory& history : wallets)
        if (history.wallet.id == leg.wallet)
          extend(history, leg);
    for (const Entry& entry : system_entries(record)) {
      const std::string currency = entry.account.substr(entry.account.size() - 3);
      if (entry.account.starts_with("fx:"))
        fx[currency] += entry.amount;
      if (entry.account.starts_with("external:"))
        external[currency] += entry.amount;
    }
    for (const WalletHistory& history : wallets)
      if (history.wallet.status != WalletStatus::absent) {
        const std::string currency{history.wallet.currency.text()};
        CHECK_FALSE(
            invariants::conserved(history.wallet.available, history.wallet.held, 0, -external[currency], fx[currency]));
      }
  }
};

}  // namespace

TEST_CASE("whatever is converted at whatever rates, every currency is conserved after every record") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    given::Random random(seed);
    Books books;
    for (int i = 0; i < 100; ++i) {
      const std::size_t from = random.upto(codes.size() - 1);
      const std::size_t to = random.upto(codes.size() - 1);
      const Rate rate{static_cast<std::int64_t>(1 + random.upto(99'999'999)),
                      static_cast<std::uint8_t>(random.upto(8))};
      auto transfer = conversion(static_cast<Minor>(1 + random.upto(1'000'000)), codes[from], codes[to], rate);
      transfer->source = given::wallet_id(from + 1);
      transfer->destination = given::wallet_id(to + 1);
      const Minor credit = transfer->fx->amount;
      if (from == to || credit == 0 || credit > 1'000'000'000)
        continue;
      const std::string left = rounding_of(transfer->amount, rate, transfer->currency, transfer->fx->currency, credit);
      const std::string one_unit = format_amount(1, transfer->fx->currency);
      INFO(left << " was left of a conversion, and one unit is " << one_unit);
      CHECK((left == "0" || left < one_unit));
      if (random.coin()) {
        Record record = record_of(RecordKind::transfer, transfer);
        books.take(record);
        continue;
      }
      const bool is_refused = random.coin();
      for (const RecordKind kind :
           {RecordKind::hold_placed, is_refused ? RecordKind::transfer_refused : RecordKind::transfer_credited,
            is_refused ? RecordKind::hold_released : RecordKind::hold_captured}) {
        Record record = record_of(kind, transfer);
        books.take(record);
      }
    }
  }
}

TEST_CASE("refunds of a converted payment take and give back both sides to the last unit, and never more") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    given::Random random(seed);
    Refundable payment{.captured = static_cast<Minor>(1 + random.upto(100'000)),
                       .paid = static_cast<Minor>(1 + random.upto(100'000))};
    for (int i = 0; i < 1'000 && payment.paid_back < payment.paid; ++i) {
      const Minor wanted =
          random.upto(9) == 0 ? 0 : static_cast<Minor>(1 + random.upto(static_cast<std::uint64_t>(payment.paid)));
      const auto share = share_of(payment, wanted);
      if (!share) {
        CHECK((wanted > payment.paid - payment.paid_back || share.error() == Decline::converts_to_nothing));
        continue;
      }
      CHECK((wanted == 0 || share->to_payer == wanted));
      CHECK(share->from_merchant > 0);
      payment.paid_back += share->to_payer;
      payment.refunded += share->from_merchant;
      CHECK(payment.paid_back <= payment.paid);
      CHECK(payment.refunded <= payment.captured);
      CHECK((payment.paid_back == payment.paid) == (payment.refunded == payment.captured));
    }
  }
}

TEST_CASE("a refund in one currency is what was asked for") {
  const Refundable payment{.captured = 500, .refunded = 100, .paid = 500, .paid_back = 100};
  CHECK(share_of(payment, 150) == RefundShare{150, 150});
  CHECK(share_of(payment, 0) == RefundShare{400, 400});
  CHECK(share_of(payment, 401) == std::unexpected(Decline::refund_exceeded));
}
