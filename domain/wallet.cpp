#include "domain/wallet.hpp"

#include <algorithm>

#include "domain/ensure.hpp"
#include "domain/spending.hpp"

namespace dompet {

namespace {

using Refusal = std::optional<Decline>;

/// Nothing is no limit, so that anything is tighter.
bool is_as_tight(const std::optional<Minor>& limit, const std::optional<Minor>& than) {
  return !than || (limit && *limit <= *than);
}

bool is_as_tight(const PeriodLimits& limits, const PeriodLimits& than) {
  return is_as_tight(limits.day, than.day) && is_as_tight(limits.week, than.week) &&
         is_as_tight(limits.month, than.month);
}

bool is_as_tight(const Limits& limits, const Limits& than) {
  return is_as_tight(limits.per_transaction, than.per_transaction) &&
         is_as_tight(limits.maximum_balance, than.maximum_balance) && limits.credit_limit <= than.credit_limit &&
         is_as_tight(limits.out, than.out) &&
         std::ranges::equal(
             limits.out_by_kind, than.out_by_kind,
             [](const PeriodLimits& left, const PeriodLimits& right) { return is_as_tight(left, right); });
}

Refusal not_open(const Wallet& wallet) {
  if (wallet.status == WalletStatus::absent)
    return Decline::wallet_not_found;
  if (wallet.status == WalletStatus::closed)
    return Decline::wallet_closed;
  return std::nullopt;
}

/// What keeps money of this currency from moving at all, in or out.
Refusal immovable(const Wallet& wallet, const Currency& currency) {
  if (const Refusal refusal = not_open(wallet))
    return refusal;
  if (wallet.status == WalletStatus::frozen)
    return Decline::wallet_frozen;
  if (wallet.currency != currency)
    return Decline::currency_mismatch;
  return std::nullopt;
}

template <class Fact>
Decided<Fact> if_open(const Wallet& wallet, Fact fact) {
  if (const Refusal refusal = not_open(wallet))
    return std::unexpected(*refusal);
  return fact;
}

Minor must_add(Minor left, Minor right) {
  const auto sum = checked_add(left, right);
  ensure(sum.has_value(), "a balance stays within 64 bits");
  return *sum;
}

/// Negative amounts would turn one movement into its opposite.
Minor positive(Minor amount) {
  ensure(amount > 0, "an event moves a positive amount");
  return amount;
}

Hold& must_find(Wallet& wallet, const TransactionId& transaction) {
  for (Hold& hold : wallet.holds)
    if (hold.transaction == transaction)
      return hold;
  throw Bug("an event names a hold that the wallet does not have");
}

/// The order of holds carries no meaning.
void forget_if_empty(Wallet& wallet, Hold& hold) {
  if (hold.amount != 0)
    return;
  hold = wallet.holds.back();
  wallet.holds.pop_back();
}

/// The payment's hold and those of its captures all know how much of it was authorized and captured, so that a capture
/// that returns last still does.
template <class Change>
void each_hold_of(Wallet& wallet, const TransactionId& payment, Change change) {
  for (Hold& hold : wallet.holds)
    if (hold.transaction == payment || hold.parent == payment)
      change(hold);
}

void add_captured(Wallet& wallet, const TransactionId& payment, Minor amount, Minor converted) {
  each_hold_of(wallet, payment, [amount, converted](Hold& hold) {
    hold.captured = must_add(hold.captured, amount);
    hold.converted = must_add(hold.converted, converted);
  });
}

/// Takes `amount` off the hold and forgets the hold once nothing is left. Says what it counted as.
Spending shrink_hold(Wallet& wallet, const TransactionId& transaction, Minor amount) {
  Hold& hold = must_find(wallet, transaction);
  ensure(amount > 0 && amount <= hold.amount, "an event takes no more from a hold than it has");
  const Spending spending = hold.spending;
  hold.amount -= amount;
  wallet.held -= amount;
  forget_if_empty(wallet, hold);
  return spending;
}

/// Part of a hold that leaves as capture comes back to the owner.
void release(Wallet& wallet, Minor amount, const Spending& spending) {
  ensure(amount >= 0, "what is released is not negative");
  wallet.held -= amount;
  wallet.available = must_add(wallet.available, amount);
  give_back(wallet.spent, amount, spending);
}

void on(Wallet& wallet, const WalletOpened& event) {
  ensure(wallet.status == WalletStatus::absent, "a wallet is opened once");
  wallet.status = WalletStatus::active;
  wallet.currency = event.currency;
  wallet.name = event.name;
  wallet.limits = event.limits;
  wallet.owner = event.owner;
}

void on(Wallet& wallet, const NameChanged& event) { wallet.name = event.name; }

void on(Wallet& wallet, const LimitsChanged& event) { wallet.limits = event.limits; }

void on(Wallet& wallet, const WalletFrozen&) { wallet.status = WalletStatus::frozen; }

void on(Wallet& wallet, const WalletUnfrozen&) { wallet.status = WalletStatus::active; }

void on(Wallet& wallet, const WalletClosed&) { wallet.status = WalletStatus::closed; }

void on(Wallet& wallet, const Credited& event) {
  wallet.available = must_add(wallet.available, positive(event.amount));
  if (event.invoice)
    remember(wallet.invoices, *event.invoice);
}

void on(Wallet& wallet, const TransferredOut& event) {
  wallet.available = must_add(wallet.available, -positive(event.amount));
  count(wallet.spent, event.amount, event.spending);
}

void on(Wallet& wallet, const HoldPlaced& event) {
  wallet.available = must_add(wallet.available, -positive(event.amount));
  wallet.held = must_add(wallet.held, event.amount);
  wallet.holds.push_back({.transaction = event.transaction,
                          .amount = event.amount,
                          .spending = event.spending,
                          .authorized = event.authorization ? event.amount : 0,
                          .is_to_be_reviewed = event.is_to_be_reviewed});
  count(wallet.spent, event.amount, event.spending);
}

void on(Wallet& wallet, const HoldIncreased& event) {
  Hold& hold = must_find(wallet, event.payment);
  wallet.available = must_add(wallet.available, -positive(event.amount));
  wallet.held = must_add(wallet.held, event.amount);
  give_back(wallet.spent, hold.amount, hold.spending);
  hold.amount = must_add(hold.amount, event.amount);
  each_hold_of(wallet, event.payment,
               [&event](Hold& of_payment) { of_payment.authorized = must_add(of_payment.authorized, event.amount); });
  hold.spending = event.spending;
  hold.is_to_be_reviewed |= event.is_to_be_reviewed;
  count(wallet.spent, hold.amount, hold.spending);
}

void on(Wallet& wallet, const HoldCaptured& event) { shrink_hold(wallet, event.transaction, event.amount); }

void on(Wallet& wallet, const HoldReleased& event) {
  const Spending spending = shrink_hold(wallet, event.transaction, event.amount);
  wallet.available = must_add(wallet.available, event.amount);
  give_back(wallet.spent, event.amount, spending);
}

void on(Wallet& wallet, const PaymentVoided& event) { on(wallet, HoldReleased{event.payment, event.amount}); }

void on(Wallet& wallet, const CaptureReserved& event) {
  Hold& hold = must_find(wallet, event.payment);
  const Minor taken = must_add(positive(event.amount), event.rest);
  ensure(event.rest >= 0 && taken <= hold.amount, "a capture takes no more from a hold than it has");
  hold.amount -= taken;
  add_captured(wallet, event.payment, event.amount, event.converted);
  const Hold capture{.transaction = event.capture,
                     .amount = taken,
                     .spending = hold.spending,
                     .authorized = hold.authorized,
                     .captured = hold.captured,
                     .converted = hold.converted,
                     .own_converted = event.converted,
                     .parent = event.payment,
                     .rest = event.rest,
                     .is_to_be_reviewed = hold.is_to_be_reviewed};
  forget_if_empty(wallet, hold);
  wallet.holds.push_back(capture);
}

void on(Wallet& wallet, const CaptureSettled& event) {
  Hold& hold = must_find(wallet, event.capture);
  ensure(hold.amount == positive(event.amount) + event.released, "a capture settles as it was reserved");
  const Spending spending = hold.spending;
  wallet.held -= event.amount;
  release(wallet, event.released, spending);
  hold.amount = 0;
  forget_if_empty(wallet, hold);
}

void on(Wallet& wallet, const CaptureReturned& event) {
  Hold& hold = must_find(wallet, event.capture);
  ensure(hold.amount == positive(event.amount) && hold.parent == event.payment, "a capture returns as it was reserved");
  const Hold capture = hold;
  hold.amount = 0;
  forget_if_empty(wallet, hold);
  if (wallet.find_hold(event.payment) == nullptr)
    wallet.holds.push_back({.transaction = event.payment,
                            .spending = capture.spending,
                            .authorized = capture.authorized,
                            .captured = capture.captured,
                            .converted = capture.converted,
                            .is_to_be_reviewed = capture.is_to_be_reviewed});
  Hold& payment = must_find(wallet, event.payment);
  payment.amount = must_add(payment.amount, event.amount);
  add_captured(wallet, event.payment, capture.rest - event.amount, -capture.own_converted);
  // An increment may have dated the payment anew since.
  give_back(wallet.spent, event.amount, capture.spending);
  count(wallet.spent, event.amount, payment.spending);
}

void on(Wallet& wallet, const AuthorizationCaptured& event) {
  Hold& hold = must_find(wallet, event.payment);
  const Minor taken = must_add(positive(event.amount), event.released);
  ensure(event.released >= 0 && taken <= hold.amount, "a capture takes no more from a hold than it has");
  const Spending spending = hold.spending;
  hold.amount -= taken;
  add_captured(wallet, event.payment, event.amount, event.converted);
  wallet.held -= event.amount;
  release(wallet, event.released, spending);
  forget_if_empty(wallet, hold);
}

void on(Wallet& wallet, const CardBlocked& event) {
  if (std::ranges::find(wallet.blocked_cards, event.card) == wallet.blocked_cards.end())
    wallet.blocked_cards.push_back(event.card);
}

void on(Wallet& wallet, const CardAllowed& event) { std::erase(wallet.blocked_cards, event.card); }

}  // namespace

std::string_view name_of(WalletStatus status) {
  switch (status) {
    case WalletStatus::absent: return "absent";
    case WalletStatus::active: return "active";
    case WalletStatus::frozen: return "frozen";
    case WalletStatus::closed: return "closed";
  }
  throw Bug("a wallet has a known status");
}

const Hold* Wallet::find_hold(const TransactionId& transaction) const {
  const auto found = std::ranges::find(holds, transaction, &Hold::transaction);
  return found == holds.end() ? nullptr : &*found;
}

Decided<WalletOpened> decide(const Wallet& wallet, const OpenWallet& command) {
  if (wallet.status != WalletStatus::absent)
    return std::unexpected(Decline::already_exists);
  return WalletOpened{command.currency, command.name, command.limits, command.owner};
}

Decided<NameChanged> decide(const Wallet& wallet, const ChangeName& command) {
  return if_open(wallet, NameChanged{command.name});
}

Decided<LimitsChanged> decide(const Wallet& wallet, const ChangeLimits& command) {
  if (const Refusal refusal = not_open(wallet))
    return std::unexpected(*refusal);
  if (command.only_tightens && !is_as_tight(command.limits, wallet.limits))
    return std::unexpected(Decline::forbidden);
  if (wallet.available < -command.limits.credit_limit)
    return std::unexpected(Decline::insufficient_funds);
  return LimitsChanged{command.limits};
}

Decided<WalletFrozen> decide(const Wallet& wallet, const FreezeWallet&) { return if_open(wallet, WalletFrozen{}); }

Decided<WalletUnfrozen> decide(const Wallet& wallet, const UnfreezeWallet&) {
  return if_open(wallet, WalletUnfrozen{});
}

Decided<CardBlocked> decide(const Wallet& wallet, const BlockCard& command) {
  return if_open(wallet, CardBlocked{command.card});
}

Decided<CardAllowed> decide(const Wallet& wallet, const AllowCard& command) {
  return if_open(wallet, CardAllowed{command.card});
}

Decided<WalletClosed> decide(const Wallet& wallet, const CloseWallet&) {
  if (const Refusal refusal = not_open(wallet))
    return std::unexpected(*refusal);
  if (!wallet.holds.empty())
    return std::unexpected(Decline::wallet_has_holds);
  if (wallet.available != 0)
    return std::unexpected(Decline::wallet_not_empty);
  return WalletClosed{};
}

Decided<Credited> decide(const Wallet& wallet, const Credit& command) {
  if (!may_use(wallet, command.on_behalf_of))
    return std::unexpected(Decline::wallet_not_found);
  if (const Refusal refusal = immovable(wallet, command.currency))
    return std::unexpected(*refusal);
  const auto total = checked_add(wallet.total(), command.amount);
  if (!total)
    return std::unexpected(Decline::balance_overflow);
  if (wallet.limits.maximum_balance && *total > *wallet.limits.maximum_balance)
    return std::unexpected(Decline::maximum_balance_exceeded);
  if (!command.invoice)
    return Credited{command.transaction, command.amount};
  if (const Refusal refusal =
          fault_of(wallet.invoices, *command.invoice, unix_ms_of(command.transaction.uuid), command.now_ms))
    return std::unexpected(*refusal);
  return Credited{command.transaction, command.amount,
                  InvoicePaid{*command.invoice, paid_at(wallet.invoices, command.now_ms)}};
}

Decided<HoldPlaced> decide(const Wallet& wallet, const PlaceHold& command) {
  if (!may_use(wallet, command.on_behalf_of))
    return std::unexpected(Decline::wallet_not_found);
  if (const Refusal refusal = immovable(wallet, command.currency))
    return std::unexpected(*refusal);
  if (std::ranges::find(wallet.blocked_cards, command.card) != wallet.blocked_cards.end())
    return std::unexpected(Decline::card_blocked);
  if (wallet.limits.per_transaction && command.amount > *wallet.limits.per_transaction)
    return std::unexpected(Decline::transaction_limit_exceeded);
  if (const Refusal refusal = over_limit(wallet, command.amount, command.spending))
    return std::unexpected(*refusal);
  const auto after = checked_subtract(wallet.available, command.amount);
  if (!after || *after < -wallet.limits.credit_limit)
    return std::unexpected(Decline::insufficient_funds);
  if (!checked_add(wallet.held, command.amount))
    return std::unexpected(Decline::balance_overflow);
  return HoldPlaced{command.transaction, command.amount, command.spending, command.authorization};
}

Decided<HoldCaptured> decide(const Wallet& wallet, const CaptureHold& command) {
  const Hold* hold = wallet.find_hold(command.transaction);
  if (hold == nullptr)
    return std::unexpected(Decline::hold_not_found);
  if (command.amount > hold->amount)
    return std::unexpected(Decline::hold_exceeded);
  return HoldCaptured{command.transaction, command.amount};
}

Decided<HoldReleased> decide(const Wallet& wallet, const ReleaseHold& command) {
  const Hold* hold = wallet.find_hold(command.transaction);
  if (hold == nullptr)
    return std::unexpected(Decline::hold_not_found);
  return HoldReleased{command.transaction, hold->amount};
}

void apply(Wallet& wallet, const Event& event) {
  std::visit([&wallet](const auto& fact) { on(wallet, fact); }, event);
}

bool within_bounds(const Wallet& wallet) {
  Minor held = 0;
  for (const Hold& hold : wallet.holds) {
    if (hold.amount <= 0 || hold.captured < 0 || hold.captured > hold.authorized)
      return false;
    held += hold.amount;
  }
  return wallet.available >= -wallet.limits.credit_limit && wallet.held == held && wallet.limits.credit_limit >= 0;
}

}  // namespace dompet
