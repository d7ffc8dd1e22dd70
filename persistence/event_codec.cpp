#include "persistence/event_codec.hpp"

#include <utility>

#include "persistence/payment_event_codec.hpp"

namespace dompet {

namespace {

using Reader = ByteReader<Unreadable>;

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

void put_period_limits(ByteWriter& out, const PeriodLimits& limits) {
  put_limit(out, limits.day);
  put_limit(out, limits.week);
  put_limit(out, limits.month);
}

PeriodLimits read_period_limits(Reader& in) {
  PeriodLimits limits;
  limits.day = read_limit(in);
  limits.week = read_limit(in);
  limits.month = read_limit(in);
  return limits;
}

bool has_period_limits(const Limits& limits) {
  return !(limits.out == PeriodLimits{} && limits.out_by_kind == Limits{}.out_by_kind);
}

void put_all_limits(ByteWriter& out, const Limits& limits) {
  put_limits(out, limits);
  put_period_limits(out, limits.out);
  for (const PeriodLimits& of_kind : limits.out_by_kind)
    put_period_limits(out, of_kind);
}

Limits read_all_limits(Reader& in) {
  Limits limits = read_limits(in);
  limits.out = read_period_limits(in);
  for (PeriodLimits& of_kind : limits.out_by_kind)
    of_kind = read_period_limits(in);
  return limits;
}

void put(ByteWriter& out, const WalletOpened& event) {
  const bool is_plain = event.owner == UserId{} && !has_period_limits(event.limits);
  tag(out, is_plain ? Tag::wallet_opened : Tag::wallet_opened_with_owner);
  out.varint(event.currency.numeric);
  out.text(event.name);
  if (is_plain)
    return put_limits(out, event.limits);
  put_all_limits(out, event.limits);
  put_id(out, event.owner);
}
void put(ByteWriter& out, const NameChanged& event) {
  tag(out, Tag::name_changed);
  out.text(event.name);
}
void put(ByteWriter& out, const LimitsChanged& event) {
  if (has_period_limits(event.limits)) {
    tag(out, Tag::limits_changed_by_period);
    return put_all_limits(out, event.limits);
  }
  tag(out, Tag::limits_changed);
  put_limits(out, event.limits);
}
void put(ByteWriter& out, const WalletFrozen&) { tag(out, Tag::wallet_frozen); }
void put(ByteWriter& out, const WalletUnfrozen&) { tag(out, Tag::wallet_unfrozen); }
void put(ByteWriter& out, const WalletClosed&) { tag(out, Tag::wallet_closed); }
void put(ByteWriter& out, const Credited& event) {
  tag(out, event.invoice ? Tag::credited_for_invoice : Tag::credited);
  out.signed_varint(event.amount);
  if (!event.invoice)
    return;
  put_invoice(out, event.invoice->terms);
  out.signed_varint(event.invoice->paid_at_ms);
}
void put(ByteWriter& out, const TransferredOut& event) {
  const bool is_counted = event.spending != Spending{};
  tag(out, is_counted ? Tag::transferred_out_counted : Tag::transferred_out);
  out.signed_varint(event.amount);
  if (is_counted)
    put_spending(out, event.spending);
}
void put(ByteWriter& out, const HoldPlaced& event) {
  const bool is_plain = event.spending == Spending{} && !event.authorization && !event.is_to_be_reviewed;
  tag(out, is_plain ? Tag::hold_placed : Tag::hold_placed_counted);
  out.signed_varint(event.amount);
  if (is_plain)
    return;
  put_spending(out, event.spending);
  out.u8(static_cast<std::uint8_t>(event.authorization | (event.is_to_be_reviewed << 1)));
}
void put(ByteWriter& out, const HoldCaptured& event) {
  tag(out, Tag::hold_captured);
  out.signed_varint(event.amount);
}
void put(ByteWriter& out, const HoldReleased& event) {
  tag(out, Tag::hold_released);
  out.signed_varint(event.amount);
}

void put(ByteWriter& out, const CardBlocked& event) {
  tag(out, Tag::card_blocked);
  put_id(out, event.card);
}
void put(ByteWriter& out, const CardAllowed& event) {
  tag(out, Tag::card_allowed);
  put_id(out, event.card);
}

WalletOpened read_opened_with_owner(Reader& in) {
  const auto currency = find_currency(static_cast<std::uint16_t>(in.varint()));
  if (!currency)
    throw Unreadable("a wallet was opened in an unknown currency");
  std::string name = in.text();
  Limits limits = read_all_limits(in);
  return {*currency, std::move(name), std::move(limits), read_id<struct UserThing>(in)};
}

Credited read_credited_for_invoice(Reader& in, const TransactionId& transaction) {
  Credited event{transaction, in.signed_varint()};
  const InvoiceTerms terms = read_invoice(in);
  event.invoice = InvoicePaid{terms, in.signed_varint()};
  return event;
}

HoldPlaced read_placed_counted(Reader& in, const TransactionId& transaction) {
  HoldPlaced event{transaction, in.signed_varint()};
  event.spending = read_spending(in);
  const std::uint8_t marks = in.u8();
  event.authorization = (marks & 1) != 0;
  event.is_to_be_reviewed = (marks & 2) != 0;
  return event;
}

TransferredOut read_out_counted(Reader& in, const TransactionId& transaction) {
  TransferredOut event{transaction, in.signed_varint()};
  event.spending = read_spending(in);
  return event;
}

WalletOpened read_opened(Reader& in) {
  const auto currency = find_currency(static_cast<std::uint16_t>(in.varint()));
  if (!currency)
    throw Unreadable("a wallet was opened in an unknown currency");
  std::string name = in.text();
  return {*currency, std::move(name), read_limits(in)};
}

Event read(Reader& in, const TransactionId& transaction) {
  const auto tag = static_cast<Tag>(in.u8());
  switch (tag) {
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
    case Tag::wallet_opened_with_owner: return read_opened_with_owner(in);
    case Tag::limits_changed_by_period: return LimitsChanged{read_all_limits(in)};
    case Tag::transferred_out_counted: return read_out_counted(in, transaction);
    case Tag::hold_placed_counted: return read_placed_counted(in, transaction);
    case Tag::credited_for_invoice: return read_credited_for_invoice(in, transaction);
    case Tag::card_blocked: return CardBlocked{read_id<struct CardThing>(in)};
    case Tag::card_allowed: return CardAllowed{read_id<struct CardThing>(in)};
    default: break;
  }
  if (auto event = read_payment_event(in, tag, transaction))
    return *std::move(event);
  throw Unreadable("a journal row holds an event of an unknown kind");
}

}  // namespace

void put_spending(ByteWriter& out, const Spending& spending) {
  out.u8(static_cast<std::uint8_t>(spending.kind));
  out.signed_varint(spending.day);
}

Spending read_spending(Reader& in) {
  const std::uint8_t kind = in.u8();
  if (kind > counted_spending_kinds)
    throw Unreadable("a journal row counts a movement as an unknown kind");
  return {static_cast<SpendingKind>(kind), static_cast<std::int32_t>(in.signed_varint())};
}

void put_invoice(ByteWriter& out, const InvoiceTerms& terms) {
  put_id(out, terms.invoice);
  out.signed_varint(terms.expires_at_ms);
}

InvoiceTerms read_invoice(Reader& in) {
  const auto invoice = read_id<struct InvoiceThing>(in);
  return {invoice, in.signed_varint()};
}

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
