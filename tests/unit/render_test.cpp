#include <catch2/catch_test_macros.hpp>

#include "http/body.hpp"
#include "http/json.hpp"
#include "http/problem.hpp"
#include "http/render.hpp"
#include "tests/unit/given.hpp"

// What clients see of the domain's values, and what they cannot tell apart.

using namespace dompet;
using namespace dompet::http;

namespace {

constexpr std::int64_t friday_ms = 1'795'168'800'000;  // 2026-11-20T10:00:00Z
constexpr std::int64_t day_ms = 86'400'000;

Transaction payment_details(TransactionKind kind) {
  Transaction transaction = *given::transfer(1, 100'000);
  transaction.kind = kind;
  transaction.method = "card";
  transaction.merchant = {given::uuid(900)};
  transaction.card = {given::uuid(901)};
  if (kind != TransactionKind::payment)
    transaction.parent = given::transaction_id(7);
  return transaction;
}

Record record_of(RecordKind kind, Transaction transaction, std::optional<PaymentState> payment = {}) {
  Record record;
  record.kind = kind;
  record.id = transaction.id;
  record.transaction = std::make_shared<const Transaction>(std::move(transaction));
  record.payment = payment;
  return record;
}

/// The member of the rendered transaction as text; "null" for null, "-" when there is none.
std::string member(const std::string& document, std::string_view name) {
  const auto json = parse_json(document);
  REQUIRE(json.has_value());
  const JsonValue* value = json->find(name);
  if (value == nullptr)
    return "-";
  return value->kind == JsonValue::Kind::null ? "null" : value->text;
}

std::string shown(const Record& record, std::string_view name, SagaState state = SagaState::settled) {
  MoneyAnswer answer{.record = std::make_shared<const Record>(record), .state = state, .completed_at_ms = friday_ms};
  return member(render_transaction(view_of(answer)), name);
}

}  // namespace

TEST_CASE("an act on a payment is shown as the payment that it left", "[render]") {
  const Record captured =
      record_of(RecordKind::transfer, payment_details(TransactionKind::capture), PaymentState{100'000, 60'000, 40'000});
  CHECK(shown(captured, "id") == to_string(given::transaction_id(7)));
  CHECK(shown(captured, "kind") == "payment");
  CHECK(shown(captured, "status") == "authorized");
  CHECK(shown(captured, "amount") == "1000.00");
  CHECK(shown(captured, "captured_amount") == "600.00");
  CHECK(shown(captured, "remaining_amount") == "400.00");
  CHECK(shown(captured, "completed_at") == "null");
  CHECK(shown(captured, "refunded_amount") == "-");
}

TEST_CASE("a payment is over when nothing is left to capture", "[render]") {
  const auto status = [](RecordKind kind, TransactionKind act, PaymentState left) {
    return shown(record_of(kind, payment_details(act), left), "status");
  };
  CHECK(status(RecordKind::payment_authorized, TransactionKind::payment, {5, 0, 5}) == "authorized");
  CHECK(status(RecordKind::transfer, TransactionKind::capture, {5, 5, 0}) == "completed");
  CHECK(status(RecordKind::payment_voided, TransactionKind::void_payment, {5, 2, 0}) == "completed");
  CHECK(status(RecordKind::payment_voided, TransactionKind::void_payment, {5, 0, 0}) == "cancelled");
}

TEST_CASE("a payment stays open while the merchant's wallet is asked, and its capture has failed when that refuses",
          "[render]") {
  const Record record =
      record_of(RecordKind::hold_placed, payment_details(TransactionKind::capture), PaymentState{5, 5, 0});
  CHECK(shown(record, "status", SagaState::reserved) == "authorized");
  CHECK(shown(record, "status", SagaState::settled) == "completed");
  CHECK(shown(record, "status", SagaState::released) == "failed");
}

TEST_CASE("what was called off is cancelled, what was refused has failed", "[render]") {
  const auto status = [](std::optional<Decline> refusal) {
    const Record record = record_of(RecordKind::hold_placed, *given::transfer(1, 100));
    return name_of(status_of(TransactionView{record, SagaState::released, friday_ms, refusal, {}, {}}));
  };
  CHECK(status(Decline::cancelled) == "cancelled");
  CHECK(status(Decline::wallet_frozen) == "failed");
  CHECK(status(std::nullopt) == "failed");
}

TEST_CASE("a payment that is captured at once has captured its amount", "[render]") {
  const Record record = record_of(RecordKind::transfer, payment_details(TransactionKind::payment));
  CHECK(shown(record, "capture") == "automatic");
  CHECK(shown(record, "captured_amount") == "1000.00");
  CHECK(shown(record, "merchant_id") == to_string(given::uuid(900)));
  CHECK(shown(record, "card_id") == to_string(given::uuid(901)));
  CHECK(shown(record, "expires_at") == "null");
}

TEST_CASE("a converted payment that is captured in parts shows what the parts came to, and their rounding",
          "[render]") {
  const Currency rupiah = *find_currency("IDR");
  Transaction capture = payment_details(TransactionKind::capture);
  const Currency yen = *find_currency("JPY");
  REQUIRE(capture.currency == rupiah);
  capture.fx = FxLeg{.rate = {9'999, 6}, .currency = yen, .amount = 3};
  const auto member_of_fx = [&](std::string_view name, PaymentState state) {
    const Record record = record_of(RecordKind::transfer, capture, state);
    const MoneyAnswer answer{.record = std::make_shared<const Record>(record), .state = SagaState::settled};
    const auto json = parse_json(render_transaction(view_of(answer)));
    REQUIRE(json.has_value());
    const JsonValue* value = json->find("fx")->find(name);
    return value == nullptr ? "-" : value->text;
  };
  const PaymentState twice{100'000, 60'000, 40'000, 4};
  CHECK(member_of_fx("destination_amount", twice) == "9");
  CHECK(member_of_fx("captured_destination_amount", twice) == "4");
  CHECK(member_of_fx("rounding", twice) == "1.9994");
  CHECK(member_of_fx("captured_destination_amount", {100'000, 0, 100'000}) == "0");
  CHECK(member_of_fx("rounding", {100'000, 0, 100'000}) == "0.999");
}

TEST_CASE("a refund names its payment", "[render]") {
  const Record record = record_of(RecordKind::transfer, payment_details(TransactionKind::refund));
  CHECK(shown(record, "payment_id") == to_string(given::transaction_id(7)));
  CHECK(shown(record, "id") == to_string(record.id));
  CHECK(shown(record, "capture") == "-");
}

TEST_CASE("a transfer has nothing of what only payments have", "[render]") {
  const Record record = record_of(RecordKind::transfer, *given::transfer(1, 100));
  for (const std::string_view name : {"method", "merchant_id", "card_id", "payment_id", "capture", "destination"})
    CHECK(shown(record, name) == "-");
}

TEST_CASE("a withdrawal shows where the money went", "[render]") {
  Transaction withdrawal = *given::transfer(1, 100);
  withdrawal.kind = TransactionKind::withdrawal;
  withdrawal.destination = {};
  withdrawal.method = "bri";
  withdrawal.payout_account = "bri/1234567890";
  const Record record = record_of(RecordKind::hold_placed, withdrawal);
  const MoneyAnswer answer{.record = std::make_shared<const Record>(record), .state = SagaState::reserved};
  const std::string document = render_transaction(view_of(answer));
  CHECK(document.contains(R"("destination":{"bank_code":"bri","account_number":"1234567890"})"));
  CHECK(member(document, "destination_wallet_id") == "null");
  CHECK(member(document, "status") == "pending");
}

TEST_CASE("a wallet shows its limits and what was spent in the periods of the moment", "[render]") {
  WalletHistory history;
  history.wallet = given::wallet(500'000);
  history.wallet.limits.out.day = 100'000;
  history.wallet.limits.out_by_kind[1].month = 0;
  apply(history.wallet, TransferredOut{given::transaction_id(1),
                                       2'500,
                                       {SpendingKind::transfer, static_cast<std::int32_t>(friday_ms / day_ms)}});
  const std::string today = render_wallet(history, friday_ms);
  CHECK(today.contains(R"("per_day":"1000.00","per_week":null)"));
  CHECK(today.contains(R"("by_kind":{"withdrawal":{"per_day":null,"per_week":null,"per_month":"0.00"}})"));
  CHECK(today.contains(R"("spent":{"day":"25.00","week":"25.00","month":"25.00"})"));
  CHECK(today.contains(R"("user_id":null)"));
  const std::string monday = render_wallet(history, friday_ms + 3 * day_ms);
  CHECK(monday.contains(R"("spent":{"day":"0.00","week":"0.00","month":"25.00"})"));
}

TEST_CASE("a request keeps the fingerprint that it had before there were payments", "[render]") {
  Transaction transfer = *given::transfer(1, 100);
  const std::uint64_t before = fingerprint_of("/v1/transfers", transfer);
  CHECK(fingerprint_of("/v1/transfers", transfer, "card:1") != before);
  transfer.expires_at_ms = friday_ms;
  transfer.manual_capture = true;
  const std::uint64_t manual = fingerprint_of("/v1/transfers", transfer);
  CHECK(manual != before);
  transfer.expires_at_ms += 1;
  CHECK(fingerprint_of("/v1/transfers", transfer) == manual);
}

TEST_CASE("every reason to decline has its page", "[render]") {
  for (int number = 1; number < 256; ++number)
    if (const auto decline = decline_of(static_cast<std::uint8_t>(number)))
      CHECK(find_problem_type(code(*decline)) != nullptr);
}
