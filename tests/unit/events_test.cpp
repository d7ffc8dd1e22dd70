#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <string>

#include "events/event.hpp"
#include "http/event_place.hpp"
#include "tests/unit/random_records.hpp"

using namespace dompet;

namespace {

using Kind = TransactionKind;

/// What a record of this kind, of such a transaction, is told as: its events' types with commas between.
void check(RecordKind record_kind, Kind kind, const std::string& expected, std::optional<Decline> decline = {}) {
  given::Random random(7);
  auto record = std::make_shared<Record>(given::money_record(record_kind, given::any_transaction(random, kind)));
  record->decline = decline;
  std::vector<events::Event> told;
  events::append_events(told, record);
  std::string types;
  for (const events::Event& event : told) {
    types += (types.empty() ? "" : ",") + event.type;
    CHECK(std::ranges::count(events::all_types(), event.type) == 1);
    CHECK(event.wallet_seq.has_value() == (record->legs > 0));
  }
  CHECK(types == expected);
}

}  // namespace

TEST_CASE("a movement of money is told to each side that it changes") {
  check(RecordKind::topup, Kind::topup, "topup.completed");
  check(RecordKind::transfer, Kind::transfer, "transfer.completed,transfer.completed");
  check(RecordKind::transfer, Kind::payment, "payment.completed,payment.completed");
  check(RecordKind::transfer, Kind::refund, "refund.completed,refund.completed");
  check(RecordKind::transfer, Kind::capture, "payment.captured,payment.captured");
  check(RecordKind::hold_captured, Kind::withdrawal, "withdrawal.completed");
  check(RecordKind::transfer_credited, Kind::transfer, "transfer.completed");
  check(RecordKind::payment_authorized, Kind::payment, "payment.authorized");
  check(RecordKind::payment_incremented, Kind::increment, "payment.incremented");
  check(RecordKind::payment_voided, Kind::void_payment, "payment.voided");
}

TEST_CASE("what is on its way or goes back is told to the side that pays") {
  check(RecordKind::hold_placed, Kind::transfer, "transfer.pending");
  check(RecordKind::hold_placed, Kind::capture, "payment.capture_pending");
  check(RecordKind::transfer_cancelling, Kind::transfer, "transfer.cancelling");
  check(RecordKind::hold_released, Kind::transfer, "transfer.cancelled", Decline::cancelled);
  check(RecordKind::hold_released, Kind::withdrawal, "withdrawal.failed", Decline::provider_refused);
  check(RecordKind::topup_begun, Kind::topup, "topup.pending");
  check(RecordKind::topup_refused, Kind::topup, "topup.failed", Decline::provider_refused);
  check(RecordKind::declined, Kind::payment, "payment.declined", Decline::insufficient_funds);
  check(RecordKind::declined, Kind::capture, "payment.capture_declined", Decline::payment_not_open);
}

TEST_CASE("whom a failed transfer was meant for never hears of it, and nobody of a stranger's guess") {
  check(RecordKind::transfer_refused, Kind::transfer, "", Decline::wallet_frozen);
  check(RecordKind::declined, Kind::transfer, "", Decline::wallet_not_found);
}

TEST_CASE("a filter of types takes types and whole kinds, and nothing that is neither") {
  for (const std::string_view type : events::all_types())
    CHECK(events::is_type_pattern(type));
  for (const char* good : {"payment.*", "wallet.*"})
    CHECK(events::is_type_pattern(good));
  for (const char* bad : {"", ".", "*", ".*", "pay.*", "payment", "payment.", "payment.captured.*", "transfer.lost"})
    CHECK_FALSE(events::is_type_pattern(bad));
  const events::TypeFilter filter{{"payment.*", "wallet.opened"}};
  CHECK(filter.matches("payment.captured"));
  CHECK(filter.matches("wallet.opened"));
  CHECK_FALSE(filter.matches("wallet.closed"));
  CHECK(events::TypeFilter{}.matches("wallet.closed"));
}

TEST_CASE("a place is read as it was written, and only for the question that it was written for") {
  using namespace dompet::http;
  const EventScope everything;
  const EventScope of_ani{.owner = given::user_id(1)};
  const EventPlace streams{.streams = {{0, 1}, {63, 1'000'000'000'000}}};
  const EventPlace wallets{.wallets = {{given::wallet_id(1), 42, 7}, {given::wallet_id(2), 0, 0}}};
  CHECK(read_event_place(write_event_place(everything, streams), everything) == streams);
  CHECK(read_event_place(write_event_place(of_ani, wallets), of_ani) == wallets);
  const auto is_refused = [](const std::string& text, const EventScope& scope, std::string_view code) {
    const auto place = read_event_place(text, scope);
    return !place && place.error() == code;
  };
  CHECK(is_refused(write_event_place(everything, streams), of_ani, "cursor_mismatch"));
  CHECK(is_refused(write_event_place(of_ani, wallets), {.owner = given::user_id(2)}, "cursor_mismatch"));
  CHECK(is_refused(write_event_place(everything, streams), {.types = {{"wallet.*"}}}, "cursor_mismatch"));
  for (const char* bad : {"", "A", "AA", "AQ", "no place", "AQAAAAAAAAAAAP____8P"})
    CHECK_FALSE(read_event_place(bad, everything).has_value());
  std::string long_one = write_event_place(everything, streams) + "AAAA";
  CHECK(is_refused(long_one, everything, "invalid_cursor"));
}
