#include "persistence/event_codec.hpp"

#include "persistence/bytes.hpp"
#include "persistence/codec.hpp"

namespace dompet {

namespace {

using Reader = ByteReader<Unreadable>;

/// The tags are stored in the journal: never reuse one. A new event adds a line here, in `put` and in `read`.
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
};

void put_limit(ByteWriter& out, const std::optional<Minor>& limit) {
  out.u8(limit.has_value());
  if (limit)
    out.signed_varint(*limit);
}

std::optional<Minor> read_limit(Reader& in) {
  if (in.u8() == 0)
    return std::nullopt;
  return in.signed_varint();
}

void put_limits(ByteWriter& out, const Limits& limits) {
  put_limit(out, limits.per_transaction);
  put_limit(out, limits.maximum_balance);
  out.signed_varint(limits.credit_limit);
}

Limits read_limits(Reader& in) {
  Limits limits;
  limits.per_transaction = read_limit(in);
  limits.maximum_balance = read_limit(in);
  limits.credit_limit = in.signed_varint();
  return limits;
}

void tag(ByteWriter& out, Tag tag) { out.u8(static_cast<std::uint8_t>(tag)); }

void put(ByteWriter& out, const WalletOpened& event) {
  tag(out, Tag::wallet_opened);
  out.varint(event.currency.numeric);
  out.text(event.name);
  put_limits(out, event.limits);
}
void put(ByteWriter& out, const NameChanged& event) {
  tag(out, Tag::name_changed);
  out.text(event.name);
}
void put(ByteWriter& out, const LimitsChanged& event) {
  tag(out, Tag::limits_changed);
  put_limits(out, event.limits);
}
void put(ByteWriter& out, const WalletFrozen&) { tag(out, Tag::wallet_frozen); }
void put(ByteWriter& out, const WalletUnfrozen&) { tag(out, Tag::wallet_unfrozen); }
void put(ByteWriter& out, const WalletClosed&) { tag(out, Tag::wallet_closed); }
void put(ByteWriter& out, const Credited& event) {
  tag(out, Tag::credited);
  out.signed_varint(event.amount);
}
void put(ByteWriter& out, const TransferredOut& event) {
  tag(out, Tag::transferred_out);
  out.signed_varint(event.amount);
}
void put(ByteWriter& out, const HoldPlaced& event) {
  tag(out, Tag::hold_placed);
  out.signed_varint(event.amount);
}
void put(ByteWriter& out, const HoldCaptured& event) {
  tag(out, Tag::hold_captured);
  out.signed_varint(event.amount);
}
void put(ByteWriter& out, const HoldReleased& event) {
  tag(out, Tag::hold_released);
  out.signed_varint(event.amount);
}

WalletOpened read_opened(Reader& in) {
  const auto currency = find_currency(static_cast<std::uint16_t>(in.varint()));
  if (!currency)
    throw Unreadable("a wallet was opened in an unknown currency");
  std::string name = in.text();
  return {*currency, std::move(name), read_limits(in)};
}

Event read(Reader& in, const TransactionId& transaction) {
  switch (static_cast<Tag>(in.u8())) {
    case Tag::wallet_opened: return read_opened(in);
    case Tag::name_changed: return NameChanged{in.text()};
    case Tag::limits_changed: return LimitsChanged{read_limits(in)};
    case Tag::wallet_frozen: return WalletFrozen{};
    case Tag::wallet_unfrozen: return WalletUnfrozen{};
    case Tag::wallet_closed: return WalletClosed{};
    case Tag::credited: return Credited{transaction, in.signed_varint()};
    case Tag::transferred_out: return TransferredOut{transaction, in.signed_varint()};
    case Tag::hold_placed: return HoldPlaced{transaction, in.signed_varint()};
    case Tag::hold_captured: return HoldCaptured{transaction, in.signed_varint()};
    case Tag::hold_released: return HoldReleased{transaction, in.signed_varint()};
  }
  throw Unreadable("a journal row holds an event of an unknown kind");
}

}  // namespace

void encode_event(std::string& out, const Event& event) {
  ByteWriter writer(out);
  std::visit([&writer](const auto& fact) { put(writer, fact); }, event);
}

Event decode_event(std::string_view bytes, const TransactionId& transaction, std::size_t& taken) {
  Reader in(bytes);
  Event event = read(in, transaction);
  taken = bytes.size() - in.left();
  return event;
}

}  // namespace dompet
