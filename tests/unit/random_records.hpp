#pragma once

#include <limits>
#include <memory>
#include <optional>

#include "tests/unit/given.hpp"

/// Records of every kind with random values, as the journal may have to store them.
namespace dompet::given {

inline Minor any_amount(Random& random) { return static_cast<Minor>(random.upto(UINT64_MAX)) >> random.upto(63); }

inline std::optional<Minor> any_limit(Random& random) {
  return random.coin() ? std::optional{any_amount(random)} : std::nullopt;
}

inline Limits any_limits(Random& random) { return {any_limit(random), any_limit(random), any_amount(random)}; }

inline Currency any_currency(Random& random) {
  static constexpr std::string_view codes[]{"IDR", "USD", "JPY", "KWD", "CLF"};
  return *find_currency(random.one_of(codes));
}

/// The `number`-th alternative of Event.
inline Event any_event(Random& random, std::size_t number, const TransactionId& transaction) {
  switch (number) {
    case 0: return WalletOpened{any_currency(random), random.text(40), any_limits(random)};
    case 1: return NameChanged{random.text(300)};
    case 2: return LimitsChanged{any_limits(random)};
    case 3: return WalletFrozen{};
    case 4: return WalletUnfrozen{};
    case 5: return WalletClosed{};
    case 6: return Credited{transaction, any_amount(random)};
    case 7: return TransferredOut{transaction, any_amount(random)};
    case 8: return HoldPlaced{transaction, any_amount(random)};
    case 9: return HoldCaptured{transaction, any_amount(random)};
    default: return HoldReleased{transaction, any_amount(random)};
  }
}

inline std::shared_ptr<const Transaction> any_transaction(Random& random, TransactionKind kind) {
  Transaction made;
  made.id = {random.uuid()};
  made.kind = kind;
  made.currency = any_currency(random);
  made.amount = any_amount(random);
  if (kind == TransactionKind::topup)
    made.method = random.text(12);
  else
    made.source = {random.uuid()};
  made.destination = {random.uuid()};
  made.description = random.text(200);
  made.metadata = random.coin() ? "" : random.text(300);
  return std::make_shared<const Transaction>(std::move(made));
}

/// Numbers, balances and digests as the lane would have given them.
inline void number_legs(Random& random, Record& record) {
  for (Leg& leg : record.all_legs()) {
    leg.seq = random.upto(1ULL << 40);
    leg.available_after = any_amount(random);
    leg.held_after = any_amount(random);
    leg.digest = random.bytes<32>();
  }
}

inline Record any_record(Random& random, RecordKind kind) {
  Record record;
  if (kind == RecordKind::wallet_changed) {
    record.id = {random.uuid()};
    record.add_leg({random.uuid()}, any_event(random, random.upto(5), record.id));
  } else {
    const bool topup = kind == RecordKind::topup || (kind == RecordKind::declined && random.coin());
    record = money_record(kind, any_transaction(random, topup ? TransactionKind::topup : TransactionKind::transfer));
  }
  record.kind = kind;
  if (kind == RecordKind::declined || kind == RecordKind::transfer_refused)
    record.decline = *decline_of(static_cast<std::uint8_t>(1 + random.upto(14)));
  if (random.coin())
    record.stamp = Stamp{{random.uuid()}, random.upto(UINT64_MAX)};
  number_legs(random, record);
  record.shard = static_cast<Shard>(random.upto(4'095));
  record.shard_seq = random.upto(1ULL << 50);
  record.epoch = random.upto(1ULL << 50);
  record.batch = random.upto(1ULL << 50);
  record.at_ms = static_cast<std::int64_t>(random.upto(1ULL << 42));
  return record;
}

}  // namespace dompet::given
