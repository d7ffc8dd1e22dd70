#include <catch2/catch_test_macros.hpp>

#include <string>

#include "domain/ensure.hpp"
#include "domain/payment.hpp"
#include "domain/wallet.hpp"
#include "tests/unit/given.hpp"
#include "tests/unit/outcome.hpp"

using namespace dompet;
using given::in_status;
using given::transaction_id;
using given::wallet;

namespace {

const TransactionId payment = transaction_id(3);

/// Asks, checks the words, and applies what was said yes to.
template <class Command>
void tell(Wallet& wallet, const Command& command, const std::string& then) {
  const auto decided = decide(wallet, command);
  CHECK(outcome::words(decided) == then);
  if (decided)
    dompet::apply(wallet, *decided);
  CHECK(within_bounds(wallet));
}

void check(const Wallet& wallet, Minor available, Minor held) {
  CHECK(wallet.available == available);
  CHECK(wallet.held == held);
}

Wallet with_payment(Minor available, Minor amount, Limits limits = {}) {
  Wallet payer = wallet(available, std::move(limits));
  dompet::apply(payer, HoldPlaced{payment, amount, {SpendingKind::payment, 100}, true});
  return payer;
}

ReserveCapture capture(std::uint64_t number, std::optional<Minor> amount = {}, bool is_final = false) {
  return {payment, transaction_id(number), amount, is_final};
}

}  // namespace

TEST_CASE("a payment is captured in several parts, the final one gives the rest back") {
  Wallet payer = with_payment(100, 80);
  check(payer, 20, 80);
  tell(payer, capture(11, 30), "reserved 30 rest 0");
  tell(payer, SettleCapture{transaction_id(11)}, "settled 30 released 0");
  check(payer, 20, 50);
  CHECK(payment_state(payer, payment) == PaymentState{80, 30, 50});
  tell(payer, capture(12, 20, true), "reserved 20 rest 30");
  check(payer, 20, 50);
  tell(payer, SettleCapture{transaction_id(12)}, "settled 20 released 30");
  check(payer, 50, 0);
  CHECK(payer.holds.empty());
  tell(payer, capture(13, 1), "payment_not_open");
}

TEST_CASE("a capture without an amount takes all that is left") {
  Wallet payer = with_payment(100, 80);
  tell(payer, capture(11, 30), "reserved 30 rest 0");
  tell(payer, capture(12), "reserved 50 rest 0");
  CHECK(payment_state(payer, payment) == PaymentState{80, 80, 0});
  tell(payer, capture(13), "payment_not_open");
}

TEST_CASE("a capture never takes more than its payment has left") {
  Wallet payer = with_payment(100, 80);
  tell(payer, capture(11, 81), "hold_exceeded");
  tell(payer, capture(11, 50), "reserved 50 rest 0");
  tell(payer, capture(12, 31), "hold_exceeded");
  tell(payer, ReserveCapture{transaction_id(4), transaction_id(12), 1}, "payment_not_open");
}

TEST_CASE("captures and voids go on whatever the wallet's status") {
  for (const WalletStatus status : {WalletStatus::active, WalletStatus::frozen, WalletStatus::closed}) {
    Wallet payer = in_status(with_payment(100, 80), status);
    tell(payer, capture(11, 30), "reserved 30 rest 0");
    tell(payer, SettleCapture{transaction_id(11)}, "settled 30 released 0");
    tell(payer, VoidPayment{payment}, "voided 50");
    check(payer, 70, 0);
  }
}

TEST_CASE("a hold of another kind is no payment, and a capture under way is none either") {
  Wallet payer = given::with_hold(wallet(100), 3, 40);
  tell(payer, capture(11, 10), "payment_not_open");
  tell(payer, VoidPayment{payment}, "payment_not_open");
  tell(payer, IncreaseHold{payment, 1}, "payment_not_open");
  Wallet other = with_payment(100, 80);
  tell(other, capture(11, 30), "reserved 30 rest 0");
  tell(other, ReserveCapture{transaction_id(11), transaction_id(12), 5}, "payment_not_open");
  tell(other, VoidPayment{transaction_id(11)}, "payment_not_open");
  tell(other, SettleCapture{payment}, "hold_not_found");
  tell(other, ReturnCapture{payment}, "hold_not_found");
}

