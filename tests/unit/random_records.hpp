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

inline Limits any_plain_limits(Random& random) { return {any_limit(random), any_limit(random), any_amount(random)}; }

inline PeriodLimits any_period_limits(Random& random) {
  return {any_limit(random), any_limit(random), any_limit(random)};
}

/// As often as not without limits by period, as all were once.
inline Limits any_limits(Random& random) {
  Limits limits = any_plain_limits(random);
  if (random.coin())
    limits.out = any_period_limits(random);
  for (PeriodLimits& of_kind : limits.out_by_kind)
    if (random.coin())
      of_kind = any_period_limits(random);
  return limits;
}

inline Spending any_spending(Random& random) {
  if (random.coin())
    return {};
  return {static_cast<SpendingKind>(random.upto(counted_spending_kinds)),
          static_cast<std::int32_t>(random.upto(100'000)) - 1'000};
}

/// Nil as often as not.
template <class AnyId>
AnyId any_id(Random& random) {
  return random.coin() ? AnyId{random.uuid()} : AnyId{};
}

inline InvoiceTerms any_terms(Random& random) { return {{random.uuid()}, any_amount(random)}; }

/// As often as not of no invoice.
inline Credited any_credit(Random& random, const TransactionId& transaction) {
  Credited credited{transaction, any_amount(random)};
  if (random.coin())
    credited.invoice = InvoicePaid{any_terms(random), any_amount(random)};
  return credited;
}

inline Currency any_currency(Random& random) {
  static constexpr std::string_view codes[]{"IDR", "USD", "JPY", "KWD", "CLF"};
  return *find_currency(random.one_of(codes));
}

/// The `number`-th alternative of Event.
inline Event any_event(Random& random, std::size_t number, const TransactionId& transaction) {
  switch (number) {
    case 0: return WalletOpened{any_currency(random), random.text(40), any_limits(random), any_id<UserId>(random)};
    case 1: return NameChanged{random.text(300)};
    case 2: return LimitsChanged{any_limits(random)};
    case 3: return WalletFrozen{};
    case 4: return WalletUnfrozen{};
    case 5: return WalletClosed{};
    case 6: return any_credit(random, transaction);
    case 7: return TransferredOut{transaction, any_amount(random), any_spending(random)};
    case 8: return HoldPlaced{transaction, any_amount(random), any_spending(random), random.coin(), random.coin()};
    case 9: return HoldIncreased{{random.uuid()}, any_amount(random), any_spending(random), random.coin()};
    case 10: return HoldCaptured{transaction, any_amount(random)};
    case 11: return HoldReleased{transaction, any_amount(random)};
    case 12:
      return CaptureReserved{
          {random.uuid()}, transaction, any_amount(random), any_amount(random), random.coin() ? 0 : any_amount(random)};
    case 13: return CaptureSettled{transaction, any_amount(random), any_amount(random)};
    case 14: return CaptureReturned{{random.uuid()}, transaction, any_amount(random)};
    case 15:
      return AuthorizationCaptured{
          {random.uuid()}, any_amount(random), any_amount(random), random.coin() ? 0 : any_amount(random)};
    case 16: return PaymentVoided{{random.uuid()}, any_amount(random)};
    case 17: return CardBlocked{{random.uuid()}};
    default: return CardAllowed{{random.uuid()}};
  }
}

inline FxLeg any_conversion(Random& random) {
  return {{random.uuid()},
          {static_cast<std::int64_t>(1 + random.upto(999'999'999'999'999'998)),
           static_cast<std::uint8_t>(random.upto(most_scale))},
          any_currency(random),
          any_amount(random),
          any_amount(random)};
}

inline std::shared_ptr<const Transaction> any_transaction(Random& random, TransactionKind kind) {
  Transaction made;
  made.id = {random.uuid()};
  made.kind = kind;
  made.currency = any_currency(random);
  made.amount = any_amount(random);
  if (kind != TransactionKind::transfer)
    made.method = random.text(12);
  if (kind != TransactionKind::topup)
    made.source = {random.uuid()};
  if (kind != TransactionKind::withdrawal)
    made.destination = {random.uuid()};
  made.parent = any_id<TransactionId>(random);
  made.merchant = any_id<MerchantId>(random);
  made.card = any_id<CardId>(random);
  made.payout_account = random.coin() ? "" : random.text(40);
  made.manual_capture = random.coin();
  made.final_capture = random.coin();
  made.expires_at_ms = random.coin() ? 0 : any_amount(random);
  if (random.coin())
    made.fx = any_conversion(random);
  if (random.coin())
    made.bill = Bill{any_terms(random), random.text(20)};
  made.description = random.text(200);
  made.metadata = random.coin() ? "" : random.text(300);
  return std::make_shared<const Transaction>(std::move(made));
}

inline Assessment any_assessment(Random& random) {
  Assessment risk{.score = static_cast<std::uint8_t>(random.upto(100)),
                  .action = static_cast<RiskAction>(random.upto(2))};
  risk.reasons.resize(random.upto(most_risk_reasons));
  for (RiskReason& reason : risk.reasons)
    reason = {random.text(40), random.text(80)};
  risk.rules_version = random.upto(1ULL << 40);
  risk.asked_by = any_id<UserId>(random);
  return risk;
}

inline bool is_of_topup(RecordKind kind) {
  return kind == RecordKind::topup || kind == RecordKind::topup_begun || kind == RecordKind::topup_refused;
}

/// One whose wallets such a record has a leg on.
inline TransactionKind any_transaction_kind(Random& random, RecordKind kind) {
  if (is_of_topup(kind) || (kind == RecordKind::declined && random.coin()))
    return TransactionKind::topup;
  const bool pays_out = kind == RecordKind::hold_placed || kind == RecordKind::hold_captured ||
                        kind == RecordKind::hold_released || kind == RecordKind::declined;
  if (pays_out && random.coin())
    return TransactionKind::withdrawal;
  static constexpr TransactionKind kinds[]{TransactionKind::transfer,  TransactionKind::payment,
                                           TransactionKind::refund,    TransactionKind::capture,
                                           TransactionKind::increment, TransactionKind::void_payment};
  return random.one_of(kinds);
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
    record.add_leg({random.uuid()}, any_event(random, random.coin() ? random.upto(5) : 17 + random.upto(1), record.id));
  } else {
    record = money_record(kind, any_transaction(random, any_transaction_kind(random, kind)));
    if (record.legs > 0 && random.coin())
      record.leg[0].event = any_event(random, 6 + random.upto(10), record.id);
  }
  if (random.coin())
    record.payment = PaymentState{any_amount(random), any_amount(random), any_amount(random),
                                  record.transaction && record.transaction->fx ? any_amount(random) : 0};
  if (random.coin())
    record.risk = any_assessment(random);
  else if (random.coin())
    record.verdict = Verdict{random.text(40), random.text(500)};
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
