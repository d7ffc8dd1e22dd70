#include "events/event.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "domain/ensure.hpp"

namespace dompet::events {

namespace {

constexpr std::string_view types[] = {"topup.pending",
                                      "topup.completed",
                                      "topup.cancelling",
                                      "topup.cancelled",
                                      "topup.failed",
                                      "topup.declined",
                                      "transfer.pending",
                                      "transfer.completed",
                                      "transfer.cancelling",
                                      "transfer.cancelled",
                                      "transfer.failed",
                                      "transfer.declined",
                                      "withdrawal.pending",
                                      "withdrawal.completed",
                                      "withdrawal.cancelling",
                                      "withdrawal.cancelled",
                                      "withdrawal.failed",
                                      "withdrawal.declined",
                                      "payment.pending",
                                      "payment.completed",
                                      "payment.cancelling",
                                      "payment.cancelled",
                                      "payment.failed",
                                      "payment.declined",
                                      "payment.authorized",
                                      "payment.incremented",
                                      "payment.captured",
                                      "payment.voided",
                                      "payment.capture_pending",
                                      "payment.capture_cancelling",
                                      "payment.capture_cancelled",
                                      "payment.capture_failed",
                                      "payment.capture_declined",
                                      "payment.increment_declined",
                                      "payment.void_declined",
                                      "refund.pending",
                                      "refund.completed",
                                      "refund.cancelling",
                                      "refund.cancelled",
                                      "refund.failed",
                                      "refund.declined",
                                      "wallet.opened",
                                      "wallet.changed",
                                      "wallet.frozen",
                                      "wallet.unfrozen",
                                      "wallet.closed",
                                      "card.blocked",
                                      "card.allowed"};

struct TypeOfChange {
  std::string_view operator()(const WalletOpened&) const { return "wallet.opened"; }
  std::string_view operator()(const NameChanged&) const { return "wallet.changed"; }
  std::string_view operator()(const LimitsChanged&) const { return "wallet.changed"; }
  std::string_view operator()(const WalletFrozen&) const { return "wallet.frozen"; }
  std::string_view operator()(const WalletUnfrozen&) const { return "wallet.unfrozen"; }
  std::string_view operator()(const WalletClosed&) const { return "wallet.closed"; }
  std::string_view operator()(const CardBlocked&) const { return "card.blocked"; }
  std::string_view operator()(const CardAllowed&) const { return "card.allowed"; }
  std::string_view operator()(const auto&) const { throw Bug("money moves only by a transaction"); }
};

/// What an act on a payment is called while it is not done, or when it is not.
std::string_view act_of(TransactionKind kind) {
  switch (kind) {
    case TransactionKind::capture: return "capture_";
    case TransactionKind::increment: return "increment_";
    case TransactionKind::void_payment: return "void_";
    default: return "";
  }
}

std::string_view outcome_of(const Record& record) {
  switch (record.kind) {
    case RecordKind::declined: return "declined";
    case RecordKind::hold_placed:
    case RecordKind::topup_begun: return "pending";
    case RecordKind::transfer_cancelling: return "cancelling";
    case RecordKind::hold_released:
    case RecordKind::topup_refused: return was_called_off(record.decline) ? "cancelled" : "failed";
    default: return "completed";
  }
}

std::string type_of(const Record& record, const Leg* leg) {
  if (record.transaction == nullptr)
    return std::string{std::visit(TypeOfChange{}, leg->event)};
  switch (record.kind) {
    case RecordKind::payment_authorized: return "payment.authorized";
    case RecordKind::payment_incremented: return "payment.incremented";
    case RecordKind::payment_voided: return "payment.voided";
    default: break;
  }
  const TransactionKind kind = record.transaction->kind;
  const std::string_view outcome = outcome_of(record);
  if (kind == TransactionKind::capture && outcome == "completed")
    return "payment.captured";
  std::string type{name_of(counted_kind(kind))};
  type += '.';
  type += act_of(kind);
  type += outcome;
  return type;
}

Event event_of(const RecordPtr& record, std::size_t number) {
  Event event;
  event.id = std::to_string(record->shard) + '-' + std::to_string(record->shard_seq) + '-' + std::to_string(number);
  event.created_at_ms = record->at_ms;
  event.record = record;
  return event;
}

void append_of_leg(std::vector<Event>& events, const RecordPtr& record, std::size_t number) {
  const Leg& leg = record->leg[number];
  Event event = event_of(record, number);
  event.wallet = leg.wallet;
  event.wallet_seq = leg.seq;
  event.leg = &leg;
  event.type = type_of(*record, &leg);
  if (record->transaction)
    event.direction = leg.wallet == record->transaction->destination ? Direction::in : Direction::out;
  events.push_back(std::move(event));
}

/// Whose news a record without legs is: the wallet that was to pay, or the one that a top-up is for. A stranger who was
/// told that there is no such wallet is no news of it. What an officer approves is pending before and after.
bool is_news(const Record& record) {
  return record.transaction != nullptr && record.kind != RecordKind::transfer_refused &&
         record.kind != RecordKind::review_approved && record.decline != Decline::wallet_not_found;
}

}  // namespace

void append_events(std::vector<Event>& events, const RecordPtr& record) {
  for (std::size_t number = 0; number < record->legs; ++number)
    append_of_leg(events, record, number);
  if (record->legs > 0 || !is_news(*record))
    return;
  const Transaction& transaction = *record->transaction;
  const bool has_payer = transaction.source != WalletId{};
  Event event = event_of(record, 0);
  event.wallet = has_payer ? transaction.source : transaction.destination;
  event.direction = has_payer ? Direction::out : Direction::in;
  event.type = type_of(*record, nullptr);
  events.push_back(std::move(event));
}

std::span<const std::string_view> all_types() { return types; }

bool TypeFilter::matches(std::string_view type) const {
  const auto fits = [type](const std::string& pattern) {
    if (pattern.ends_with(".*"))
      return type.starts_with(std::string_view{pattern}.substr(0, pattern.size() - 1));
    return type == pattern;
  };
  return patterns.empty() || std::ranges::any_of(patterns, fits);
}

bool is_type_pattern(std::string_view pattern) {
  if (!pattern.ends_with(".*"))
    return std::ranges::find(types, pattern) != std::end(types);
  const std::string_view kind = pattern.substr(0, pattern.size() - 1);
  return kind.size() > 1 &&
         std::ranges::any_of(types, [kind](std::string_view type) { return type.starts_with(kind); });
}

}  // namespace dompet::events
