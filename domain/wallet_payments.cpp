#include <algorithm>

#include "domain/spending.hpp"
#include "domain/wallet.hpp"

// The life of an authorized payment in its payer's wallet: increment, capture, void. What a hold must obey when it is
// placed is in wallet.cpp; captures and voids only look at the hold.

namespace dompet {

namespace {

const Hold* find_authorization(const Wallet& wallet, const TransactionId& payment) {
  const Hold* hold = wallet.find_hold(payment);
  return hold != nullptr && hold->is_authorization() ? hold : nullptr;
}

const Hold* find_capture(const Wallet& wallet, const TransactionId& capture) {
  const Hold* hold = wallet.find_hold(capture);
  return hold != nullptr && hold->parent != TransactionId{} ? hold : nullptr;
}

}  // namespace

Decided<HoldIncreased> decide(const Wallet& wallet, const IncreaseHold& command) {
  const Hold* hold = find_authorization(wallet, command.payment);
  if (hold == nullptr)
    return std::unexpected(Decline::payment_not_open);
  if (!checked_add(hold->authorized, command.amount))
    return std::unexpected(Decline::balance_overflow);
  // As if the whole were placed anew: what it already takes is available to it.
  Wallet before = wallet;
  apply(before, HoldReleased{command.payment, hold->amount});
  const auto placed = decide(before, PlaceHold{.transaction = command.payment,
                                               .currency = wallet.currency,
                                               .amount = hold->amount + command.amount,
                                               .spending = command.spending});
  if (!placed)
    return std::unexpected(placed.error());
  if (wallet.limits.per_transaction && hold->authorized + command.amount > *wallet.limits.per_transaction)
    return std::unexpected(Decline::transaction_limit_exceeded);
  return HoldIncreased{command.payment, command.amount, command.spending};
}

Decided<CaptureReserved> decide(const Wallet& wallet, const ReserveCapture& command) {
  const Hold* hold = find_authorization(wallet, command.payment);
  if (hold == nullptr)
    return std::unexpected(Decline::payment_not_open);
  const Minor amount = command.amount.value_or(hold->amount);
  if (amount > hold->amount)
    return std::unexpected(Decline::hold_exceeded);
  return CaptureReserved{command.payment, command.capture, amount, command.final_capture ? hold->amount - amount : 0};
}

Decided<PaymentVoided> decide(const Wallet& wallet, const VoidPayment& command) {
  const Hold* hold = find_authorization(wallet, command.payment);
  if (hold == nullptr)
    return std::unexpected(Decline::payment_not_open);
  return PaymentVoided{command.payment, hold->amount};
}

Decided<CaptureSettled> decide(const Wallet& wallet, const SettleCapture& command) {
  const Hold* hold = find_capture(wallet, command.capture);
  if (hold == nullptr)
    return std::unexpected(Decline::hold_not_found);
  return CaptureSettled{command.capture, hold->amount - hold->rest, hold->rest};
}

Decided<CaptureReturned> decide(const Wallet& wallet, const ReturnCapture& command) {
  const Hold* hold = find_capture(wallet, command.capture);
  if (hold == nullptr)
    return std::unexpected(Decline::hold_not_found);
  return CaptureReturned{hold->parent, command.capture, hold->amount};
}

AuthorizationCaptured settled_at_once(const CaptureReserved& reserved) {
  return {reserved.payment, reserved.amount, reserved.rest, reserved.converted};
}

PaymentState payment_state(const Wallet& wallet, const TransactionId& payment) {
  if (const Hold* hold = find_authorization(wallet, payment))
    return {hold->authorized, hold->captured, hold->amount, hold->converted};
  const auto capture = std::ranges::find(wallet.holds, payment, &Hold::parent);
  if (capture == wallet.holds.end())
    return {};
  return {capture->authorized, capture->captured, 0, capture->converted};
}

namespace {

struct PaymentAfter {
  using State = std::optional<PaymentState>;
  const Wallet& before;

  State changed(const TransactionId& payment, Minor authorized, Minor captured, Minor remaining,
                Minor converted = 0) const {
    PaymentState state = payment_state(before, payment);
    state.authorized += authorized;
    state.captured += captured;
    state.remaining += remaining;
    state.converted += converted;
    return state;
  }
  State changed_by(const TransactionId& capture, Minor remaining) const {
    const Hold* hold = find_capture(before, capture);
    if (hold == nullptr)
      return std::nullopt;
    const bool returns = remaining != 0;
    return changed(hold->parent, 0, returns ? hold->rest - remaining : 0, remaining,
                   returns ? -hold->own_converted : 0);
  }
  State operator()(const HoldPlaced& fact) const {
    return fact.authorization ? State{{.authorized = fact.amount, .remaining = fact.amount}} : std::nullopt;
  }
  State operator()(const HoldIncreased& fact) const { return changed(fact.payment, fact.amount, 0, fact.amount); }
  State operator()(const CaptureReserved& fact) const {
    return changed(fact.payment, 0, fact.amount, -fact.amount - fact.rest, fact.converted);
  }
  State operator()(const CaptureSettled& fact) const { return changed_by(fact.capture, 0); }
  State operator()(const CaptureReturned& fact) const { return changed_by(fact.capture, fact.amount); }
  State operator()(const AuthorizationCaptured& fact) const {
    return changed(fact.payment, 0, fact.amount, -fact.amount - fact.released, fact.converted);
  }
  State operator()(const PaymentVoided& fact) const { return changed(fact.payment, 0, 0, -fact.amount); }
  State operator()(const auto&) const { return std::nullopt; }
};

}  // namespace

std::optional<PaymentState> payment_after(const Wallet& before, const Event& event) {
  return std::visit(PaymentAfter{before}, event);
}

bool may_use(const Wallet& wallet, const UserId& on_behalf_of) {
  return on_behalf_of == UserId{} || on_behalf_of == wallet.owner;
}

}  // namespace dompet
