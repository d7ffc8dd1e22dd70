#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "domain/ids.hpp"
#include "domain/invoice.hpp"
#include "domain/money.hpp"

namespace dompet {

/// Why money leaves a wallet, as its limits tell it apart. The numbers are stored. A refund, and what was written
/// before there were such limits, is uncounted.
enum class SpendingKind : std::uint8_t { uncounted = 0, transfer = 1, withdrawal = 2, payment = 3 };
inline constexpr std::size_t counted_spending_kinds = 3;

/// What a movement counts as, and when: `day` is the UTC day since 1970-01-01.
struct Spending {
  SpendingKind kind = SpendingKind::uncounted;
  std::int32_t day = 0;
  bool operator==(const Spending&) const = default;
};

/// The most that may leave in a UTC day, an ISO week, a month.
struct PeriodLimits {
  std::optional<Minor> day{};
  std::optional<Minor> week{};
  std::optional<Minor> month{};
  bool operator==(const PeriodLimits&) const = default;
};

/// What a wallet must obey when it decides. All amounts in minor units of its currency.
struct Limits {
  /// The most that may leave in one transaction.
  std::optional<Minor> per_transaction{};
  /// The most that available and held may come to together.
  std::optional<Minor> maximum_balance{};
  /// How far available may fall below zero.
  Minor credit_limit = 0;
  /// Of everything that leaves and is counted.
  PeriodLimits out{};
  /// Of transfers, withdrawals and payments: by SpendingKind, less one.
  std::array<PeriodLimits, counted_spending_kinds> out_by_kind{};

  bool operator==(const Limits&) const = default;
};

// What happened to one wallet. Each is a fact: `apply` never refuses it. A new kind needs one `apply` case in
// wallet.cpp, its postings in posting.cpp and one line in the journal's codec.

struct WalletOpened {
  Currency currency;
  std::string name;
  Limits limits;
  /// Nil for a wallet of nobody's, which only staff can use.
  UserId owner{};
  bool operator==(const WalletOpened&) const = default;
};

struct NameChanged {
  std::string name;
  bool operator==(const NameChanged&) const = default;
};

struct LimitsChanged {
  Limits limits;
  bool operator==(const LimitsChanged&) const = default;
};

struct WalletFrozen {
  bool operator==(const WalletFrozen&) const = default;
};

struct WalletUnfrozen {
  bool operator==(const WalletUnfrozen&) const = default;
};

struct WalletClosed {
  bool operator==(const WalletClosed&) const = default;
};

/// Money arrived, spendable at once.
struct Credited {
  TransactionId transaction;
  Minor amount = 0;
  /// The invoice that it paid, if any.
  std::optional<InvoicePaid> invoice{};
  bool operator==(const Credited&) const = default;
};

/// Money left in one step: hold and capture of the same amount whose hold nobody else ever saw (protocol 5.6).
struct TransferredOut {
  TransactionId transaction;
  Minor amount = 0;
  Spending spending{};
  bool operator==(const TransferredOut&) const = default;
};

/// Money was set aside: still the wallet's, no longer available.
struct HoldPlaced {
  TransactionId transaction;
  Minor amount = 0;
  Spending spending{};
  /// A payment was authorized: captures take from it until it is used up, voided or expired.
  bool authorization = false;
  /// An officer must look at every capture of it.
  bool is_to_be_reviewed = false;
  bool operator==(const HoldPlaced&) const = default;
};

/// More was set aside for an authorized payment. The whole hold then counts as spent on that day.
struct HoldIncreased {
  TransactionId payment;
  Minor amount = 0;
  Spending spending{};
  /// From now on an officer must look at every capture of it.
  bool is_to_be_reviewed = false;
  bool operator==(const HoldIncreased&) const = default;
};

/// Held money left. A hold can be captured in several parts.
struct HoldCaptured {
  TransactionId transaction;
  Minor amount = 0;
  bool operator==(const HoldCaptured&) const = default;
};

/// Held money became available again.
struct HoldReleased {
  TransactionId transaction;
  Minor amount = 0;
  bool operator==(const HoldReleased&) const = default;
};

/// A capture was begun by single steps: its amount, and with a final one the `rest`, moved from the payment's hold to a
/// hold of the capture's own.
struct CaptureReserved {
  TransactionId payment;
  TransactionId capture;
  Minor amount = 0;
  Minor rest = 0;
  /// Of a converted payment: what `amount` comes to for the merchant.
  Minor converted = 0;
  bool operator==(const CaptureReserved&) const = default;
};

/// The capture's amount left, its rest became available again.
struct CaptureSettled {
  TransactionId capture;
  Minor amount = 0;
  Minor released = 0;
  bool operator==(const CaptureSettled&) const = default;
};

/// The merchant's wallet refused: what the capture had reserved is the payment's again.
struct CaptureReturned {
  TransactionId payment;
  TransactionId capture;
  Minor amount = 0;
  bool operator==(const CaptureReturned&) const = default;
};

/// Reserved and settled at once (protocol 5.6): part of a payment's hold left, `released` became available again.
struct AuthorizationCaptured {
  TransactionId payment;
  Minor amount = 0;
  Minor released = 0;
  /// As of CaptureReserved.
  Minor converted = 0;
  bool operator==(const AuthorizationCaptured&) const = default;
};

/// What was left of an authorized payment became available again: the merchant gave it up, or its time was over.
struct PaymentVoided {
  TransactionId payment;
  Minor amount = 0;
  bool operator==(const PaymentVoided&) const = default;
};

/// The card cannot be used to pay from this wallet: it was frozen or put into the trash.
struct CardBlocked {
  CardId card;
  bool operator==(const CardBlocked&) const = default;
};

struct CardAllowed {
  CardId card;
  bool operator==(const CardAllowed&) const = default;
};

using Event =
    std::variant<WalletOpened, NameChanged, LimitsChanged, WalletFrozen, WalletUnfrozen, WalletClosed, Credited,
                 TransferredOut, HoldPlaced, HoldIncreased, HoldCaptured, HoldReleased, CaptureReserved, CaptureSettled,
                 CaptureReturned, AuthorizationCaptured, PaymentVoided, CardBlocked, CardAllowed>;

}  // namespace dompet
