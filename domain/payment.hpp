#pragma once

#include <expected>
#include <span>

#include "domain/record.hpp"

namespace dompet {

// What became of a payment. Nothing keeps it: it is what the payment's own record and those that name it as their
// parent add up to (docs/decisions/0008). All in minor units of the payment's currency; records in any order.

struct PaymentTotals {
  /// All that was ever set aside for it, or of an automatic one its amount.
  Minor authorized = 0;
  /// What left the payer's wallet.
  Minor captured = 0;
  /// What came back to the payer's wallet.
  Minor refunded = 0;
  /// What can still be captured.
  Minor remaining = 0;
  /// What captures that are not decided yet have reserved, with what final ones will release.
  Minor under_way = 0;
  /// Of a converted payment: what left came to for the merchant, in minor units of his currency.
  Minor converted = 0;

  bool is_open() const { return remaining > 0 || under_way > 0; }
  bool operator==(const PaymentTotals&) const = default;
};

/// As the payer's wallet has it.
PaymentTotals totals_of(std::span<const Record> records);

/// What a merchant's wallet got by a payment, and what it gave back or has set aside to give back: in its own currency,
/// and as it is for the payer in his. Both are the same unless the payment was converted.
struct Refundable {
  Minor captured = 0;
  Minor refunded = 0;
  Minor paid = 0;
  Minor paid_back = 0;
  bool operator==(const Refundable&) const = default;
};

/// A refund: what leaves the merchant's wallet, and what the payer gets.
struct RefundShare {
  Minor from_merchant = 0;
  Minor to_payer = 0;
  bool operator==(const RefundShare&) const = default;
};

/// What giving `wanted` back to the payer, in his currency, costs the merchant: in proportion of what the one paid and
/// the other got, all refunds together rounded down; whoever asks for all that is left (also by zero) takes exactly
/// what is left on both sides. Declined when more is asked for than is left, or when one of the two would get nothing.
std::expected<RefundShare, Decline> share_of(const Refundable& refundable, Minor wanted);

/// As the merchant's wallet has it.
Refundable refundable_of(const WalletId& merchant_wallet, std::span<const Record> records);

}  // namespace dompet