TEST_CASE("what a merchant's wallet refused is the payment's again, rest and all") {
  Wallet payer = with_payment(100, 80);
  const Wallet before = payer;
  tell(payer, capture(11, 30, true), "reserved 30 rest 50");
  CHECK(payer.find_hold(payment) == nullptr);
  tell(payer, ReturnCapture{transaction_id(11)}, "returned 80");
  CHECK(payer == before);
}

TEST_CASE("captures that return after others have settled leave the payment as those made it") {
  Wallet payer = with_payment(100, 80);
  tell(payer, capture(11, 50), "reserved 50 rest 0");
  tell(payer, capture(12, 30), "reserved 30 rest 0");
  tell(payer, SettleCapture{transaction_id(12)}, "settled 30 released 0");
  CHECK(payment_state(payer, payment) == PaymentState{80, 80, 0});
  tell(payer, ReturnCapture{transaction_id(11)}, "returned 50");
  CHECK(payment_state(payer, payment) == PaymentState{80, 30, 50});
  tell(payer, VoidPayment{payment}, "voided 50");
  check(payer, 70, 0);
}

TEST_CASE("a payment that was increased while its captures were under way knows all that was authorized") {
  Wallet payer = with_payment(200, 80);
  tell(payer, capture(11, 50), "reserved 50 rest 0");
  tell(payer, IncreaseHold{payment, 20}, "increased by 20");
  tell(payer, capture(12), "reserved 50 rest 0");
  tell(payer, SettleCapture{transaction_id(12)}, "settled 50 released 0");
  tell(payer, ReturnCapture{transaction_id(11)}, "returned 50");
  CHECK(payment_state(payer, payment) == PaymentState{100, 50, 50});
}

TEST_CASE("an increment obeys what a new hold of the whole amount would have to obey") {
  Wallet payer = with_payment(100, 80, {.per_transaction = 90});
  tell(payer, IncreaseHold{payment, 11}, "transaction_limit_exceeded");
  tell(payer, IncreaseHold{payment, 10}, "increased by 10");
  check(payer, 10, 90);
  tell(payer, capture(11, 60), "reserved 60 rest 0");
  // 90 were authorized in all, though only 30 of them are left.
  tell(payer, IncreaseHold{payment, 1}, "transaction_limit_exceeded");
  Wallet poor = with_payment(100, 80);
  tell(poor, IncreaseHold{payment, 21}, "insufficient_funds");
  tell(poor, IncreaseHold{payment, 20}, "increased by 20");
  Wallet frozen = in_status(with_payment(100, 80), WalletStatus::frozen);
  tell(frozen, IncreaseHold{payment, 1}, "wallet_frozen");
}

TEST_CASE("a card that was blocked cannot be paid with until it is allowed again, and no other is touched") {
  Wallet payer = wallet(100);
  const auto pay = [](std::uint64_t card) {
    return PlaceHold{
        .transaction = transaction_id(9), .currency = given::idr(), .amount = 5, .card = given::card_id(card)};
  };
  tell(payer, BlockCard{given::card_id(1)}, "card blocked");
  tell(payer, BlockCard{given::card_id(1)}, "card blocked");
  CHECK(payer.blocked_cards.size() == 1);
  CHECK(outcome::words(decide(payer, pay(1))) == "card_blocked");
  CHECK(outcome::words(decide(payer, pay(2))) == "held 5");
  CHECK(outcome::words(decide(payer, PlaceHold{transaction_id(9), given::idr(), 5})) == "held 5");
  tell(payer, AllowCard{given::card_id(1)}, "card allowed");
  CHECK(outcome::words(decide(payer, pay(1))) == "held 5");
  Wallet closed = in_status(wallet(), WalletStatus::closed);
  tell(closed, BlockCard{given::card_id(1)}, "wallet_closed");
}

