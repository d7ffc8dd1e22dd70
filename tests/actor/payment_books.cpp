#include "tests/actor/payment_books.hpp"

#include <variant>

#include "tests/actor/ledger_checker.hpp"

namespace dompet::simulated {

namespace {

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};

void must(bool holds, const std::string& otherwise) {
  if (!holds)
    throw Broken(otherwise);
}

}  // namespace

void PaymentBooks::take(const Record& record) {
  for (const Leg& leg : record.all_legs()) {
    take_payment(record, leg);
    take_merchant(record, leg);
    take_spending(record, leg);
  }
}

void PaymentBooks::take_payment(const Record& record, const Leg& leg) {
  Payment* seen = nullptr;
  const auto add = [&](const TransactionId& id, Minor authorized, Minor captured, Minor reserved, Minor remaining) {
    Payment& payment = payments_[id];
    payment.wallet = leg.wallet;
    payment.authorized += authorized;
    payment.captured += captured;
    payment.reserved += reserved;
    payment.remaining += remaining;
    seen = &payment;
  };
  std::visit(Match{[&](const HoldPlaced& fact) {
                     if (fact.authorization)
                       add(record.id, fact.amount, 0, 0, fact.amount);
                   },
                   [&](const HoldIncreased& fact) { add(fact.payment, fact.amount, 0, 0, fact.amount); },
                   [&](const CaptureReserved& fact) {
                     add(fact.payment, 0, 0, fact.amount + fact.rest, -fact.amount - fact.rest);
                   },
                   [&](const CaptureSettled& fact) {
                     add(record.transaction->parent, 0, fact.amount, -fact.amount - fact.released, 0);
                   },
                   [&](const CaptureReturned& fact) { add(fact.payment, 0, 0, -fact.amount, fact.amount); },
                   [&](const AuthorizationCaptured& fact) {
                     add(fact.payment, 0, fact.amount, 0, -fact.amount - fact.released);
                   },
                   [&](const PaymentVoided& fact) { add(fact.payment, 0, 0, 0, -fact.amount); }, [](const auto&) {}},
             leg.event);
  if (seen == nullptr)
    return;
  const std::string which = "payment " + to_string(record.id);
  must(seen->captured <= seen->authorized, "more was captured of a " + which + " than was authorized");
  must(seen->remaining >= 0 && seen->reserved >= 0, "a " + which + " has less than nothing left");
  must(record.payment && record.payment->authorized == seen->authorized && record.payment->remaining == seen->remaining,
       "the record of a " + which + " says other sums than its events come to");
}

void PaymentBooks::take_merchant(const Record& record, const Leg& leg) {
  if (!record.transaction)
    return;
  const Transaction& request = *record.transaction;
  const bool is_capture = request.kind == TransactionKind::capture;
  if (const auto* credited = std::get_if<Credited>(&leg.event);
      credited != nullptr && (is_capture || request.kind == TransactionKind::payment))
    take_paid(merchants_[{is_capture ? request.parent : request.id, leg.wallet}], request, credited->amount);
  if (request.kind != TransactionKind::refund || leg.wallet != request.source)
    return;
  Merchant& merchant = merchants_[{request.parent, leg.wallet}];
  const Minor to_payer = credit_of(request).amount;
  const auto add = [&](int sign, Minor amount) {
    merchant.refunded += sign * amount;
    merchant.paid_back += sign * to_payer;
  };
  std::visit(Match{[&](const TransferredOut& fact) { add(1, fact.amount); },
                   [&](const HoldPlaced& fact) { add(1, fact.amount); },
                   [&](const HoldReleased& fact) { add(-1, fact.amount); }, [](const auto&) {}},
             leg.event);
  must(merchant.refunded <= merchant.got,
       "more was refunded of payment " + to_string(request.parent) + " than captured");
  const bool is_all = merchant.refunded == merchant.got;
  must(is_all == (merchant.paid_back == merchant.paid) && merchant.paid_back <= merchant.paid,
       "payment " + to_string(request.parent) + " was given back to one side and not to the other");
}

/// Credited to the merchant is what the payer paid, by the payment's rate and never more than that.
void PaymentBooks::take_paid(Merchant& merchant, const Transaction& request, Minor credited) {
  merchant.got += credited;
  merchant.paid += request.amount;
  if (request.fx)
    must(merchant.got <= convert(merchant.paid, request.fx->rate, request.currency, request.fx->currency),
         "the merchant of payment " + to_string(request.id) + " got more than was paid");
}

void PaymentBooks::spend(const WalletId& wallet, Spender& spender, const Spending& spending, Minor amount) {
  if (spending.kind == SpendingKind::uncounted)
    return;
  Minor& spent = spender.in_day[spending.day];
  spent += amount;
  must(amount <= 0 || !spender.limits.out.day || spent <= *spender.limits.out.day,
       "wallet " + to_string(wallet) + " spent more in a day than its limit");
}

/// What counts on which day, by the hold that it belongs to.
void PaymentBooks::take_spending(const Record& record, const Leg& leg) {
  Spender& spender = spenders_[leg.wallet];
  const auto count = [&](const Spending& spending, Minor amount) { spend(leg.wallet, spender, spending, amount); };
  const auto shrink = [&](const TransactionId& id, Minor amount, Minor given_back) {
    Held& held = spender.holds[id];
    held.amount -= amount;
    count(held.spending, -given_back);
  };
  std::visit(Match{[&](const WalletOpened& fact) { spender.limits = fact.limits; },
                   [&](const LimitsChanged& fact) { spender.limits = fact.limits; },
                   [&](const TransferredOut& fact) { count(fact.spending, fact.amount); },
                   [&](const HoldPlaced& fact) {
                     spender.holds[record.id] = {fact.spending, fact.amount};
                     count(fact.spending, fact.amount);
                   },
                   [&](const HoldReleased& fact) { shrink(record.id, fact.amount, fact.amount); },
                   [&](const PaymentVoided& fact) { shrink(fact.payment, fact.amount, fact.amount); },
                   [&](const HoldIncreased& fact) {
                     Held& held = spender.holds[fact.payment];
                     count(held.spending, -held.amount);
                     held = {fact.spending, held.amount + fact.amount};
                     count(held.spending, held.amount);
                   },
                   [&](const CaptureReserved& fact) {
                     shrink(fact.payment, fact.amount + fact.rest, 0);
                     spender.holds[fact.capture] = {spender.holds[fact.payment].spending, fact.amount + fact.rest};
                   },
                   [&](const CaptureSettled& fact) { shrink(record.id, fact.amount + fact.released, fact.released); },
                   [&](const CaptureReturned& fact) {
                     shrink(record.id, fact.amount, 0);
                     spender.holds[fact.payment].amount += fact.amount;
                   },
                   [&](const AuthorizationCaptured& fact) {
                     shrink(fact.payment, fact.amount + fact.released, fact.released);
                   },
                   [](const auto&) {}},
             leg.event);
}

std::vector<PaymentBooks::Open> PaymentBooks::open() const {
  std::vector<Open> open;
  for (const auto& [id, payment] : payments_)
    if (payment.remaining > 0)
      open.push_back({id, payment.wallet});
  return open;
}

Minor PaymentBooks::captured(const TransactionId& payment) const {
  const auto found = payments_.find(payment);
  return found == payments_.end() ? 0 : found->second.captured;
}

Minor PaymentBooks::refunded(const TransactionId& payment, const WalletId& merchant) const {
  const auto found = merchants_.find({payment, merchant});
  return found == merchants_.end() ? 0 : found->second.refunded;
}

}  // namespace dompet::simulated
