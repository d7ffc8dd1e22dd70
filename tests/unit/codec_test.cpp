#include <catch2/catch_test_macros.hpp>

#include <string>
#include <variant>

#include "persistence/codec.hpp"
#include "persistence/event_codec.hpp"
#include "tests/unit/random_records.hpp"

using namespace dompet;

namespace {

/// Transactions are compared by value, not by pointer.
bool same(const Record& left, const Record& right) {
  if ((left.transaction == nullptr) != (right.transaction == nullptr))
    return false;
  if (left.transaction && *left.transaction != *right.transaction)
    return false;
  Record copy = right;
  copy.transaction = left.transaction;
  return left == copy;
}

/// A damaged row is read as some record or refused; nothing else may happen.
void read_damaged(const JournalRow& row) {
  try {
    const Record record = decode(row);
    CHECK(record.legs <= 2);
  } catch (const Unreadable&) {
    SUCCEED();
  }
}

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (char byte : bytes)
    text += {digits[byte >> 4 & 15], digits[byte & 15]};
  return text;
}

Record frozen_record() {
  Record record = given::money_record(RecordKind::transfer, given::transfer(1, 12'500));
  record.stamp = Stamp{{given::uuid(77)}, 0x0123456789ABCDEF};
  record.at_ms = 1'763'640'000'123;
  record.leg[0].seq = 3;
  record.leg[0].available_after = 500;
  record.leg[1].seq = 4;
  record.leg[1].available_after = 12'600;
  record.leg[1].held_after = 30;
  return record;
}

}  // namespace

TEST_CASE("every event that was written is read back as the same") {
  given::Random random(11);
  for (int round = 0; round < 300; ++round)
    for (std::size_t kind = 0; kind < std::variant_size_v<Event>; ++kind) {
      CAPTURE(round, kind);
      const TransactionId transaction{random.uuid()};
      const Event event = given::any_event(random, kind, transaction);
      REQUIRE(event.index() == kind);
      std::string bytes;
      encode_event(bytes, event);
      const std::size_t size = bytes.size();
      bytes += "what follows";
      std::size_t taken = 0;
      CHECK(decode_event(bytes, transaction, taken) == event);
      CHECK(taken == size);
    }
}

TEST_CASE("every record that was written is read back as the same") {
  for (std::uint64_t seed = 0; seed < 400; ++seed)
    for (RecordKind kind : given::record_kinds) {
      CAPTURE(seed, static_cast<int>(kind));
      given::Random random(seed);
      const Record record = given::any_record(random, kind);
      CHECK(same(decode(encode(record)), record));
    }
}

TEST_CASE("a row that was cut short anywhere is refused") {
  for (RecordKind kind : given::record_kinds) {
    CAPTURE(static_cast<int>(kind));
    given::Random random(21);
    const JournalRow whole = encode(given::any_record(random, kind));
    for (std::size_t size = 0; size < whole.payload.size(); ++size) {
      JournalRow row = whole;
      row.payload.resize(size);
      CHECK_THROWS_AS(decode(row), Unreadable);
    }
    JournalRow longer = whole;
    longer.payload += '\0';
    CHECK_THROWS_AS(decode(longer), Unreadable);
  }
}

TEST_CASE("a row with any byte changed is read or refused, and nothing else happens") {
  for (RecordKind kind : given::record_kinds) {
    CAPTURE(static_cast<int>(kind));
    given::Random random(22);
    const JournalRow whole = encode(given::any_record(random, kind));
    for (std::size_t at = 0; at < whole.payload.size(); ++at)
      for (int value : {0x00, 0x01, 0x7F, 0x80, 0xFF, static_cast<int>(random.upto(255))}) {
        JournalRow row = whole;
        row.payload[at] = static_cast<char>(value);
        read_damaged(row);
      }
  }
}

TEST_CASE("a row whose columns contradict its payload is refused") {
  const JournalRow whole = encode(frozen_record());
  const auto refused = [&](auto change) {
    JournalRow row = whole;
    change(row);
    CHECK_THROWS_AS(decode(row), Unreadable);
  };
  refused([](JournalRow& row) { row.currency = 999; });
  refused([](JournalRow& row) { row.kind = 0; });
  refused([](JournalRow& row) { row.kind = 17; });
  refused([](JournalRow& row) { row.key.reset(); });
  refused([](JournalRow& row) { row.wallet_seq.reset(); });
  refused([](JournalRow& row) { row.peer.reset(); });
  refused([](JournalRow& row) { row.payload.clear(); });
}

TEST_CASE("a row of a newer layout is refused and the sentence says so") {
  JournalRow row = encode(frozen_record());
  for (int version = 0; version < 256; ++version) {
    row.payload[0] = static_cast<char>(version);
    if (version == payload_version)
      CHECK_NOTHROW(decode(row));
    else
      CHECK_THROWS_AS(decode(row), Unreadable);
  }
}

TEST_CASE("what stands in journals is written as ever") {
  // Layout 1, byte by byte. If this fails, old journals cannot be read or verified any more: make a layout 2.
  const JournalRow row = encode(frozen_record());
  CHECK(hex(row.payload) == "01"
                            "05"
                            "0123456789abcdef"  // layout; transaction and fingerprint; the fingerprint
                            "02"
                            "00"
                            "00"
                            "00"  // transfer; method, description, metadata
                            "02"  // legs
                            "08"
                            "a8c301"
                            "e807"
                            "00"  // transferred out 12,500; 500 and 0 afterwards
                            "0000000000000000000000000000000000000000000000000000000000000000"
                            "07"
                            "a8c301"
                            "f0c401"
                            "3c"  // credited 12,500; 12,600 and 30 afterwards
                            "0000000000000000000000000000000000000000000000000000000000000000");
  CHECK(row.amount == 12'500);
  CHECK(row.currency == 360);
  CHECK(row.wallet == given::uuid(1));
  CHECK(row.peer == given::uuid(2));
}

namespace {

/// Everything that a record says when it has details that the first programs did not know.
Record frozen_capture() {
  auto transaction = std::make_shared<Transaction>(*given::act(TransactionKind::capture, 2, 1, 300));
  transaction->merchant = {given::uuid(5)};
  transaction->card = {given::uuid(6)};
  transaction->final_capture = true;
  Record record{.kind = RecordKind::transfer, .id = transaction->id, .transaction = transaction};
  record.add_leg(given::wallet_id(1), AuthorizationCaptured{given::transaction_id(1), 300, 200});
  record.add_leg(given::wallet_id(2), Credited{transaction->id, 300});
  record.leg[0].seq = 3;
  record.leg[0].available_after = 200;
  record.leg[1].seq = 4;
  record.leg[1].available_after = 300;
  record.payment = PaymentState{500, 300, 0};
  return record;
}

const std::string no_digest(64, '0');

std::string event_bytes(const Event& event) {
  std::string bytes;
  encode_event(bytes, event);
  return hex(bytes);
}

}  // namespace

TEST_CASE("what stands in journals about payments is written as ever") {
  const JournalRow row = encode(frozen_capture());
  CHECK(hex(row.payload) == "01"
                            "31"        // layout; transaction, details and state of the payment
                            "06000000"  // capture; method, description, metadata
                            "000000000000700080000000000f4241"
                            "00000000000070008000000000000005"
                            "00000000000070008000000000000006"  // payment, merchant, card
                            "00"
                            "02"
                            "00"          // no account; final; no end
                            "e807d80400"  // authorized 500, captured 300, remaining 0
                            "02"
                            "14"
                            "000000000000700080000000000f4241d804900390030"
                            "0" +
                                no_digest + "07d804d80400" + no_digest);
  CHECK(row.parent == given::transaction_id(1).uuid);
  CHECK(encode(decode(row)).payload == row.payload);
}

TEST_CASE("events without what came later are written as the first programs wrote them") {
  const TransactionId id = given::transaction_id(1);
  CHECK(event_bytes(WalletOpened{given::idr(), "Ani", {5, {}, 7}}) == "01e80203416e69010a000e");
  CHECK(event_bytes(LimitsChanged{{{}, 6, 0}}) == "0300010c00");
  CHECK(event_bytes(TransferredOut{id, 12'500}) == "08a8c301");
  CHECK(event_bytes(HoldPlaced{id, 12'500}) == "09a8c301");
  CHECK(event_bytes(HoldCaptured{id, 12'500}) == "0aa8c301");
  CHECK(event_bytes(HoldReleased{id, 12'500}) == "0ba8c301");
  CHECK(event_bytes(HoldPlaced{id, 12'500, {SpendingKind::payment, 20'000}, true}) == "0fa8c30103c0b80201");
  CHECK(event_bytes(TransferredOut{id, 12'500, {SpendingKind::transfer, 20'000}}) == "0ea8c30101c0b802");
}

TEST_CASE("a row that an older program wrote is read and written again byte for byte") {
  given::Random random(31);
  for (int round = 0; round < 200; ++round)
    for (RecordKind kind : given::record_kinds) {
      const JournalRow row = encode(given::any_record(random, kind));
      const JournalRow again = encode(decode(row));
      CHECK(again.payload == row.payload);
      CHECK(again.parent == row.parent);
      CHECK(again.wallet == row.wallet);
      CHECK(again.peer == row.peer);
    }
}
