#include "http/bill_payment.hpp"

#include <memory>
#include <utility>

#include "domain/va_number.hpp"
#include "http/access/access.hpp"
#include "http/body.hpp"
#include "http/card_guesses.hpp"
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
#include "providers/marketplace_lookups.hpp"

namespace dompet::http {

namespace {

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
  refuse_unless_known(services, paying.exchange, paying.stamp, problem);
}

void refuse_unknown_number(Services& services, const Paying& paying) {
  services.va_guesses.count_wrong({paying.exchange->caller.user}, VaGuesses::Clock::now());
  refuse_bill(services, paying, {.code = "invoice_not_found"});
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

/// How the payment ended, as far as the reply knows it for certain.
enum class End { unknown, paid, declined };

End end_of(const Reply& reply) {
  if (reply.result == nullptr)
    return End::unknown;
  const auto* money = std::get_if<MoneyAnswer>(reply.result);
  if (money == nullptr)
    return std::holds_alternative<NotNow>(*reply.result) ? End::unknown : End::declined;
  const TransactionStatus status = status_of(view_of(*money));
  if (status == TransactionStatus::pending)
    return End::unknown;
  return status == TransactionStatus::completed ? End::paid : End::declined;
}

/// Behind the answer. What is lost here is found by the sweep.
void note_end(Services& services, const Paying& paying, const Reply& reply) {
  const End end = end_of(reply);
  if (end == End::unknown)
    return;
  TransactionId payment;
  std::int64_t at_ms = 0;
  if (const auto* money = std::get_if<MoneyAnswer>(reply.result)) {
    payment = money->record->id;
    at_ms = money->completed_at_ms != 0 ? money->completed_at_ms : money->record->at_ms;
  }
  const auto note = [end, payment, at_ms, invoice = paying.transaction.bill->terms.invoice, key = paying.stamp.key,
                     marketplace = paying.marketplace, va_number = paying.va_number](Reader& reader) {
    if (marketplace.empty())
      return end == End::paid ? InvoiceStore(reader).paid(invoice, payment, at_ms)
                              : InvoiceStore(reader).give_up(invoice, key);
    return end == End::paid ? MarketplaceStore(reader).paid(marketplace, va_number, key, payment, at_ms)
                            : MarketplaceStore(reader).give_up(marketplace, va_number, key);
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
        if (!begun && begun.error() == InvoiceStore::Fault::not_found)
          return refuse_unknown_number(services, *paying);
        if (!begun)
          return refuse_bill(services, *paying, problem_of(begun.error()));
        paying->transaction.destination = begun->wallet;
        paying->transaction.merchant = {begun->merchant};
        paying->transaction.bill = Bill{{begun->id, begun->expires_at_ms}, paying->va_number};
        send(services, paying);
      });
}

// --- orders of marketplaces ---

/// The order is the payment's own from here on, or somebody else's.
void take_order(Services& services, const PayingPtr& paying) {
  const MarketplaceNotice notice{.id = paying->exchange->request.id,
                                 .marketplace = paying->marketplace,
                                 .va_number = paying->va_number,
                                 .merchant = paying->transaction.merchant.uuid,
                                 .key = paying->stamp.key,
                                 .amount = paying->transaction.amount,
                                 .currency = paying->transaction.currency};
  ask_pool<MarketplaceStore::Begun>(
      services, paying->exchange, [notice](Reader& reader) { return MarketplaceStore(reader).begin(notice); },
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

/// Exactly what the marketplace wants. Its order has no end of its own: the payment is decided soon or not at all.
std::optional<Problem> fault_of(const Paying& paying, const Marketplace& marketplace, const MarketplaceOrder& order) {
  if (order.is_paid)
    return Problem{.code = "invoice_paid"};
  const auto total = parse_amount(order.total, marketplace.currency);
  if (!total || *total != paying.transaction.amount || marketplace.currency != paying.transaction.currency)
    return Problem{.code = "amount_mismatch"};
  return std::nullopt;
}

void go_on_with(Services& services, const PayingPtr& paying, const Marketplace& marketplace,
                const MarketplaceLookups::Found& found) {
  if (!found)
    return refuse_bill(services, *paying, {.code = "marketplace_unavailable", .detail = found.error()});
  if (!*found)
    return refuse_unknown_number(services, *paying);
  if (const auto fault = fault_of(*paying, marketplace, **found))
    return refuse_bill(services, *paying, *fault);
  with_merchant(services, paying);
}

void pay_order(Services& services, const PayingPtr& paying, const Marketplace& marketplace) {
  paying->marketplace = marketplace.name;
  paying->transaction.merchant = marketplace.merchant;
  paying->transaction.bill = Bill{
      {order_id(marketplace.name, paying->va_number), unix_ms_of(paying->exchange->request.id) + invoice_decision_ms},
      paying->va_number};
  const bool is_taken = services.marketplaces.ask(
      marketplace, paying->va_number,
      [&services, &ask = services.ask, paying, &marketplace](MarketplaceLookups::Found found) {
        ask.post([&services, paying, &marketplace, found = std::move(found)] {
          go_on_with(services, paying, marketplace, found);
        });
      });
  if (!is_taken)
    refuse_bill(services, *paying, {.code = "marketplace_unavailable", .detail = "Too many wait for it already."});
}

std::optional<Problem> stranger(Services& services, const Exchange& exchange) {
  if (exchange.caller.kind == Caller::Kind::merchant)
    return Problem{.code = "forbidden",
                   .detail = "A payment from a wallet is its owner's to make, with his own token."};
  if (services.va_guesses.is_locked({exchange.caller.user}, VaGuesses::Clock::now()))
    return Problem{.code = "rate_limited",
                   .detail = "Too many numbers that there are not.",
                   .retry_after_s = static_cast<int>(std::chrono::seconds(VaGuesses::memory).count())};
  return std::nullopt;
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
  if (const Marketplace* marketplace = services.marketplaces.settings().of_va_number(paying->va_number)) {
    if (const auto problem = stranger(services, *exchange))
      return refuse(exchange, *problem);
    return pay_order(services, paying, *marketplace);
  }
  if (!is_va_number(paying->va_number, services.settings.invoices.va_prefix))
    return refuse(exchange, invalid({{"va_number", "invalid_va_number", "The number has a wrong digit or length."}}));
  if (const auto problem = stranger(services, *exchange))
    return refuse(exchange, *problem);
  pay_invoice(services, paying);
}

}  // namespace dompet::http
