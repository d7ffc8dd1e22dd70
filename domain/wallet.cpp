#include "domain/wallet.hpp"

#include <algorithm>

#include "domain/ensure.hpp"

namespace dompet {

namespace {

using Refusal = std::optional<Decline>;

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

/// Takes `amount` off the hold and forgets the hold once nothing is left. The order of holds carries no meaning.
void shrink_hold(Wallet& wallet, const TransactionId& transaction, Minor amount) {
  Hold& hold = must_find(wallet, transaction);
  ensure(amount > 0 && amount <= hold.amount, "an event takes no more from a hold than it has");
  hold.amount -= amount;
  wallet.held -= amount;
  if (hold.amount == 0) {
    hold = wallet.holds.back();
    wallet.holds.pop_back();
  }
}

void on(Wallet& wallet, const WalletOpened& event) {
  ensure(wallet.status == WalletStatus::absent, "a wallet is opened once");
  wallet.status = WalletStatus::active;
  wallet.currency = event.currency;
  wallet.name = event.name;
  wallet.limits = event.limits;
}

void on(Wallet& wallet, const NameChanged& event) { wallet.name = event.name; }

void on(Wallet& wallet, const LimitsChanged& event) { wallet.limits = event.limits; }

void on(Wallet& wallet, const WalletFrozen&) { wallet.status = WalletStatus::frozen; }

void on(Wallet& wallet, const WalletUnfrozen&) { wallet.status = WalletStatus::active; }

void on(Wallet& wallet, const WalletClosed&) { wallet.status = WalletStatus::closed; }

void on(Wallet& wallet, const Credited& event) {
  wallet.available = must_add(wallet.available, positive(event.amount));
}

void on(Wallet& wallet, const TransferredOut& event) {
  wallet.available = must_add(wallet.available, -positive(event.amount));
}

void on(Wallet& wallet, const HoldPlaced& event) {
  wallet.available = must_add(wallet.available, -positive(event.amount));
  wallet.held = must_add(wallet.held, event.amount);
  wallet.holds.push_back({event.transaction, event.amount});
}

void on(Wallet& wallet, const HoldCaptured& event) { shrink_hold(wallet, event.transaction, event.amount); }

void on(Wallet& wallet, const HoldReleased& event) {
  shrink_hold(wallet, event.transaction, event.amount);
  wallet.available = must_add(wallet.available, event.amount);
}

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
  return WalletOpened{command.currency, command.name, command.limits};
}

Decided<NameChanged> decide(const Wallet& wallet, const ChangeName& command) {
  return if_open(wallet, NameChanged{command.name});
}

Decided<LimitsChanged> decide(const Wallet& wallet, const ChangeLimits& command) {
  if (const Refusal refusal = not_open(wallet))
    return std::unexpected(*refusal);
  if (wallet.available < -command.limits.credit_limit)
    return std::unexpected(Decline::insufficient_funds);
  return LimitsChanged{command.limits};
}

Decided<WalletFrozen> decide(const Wallet& wallet, const FreezeWallet&) { return if_open(wallet, WalletFrozen{}); }

Decided<WalletUnfrozen> decide(const Wallet& wallet, const UnfreezeWallet&) {
  return if_open(wallet, WalletUnfrozen{});
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
  if (const Refusal refusal = immovable(wallet, command.currency))
    return std::unexpected(*refusal);
  const auto total = checked_add(wallet.total(), command.amount);
  if (!total)
    return std::unexpected(Decline::balance_overflow);
  if (wallet.limits.maximum_balance && *total > *wallet.limits.maximum_balance)
    return std::unexpected(Decline::maximum_balance_exceeded);
  return Credited{command.transaction, command.amount};
}

Decided<HoldPlaced> decide(const Wallet& wallet, const PlaceHold& command) {
  if (const Refusal refusal = immovable(wallet, command.currency))
    return std::unexpected(*refusal);
  if (wallet.limits.per_transaction && command.amount > *wallet.limits.per_transaction)
    return std::unexpected(Decline::transaction_limit_exceeded);
  const auto after = checked_subtract(wallet.available, command.amount);
  if (!after || *after < -wallet.limits.credit_limit)
    return std::unexpected(Decline::insufficient_funds);
  if (!checked_add(wallet.held, command.amount))
    return std::unexpected(Decline::balance_overflow);
  return HoldPlaced{command.transaction, command.amount};
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
    if (hold.amount <= 0)
      return false;
    held += hold.amount;
  }
  return wallet.available >= -wallet.limits.credit_limit && wallet.held == held && wallet.limits.credit_limit >= 0;
}

}  // namespace dompet