TEST_CASE("a wallet is used by its owner and by staff, for everybody else it does not exist") {
  Wallet mine;
  tell(mine, OpenWallet{given::idr(), "Ani", {}, given::user_id(1)}, "opened Ani");
  CHECK(mine.owner == given::user_id(1));
  mine.available = 100;
  const auto hold = [](UserId who) {
    return PlaceHold{.transaction = transaction_id(9), .currency = given::idr(), .amount = 5, .on_behalf_of = who};
  };
  const auto credit = [](UserId who) { return Credit{transaction_id(9), given::idr(), 5, who}; };
  CHECK(outcome::words(decide(mine, hold(given::user_id(1)))) == "held 5");
  CHECK(outcome::words(decide(mine, hold({}))) == "held 5");
  CHECK(outcome::words(decide(mine, hold(given::user_id(2)))) == "wallet_not_found");
  CHECK(outcome::words(decide(mine, credit(given::user_id(1)))) == "credited 5");
  CHECK(outcome::words(decide(mine, credit(given::user_id(2)))) == "wallet_not_found");
  // A wallet of nobody's is only for staff, and a stranger hears nothing of its status either.
  CHECK(outcome::words(decide(wallet(100), hold(given::user_id(1)))) == "wallet_not_found");
  CHECK(outcome::words(decide(in_status(mine, WalletStatus::frozen), hold(given::user_id(2)))) == "wallet_not_found");
}

TEST_CASE("events that cannot have happened to a payment stop the program instead of moving money") {
  const auto impossible = [](Wallet given, const Event& event) { CHECK_THROWS_AS(dompet::apply(given, event), Bug); };
  const Wallet payer = with_payment(100, 80);
  impossible(payer, CaptureReserved{payment, transaction_id(11), 81, 0});
  impossible(payer, CaptureReserved{payment, transaction_id(11), 80, 1});
  impossible(payer, CaptureReserved{payment, transaction_id(11), 50, -1});
  impossible(payer, CaptureReserved{payment, transaction_id(11), 0, 80});
  impossible(payer, CaptureSettled{transaction_id(11), 1, 0});
  impossible(payer, AuthorizationCaptured{payment, 81, 0});
  impossible(payer, AuthorizationCaptured{payment, 50, -1});
  impossible(payer, AuthorizationCaptured{transaction_id(4), 1, 0});
  impossible(payer, HoldIncreased{transaction_id(4), 1});
  impossible(payer, HoldIncreased{payment, -1});
  impossible(payer, PaymentVoided{payment, 81});
  Wallet reserved = payer;
  dompet::apply(reserved, CaptureReserved{payment, transaction_id(11), 50, 30});
  impossible(reserved, CaptureSettled{transaction_id(11), 50, 29});
  impossible(reserved, CaptureReturned{payment, transaction_id(11), 50});
  impossible(reserved, CaptureReturned{transaction_id(4), transaction_id(11), 80});
}

TEST_CASE("what became of a payment is what its records add up to") {
  const auto authorized = [] {
    auto transaction = std::make_shared<Transaction>(*given::transfer(3, 80));
    transaction->kind = TransactionKind::payment;
    transaction->manual_capture = true;
    return given::money_record(RecordKind::payment_authorized, transaction);
  };
  const auto act = [](RecordKind kind, TransactionKind what, std::uint64_t number, Minor amount, Event event) {
    const auto transaction = given::act(what, number, 3, amount);
    Record record{.kind = kind, .id = transaction->id, .transaction = transaction};
    record.add_leg(transaction->source, std::move(event));
    if (kind == RecordKind::transfer)
      record.add_leg(transaction->destination, Credited{transaction->id, amount});
    return record;
  };
  std::vector<Record> records{authorized()};
  CHECK(totals_of(records) == PaymentTotals{80, 0, 0, 80});
  records.push_back(
      act(RecordKind::payment_incremented, TransactionKind::increment, 4, 20, HoldIncreased{payment, 20}));
  records.push_back(act(RecordKind::transfer, TransactionKind::capture, 5, 30, AuthorizationCaptured{payment, 30, 0}));
  CHECK(totals_of(records) == PaymentTotals{100, 30, 0, 70});
  records.push_back(act(RecordKind::hold_placed, TransactionKind::capture, 6, 40,
                        CaptureReserved{payment, transaction_id(6), 40, 10}));
  CHECK(totals_of(records) == PaymentTotals{100, 30, 0, 20, 50});
  auto returned = records;
  returned.push_back(
      act(RecordKind::hold_released, TransactionKind::capture, 6, 40, CaptureReturned{payment, transaction_id(6), 50}));
  CHECK(totals_of(returned) == PaymentTotals{100, 30, 0, 70});
  records.push_back(
      act(RecordKind::hold_captured, TransactionKind::capture, 6, 40, CaptureSettled{transaction_id(6), 40, 10}));
  CHECK(totals_of(records) == PaymentTotals{100, 70, 0, 20});
  records.push_back(act(RecordKind::transfer, TransactionKind::refund, 7, 25, TransferredOut{transaction_id(7), 25}));
  records.push_back(act(RecordKind::payment_voided, TransactionKind::void_payment, 8, 20, PaymentVoided{payment, 20}));
  CHECK(totals_of(records) == PaymentTotals{100, 70, 25, 0});
  // The stepwise capture's credit is the merchant's own record; here the merchant got the one of 30.
  CHECK(refundable_of(given::wallet_id(2), records) == Refundable{30, 25, 30, 25});
  records.push_back(act(RecordKind::hold_placed, TransactionKind::refund, 9, 5, HoldPlaced{transaction_id(9), 5}));
  CHECK(refundable_of(given::wallet_id(2), records) == Refundable{30, 30, 30, 30});
  records.push_back(act(RecordKind::hold_released, TransactionKind::refund, 9, 5, HoldReleased{transaction_id(9), 5}));
  CHECK(refundable_of(given::wallet_id(2), records) == Refundable{30, 25, 30, 25});
}

