#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "domain/assessment.hpp"
#include "domain/decline.hpp"
#include "domain/event.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"
#include "domain/rate.hpp"
#include "domain/shard.hpp"

namespace dompet {

/// A SHA-256.
using Digest = std::array<std::uint8_t, 32>;

/// The numbers are stored. Captures, increments and voids are acts on a payment: clients see the payment.
enum class TransactionKind : std::uint8_t {
  topup = 1,
  transfer = 2,
  withdrawal = 3,
  payment = 4,
  refund = 5,
  capture = 6,
  increment = 7,
  void_payment = 8,
};

constexpr bool is_act_on_payment(TransactionKind kind) {
  return kind == TransactionKind::capture || kind == TransactionKind::increment ||
         kind == TransactionKind::void_payment;
}

std::string_view name_of(TransactionKind kind);

/// What the destination of a converted transaction gets: another currency than the source pays, by the quote's rate.
struct FxLeg {
  QuoteId quote{};
  /// Units of the destination's currency for one of the source's. Of a refund it is the payment's, from the payer's
  /// currency to the merchant's.
  Rate rate{};
  Currency currency{};
  Minor amount = 0;
  /// When the rate was so, milliseconds since 1970, as its source says; of two crossed ones the older.
  std::int64_t rate_at_ms = 0;
  bool operator==(const FxLeg&) const = default;
};

/// What a client asked to move: the same in every record of one transaction.
struct Transaction {
  TransactionId id{};
  TransactionKind kind = TransactionKind::transfer;
  /// What the source pays; of what the destination gets, `credit_of` tells.
  Currency currency{};
  Minor amount = 0;
  /// The wallet that pays; nil for a top-up, whose money comes from outside.
  WalletId source{};
  /// The wallet that receives; nil for a withdrawal, whose money goes outside.
  WalletId destination{};
  /// How a top-up or a payment was paid, or the provider of a withdrawal; it names the external account
  /// `external:<method>:<currency>`.
  std::string method{};
  std::string description{};
  /// The client's own JSON object, as text; empty when there is none.
  std::string metadata{};
  /// The payment that a capture, increment, void or refund belongs to.
  TransactionId parent{};
  MerchantId merchant{};
  CardId card{};
  /// Where a withdrawal goes: `<bank_code>/<account_number>`.
  std::string payout_account{};
  /// A payment that is authorized now and captured later.
  bool manual_capture = false;
  /// A capture after which nothing more will be captured: the rest is released.
  bool final_capture = false;
  /// When an authorization ends, milliseconds since 1970; zero for everything else.
  std::int64_t expires_at_ms = 0;
  /// Of a transaction between two currencies.
  std::optional<FxLeg> fx{};
  /// Of a payment of an invoice; `destination` is the wallet that decides whether it is paid.
  std::optional<Bill> bill{};

  bool operator==(const Transaction&) const = default;
};

/// What the destination gets: the source's own money, unless it is converted.
Money credit_of(const Transaction& transaction);
/// The currency of the wallet on one side of it.
Currency currency_at(const Transaction& transaction, const WalletId& wallet);

/// Whether it has anything of what only payments, their acts, refunds and withdrawals have: `parent` to
/// `expires_at_ms`.
bool has_payment_details(const Transaction& transaction);

/// How an authorized payment stands after a record, in minor units of its currency.
struct PaymentState {
  /// All that was ever set aside for it.
  Minor authorized = 0;
  Minor captured = 0;
  /// What can still be captured.
  Minor remaining = 0;
  /// Of a converted payment: what its captures came to for the merchant, in minor units of his currency. Each was
  /// rounded by itself, so it is not what `captured` comes to.
  Minor converted = 0;
  bool operator==(const PaymentState&) const = default;
};

/// A request's idempotency: which key it came with, and a hash of what it asked for.
struct Stamp {
  KeyId key{};
  std::uint64_t fingerprint = 0;
  bool operator==(const Stamp&) const = default;
};

/// Whether an officer must let it go on: nobody is asked to take the money before.
bool awaits_review(const std::optional<Assessment>& risk);

/// What one record did to one wallet, with the state that it left there.
struct Leg {
  WalletId wallet{};
  Event event{};
  /// Contiguous per wallet, from 1.
  std::uint64_t seq = 0;
  Minor available_after = 0;
  Minor held_after = 0;
  /// Of the wallet's previous digest and this leg: the wallet's hash chain.
  Digest digest{};

  bool operator==(const Leg&) const = default;
};

/// The numbers are stored in the journal: never reuse one.
enum class RecordKind : std::uint8_t {
  /// A wallet was opened, renamed, limited, frozen, unfrozen or closed: one leg.
  wallet_changed = 1,
  /// Money came from outside: one leg.
  topup = 2,
  /// A whole transfer in one record: the source's leg and the destination's (protocol 5.6, compact form).
  transfer = 3,
  /// A money request was refused for good: no leg, kept for its idempotency key.
  declined = 4,
  /// The saga is RESERVED, or UNDER_REVIEW when its assessment says so: the source's leg.
  hold_placed = 5,
  /// The destination decided CREDITED: its leg.
  transfer_credited = 6,
  /// The destination decided REFUSED, or was told to before any credit (tombstone): no leg.
  transfer_refused = 7,
  /// The saga is CANCELLING: no leg.
  transfer_cancelling = 8,
  /// The saga is SETTLED: the source's leg.
  hold_captured = 9,
  /// The saga is RELEASED: the source's leg.
  hold_released = 10,
  /// Money was set aside for a payment with manual capture: the payer's leg.
  payment_authorized = 11,
  /// More of it: the payer's leg.
  payment_incremented = 12,
  /// What was left was given back, by the merchant or because the time was over: the payer's leg.
  payment_voided = 13,
  /// A top-up that a provider must confirm: no leg. The saga is RESERVED, or UNDER_REVIEW.
  topup_begun = 14,
  /// The provider refused it: no leg. The saga is RELEASED.
  topup_refused = 15,
  /// An officer let it go on: no leg. The saga was UNDER_REVIEW and is RESERVED.
  review_approved = 16,
};

/// One row of the journal, the unit of truth. The record is the transaction wherever that is possible: both
/// wallets' events in one row (docs/decisions/0001).
struct Record {
  RecordKind kind = RecordKind::wallet_changed;
  /// Of a money record its transaction; of a wallet change its own id, which carries the time of the request.
  TransactionId id{};
  std::shared_ptr<const Transaction> transaction{};
  std::optional<Decline> decline{};
  std::optional<Stamp> stamp{};
  /// Of records of a payment with manual capture.
  std::optional<PaymentState> payment{};
  /// Of the record that begins a movement which risk rules looked at.
  std::optional<Assessment> risk{};
  /// Of the record that ends a review by an officer's decision.
  std::optional<Verdict> verdict{};
  std::array<Leg, 2> leg{};
  std::uint8_t legs = 0;

  // Given by the commit lane when the record is sealed into a batch.
  Shard shard = 0;
  std::uint64_t shard_seq = 0;
  std::uint64_t epoch = 0;
  std::uint64_t batch = 0;
  /// When it was sealed, milliseconds since 1970.
  std::int64_t at_ms = 0;

  std::span<Leg> all_legs() { return {leg.data(), legs}; }
  std::span<const Leg> all_legs() const { return {leg.data(), legs}; }
  void add_leg(const WalletId& wallet, Event event) {
    leg[legs].wallet = wallet;
    leg[legs++].event = std::move(event);
  }

  bool operator==(const Record&) const = default;
};

}  // namespace dompet
