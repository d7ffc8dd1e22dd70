#include "persistence/payment_event_codec.hpp"

namespace dompet {

namespace {

using Reader = ByteReader<Unreadable>;

HoldIncreased read_increased(Reader& in, bool is_to_be_reviewed) {
  HoldIncreased event{read_id<struct TransactionThing>(in), in.signed_varint()};
  event.spending = read_spending(in);
  event.is_to_be_reviewed = is_to_be_reviewed;
  return event;
}

CaptureReserved read_reserved(Reader& in, const TransactionId& capture, bool is_converted) {
  CaptureReserved event{read_id<struct TransactionThing>(in), capture};
  event.amount = in.signed_varint();
  event.rest = in.signed_varint();
  if (is_converted)
    event.converted = in.signed_varint();
  return event;
}

CaptureSettled read_settled(Reader& in, const TransactionId& capture) {
  CaptureSettled event{capture};
  event.amount = in.signed_varint();
  event.released = in.signed_varint();
  return event;
}

CaptureReturned read_returned(Reader& in, const TransactionId& capture) {
  CaptureReturned event{read_id<struct TransactionThing>(in), capture};
  event.amount = in.signed_varint();
  return event;
}

AuthorizationCaptured read_captured(Reader& in, bool is_converted) {
  AuthorizationCaptured event{read_id<struct TransactionThing>(in)};
  event.amount = in.signed_varint();
  event.released = in.signed_varint();
  if (is_converted)
    event.converted = in.signed_varint();
  return event;
}

PaymentVoided read_voided(Reader& in) {
  PaymentVoided event{read_id<struct TransactionThing>(in)};
  event.amount = in.signed_varint();
  return event;
}

}  // namespace

void put(ByteWriter& out, const HoldIncreased& event) {
  tag(out, event.is_to_be_reviewed ? Tag::hold_increased_for_review : Tag::hold_increased);
  put_id(out, event.payment);
  out.signed_varint(event.amount);
  put_spending(out, event.spending);
}
// A capture is its record's transaction; only its payment has to be named.
void put(ByteWriter& out, const CaptureReserved& event) {
  tag(out, event.converted == 0 ? Tag::capture_reserved : Tag::capture_reserved_converted);
  put_id(out, event.payment);
  out.signed_varint(event.amount);
  out.signed_varint(event.rest);
  if (event.converted != 0)
    out.signed_varint(event.converted);
}
void put(ByteWriter& out, const CaptureSettled& event) {
  tag(out, Tag::capture_settled);
  out.signed_varint(event.amount);
  out.signed_varint(event.released);
}
void put(ByteWriter& out, const CaptureReturned& event) {
  tag(out, Tag::capture_returned);
  put_id(out, event.payment);
  out.signed_varint(event.amount);
}
void put(ByteWriter& out, const AuthorizationCaptured& event) {
  tag(out, event.converted == 0 ? Tag::authorization_captured : Tag::authorization_captured_converted);
  put_id(out, event.payment);
  out.signed_varint(event.amount);
  out.signed_varint(event.released);
  if (event.converted != 0)
    out.signed_varint(event.converted);
}
void put(ByteWriter& out, const PaymentVoided& event) {
  tag(out, Tag::payment_voided);
  put_id(out, event.payment);
  out.signed_varint(event.amount);
}

std::optional<Event> read_payment_event(Reader& in, Tag tag, const TransactionId& transaction) {
  switch (tag) {
    case Tag::hold_increased:
    case Tag::hold_increased_for_review: return read_increased(in, tag == Tag::hold_increased_for_review);
    case Tag::capture_reserved:
    case Tag::capture_reserved_converted: return read_reserved(in, transaction, tag == Tag::capture_reserved_converted);
    case Tag::capture_settled: return read_settled(in, transaction);
    case Tag::capture_returned: return read_returned(in, transaction);
    case Tag::authorization_captured:
    case Tag::authorization_captured_converted: return read_captured(in, tag == Tag::authorization_captured_converted);
    case Tag::payment_voided: return read_voided(in);
    default: return std::nullopt;
  }
}

}  // namespace dompet
