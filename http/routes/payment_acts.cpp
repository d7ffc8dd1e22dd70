#include <memory>
#include <utility>

#include "http/access/access.hpp"
#include "http/answers.hpp"
#include "http/body_money.hpp"
#include "http/directory.hpp"
#include "http/gather.hpp"
#include "http/ownership.hpp"
#include "http/payment_memory.hpp"
#include "http/router.hpp"
#include "http/routes.hpp"
#include "http/staff_record.hpp"

// What the merchant does with a payment: increment, capture, void, refund. What a payment allows is decided by its
// payer's wallet, what may be refunded by the merchant's; here only: is it this merchant's?

namespace dompet::http::routes {

namespace {

using Payment = PaymentMemory::Payment;
using WithPayment = std::function<void(const Payment& payment)>;

/// A transaction that is no payment cannot be refunded; whether it is there is for those only who may see it.
Problem no_payment(const Exchange& exchange, const Transaction* other) {
  if (other != nullptr && exchange.grant == Grant::any)
    return {.code = "not_refundable"};
  return {.code = "payment_not_found"};
}

/// Goes on when the payment is this caller's to act on.
void with_own(Services& services, const ExchangePtr& exchange, const Payment& payment, WithPayment then) {
  if (exchange->grant == Grant::any)
    return then(payment);
  if (exchange->caller.kind == Caller::Kind::merchant) {
    if (exchange->caller.merchant == payment->merchant.uuid)
      return then(payment);
    return refuse(exchange, {.code = "payment_not_found"});
  }
  services.directory.merchant(services, exchange, payment->merchant,
                              [exchange, payment, then = std::move(then)](const Looked<MerchantFacts>& looked) {
                                if (!looked)
                                  return refuse(exchange, looked.error());
                                if (!*looked || !may_touch(*exchange, (*looked)->user.uuid))
                                  return refuse(exchange, {.code = "payment_not_found"});
                                then(payment);
                              });
}

/// The payment of the path, from memory or from the ledger; otherwise the exchange is refused.
void with_payment(Services& services, const ExchangePtr& exchange, WithPayment then) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  if (const Payment known = services.payments.recall({*id}))
    return with_own(services, exchange, known, std::move(then));
  gather<Payment>(
      services, exchange,
      [id = TransactionId{*id}](Reader& reader) {
        const auto stored = reader.transaction(id);
        return stored ? stored->record.transaction : nullptr;
      },
      [&services, exchange, then = std::move(then)](Parts<Payment> parts) {
        Payment found;
        for (const auto& part : parts)
          if (part && *part)
            found = *part;
        if (found != nullptr && found->kind == TransactionKind::payment) {
          services.payments.remember(found);
          return with_own(services, exchange, found, then);
        }
        if (!is_whole(parts))
          return refuse(exchange, {.code = "unavailable", .applied = Applied::no});
        refuse(exchange, no_payment(*exchange, found.get()));
      });
}

/// What an act says of its payment, so that its record alone can be answered with the payment.
Transaction act_on(const Transaction& payment, TransactionKind kind, const Uuid& id) {
  Transaction act = payment;
  act.id = {id};
  act.kind = kind;
  act.amount = 0;
  act.parent = payment.id;
  act.manual_capture = false;
  // What the merchant gets by it the payer's wallet says, by the payment's rate.
  if (kind == TransactionKind::void_payment)
    act.fx.reset();
  else if (act.fx)
    act.fx->amount = 0;
  return act;
}

/// The money goes back the way it came. Of a converted payment the payer's side is named, the merchant's is what its
/// wallet finds to be due.
Transaction refund_of(const Transaction& payment, const Uuid& id) {
  Transaction refund = act_on(payment, TransactionKind::refund, id);
  std::swap(refund.source, refund.destination);
  if (refund.fx)
    std::swap(refund.fx->currency, refund.currency);
  refund.description.clear();
  refund.metadata.clear();
  refund.method.clear();
  refund.expires_at_ms = 0;
  return refund;
}

/// Equal for equal acts on the same payment, whatever else the payment says. `asked_for` is in the payment's currency.
Stamp stamp_of(const Exchange& exchange, const KeyId& key, const Transaction& act, const Money& asked_for) {
  Transaction asked;
  asked.kind = act.kind;
  asked.currency = asked_for.currency;
  asked.amount = asked_for.amount;
  asked.parent = act.parent;
  asked.final_capture = act.final_capture;
  return {key, fingerprint_of(exchange.route->path, asked)};
}

/// An act of this kind; of amount zero when none is named: all that is left.
void act(Services& services, const ExchangePtr& exchange, TransactionKind kind, const Read<PaymentAct>& read) {
  if (!read)
    return refuse(exchange, read.error());
  const auto key = key_of(*exchange);
  if (!key)
    return refuse(exchange, {.code = "invalid_idempotency_key"});
  with_payment(services, exchange, [&services, exchange, kind, key = *key, wish = *read](const Payment& payment) {
    const auto amount = amount_of(wish, payment->currency);
    if (!amount)
      return refuse(exchange, amount.error());
    const Uuid& id = exchange->request.id;
    Transaction act = kind == TransactionKind::refund ? refund_of(*payment, id) : act_on(*payment, kind, id);
    const Money asked_for{payment->currency, amount->value_or(0)};
    if (kind == TransactionKind::increment && payment->fx)
      return refuse(exchange, {.code = "payment_converted"});
    (kind == TransactionKind::refund && act.fx ? act.fx->amount : act.amount) = asked_for.amount;
    act.final_capture = wish.is_final;
    const Stamp stamp = stamp_of(*exchange, key, act, asked_for);
    move_money_by_right(services, exchange, std::move(act), stamp, [exchange](const Reply& reply) {
      const HttpRequest& request = exchange->request;
      MoneyOutcome outcome = outcome_of(reply, request.path, request.request_id);
      note_made(*exchange, outcome, request.id);
      exchange->answer(response_of(std::move(outcome)));
    });
  });
}

}  // namespace

void increment_payment(Services& services, const ExchangePtr& exchange) {
  act(services, exchange, TransactionKind::increment, read_increment(exchange->request.body));
}

void capture_payment(Services& services, const ExchangePtr& exchange) {
  act(services, exchange, TransactionKind::capture, read_capture(exchange->request.body));
}

void void_payment(Services& services, const ExchangePtr& exchange) {
  const auto body = read_nothing(exchange->request.body);
  const Read<PaymentAct> nothing = body ? Read<PaymentAct>{PaymentAct{}} : std::unexpected(body.error());
  act(services, exchange, TransactionKind::void_payment, nothing);
}

void refund(Services& services, const ExchangePtr& exchange) {
  act(services, exchange, TransactionKind::refund, read_refund(exchange->request.body));
}

}  // namespace dompet::http::routes
