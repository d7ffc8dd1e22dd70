#include "actors/cluster/wire.hpp"

#include "actors/cluster/wire_fields.hpp"
#include "domain/ensure.hpp"

namespace dompet {

namespace {

using wire::Source;

/// What a frame's first byte may be. Never reuse a number.
enum class MessageKind : std::uint8_t {
  request = 1,
  answer = 2,
  not_owner = 3,
  credit_ask = 4,
  proof = 5,
  no_proof = 6,
  shard_given = 7,
};

void put(ByteWriter& out, const RemoteRequest& message) {
  wire::put_kind(out, MessageKind::request);
  out.u64(message.correlation);
  out.u8(message.hops);
  out.varint(message.remaining_ms);
  wire::put_request(out, message.request);
}

RemoteRequest read_remote_request(Source& in) {
  RemoteRequest message;
  message.correlation = in.u64();
  message.hops = in.u8();
  message.remaining_ms = wire::read_number<std::uint32_t>(in);
  message.request = wire::read_request(in);
  return message;
}

void put(ByteWriter& out, const RemoteAnswer& message) {
  wire::put_kind(out, MessageKind::answer);
  out.u64(message.correlation);
  wire::put_result(out, message.result);
}

RemoteAnswer read_remote_answer(Source& in) {
  RemoteAnswer message;
  message.correlation = in.u64();
  message.result = wire::read_result(in);
  return message;
}

void put(ByteWriter& out, const RemoteNotOwner& message) {
  wire::put_kind(out, MessageKind::not_owner);
  out.u64(message.correlation);
  out.varint(message.shard);
  wire::put_id(out, message.owner);
  out.u64(message.epoch);
}

RemoteNotOwner read_not_owner(Source& in) {
  RemoteNotOwner message;
  message.correlation = in.u64();
  message.shard = wire::read_number<Shard>(in);
  message.owner = wire::read_id<Incarnation>(in);
  message.epoch = in.u64();
  return message;
}

void put(ByteWriter& out, const CreditAsk& message) {
  wire::put_kind(out, MessageKind::credit_ask);
  ensure(message.transaction != nullptr, "a question to a destination names its transaction");
  wire::put_transaction(out, *message.transaction);
  wire::put_flag(out, message.cancel);
  out.varint(message.source_shard);
  out.varint(message.destination_shard);
  out.u64(message.source_epoch);
  out.varint(static_cast<std::uint32_t>(message.attempt));
}

CreditAsk read_credit_ask(Source& in) {
  CreditAsk message;
  message.transaction = wire::read_transaction(in);
  message.cancel = wire::read_flag(in);
  message.source_shard = wire::read_number<Shard>(in);
  message.destination_shard = wire::read_number<Shard>(in);
  message.source_epoch = in.u64();
  message.attempt = wire::read_number<int>(in);
  return message;
}

void put(ByteWriter& out, const RemoteProof& message) {
  wire::put_kind(out, MessageKind::proof);
  out.varint(message.source_shard);
  wire::put_id(out, message.saga);
  out.u8(static_cast<std::uint8_t>(message.outcome));
  wire::put_optional_decline(out, message.reason);
}

RemoteProof read_proof(Source& in) {
  RemoteProof message;
  message.source_shard = wire::read_number<Shard>(in);
  message.saga = wire::read_id<TransactionId>(in);
  const auto outcome = static_cast<Decision>(in.u8());
  if (outcome != Decision::credited && outcome != Decision::refused)
    throw Unreadable("a proof is neither of a credit nor of a refusal");
  message.outcome = outcome;
  message.reason = wire::read_optional_decline(in);
  return message;
}

void put(ByteWriter& out, const RemoteNoProof& message) {
  wire::put_kind(out, MessageKind::no_proof);
  out.varint(message.source_shard);
  wire::put_id(out, message.saga);
  out.u8(static_cast<std::uint8_t>(message.reason));
}

RemoteNoProof read_no_proof(Source& in) {
  RemoteNoProof message;
  message.source_shard = wire::read_number<Shard>(in);
  message.saga = wire::read_id<TransactionId>(in);
  message.reason = static_cast<NoProofReason>(in.u8());
  if (name_of(message.reason).empty())
    throw Unreadable("a frame says for an unknown reason that there is no proof");
  return message;
}

void put(ByteWriter& out, const ShardGiven& message) {
  wire::put_kind(out, MessageKind::shard_given);
  out.varint(message.shard);
  wire::put_id(out, message.owner);
  out.u64(message.epoch);
}

ShardGiven read_shard_given(Source& in) {
  ShardGiven message;
  message.shard = wire::read_number<Shard>(in);
  message.owner = wire::read_id<Incarnation>(in);
  message.epoch = in.u64();
  return message;
}

RemoteMessage read_message(Source& in) {
  switch (static_cast<MessageKind>(in.u8())) {
    case MessageKind::request: return read_remote_request(in);
    case MessageKind::answer: return read_remote_answer(in);
    case MessageKind::not_owner: return read_not_owner(in);
    case MessageKind::credit_ask: return read_credit_ask(in);
    case MessageKind::proof: return read_proof(in);
    case MessageKind::no_proof: return read_no_proof(in);
    case MessageKind::shard_given: return read_shard_given(in);
  }
  throw Unreadable("a frame has an unknown kind");
}

}  // namespace

std::string_view name_of(NoProofReason reason) {
  switch (reason) {
    case NoProofReason::busy: return "busy";
    case NoProofReason::not_owner: return "not_owner";
    case NoProofReason::unreachable: return "unreachable";
    case NoProofReason::no_owner: return "no_owner";
  }
  return {};
}

std::string encode(const RemoteMessage& message) {
  std::string frame;
  frame.reserve(256);
  ByteWriter out(frame);
  std::visit([&](const auto& said) { put(out, said); }, message);
  return frame;
}

RemoteMessage decode_remote(std::string_view frame) {
  Source in(frame);
  RemoteMessage message = read_message(in);
  if (!in.at_end())
    throw Unreadable("a frame is longer than its message");
  return message;
}

}  // namespace dompet
