#include "actors/cluster/wire.hpp"

#include <algorithm>
#include <array>
#include <limits>

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

enum class RequestKind : std::uint8_t {
  open_wallet = 1,
  change_wallet = 2,
  move_money = 3,
  read_wallet = 4,
  saga_order = 5,
};

enum class ChangeKind : std::uint8_t { name = 1, limits = 2, freeze = 3, unfreeze = 4, close = 5 };

/// An order's number on the wire is its place here: only ever append.
constexpr std::array saga_orders{SagaOrder::inspect, SagaOrder::retry, SagaOrder::cancel, SagaOrder::pause,
                                 SagaOrder::resume};

// --- requests ---

void put_limits(ByteWriter& out, const Limits& limits) {
  wire::put_optional_number(out, limits.per_transaction);
  wire::put_optional_number(out, limits.maximum_balance);
  out.signed_varint(limits.credit_limit);
}

Limits read_limits(Source& in) {
  Limits limits;
  limits.per_transaction = wire::read_optional_number(in);
  limits.maximum_balance = wire::read_optional_number(in);
  limits.credit_limit = in.signed_varint();
  return limits;
}

void put(ByteWriter& out, const OpenWalletRequest& request) {
  wire::put_kind(out, RequestKind::open_wallet);
  wire::put_id(out, request.wallet);
  wire::put_currency(out, request.command.currency);
  out.text(request.command.name);
  put_limits(out, request.command.limits);
}

OpenWalletRequest read_open_wallet(Source& in) {
  OpenWalletRequest request;
  request.wallet = wire::read_id<WalletId>(in);
  request.command.currency = wire::read_currency(in);
  request.command.name = in.text();
  request.command.limits = read_limits(in);
  return request;
}

void put_change(ByteWriter& out, const ChangeName& change) {
  wire::put_kind(out, ChangeKind::name);
  out.text(change.name);
}
void put_change(ByteWriter& out, const ChangeLimits& change) {
  wire::put_kind(out, ChangeKind::limits);
  put_limits(out, change.limits);
}
void put_change(ByteWriter& out, const FreezeWallet&) { wire::put_kind(out, ChangeKind::freeze); }
void put_change(ByteWriter& out, const UnfreezeWallet&) { wire::put_kind(out, ChangeKind::unfreeze); }
void put_change(ByteWriter& out, const CloseWallet&) { wire::put_kind(out, ChangeKind::close); }

WalletChange read_change(Source& in) {
  switch (static_cast<ChangeKind>(in.u8())) {
    case ChangeKind::name: return ChangeName{in.text()};
    case ChangeKind::limits: return ChangeLimits{read_limits(in)};
    case ChangeKind::freeze: return FreezeWallet{};
    case ChangeKind::unfreeze: return UnfreezeWallet{};
    case ChangeKind::close: return CloseWallet{};
  }
  throw Unreadable("a request has an unknown change of a wallet");
}

void put(ByteWriter& out, const ChangeWalletRequest& request) {
  wire::put_kind(out, RequestKind::change_wallet);
  wire::put_id(out, request.wallet);
  out.varint(request.changes.size());
  for (const WalletChange& change : request.changes)
    std::visit([&](const auto& wanted) { put_change(out, wanted); }, change);
}

ChangeWalletRequest read_change_wallet(Source& in) {
  ChangeWalletRequest request;
  request.wallet = wire::read_id<WalletId>(in);
  for (std::uint64_t left = in.varint(); left > 0; --left)
    request.changes.push_back(read_change(in));
  return request;
}

void put(ByteWriter& out, const MoveMoneyRequest& request) {
  wire::put_kind(out, RequestKind::move_money);
  ensure(request.transaction != nullptr, "a request to move money names its transaction");
  wire::put_transaction(out, *request.transaction);
  wire::put_id(out, request.stamp.key);
  out.u64(request.stamp.fingerprint);
}

MoveMoneyRequest read_move_money(Source& in) {
  MoveMoneyRequest request;
  request.transaction = wire::read_transaction(in);
  request.stamp.key = wire::read_id<KeyId>(in);
  request.stamp.fingerprint = in.u64();
  return request;
}

void put(ByteWriter& out, const ReadWalletRequest& request) {
  wire::put_kind(out, RequestKind::read_wallet);
  wire::put_id(out, request.wallet);
  wire::put_flag(out, request.strict);
}

ReadWalletRequest read_read_wallet(Source& in) {
  ReadWalletRequest request;
  request.wallet = wire::read_id<WalletId>(in);
  request.strict = wire::read_flag(in);
  return request;
}

void put(ByteWriter& out, const SagaOrderRequest& request) {
  wire::put_kind(out, RequestKind::saga_order);
  wire::put_id(out, request.saga);
  out.varint(request.source_shard);
  const auto* const place = std::ranges::find(saga_orders, request.order);
  ensure(place != saga_orders.end(), "every order to a coordinator has a number on the wire");
  out.u8(static_cast<std::uint8_t>(place - saga_orders.begin()));
}

SagaOrderRequest read_saga_order(Source& in) {
  SagaOrderRequest request;
  request.saga = wire::read_id<TransactionId>(in);
  request.source_shard = wire::read_number<Shard>(in);
  const std::uint8_t order = in.u8();
  if (order >= saga_orders.size())
    throw Unreadable("a frame has an unknown order to a coordinator");
  request.order = saga_orders[order];
  return request;
}

Request read_request(Source& in) {
  switch (static_cast<RequestKind>(in.u8())) {
    case RequestKind::open_wallet: return read_open_wallet(in);
    case RequestKind::change_wallet: return read_change_wallet(in);
    case RequestKind::move_money: return read_move_money(in);
    case RequestKind::read_wallet: return read_read_wallet(in);
    case RequestKind::saga_order: return read_saga_order(in);
  }
  throw Unreadable("a frame has a request of an unknown kind");
}

// --- messages ---

void put(ByteWriter& out, const RemoteRequest& message) {
  wire::put_kind(out, MessageKind::request);
  out.u64(message.correlation);
  out.u8(message.hops);
  out.varint(message.remaining_ms);
  std::visit([&](const auto& request) { put(out, request); }, message.request);
}

RemoteRequest read_remote_request(Source& in) {
  RemoteRequest message;
  message.correlation = in.u64();
  message.hops = in.u8();
  message.remaining_ms = wire::read_number<std::uint32_t>(in);
  message.request = read_request(in);
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
