#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "domain/decline.hpp"
#include "domain/event.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"
#include "domain/shard.hpp"

namespace dompet {

/// A SHA-256.
using Digest = std::array<std::uint8_t, 32>;

enum class TransactionKind : std::uint8_t { topup = 1, transfer = 2 };

std::string_view name_of(TransactionKind kind);

/// What a client asked to move: the same in every record of one transaction.
struct Transaction {
  TransactionId id{};
  TransactionKind kind = TransactionKind::transfer;
  Currency currency{};
  Minor amount = 0;
  /// The wallet that pays; nil for a top-up, whose money comes from outside.
  WalletId source{};
  /// The wallet that receives.
  WalletId destination{};
  /// How a top-up was paid; it names the external account `external:<method>:<currency>`.
  std::string method{};
  std::string description{};
  /// The client's own JSON object, as text; empty when there is none.
  std::string metadata{};

  bool operator==(const Transaction&) const = default;
};

/// A request's idempotency: which key it came with, and a hash of what it asked for.
struct Stamp {
  KeyId key{};
  std::uint64_t fingerprint = 0;
  bool operator==(const Stamp&) const = default;
};

/// What one record did to one wallet, with the state that it left there.
struct Leg {
  WalletId wallet{};
  Event event{};
  /// Contiguous per wallet, from 1.
  std::uint64_t seq = 0;
  Minor available_after = 0;
  Minor held_after = 0;
  /// Of the wallet's previous digest and this leg: the wallet's hash chain.
  Digest digest{};

  bool operator==(const Leg&) const = default;
};

/// The numbers are stored in the journal: never reuse one.
enum class RecordKind : std::uint8_t {
  /// A wallet was opened, renamed, limited, frozen, unfrozen or closed: one leg.
  wallet_changed = 1,
  /// Money came from outside: one leg.
  topup = 2,
  /// A whole transfer in one record: the source's leg and the destination's (protocol 5.6, compact form).
  transfer = 3,
  /// A money request was refused for good: no leg, kept for its idempotency key.
  declined = 4,
  /// The saga is RESERVED: the source's leg.
  hold_placed = 5,
  /// The destination decided CREDITED: its leg.
  transfer_credited = 6,
  /// The destination decided REFUSED, or was told to before any credit (tombstone): no leg.
  transfer_refused = 7,
  /// The saga is CANCELLING: no leg.
  transfer_cancelling = 8,
  /// The saga is SETTLED: the source's leg.
  hold_captured = 9,
  /// The saga is RELEASED: the source's leg.
  hold_released = 10,
};

/// One row of the journal, the unit of truth. The record is the transaction wherever that is possible: both
/// wallets' events in one row (docs/decisions/0001).
struct Record {
  RecordKind kind = RecordKind::wallet_changed;
  /// Of a money record its transaction; of a wallet change its own id, which carries the time of the request.
  TransactionId id{};
  std::shared_ptr<const Transaction> transaction{};
  std::optional<Decline> decline{};
  std::optional<Stamp> stamp{};
  std::array<Leg, 2> leg{};
  std::uint8_t legs = 0;

  // Given by the commit lane when the record is sealed into a batch.
  Shard shard = 0;
  std::uint64_t shard_seq = 0;
  std::uint64_t epoch = 0;
  std::uint64_t batch = 0;
  /// When it was sealed, milliseconds since 1970.
  std::int64_t at_ms = 0;

  std::span<Leg> all_legs() { return {leg.data(), legs}; }
  std::span<const Leg> all_legs() const { return {leg.data(), legs}; }
  void add_leg(const WalletId& wallet, Event event) {
    leg[legs].wallet = wallet;
    leg[legs++].event = std::move(event);
  }

  bool operator==(const Record&) const = default;
};

}  // namespace dompet
