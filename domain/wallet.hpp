#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/decline.hpp"
#include "domain/event.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"
#include "domain/record.hpp"

namespace dompet {

enum class WalletStatus : std::uint8_t { absent, active, frozen, closed };

std::string_view name_of(WalletStatus status);

/// Money set aside for one transaction.
struct Hold {
  TransactionId transaction;
  Minor amount = 0;
  /// What it counts as in the wallet's limits until it is captured; given back when it is released.
  Spending spending{};
  /// Of an authorized payment: all that was ever set aside for it, and what was captured or is reserved for captures.
  Minor authorized = 0;
  Minor captured = 0;
  /// Of a converted one: what `captured` came to for the merchant, capture by capture.
  Minor converted = 0;
  /// Of a capture under way: what it comes to for him.
  Minor own_converted = 0;
  /// Of a capture under way: its payment, and how much of `amount` is released when it settles.
  TransactionId parent{};
  Minor rest = 0;
  /// Of an authorized payment and its captures: an officer must look at what is captured.
  bool is_to_be_reviewed = false;

  bool is_authorization() const { return authorized != 0 && parent == TransactionId{}; }
  bool operator==(const Hold&) const = default;
};

/// What left in the day, week and month of the last counted movement, by SpendingKind less one.
struct Spent {
  std::int32_t day = 0;
  std::array<Minor, counted_spending_kinds> in_day{};
  std::array<Minor, counted_spending_kinds> in_week{};
  std::array<Minor, counted_spending_kinds> in_month{};
  bool operator==(const Spent&) const = default;
};

/// A wallet as replaying its events gives it. Only `apply` changes one, so that replay and live work agree.
struct Wallet {
  WalletId id{};
  WalletStatus status = WalletStatus::absent;
  Currency currency{};
  Minor available = 0;
  Minor held = 0;
  Limits limits{};
  std::string name{};
  std::vector<Hold> holds{};
  UserId owner{};
  Spent spent{};
  std::vector<CardId> blocked_cards{};
  PaidInvoices invoices{};

  /// All that belongs to the wallet's owner: available and held.
  Minor total() const { return available + held; }
  const Hold* find_hold(const TransactionId& transaction) const;

  bool operator==(const Wallet&) const = default;
};

// What a wallet can be asked. Commands are imperative, a refusal is a Decline.

struct OpenWallet {
  Currency currency;
  std::string name;
  Limits limits;
  UserId owner{};
};
struct ChangeName {
  std::string name;
};
struct ChangeLimits {
  Limits limits;
  /// Who asks may lower limits and set those that there are not: declined `forbidden` when any becomes wider than it is
  /// at the moment of the decision.
  bool only_tightens = false;
};
struct FreezeWallet {};
struct UnfreezeWallet {};
struct CloseWallet {};
struct BlockCard {
  CardId card;
};
struct AllowCard {
  CardId card;
};
struct Credit {
  TransactionId transaction;
  Currency currency;
  Minor amount = 0;
  /// Who asks; nil for staff, and for money that another wallet sends.
  UserId on_behalf_of{};
  /// The invoice that it pays, if any: once, and only before it is over.
  std::optional<InvoiceTerms> invoice{};
  /// The clock, for the invoice.
  std::int64_t now_ms = 0;
};
struct PlaceHold {
  TransactionId transaction;
  Currency currency;
  Minor amount = 0;
  Spending spending{};
  /// Who asks; nil for staff and for merchants, who show a card instead.
  UserId on_behalf_of{};
  /// The card that is paid with; nil for none.
  CardId card{};
  bool authorization = false;
};
struct IncreaseHold {
  TransactionId payment;
  Minor amount = 0;
  Spending spending{};
};
/// Takes part of an authorized payment's hold; everything that is left when no amount is named.
struct ReserveCapture {
  TransactionId payment;
  TransactionId capture;
  std::optional<Minor> amount{};
  bool final_capture = false;
};
/// Gives back all that is left of an authorized payment.
struct VoidPayment {
  TransactionId payment;
};
/// The proof for a capture has arrived.
struct SettleCapture {
  TransactionId capture;
};
struct ReturnCapture {
  TransactionId capture;
};
struct CaptureHold {
  TransactionId transaction;
  Minor amount = 0;
};
struct ReleaseHold {
  TransactionId transaction;
};

template <class Fact>
using Decided = std::expected<Fact, Decline>;

// Pure decisions: state and command in, one event or the first decline by precedence out. Nothing is changed.
Decided<WalletOpened> decide(const Wallet& wallet, const OpenWallet& command);
Decided<NameChanged> decide(const Wallet& wallet, const ChangeName& command);
Decided<LimitsChanged> decide(const Wallet& wallet, const ChangeLimits& command);
/// Freezing a frozen wallet and unfreezing an active one are accepted: saying it twice is no mistake.
Decided<WalletFrozen> decide(const Wallet& wallet, const FreezeWallet& command);
Decided<WalletUnfrozen> decide(const Wallet& wallet, const UnfreezeWallet& command);
/// Only an empty wallet without holds can be closed, and never reopened.
Decided<WalletClosed> decide(const Wallet& wallet, const CloseWallet& command);
/// Saying it twice is no mistake here either.
Decided<CardBlocked> decide(const Wallet& wallet, const BlockCard& command);
Decided<CardAllowed> decide(const Wallet& wallet, const AllowCard& command);
/// A frozen wallet takes no money in either.
Decided<Credited> decide(const Wallet& wallet, const Credit& command);
Decided<HoldPlaced> decide(const Wallet& wallet, const PlaceHold& command);
/// Capture and release are always allowed, whatever the wallet's status (protocol 5.4).
Decided<HoldCaptured> decide(const Wallet& wallet, const CaptureHold& command);
Decided<HoldReleased> decide(const Wallet& wallet, const ReleaseHold& command);
/// Obeys what a new hold of the whole amount would have to obey.
Decided<HoldIncreased> decide(const Wallet& wallet, const IncreaseHold& command);
/// Captures and voids are allowed whatever the wallet's status, as long as the payment has something left.
Decided<CaptureReserved> decide(const Wallet& wallet, const ReserveCapture& command);
Decided<PaymentVoided> decide(const Wallet& wallet, const VoidPayment& command);
Decided<CaptureSettled> decide(const Wallet& wallet, const SettleCapture& command);
Decided<CaptureReturned> decide(const Wallet& wallet, const ReturnCapture& command);

/// What a reserved capture comes to when it settles in the same record.
AuthorizationCaptured settled_at_once(const CaptureReserved& reserved);

/// How an authorized payment stands; all zero when it has no hold (any more).
PaymentState payment_state(const Wallet& wallet, const TransactionId& payment);

/// How the authorized payment that an event is about stands after it; nothing for other events. `before` is the wallet
/// that it happens to.
std::optional<PaymentState> payment_after(const Wallet& before, const Event& event);

/// Whether somebody may use the wallet: staff (nil) and its owner.
bool may_use(const Wallet& wallet, const UserId& on_behalf_of);

/// Makes the event part of the wallet. Total: it throws Bug only when the event cannot belong to this wallet,
/// which means that the journal or the program is broken.
void apply(Wallet& wallet, const Event& event);

/// I2: available covers the credit limit, held is the sum of the holds, nothing is negative that must not be.
bool within_bounds(const Wallet& wallet);

}  // namespace dompet
