#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>
#include <vector>

#include "domain/month.hpp"
#include "domain/movement.hpp"
#include "domain/total.hpp"

namespace dompet {

namespace {

Uuid uuid(std::uint8_t tag) {
  Uuid made;
  made.bytes.fill(tag);
  return made;
}

const WalletId ayu{uuid(1)};
const WalletId shop{uuid(2)};
const CardId card{uuid(3)};
const MerchantId merchant{uuid(4)};
const TransactionId payment{uuid(5)};

Record record_of(RecordKind kind, Transaction transaction) {
  transaction.id = {uuid(9)};
  transaction.currency = *find_currency("IDR");
  return {.kind = kind, .id = transaction.id, .transaction = std::make_shared<const Transaction>(transaction)};
}

Transaction paid_by_card(TransactionKind kind, Minor amount) {
  return {.kind = kind,
          .amount = amount,
          .source = ayu,
          .destination = shop,
          .method = "card",
          .merchant = merchant,
          .card = card};
}

struct Expected {
  WalletId wallet;
  Direction direction;
  Minor amount;
  Uuid party{};
  bool operator==(const Expected&) const = default;
};

/// given a record, when it is counted, then these movements and no others.
void check(const Record& record, TransactionKind kind, MovementOutcome outcome, const std::vector<Expected>& expected) {
  std::vector<Expected> found;
  for (const Movement& movement : movements_of(record)) {
    CHECK(movement.kind == kind);
    CHECK(movement.outcome == outcome);
    CHECK(movement.method == record.transaction->method);
    found.push_back({movement.wallet, movement.direction, movement.amount, movement.party});
  }
  const auto by_wallet = [](const Expected& left, const Expected& right) { return left.wallet < right.wallet; };
  std::ranges::sort(found, by_wallet);
  auto sorted = expected;
  std::ranges::sort(sorted, by_wallet);
  CHECK(found == sorted);
}

}  // namespace

TEST_CASE("a transfer counts once for each wallet and once for the ledger", "[movement]") {
  Record record = record_of(RecordKind::transfer, {.amount = 500, .source = ayu, .destination = shop});
  record.add_leg(ayu, TransferredOut{record.id, 500});
  record.add_leg(shop, Credited{record.id, 500});
  check(record, TransactionKind::transfer, MovementOutcome::completed,
        {{ayu, Direction::out, 500}, {shop, Direction::in, 500}, {{}, Direction::within, 500}});
}

TEST_CASE("a transfer by steps counts when money moves, and the same as one at once", "[movement]") {
  const Transaction transaction{.amount = 500, .source = ayu, .destination = shop};
  Record held = record_of(RecordKind::hold_placed, transaction);
  held.add_leg(ayu, HoldPlaced{held.id, 500});
  check(held, TransactionKind::transfer, MovementOutcome::completed, {});
  Record credited = record_of(RecordKind::transfer_credited, transaction);
  credited.add_leg(shop, Credited{credited.id, 500});
  check(credited, TransactionKind::transfer, MovementOutcome::completed, {{shop, Direction::in, 500}});
  Record captured = record_of(RecordKind::hold_captured, transaction);
  captured.add_leg(ayu, HoldCaptured{captured.id, 500});
  check(captured, TransactionKind::transfer, MovementOutcome::completed,
        {{ayu, Direction::out, 500}, {{}, Direction::within, 500}});
}

TEST_CASE("what was declined or given back counts as failed and its amount never as moved", "[movement]") {
  Record declined = record_of(RecordKind::declined, {.amount = 500, .source = ayu, .destination = shop});
  declined.decline = Decline::insufficient_funds;
  check(declined, TransactionKind::transfer, MovementOutcome::failed,
        {{ayu, Direction::out, 500}, {{}, Direction::within, 500}});
  Record released =
      record_of(RecordKind::hold_released, {.kind = TransactionKind::withdrawal, .amount = 70, .source = ayu});
  released.add_leg(ayu, HoldReleased{released.id, 70});
  check(released, TransactionKind::withdrawal, MovementOutcome::failed,
        {{ayu, Direction::out, 70}, {{}, Direction::out, 70}});
  Record refused =
      record_of(RecordKind::topup_refused, {.kind = TransactionKind::topup, .amount = 9, .destination = ayu});
  check(refused, TransactionKind::topup, MovementOutcome::failed, {{ayu, Direction::in, 9}, {{}, Direction::in, 9}});
}

TEST_CASE("a stranger who asks for my wallet does not fail in my statistics", "[movement]") {
  Record record = record_of(RecordKind::declined, {.amount = 500, .source = ayu, .destination = shop});
  record.decline = Decline::wallet_not_found;
  CHECK(movements_of(record).size() == 0);
}

TEST_CASE("a top-up comes in and a withdrawal goes out of the ledger", "[movement]") {
  Record topup =
      record_of(RecordKind::topup, {.kind = TransactionKind::topup, .amount = 9, .destination = ayu, .method = "bri"});
  topup.add_leg(ayu, Credited{topup.id, 9});
  check(topup, TransactionKind::topup, MovementOutcome::completed, {{ayu, Direction::in, 9}, {{}, Direction::in, 9}});
  Record paid_out = record_of(RecordKind::hold_captured,
                              {.kind = TransactionKind::withdrawal, .amount = 9, .source = ayu, .method = "bank"});
  paid_out.add_leg(ayu, HoldCaptured{paid_out.id, 9});
  check(paid_out, TransactionKind::withdrawal, MovementOutcome::completed,
        {{ayu, Direction::out, 9}, {{}, Direction::out, 9}});
}

TEST_CASE("an authorized payment counts when and as much as it is captured", "[movement]") {
  Record authorized = record_of(RecordKind::payment_authorized, paid_by_card(TransactionKind::payment, 900));
  authorized.add_leg(ayu, HoldPlaced{authorized.id, 900, {}, true});
  check(authorized, TransactionKind::payment, MovementOutcome::completed, {});
  Record increment = record_of(RecordKind::payment_incremented, paid_by_card(TransactionKind::increment, 100));
  increment.add_leg(ayu, HoldIncreased{payment, 100, {}});
  check(increment, TransactionKind::payment, MovementOutcome::completed, {});
  Record capture = record_of(RecordKind::transfer, paid_by_card(TransactionKind::capture, 250));
  capture.add_leg(ayu, AuthorizationCaptured{payment, 250, 650});
  capture.add_leg(shop, Credited{capture.id, 250});
  check(
      capture, TransactionKind::payment, MovementOutcome::completed,
      {{ayu, Direction::out, 250, card.uuid}, {shop, Direction::in, 250, merchant.uuid}, {{}, Direction::within, 250}});
  Record by_steps = record_of(RecordKind::hold_captured, paid_by_card(TransactionKind::capture, 250));
  by_steps.add_leg(ayu, CaptureSettled{by_steps.id, 250, 650});
  check(by_steps, TransactionKind::payment, MovementOutcome::completed,
        {{ayu, Direction::out, 250, card.uuid}, {{}, Direction::within, 250}});
  Record voided = record_of(RecordKind::payment_voided, paid_by_card(TransactionKind::void_payment, 650));
  voided.add_leg(ayu, PaymentVoided{payment, 650});
  check(voided, TransactionKind::payment, MovementOutcome::completed, {});
}

TEST_CASE("a capture that is refused is no failed payment", "[movement]") {
  Record refused = record_of(RecordKind::declined, paid_by_card(TransactionKind::capture, 250));
  refused.decline = Decline::hold_exceeded;
  CHECK(movements_of(refused).size() == 0);
  Record returned = record_of(RecordKind::hold_released, paid_by_card(TransactionKind::capture, 250));
  returned.add_leg(ayu, CaptureReturned{payment, returned.id, 250});
  CHECK(movements_of(returned).size() == 0);
}

TEST_CASE("a refund is a movement of its own, from the merchant back to the card", "[movement]") {
  Transaction transaction = paid_by_card(TransactionKind::refund, 40);
  std::swap(transaction.source, transaction.destination);
  Record refund = record_of(RecordKind::transfer, transaction);
  refund.add_leg(shop, TransferredOut{refund.id, 40});
  refund.add_leg(ayu, Credited{refund.id, 40});
  check(refund, TransactionKind::refund, MovementOutcome::completed,
        {{shop, Direction::out, 40, merchant.uuid}, {ayu, Direction::in, 40, card.uuid}, {{}, Direction::within, 40}});
}

TEST_CASE("a merchant sees payments to him fail", "[movement]") {
  Record declined = record_of(RecordKind::declined, paid_by_card(TransactionKind::payment, 900));
  declined.decline = Decline::card_blocked;
  check(
      declined, TransactionKind::payment, MovementOutcome::failed,
      {{ayu, Direction::out, 900, card.uuid}, {shop, Direction::in, 900, merchant.uuid}, {{}, Direction::within, 900}});
}

TEST_CASE("the last millisecond of a month belongs to it", "[month]") {
  const Month february(2028, 2);
  CHECK(month_of(begin_of(february)) == february);
  CHECK(month_of(begin_of(february.plus(1)) - 1) == february);
  CHECK(month_of(begin_of(february.plus(1))) == Month(2028, 3));
  CHECK(begin_of(february.plus(1)) - begin_of(february) == std::int64_t{29} * 24 * 3'600'000);
  CHECK(Month(2027, 12).plus(1) == Month(2028, 1));
  CHECK(Month(2028, 1).plus(-1) == Month(2027, 12));
  CHECK(to_string(february) == "2028-02");
}

TEST_CASE("a sum of amounts neither wraps nor loses a digit", "[total]") {
  const Currency rupiah = *find_currency("IDR");
  Total total;
  for (int i = 0; i < 4; ++i)
    total += std::numeric_limits<Minor>::max();
  CHECK(to_string(total) == "36893488147419103228");
  CHECK(format_total(total, rupiah) == "368934881474191032.28");
  CHECK(parse_total(to_string(total)) == total);
  const Total less = Total{-1} - total;
  CHECK(parse_total(to_string(less)) == less);
  CHECK(format_total(less, rupiah) == "-368934881474191032.29");
  CHECK(format_total(Total{}, rupiah) == "0.00");
  CHECK(format_total(Total{-5}, rupiah) == format_amount(-5, rupiah));
  CHECK_FALSE(parse_total("1.0"));
  CHECK_FALSE(parse_total(""));
}

}  // namespace dompet