TEST_CASE("what captures of a converted payment came to is added up, and a returned one is taken back") {
  Wallet payer = with_payment(100, 80);
  dompet::apply(payer, CaptureReserved{payment, transaction_id(11), 50, 0, 166});
  dompet::apply(payer, AuthorizationCaptured{payment, 10, 0, 33});
  CHECK(payment_state(payer, payment) == PaymentState{80, 60, 20, 199});
  const CaptureReturned back{payment, transaction_id(11), 50};
  CHECK(payment_after(payer, back) == PaymentState{80, 10, 70, 33});
  Wallet returned = payer;
  dompet::apply(returned, back);
  CHECK(payment_state(returned, payment) == PaymentState{80, 10, 70, 33});
  const CaptureSettled settled{transaction_id(11), 50, 0};
  CHECK(payment_after(payer, settled) == PaymentState{80, 60, 20, 199});
  dompet::apply(payer, settled);
  const AuthorizationCaptured last{payment, 20, 0, 66};
  CHECK(payment_after(payer, last) == PaymentState{80, 80, 0, 265});
}

TEST_CASE("however a converted payment is captured in parts, its state says what they came to, and never too much") {
  const Currency dollars = *find_currency("USD");
  const Currency rupiah = *find_currency("IDR");
  given::Random random(34);
  for (int round = 0; round < 2'000; ++round) {
    const Rate rate{static_cast<std::int64_t>(1 + random.upto(9'999'999)), static_cast<std::uint8_t>(random.upto(5))};
    const auto worth = [&](Minor amount) { return convert(amount, rate, dollars, rupiah).value(); };
    const Minor whole = 1 + static_cast<Minor>(random.upto(10'000));
    Wallet payer = with_payment(whole, whole);
    Minor settled = 0;
    std::vector<CaptureReserved> under_way;
    std::uint64_t number = 10;
    for (int step = 0; step < 12; ++step) {
      const Hold* hold = payer.find_hold(payment);
      const bool begins = hold != nullptr && (under_way.empty() || random.coin());
      if (begins) {
        const Minor amount = 1 + static_cast<Minor>(random.upto(static_cast<std::uint64_t>(hold->amount) - 1));
        under_way.push_back({payment, transaction_id(++number), amount, 0, worth(amount)});
        dompet::apply(payer, under_way.back());
      } else if (!under_way.empty()) {
        const CaptureReserved ends = under_way.back();
        under_way.pop_back();
        if (random.coin()) {
          dompet::apply(payer, CaptureSettled{ends.capture, ends.amount, 0});
          settled += ends.converted;
        } else {
          dompet::apply(payer, CaptureReturned{payment, ends.capture, ends.amount});
        }
      }
      Minor reserved = 0;
      for (const CaptureReserved& open : under_way)
        reserved += open.converted;
      const PaymentState state = payment_state(payer, payment);
      if (state.authorized != 0)
        REQUIRE(state.converted == settled + reserved);
      REQUIRE(settled + reserved <= worth(whole));
    }
  }
}
