#pragma once

#include <cstdint>
#include <optional>

#include "domain/event.hpp"
#include "persistence/bytes.hpp"
#include "persistence/codec.hpp"
#include "persistence/event_codec.hpp"

namespace dompet {

// What the two halves of the events' encoding share: event_codec.cpp has the wallet's events, payment_event_codec.cpp
// those of authorized payments. Nobody else includes this.

/// The tags are stored in the journal: never reuse one. A new event adds a line here, in `put` and in `read` of one of
/// the halves.
enum class Tag : std::uint8_t {
  wallet_opened = 1,
  name_changed = 2,
  limits_changed = 3,
  wallet_frozen = 4,
  wallet_unfrozen = 5,
  wallet_closed = 6,
  credited = 7,
  transferred_out = 8,
  hold_placed = 9,
  hold_captured = 10,
  hold_released = 11,
  // The first layouts, which had no owner, no limits by period and no spending, are still written where there is none.
  wallet_opened_with_owner = 12,
  limits_changed_by_period = 13,
  transferred_out_counted = 14,
  hold_placed_counted = 15,
  hold_increased = 16,
  capture_reserved = 17,
  capture_settled = 18,
  capture_returned = 19,
  authorization_captured = 20,
  payment_voided = 21,
  card_blocked = 22,
  card_allowed = 23,
  hold_increased_for_review = 24,
  /// A credit that paid no invoice keeps its first layout.
  credited_for_invoice = 26,
  // So do captures of one currency.
  capture_reserved_converted = 27,
  authorization_captured_converted = 28,
};

template <class Thing>
void put_id(ByteWriter& out, const Id<Thing>& id) {
  out.raw(id.uuid.bytes);
}

template <class Thing>
Id<Thing> read_id(ByteReader<Unreadable>& in) {
  return {Uuid{in.raw<16>()}};
}

inline void tag(ByteWriter& out, Tag tag) { out.u8(static_cast<std::uint8_t>(tag)); }

void put(ByteWriter& out, const HoldIncreased& event);
void put(ByteWriter& out, const CaptureReserved& event);
void put(ByteWriter& out, const CaptureSettled& event);
void put(ByteWriter& out, const CaptureReturned& event);
void put(ByteWriter& out, const AuthorizationCaptured& event);
void put(ByteWriter& out, const PaymentVoided& event);

/// The event behind the tag, if it is one of these; nothing is read otherwise. `transaction` is the row's id.
std::optional<Event> read_payment_event(ByteReader<Unreadable>& in, Tag tag, const TransactionId& transaction);

}  // namespace dompet
