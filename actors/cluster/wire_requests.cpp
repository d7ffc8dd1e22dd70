#include <algorithm>
#include <array>

#include "actors/cluster/wire_fields.hpp"
#include "domain/ensure.hpp"

// What a node asks another one for.

namespace dompet::wire {

namespace {

/// Never reuse a number.
enum class RequestKind : std::uint8_t {
  open_wallet = 1,
  change_wallet = 2,
  move_money = 3,
  read_wallet = 4,
  saga_order = 5,
  provider_word = 6,
  // The first layouts, without an owner and limits by period, are still written where there is none.
  open_wallet_with_owner = 7,
  change_wallet_on_behalf = 8,
  move_money_on_behalf = 9,
  move_money_by_staff = 10,
  known_money = 11,
};

enum class ChangeKind : std::uint8_t {
  name = 1,
  limits = 2,
  freeze = 3,
  unfreeze = 4,
  close = 5,
  block_card = 6,
  allow_card = 7,
  limits_by_period = 8,
  tighter_limits = 9,
};

/// An order's number on the wire is its place here: only ever append.
constexpr std::array saga_orders{SagaOrder::inspect, SagaOrder::retry,   SagaOrder::cancel, SagaOrder::pause,
                                 SagaOrder::resume,  SagaOrder::approve, SagaOrder::reject};

void put_limits(ByteWriter& out, const Limits& limits) {
  put_optional_number(out, limits.per_transaction);
  put_optional_number(out, limits.maximum_balance);
  out.signed_varint(limits.credit_limit);
}

Limits read_limits(Source& in) {
  Limits limits;
  limits.per_transaction = read_optional_number(in);
  limits.maximum_balance = read_optional_number(in);
  limits.credit_limit = in.signed_varint();
  return limits;
}

bool has_period_limits(const Limits& limits) {
  return limits.out != PeriodLimits{} || limits.out_by_kind != Limits{}.out_by_kind;
}

void put_period_limits(ByteWriter& out, const PeriodLimits& limits) {
  put_optional_number(out, limits.day);
  put_optional_number(out, limits.week);
  put_optional_number(out, limits.month);
}

PeriodLimits read_period_limits(Source& in) {
  PeriodLimits limits;
  limits.day = read_optional_number(in);
  limits.week = read_optional_number(in);
  limits.month = read_optional_number(in);
  return limits;
}

void put_all_limits(ByteWriter& out, const Limits& limits) {
  put_limits(out, limits);
  put_period_limits(out, limits.out);
  for (const PeriodLimits& of_kind : limits.out_by_kind)
    put_period_limits(out, of_kind);
}

Limits read_all_limits(Source& in) {
  Limits limits = read_limits(in);
  limits.out = read_period_limits(in);
  for (PeriodLimits& of_kind : limits.out_by_kind)
    of_kind = read_period_limits(in);
  return limits;
}

void put(ByteWriter& out, const OpenWalletRequest& request) {
  const OpenWallet& command = request.command;
  const bool is_plain = command.owner == UserId{} && !has_period_limits(command.limits);
  put_kind(out, is_plain ? RequestKind::open_wallet : RequestKind::open_wallet_with_owner);
  put_id(out, request.wallet);
  put_currency(out, command.currency);
  out.text(command.name);
  if (is_plain)
    return put_limits(out, command.limits);
  put_all_limits(out, command.limits);
  put_id(out, command.owner);
}

OpenWalletRequest read_open_wallet(Source& in, bool has_owner) {
  OpenWalletRequest request;
  request.wallet = read_id<WalletId>(in);
  request.command.currency = read_currency(in);
  request.command.name = in.text();
  request.command.limits = has_owner ? read_all_limits(in) : read_limits(in);
  if (has_owner)
    request.command.owner = read_id<UserId>(in);
  return request;
}

void put_change(ByteWriter& out, const ChangeName& change) {
  put_kind(out, ChangeKind::name);
  out.text(change.name);
}
void put_change(ByteWriter& out, const ChangeLimits& change) {
  if (change.only_tightens) {
    put_kind(out, ChangeKind::tighter_limits);
    return put_all_limits(out, change.limits);
  }
  if (has_period_limits(change.limits)) {
    put_kind(out, ChangeKind::limits_by_period);
    return put_all_limits(out, change.limits);
  }
  put_kind(out, ChangeKind::limits);
  put_limits(out, change.limits);
}
void put_change(ByteWriter& out, const FreezeWallet&) { put_kind(out, ChangeKind::freeze); }
void put_change(ByteWriter& out, const UnfreezeWallet&) { put_kind(out, ChangeKind::unfreeze); }
void put_change(ByteWriter& out, const CloseWallet&) { put_kind(out, ChangeKind::close); }
void put_change(ByteWriter& out, const BlockCard& change) {
  put_kind(out, ChangeKind::block_card);
  put_id(out, change.card);
}
void put_change(ByteWriter& out, const AllowCard& change) {
  put_kind(out, ChangeKind::allow_card);
  put_id(out, change.card);
}

WalletChange read_change(Source& in) {
  switch (static_cast<ChangeKind>(in.u8())) {
    case ChangeKind::name: return ChangeName{in.text()};
    case ChangeKind::limits: return ChangeLimits{read_limits(in)};
    case ChangeKind::freeze: return FreezeWallet{};
    case ChangeKind::unfreeze: return UnfreezeWallet{};
    case ChangeKind::close: return CloseWallet{};
    case ChangeKind::block_card: return BlockCard{read_id<CardId>(in)};
    case ChangeKind::allow_card: return AllowCard{read_id<CardId>(in)};
    case ChangeKind::limits_by_period: return ChangeLimits{read_all_limits(in)};
    case ChangeKind::tighter_limits: return ChangeLimits{read_all_limits(in), true};
  }
  throw Unreadable("a request has an unknown change of a wallet");
}

void put(ByteWriter& out, const ChangeWalletRequest& request) {
  const bool is_for_somebody = request.on_behalf_of != UserId{};
  put_kind(out, is_for_somebody ? RequestKind::change_wallet_on_behalf : RequestKind::change_wallet);
  if (is_for_somebody)
    put_id(out, request.on_behalf_of);
  put_id(out, request.wallet);
  out.varint(request.changes.size());
  for (const WalletChange& change : request.changes)
    std::visit([&](const auto& wanted) { put_change(out, wanted); }, change);
}

ChangeWalletRequest read_change_wallet(Source& in, bool is_for_somebody) {
  ChangeWalletRequest request;
  if (is_for_somebody)
    request.on_behalf_of = read_id<UserId>(in);
  request.wallet = read_id<WalletId>(in);
  for (std::uint64_t left = in.varint(); left > 0; --left)
    request.changes.push_back(read_change(in));
  return request;
}

void put(ByteWriter& out, const MoveMoneyRequest& request) {
  const bool is_for_somebody = request.on_behalf_of != UserId{};
  const bool is_by_staff = request.asked_by != UserId{};
  ensure(!is_for_somebody || !is_by_staff, "staff moves money on nobody's behalf");
  put_kind(out, request.only_if_known ? RequestKind::known_money
                : is_for_somebody     ? RequestKind::move_money_on_behalf
                : is_by_staff         ? RequestKind::move_money_by_staff
                                      : RequestKind::move_money);
  ensure(request.transaction != nullptr, "a request to move money names its transaction");
  if (!request.only_if_known && (is_for_somebody || is_by_staff))
    put_id(out, is_for_somebody ? request.on_behalf_of : request.asked_by);
  put_transaction(out, *request.transaction);
  put_id(out, request.stamp.key);
  out.u64(request.stamp.fingerprint);
}

MoveMoneyRequest read_move_money(Source& in, RequestKind kind) {
  MoveMoneyRequest request{.only_if_known = kind == RequestKind::known_money};
  if (kind == RequestKind::move_money_on_behalf)
    request.on_behalf_of = read_id<UserId>(in);
  if (kind == RequestKind::move_money_by_staff)
    request.asked_by = read_id<UserId>(in);
  request.transaction = read_transaction(in);
  request.stamp.key = read_id<KeyId>(in);
  request.stamp.fingerprint = in.u64();
  return request;
}

void put(ByteWriter& out, const ReadWalletRequest& request) {
  put_kind(out, RequestKind::read_wallet);
  put_id(out, request.wallet);
  put_flag(out, request.strict);
}

ReadWalletRequest read_read_wallet(Source& in) {
  ReadWalletRequest request;
  request.wallet = read_id<WalletId>(in);
  request.strict = read_flag(in);
  return request;
}

void put(ByteWriter& out, const SagaOrderRequest& request) {
  put_kind(out, RequestKind::saga_order);
  put_id(out, request.saga);
  out.varint(request.source_shard);
  const auto* const place = std::ranges::find(saga_orders, request.order);
  ensure(place != saga_orders.end(), "every order to a coordinator has a number on the wire");
  out.u8(static_cast<std::uint8_t>(place - saga_orders.begin()));
  if (!is_decision(request.order))
    return;
  out.text(request.verdict.officer);
  out.text(request.verdict.note);
}

SagaOrderRequest read_saga_order(Source& in) {
  SagaOrderRequest request;
  request.saga = read_id<TransactionId>(in);
  request.source_shard = read_number<Shard>(in);
  const std::uint8_t order = in.u8();
  if (order >= saga_orders.size())
    throw Unreadable("a frame has an unknown order to a coordinator");
  request.order = saga_orders[order];
  if (is_decision(request.order)) {
    request.verdict.officer = in.text();
    request.verdict.note = in.text();
  }
  return request;
}

void put(ByteWriter& out, const ProviderWordRequest& request) {
  put_kind(out, RequestKind::provider_word);
  put_id(out, request.saga);
  out.varint(request.source_shard);
  out.u8(static_cast<std::uint8_t>(request.outcome));
  put_optional_decline(out, request.reason);
  put_flag(out, request.known);
}

ProviderWordRequest read_provider_word(Source& in) {
  ProviderWordRequest request;
  request.saga = read_id<TransactionId>(in);
  request.source_shard = read_number<Shard>(in);
  const std::uint8_t outcome = in.u8();
  if (outcome > static_cast<std::uint8_t>(Decision::refused))
    throw Unreadable("a frame has a provider's word of an unknown kind");
  request.outcome = static_cast<Decision>(outcome);
  request.reason = read_optional_decline(in).value_or(Decline::provider_refused);
  request.known = read_flag(in);
  return request;
}

}  // namespace

void put_request(ByteWriter& out, const Request& request) {
  std::visit([&](const auto& wanted) { put(out, wanted); }, request);
}

Request read_request(Source& in) {
  const auto kind = static_cast<RequestKind>(in.u8());
  switch (kind) {
    case RequestKind::open_wallet:
    case RequestKind::open_wallet_with_owner: return read_open_wallet(in, kind == RequestKind::open_wallet_with_owner);
    case RequestKind::change_wallet:
    case RequestKind::change_wallet_on_behalf:
      return read_change_wallet(in, kind == RequestKind::change_wallet_on_behalf);
    case RequestKind::move_money:
    case RequestKind::move_money_on_behalf:
    case RequestKind::move_money_by_staff:
    case RequestKind::known_money: return read_move_money(in, kind);
    case RequestKind::read_wallet: return read_read_wallet(in);
    case RequestKind::saga_order: return read_saga_order(in);
    case RequestKind::provider_word: return read_provider_word(in);
  }
  throw Unreadable("a frame has a request of an unknown kind");
}

}  // namespace dompet::wire
