#include <catch2/catch_test_macros.hpp>
#include <sodium.h>

#include <set>
#include <string>

#include "persistence/bytes.hpp"
#include "persistence/codec.hpp"
#include "tests/unit/random_records.hpp"

using namespace dompet;

namespace {

std::string hex(const Digest& digest) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::uint8_t byte : digest)
    text += {digits[byte >> 4], digits[byte & 15]};
  return text;
}

Record numbered_transfer() {
  Record record = given::money_record(RecordKind::transfer, given::transfer(1, 12'500));
  record.at_ms = 1'763'640'000'123;
  record.leg[0].seq = 3;
  record.leg[1].seq = 4;
  return record;
}

WalletHistory some_history(std::uint64_t seed) {
  given::Random random(seed);
  WalletHistory history;
  history.seq = random.upto(1ULL << 40);
  history.digest = random.bytes<32>();
  Wallet& wallet = history.wallet;
  wallet.id = {random.uuid()};
  wallet.status = static_cast<WalletStatus>(random.upto(3));
  wallet.currency = given::any_currency(random);
  wallet.available = given::any_amount(random);
  wallet.held = given::any_amount(random);
  wallet.limits = given::any_limits(random);
  wallet.name = random.text(200);
  for (std::uint64_t i = random.upto(20); i > 0; --i)
    wallet.holds.push_back({.transaction = {random.uuid()},
                            .amount = given::any_amount(random),
                            .spending = given::any_spending(random),
                            .authorized = given::any_amount(random),
                            .captured = given::any_amount(random),
                            .converted = random.coin() ? 0 : given::any_amount(random),
                            .own_converted = random.coin() ? 0 : given::any_amount(random),
                            .parent = given::any_id<TransactionId>(random),
                            .rest = given::any_amount(random)});
  wallet.owner = given::any_id<UserId>(random);
  wallet.spent.day = static_cast<std::int32_t>(random.upto(100'000));
  for (auto* amounts : {&wallet.spent.in_day, &wallet.spent.in_week, &wallet.spent.in_month})
    for (Minor& amount : *amounts)
      amount = given::any_amount(random);
  for (std::uint64_t i = random.upto(4); i > 0; --i)
    wallet.blocked_cards.push_back({random.uuid()});
  wallet.invoices.latest_ms = given::any_amount(random);
  std::vector<InvoiceTerms> paid;
  for (std::uint64_t i = random.upto(4); i > 0; --i)
    paid.push_back(given::any_terms(random));
  wallet.invoices.replace(std::move(paid));
  return history;
}

}  // namespace

TEST_CASE("a statement line's link covers everything that the line says") {
  const Record record = numbered_transfer();
  const Digest previous{};
  std::set<Digest> seen{link(previous, record, record.leg[0])};
  const auto differs = [&](auto change) {
    Record other = record;
    Transaction facts = *record.transaction;
    Digest before = previous;
    change(other, facts, before);
    other.transaction = std::make_shared<const Transaction>(facts);
    CHECK(seen.insert(link(before, other, other.leg[0])).second);
  };
  differs([](Record&, Transaction&, Digest& before) { before[31] = 1; });
  differs([](Record& other, Transaction&, Digest&) { other.id = given::transaction_id(2); });
  differs([](Record& other, Transaction&, Digest&) { ++other.at_ms; });
  differs([](Record& other, Transaction&, Digest&) { other.kind = RecordKind::hold_captured; });
  differs([](Record& other, Transaction&, Digest&) { other.stamp = Stamp{{}, 1}; });
  differs([](Record& other, Transaction&, Digest&) { other.decline = Decline::cancelled; });
  differs([](Record& other, Transaction&, Digest&) { ++other.leg[0].seq; });
  differs([](Record& other, Transaction&, Digest&) { ++other.leg[0].available_after; });
  differs([](Record& other, Transaction&, Digest&) { ++other.leg[0].held_after; });
  differs([](Record& other, Transaction&, Digest&) { other.leg[0].wallet = given::wallet_id(9); });
  differs([](Record& other, Transaction&, Digest&) { other.leg[0].event = TransferredOut{other.id, 12'501}; });
  differs([](Record&, Transaction& facts, Digest&) { ++facts.amount; });
  differs([](Record&, Transaction& facts, Digest&) { facts.currency = given::jpy(); });
  differs([](Record&, Transaction& facts, Digest&) { facts.source = given::wallet_id(9); });
  differs([](Record&, Transaction& facts, Digest&) { facts.destination = given::wallet_id(9); });
  differs([](Record&, Transaction& facts, Digest&) { facts.description = "rent"; });
  differs([](Record&, Transaction& facts, Digest&) { facts.metadata = "{}"; });
}

TEST_CASE("a statement's links are computed the same for ever") {
  const Record record = numbered_transfer();
  CHECK(hex(link({}, record, record.leg[0])) == "e9edcb816cf1092a35300008b856f0753cbcb265d3465e7f308ece8beced8962");
  CHECK(hex(link({}, record, record.leg[1])) == "7dd4e68eabeef6497e3d5e7e38af86707fcb8cdc79608bcb9f58bed49c63bea9");
}

TEST_CASE("a snapshot that was written is read back as the same") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const WalletHistory history = some_history(seed);
    CHECK(decode_snapshot(encode_snapshot(history)) == history);
  }
}

TEST_CASE("a snapshot of the first layout is still read") {
  // Version 1: wallet 1 in rupiah, active, 60 available, 40 held for one transaction, named Ani, at seq 7.
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(1);
  out.raw(given::uuid(1).bytes);
  out.u64(7);
  out.raw(Digest{});
  out.u8(1);
  out.signed_varint(60);
  out.signed_varint(40);
  out.varint(1);
  out.raw(given::transaction_id(3).uuid.bytes);
  out.signed_varint(40);
  out.u8(1);  // an event's tag: opened
  out.varint(360);
  out.text("Ani");
  out.u8(0);
  out.u8(0);
  out.signed_varint(0);
  Digest checksum{};
  crypto_hash_sha256(checksum.data(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  bytes.append(reinterpret_cast<const char*>(checksum.data()), 8);
  const WalletHistory history = decode_snapshot(bytes);
  CHECK(history.seq == 7);
  CHECK(history.wallet == given::with_hold(given::wallet(100), 3, 40));
}

TEST_CASE("a snapshot that was damaged anywhere is refused") {
  const std::string whole = encode_snapshot(some_history(3));
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
      CHECK_THROWS_AS(decode_snapshot(damaged), Unreadable);
    }
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_THROWS_AS(decode_snapshot(whole.substr(0, size)), Unreadable);
  CHECK_THROWS_AS(decode_snapshot(whole + '\0'), Unreadable);
}

TEST_CASE("a key of a client is found again for ever, and is nobody else's") {
  CHECK(to_string(key_id("anonymous", "order-42")) == "7ae14c27-1ca2-7465-2948-99406b00a880");
  CHECK(to_string(key_id("", "")) == "96a296d2-24f2-85c6-7bee-93c30f8a3091");
  CHECK(key_id("ab", "c") != key_id("a", "bc"));
  CHECK(key_id("a", "b") != key_id("b", "a"));
}

TEST_CASE("equal requests have equal fingerprints for ever") {
  CHECK(fingerprint("POST /v1/transfers") == 0x552C3F6AD392466F);
  CHECK(fingerprint("") == 0x141CFC9842C4B0E3);
  CHECK(fingerprint("a") != fingerprint("b"));
}
