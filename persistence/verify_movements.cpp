#include <sodium.h>

#include "persistence/bytes.hpp"
#include "persistence/movement_projector.hpp"
#include "persistence/verify_parts.hpp"

namespace dompet::verifying {

MovementCheck::MovementCheck(std::string claim) : check_(std::move(claim)) {
  static_assert(sizeof secret_ == crypto_shorthash_KEYBYTES);
  randombytes_buf(secret_.data(), secret_.size());
}

void MovementCheck::begin(Place& place) {
  marks_.clear();
  records_.clear();
  place.session.ask(movement_marks_sql()).each([&](const Row& row) {
    marks_[static_cast<Shard>(row.number(0))] = static_cast<std::uint64_t>(row.number(1));
  });
}

std::uint64_t MovementCheck::number_of(const MovementKey& key) const {
  std::string bytes;
  ByteWriter out(bytes);
  out.raw(key.wallet.uuid.bytes);
  out.signed_varint(key.month.number());
  out.varint(key.currency);
  out.u8(static_cast<std::uint8_t>(key.kind));
  out.u8(static_cast<std::uint8_t>(key.direction));
  out.u8(static_cast<std::uint8_t>(key.outcome));
  out.text(key.method);
  out.raw(key.party.bytes);
  std::uint64_t number = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&number), reinterpret_cast<const unsigned char*>(bytes.data()),
                   bytes.size(), secret_.data());
  return number;
}

void MovementCheck::count(const Record& record) {
  const auto mark = marks_.find(record.shard);
  if (mark == marks_.end() || record.shard_seq > mark->second)
    return;
  check_.count();
  for (const Movement& movement : movements_of(record)) {
    const std::uint64_t number = number_of(key_of(movement, record));
    Sums& sums = records_[record.shard];
    sums.counts += number;
    sums.amounts += number * static_cast<std::uint64_t>(movement.amount);
  }
}

void MovementCheck::end(Place& place) {
  std::map<Shard, Sums> rows;
  Cursor cursor(place.session, "movements",
                "SELECT wallet, " + month_number_sql("month") +
                    ", shard, currency, kind, direction, outcome, method, party, count, amount::text"
                    " FROM monthly_movement WHERE true" +
                    Place::only_here("shard"));
  for (; cursor.front() != nullptr; cursor.advance()) {
    const Row& row = *cursor.front();
    const MovementKey key{.wallet = {row.uuid(0)},
                          .month = Month::numbered(static_cast<int>(row.number(1))),
                          .shard = static_cast<Shard>(row.number(2)),
                          .currency = static_cast<std::uint16_t>(row.number(3)),
                          .kind = static_cast<TransactionKind>(row.number(4)),
                          .direction = static_cast<Direction>(row.number(5)),
                          .outcome = static_cast<MovementOutcome>(row.number(6)),
                          .method = std::string{row.text(7)},
                          .party = row.uuid(8)};
    Sums& sums = rows[key.shard];
    const std::uint64_t number = number_of(key);
    sums.counts += number * static_cast<std::uint64_t>(row.number(9));
    sums.amounts += number * parse_total(row.text(10)).value_or(Total{}).low_bits();
  }
  for (const auto& [shard, mark] : marks_)
    if (rows[shard] != records_[shard])
      check_.fault("the statistics of a shard are not what its records add up to; `dompetctl statistics rebuild` counts"
                   " them anew (monthly_movement shard " +
                   std::to_string(shard) + ", up to shard_seq " + std::to_string(mark) + ")");
}

}  // namespace dompet::verifying
