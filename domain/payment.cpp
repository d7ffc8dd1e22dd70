#include "domain/payment.hpp"

#include <algorithm>

namespace dompet {

namespace {

// What an event of the payer's wallet does to the totals, by what its transaction is.

template <class Fact>
void add_payment(PaymentTotals&, const Fact&) {}

void add_payment(PaymentTotals& totals, const TransferredOut& event) { totals.captured += event.amount; }
void add_payment(PaymentTotals& totals, const HoldPlaced& event) {
  totals.authorized += event.amount;
  totals.remaining += event.authorization ? event.amount : 0;
}
void add_payment(PaymentTotals& totals, const HoldCaptured& event) { totals.captured += event.amount; }
void add_payment(PaymentTotals& totals, const HoldIncreased& event) {
  totals.authorized += event.amount;
  totals.remaining += event.amount;
}
void add_payment(PaymentTotals& totals, const CaptureReserved& event) {
  totals.remaining -= event.amount + event.rest;
  totals.under_way += event.amount + event.rest;
}
void add_payment(PaymentTotals& totals, const CaptureReturned& event) {
  totals.remaining += event.amount;
  totals.under_way -= event.amount;
}
void add_payment(PaymentTotals& totals, const CaptureSettled& event) {
  totals.captured += event.amount;
  totals.under_way -= event.amount + event.released;
}
void add_payment(PaymentTotals& totals, const AuthorizationCaptured& event) {
  totals.captured += event.amount;
  totals.remaining -= event.amount + event.released;
}
void add_payment(PaymentTotals& totals, const PaymentVoided& event) { totals.remaining -= event.amount; }

Minor credited_by(const Event& event) {
  const auto* credited = std::get_if<Credited>(&event);
  return credited == nullptr ? 0 : credited->amount;
}

/// What an event takes from the wallet that refunds, once it is sure enough that nothing else may take it.
Minor refunded_by(const Event& event) {
  if (const auto* out = std::get_if<TransferredOut>(&event))
    return out->amount;
  if (const auto* placed = std::get_if<HoldPlaced>(&event))
    return placed->amount;
  if (const auto* released = std::get_if<HoldReleased>(&event))
    return -released->amount;
  return 0;
}

/// The same for the payer. What his side of a conversion is, the transaction says: paid by a payment, got by a refund.
Minor for_payer(const Record& record, Minor moved) {
  if (!record.transaction || !record.transaction->fx || moved == 0)
    return moved;
  const Transaction& transaction = *record.transaction;
  const Minor amount = transaction.kind == TransactionKind::refund ? transaction.fx->amount : transaction.amount;
  return moved > 0 ? amount : -amount;
}

// The compiler has it, the standard has not: the product of two amounts.
__extension__ using Wide = __int128;

}  // namespace

PaymentTotals totals_of(std::span<const Record> records) {
  PaymentTotals totals;
  for (const Record& record : records) {
    if (!record.transaction)
      continue;
    const Transaction& transaction = *record.transaction;
    const bool is_refund = transaction.kind == TransactionKind::refund;
    const WalletId& payer = is_refund ? transaction.destination : transaction.source;
    for (const Leg& leg : record.all_legs()) {
      if (leg.wallet != payer)
        continue;
      // An automatic payment was authorized by being paid.
      if (transaction.kind == TransactionKind::payment && std::holds_alternative<TransferredOut>(leg.event))
        totals.authorized += transaction.amount;
      if (is_refund) {
        totals.refunded += credited_by(leg.event);
        continue;
      }
      const Minor captured_before = totals.captured;
      std::visit([&totals](const auto& event) { add_payment(totals, event); }, leg.event);
      if (transaction.fx && totals.captured > captured_before)
        totals.converted += transaction.fx->amount;
    }
  }
  return totals;
}

Refundable refundable_of(const WalletId& merchant_wallet, std::span<const Record> records) {
  Refundable refundable;
  for (const Record& record : records) {
    const bool is_refund = record.transaction && record.transaction->kind == TransactionKind::refund;
    for (const Leg& leg : record.all_legs()) {
      if (leg.wallet != merchant_wallet)
        continue;
      const Minor moved = is_refund ? refunded_by(leg.event) : credited_by(leg.event);
      (is_refund ? refundable.refunded : refundable.captured) += moved;
      (is_refund ? refundable.paid_back : refundable.paid) += for_payer(record, moved);
    }
  }
  return refundable;
}

std::expected<RefundShare, Decline> share_of(const Refundable& refundable, Minor wanted) {
  const Minor left_to_payer = refundable.paid - refundable.paid_back;
  const Minor left_of_merchant = refundable.captured - refundable.refunded;
  if (left_to_payer <= 0 || left_of_merchant <= 0 || wanted > left_to_payer)
    return std::unexpected(Decline::refund_exceeded);
  if (wanted == 0 || wanted == left_to_payer)
    return RefundShare{left_of_merchant, left_to_payer};
  if (refundable.captured == refundable.paid && refundable.refunded == refundable.paid_back)
    return RefundShare{wanted, wanted};
  const Wide all_back = Wide{refundable.paid_back} + wanted;
  const auto due = static_cast<Minor>(all_back * refundable.captured / refundable.paid);
  const Minor share = std::min(due - refundable.refunded, left_of_merchant);
  if (share <= 0)
    return std::unexpected(Decline::converts_to_nothing);
  return RefundShare{share, wanted};
}

}  // namespace dompet
