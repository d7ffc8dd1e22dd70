#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dompet {

/// 128 bits in network byte order (RFC 9562).
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;

  bool is_nil() const;
};

/// Reads the canonical 36-character form, either case. Anything else is nothing.
std::optional<Uuid> parse_uuid(std::string_view text);

/// Writes the canonical lower-case form.
std::string to_string(const Uuid& uuid);

/// Makes a version 7 UUID (RFC 9562 5.7): it sorts by `unix_ms`, the rest comes from `random`.
Uuid make_uuid_v7(std::int64_t unix_ms, const std::array<std::uint8_t, 10>& random);

/// The milliseconds since 1970 that a version 7 UUID carries.
std::int64_t unix_ms_of(const Uuid& uuid);

/// A UUID that names one kind of thing, so that a wallet's id cannot stand where a transaction's must.
template <class Thing>
struct Id {
  Uuid uuid{};

  auto operator<=>(const Id&) const = default;
};

template <class Thing>
std::string to_string(const Id<Thing>& id) {
  return to_string(id.uuid);
}

using WalletId = Id<struct WalletThing>;
using TransactionId = Id<struct TransactionThing>;
using UserId = Id<struct UserThing>;
using CardId = Id<struct CardThing>;
using MerchantId = Id<struct MerchantThing>;
using QuoteId = Id<struct QuoteThing>;
using InvoiceId = Id<struct InvoiceThing>;
/// One start of one process (protocol: "incarnation"); two starts never share it.
using Incarnation = Id<struct IncarnationThing>;
/// What is left of (client, Idempotency-Key) after hashing: unique in the whole ledger.
using KeyId = Id<struct KeyThing>;

struct UuidHash {
  /// Ids made by us carry random bits at the end and keys are hashes, so their last eight bytes spread well.
  std::size_t operator()(const Uuid& uuid) const {
    std::uint64_t tail = 0;
    std::memcpy(&tail, uuid.bytes.data() + 8, sizeof tail);
    return tail * 0x9E3779B97F4A7C15ULL;
  }
};

}  // namespace dompet

template <class Thing>
struct std::hash<dompet::Id<Thing>> {
  std::size_t operator()(const dompet::Id<Thing>& id) const { return dompet::UuidHash{}(id.uuid); }
};
