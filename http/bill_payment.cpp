#include "http/bill_payment.hpp"

#include <memory>
#include <utility>

#include "config/logging.hpp"
#include "domain/va_number.hpp"
#include "http/access/access.hpp"
#include "http/bill_lookup.hpp"
#include "http/body.hpp"
#include "http/directory.hpp"
#include "http/id_source.hpp"
#include "http/known_answer.hpp"
#include "http/ownership.hpp"
#include "http/payment_memory.hpp"
#include "http/reference/pool.hpp"
#include "http/render.hpp"
#include "http/router.hpp"
#include "http/staff_record.hpp"
#include "persistence/invoice_store.hpp"
#include "persistence/marketplace_store.hpp"

namespace dompet::http {

namespace {

/// An order of a marketplace has no end of its own, so a payment of it has: as long as officers may look at one that is
/// under review, and no order waits longer for it. Short, because the merchant's wallet remembers so long what was
/// paid.
constexpr std::int64_t order_life_ms = 60 * 60 * 1000;

/// A payment of a bill on its way to the engine.
struct Paying {
  ExchangePtr exchange;
  std::string va_number;
  Transaction transaction;
  Stamp stamp;
  /// Empty for an invoice of our own.
  std::string marketplace{};
};
using PayingPtr = std::shared_ptr<Paying>;

/// Before the money moved, so an answer that was given earlier still holds.
void refuse_bill(Services& services, const Paying& paying, Problem problem) {
  if (problem_type(problem.code).status == 503)
    problem.applied = Applied::no;
  refuse_unless_known(services, paying.exchange, paying.transaction, paying.stamp, problem);
}

Problem problem_of(InvoiceStore::Fault fault) {
  switch (fault) {
    case InvoiceStore::Fault::not_found: return {.code = "invoice_not_found"};
    case InvoiceStore::Fault::paid: return {.code = "invoice_paid"};
    case InvoiceStore::Fault::expired: return {.code = "invoice_expired"};
    case InvoiceStore::Fault::cancelled: return {.code = "invoice_cancelled"};
    case InvoiceStore::Fault::amount_mismatch: return {.code = "amount_mismatch"};
    case InvoiceStore::Fault::merchant_not_active: return {.code = "merchant_not_active"};
    case InvoiceStore::Fault::under_way: break;
  }
  return {.code = "invoice_under_way"};
}

/// Whose number is right and whose amount is not tries numbers out as well.
bool is_wrong_guess(InvoiceStore::Fault fault) {
  return fault == InvoiceStore::Fault::not_found || fault == InvoiceStore::Fault::amount_mismatch;
}

/// How the payment ended, as far as the reply knows it for certain.
enum class End { unknown, paid, declined };

/// Only a record of this very bill says how it ended: under the same key its payment may be pending while this request,
/// with another body, is refused.
End end_of(const MoneyAnswer* money, const InvoiceId& invoice) {
  if (money == nullptr || !pays(*money->record, invoice))
    return End::unknown;
  const TransactionStatus status = status_of(view_of(*money));
  if (status == TransactionStatus::pending)
    return End::unknown;
  return status == TransactionStatus::completed ? End::paid : End::declined;
}

MarketplaceNotice notice_of(const Paying& paying) {
  return {.id = paying.exchange->request.id,
          .marketplace = paying.marketplace,
          .va_number = paying.va_number,
          .merchant = paying.transaction.merchant.uuid,
          .key = paying.stamp.key,
          .amount = paying.transaction.amount,
          .currency = paying.transaction.currency};
}

void note_paid(Services& services, const Paying& paying, const TransactionId& payment, std::int64_t at_ms) {
  const auto note = [payment, at_ms, invoice = paying.transaction.bill->terms.invoice,
                     notice = notice_of(paying)](Reader& reader) {
    if (notice.marketplace.empty())
      return InvoiceStore(reader).paid(invoice, payment, at_ms);
    if (!MarketplaceStore(reader).paid(notice, payment, at_ms))
      log_event(LogLevel::error, "an order of a marketplace was paid twice",
                {{"marketplace", notice.marketplace}, {"transaction", to_string(payment)}});
  };
  services.engine.query(note, [](const std::string&) {});
}

/// Behind the answer. What is lost here is found by the sweep, and what is not known it looks up at once.
void note_end(Services& services, const Paying& paying, const Reply& reply) {
  if (reply.result == nullptr || std::holds_alternative<NotNow>(*reply.result))
    return;
  const auto* money = std::get_if<MoneyAnswer>(reply.result);
  const InvoiceId invoice = paying.transaction.bill->terms.invoice;
  const End end = end_of(money, invoice);
  if (end == End::paid) {
    const std::int64_t at_ms = money->completed_at_ms != 0 ? money->completed_at_ms : money->record->at_ms;
    return note_paid(services, paying, money->record->id, at_ms);
  }
  const bool is_declined = end == End::declined;
  const auto note = [is_declined, invoice, key = paying.stamp.key, marketplace = paying.marketplace,
                     va_number = paying.va_number](Reader& reader) {
    if (marketplace.empty())
      return is_declined ? InvoiceStore(reader).give_up(invoice, key) : InvoiceStore(reader).look_now(invoice, key);
    return is_declined ? MarketplaceStore(reader).give_up(marketplace, va_number, key)
                       : MarketplaceStore(reader).look_now(marketplace, va_number, key);
  };
  services.engine.query(note, [](const std::string&) {});
}

void send(Services& services, const PayingPtr& paying) {
  paying->transaction.id = {paying->exchange->request.id};
  move_money(services, paying->exchange, paying->transaction, paying->stamp, [&services, paying](const Reply& reply) {
    answer_payment(services, paying->exchange, reply);
    note_end(services, *paying, reply);
  });
}

// --- invoices of our own merchants ---

void pay_invoice(Services& services, const PayingPtr& paying) {
  using Begun = std::expected<StoredInvoice, InvoiceStore::Fault>;
  const WantedBill wanted{paying->va_number, paying->transaction.amount, paying->transaction.currency,
                          paying->stamp.key};
  ask_pool<Begun>(
      services, paying->exchange, [wanted](Reader& reader) { return InvoiceStore(reader).begin(wanted); },
      [&services, paying](Begun begun) {
        end_va_guess(services, *paying->exchange, !begun && is_wrong_guess(begun.error()));
        if (!begun)
          return refuse_bill(services, *paying, problem_of(begun.error()));
        paying->transaction.destination = begun->wallet;
        paying->transaction.merchant = {begun->merchant};
        paying->transaction.bill = Bill{{begun->id, begun->expires_at_ms}, paying->va_number};
        send(services, paying);
      },
      [&services, paying](const Problem& problem) {
        end_va_guess(services, *paying->exchange, false);
        refuse(paying->exchange, problem);
      });
}

// --- orders of marketplaces ---

/// The order is the payment's own from here on, or somebody else's.
void take_order(Services& services, const PayingPtr& paying) {
  ask_pool<MarketplaceStore::Begun>(
      services, paying->exchange,
      [notice = notice_of(*paying)](Reader& reader) { return MarketplaceStore(reader).begin(notice); },
      [&services, paying](MarketplaceStore::Begun begun) {
        if (begun == MarketplaceStore::Begun::ours)
          return send(services, paying);
        const bool is_paid = begun == MarketplaceStore::Begun::paid;
        refuse_bill(services, *paying, {.code = is_paid ? "invoice_paid" : "invoice_under_way"});
      });
}

void with_merchant(Services& services, const PayingPtr& paying) {
  services.directory.merchant(services, paying->exchange, paying->transaction.merchant,
                              [&services, paying](const Looked<MerchantFacts>& looked) {
                                if (!looked)
                                  return refuse_bill(services, *paying, looked.error());
                                if (!*looked || !(*looked)->may_be_paid())
                                  return refuse_bill(services, *paying, {.code = "merchant_not_active"});
                                paying->transaction.destination = (*looked)->wallet;
                                take_order(services, paying);
                              });
}

/// Exactly what the marketplace wants, and only what it says is unpaid.
std::optional<Problem> fault_of(const Paying& paying, const Marketplace& marketplace, const FoundOrder& order) {
  if (!order)
    return order.error();
  if (order->state == MarketplaceOrder::State::paid)
    return Problem{.code = "invoice_paid"};
  if (order->state == MarketplaceOrder::State::unknown)
    return Problem{.code = "order_not_unpaid",
                   .detail = order->statuses.empty() ? "It does not say." : "It says " + order->statuses + "."};
  if (order->amount != paying.transaction.amount || marketplace.currency != paying.transaction.currency)
    return Problem{.code = "amount_mismatch"};
  return std::nullopt;
}

void go_on_with(Services& services, const PayingPtr& paying, const Marketplace& marketplace, const FoundOrder& order) {
  const auto fault = fault_of(*paying, marketplace, order);
  const bool is_wrong = fault && (fault->code == "invoice_not_found" || fault->code == "amount_mismatch");
  end_va_guess(services, *paying->exchange, is_wrong);
  if (fault)
    return refuse_bill(services, *paying, *fault);
  with_merchant(services, paying);
}

void pay_order(Services& services, const PayingPtr& paying, const Marketplace& marketplace) {
  paying->marketplace = marketplace.name;
  paying->transaction.merchant = marketplace.merchant;
  paying->transaction.bill =
      Bill{{order_id(marketplace.name, paying->va_number), unix_ms_of(paying->exchange->request.id) + order_life_ms},
           paying->va_number};
  look_order_up(services, marketplace, paying->va_number, [&services, paying, &marketplace](const FoundOrder& order) {
    go_on_with(services, paying, marketplace, order);
  });
}

/// Who may not look a number up now still gets the answer of a payment that he made before.
bool may_look_up(Services& services, const Paying& paying) {
  if (paying.exchange->caller.kind == Caller::Kind::merchant) {
    refuse(paying.exchange,
           {.code = "forbidden", .detail = "A payment from a wallet is its owner's to make, with his own token."});
    return false;
  }
  const auto fault = begin_va_guess(services, *paying.exchange);
  if (fault)
    refuse_bill(services, paying, *fault);
  return !fault;
}

}  // namespace

void answer_payment(Services& services, const ExchangePtr& exchange, const Reply& reply) {
  const auto* money = reply.result == nullptr ? nullptr : std::get_if<MoneyAnswer>(reply.result);
  if (money != nullptr && money->record->transaction->kind == TransactionKind::payment)
    services.payments.remember(money->record->transaction);
  const HttpRequest& request = exchange->request;
  MoneyOutcome outcome = outcome_of(reply, request.path, request.request_id);
  note_made(*exchange, outcome, request.id);
  exchange->answer(response_of(std::move(outcome)));
}

void pay_bill(Services& services, const ExchangePtr& exchange, PaymentBody body, const KeyId& key) {
  body.transaction.source = body.wallet;
  const Stamp stamp{key, fingerprint_of(exchange->route->path, body.transaction, body.va_number)};
  const auto paying = std::make_shared<Paying>(Paying{exchange, body.va_number, std::move(body.transaction), stamp});
  const Marketplace* marketplace = services.marketplaces.settings().of_va_number(paying->va_number);
  if (marketplace == nullptr && !is_va_number(paying->va_number, services.settings.invoices.va_prefix))
    return refuse(exchange, invalid({{"va_number", "invalid_va_number", "The number has a wrong digit or length."}}));
  if (!may_look_up(services, *paying))
    return;
  marketplace == nullptr ? pay_invoice(services, paying) : pay_order(services, paying, *marketplace);
}

}  // namespace dompet::http
