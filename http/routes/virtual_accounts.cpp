#include <utility>

#include "domain/va_number.hpp"
#include "http/answers.hpp"
#include "http/bill_lookup.hpp"
#include "http/json.hpp"
#include "http/query.hpp"
#include "http/reference/pool.hpp"
#include "http/routes.hpp"
#include "http/services.hpp"
#include "http/timestamp.hpp"
#include "persistence/invoice_store.hpp"
#include "persistence/marketplace_store.hpp"

// What a payer is shown of a bill before he pays it, by the number of its virtual account. Whoever knows the number may
// see it, and he has as many wrong numbers as who pays (http/bill_lookup.hpp).

namespace dompet::http::routes {

namespace {

/// A bill, whoever issued it.
struct Shown {
  std::string va_number{};
  Minor amount = 0;
  Currency currency{};
  std::string description{};
  std::string merchant_name{};
  std::optional<std::int64_t> expires_at_ms{};
  std::string_view status = "open";
};

HttpResponse response_of(const Shown& bill) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("va_number", bill.va_number).plain("status", bill.status);
  json.plain("amount", format_amount(bill.amount, bill.currency)).plain("currency", bill.currency.text());
  json.key("description");
  bill.description.empty() ? json.null() : json.text(bill.description);
  json.member("merchant_name", bill.merchant_name).key("expires_at");
  bill.expires_at_ms ? json.text(format_time(*bill.expires_at_ms)) : json.null();
  json.end_object();
  return json_response(std::move(text));
}

/// The same for every number that is nobody's, whatever is wrong with it.
void refuse_number(const ExchangePtr& exchange) { refuse(exchange, {.code = "invoice_not_found"}); }

void show_invoice(Services& services, const ExchangePtr& exchange, const std::string& va_number) {
  using Found = std::optional<InvoiceStore::ForPayer>;
  ask_pool<Found>(
      services, exchange, [va_number](Reader& reader) { return InvoiceStore(reader).find(va_number); },
      [&services, exchange](Found found) {
        end_va_guess(services, *exchange, !found);
        if (!found)
          return refuse_number(exchange);
        StoredInvoice& invoice = found->invoice;
        exchange->answer(response_of({invoice.va_number, invoice.amount, invoice.currency, invoice.description,
                                      found->merchant_name, invoice.expires_at_ms, invoice.status}));
      },
      [&services, exchange](const Problem& problem) {
        end_va_guess(services, *exchange, false);
        refuse(exchange, problem);
      });
}

std::string_view status_of(const PayableOrder& order, const MarketplaceStore::OrderHere& here) {
  if (here.is_paid || order.state == MarketplaceOrder::State::paid)
    return "paid";
  return order.state == MarketplaceOrder::State::unpaid ? "open" : "closed";
}

void show_found_order(Services& services, const ExchangePtr& exchange, const Marketplace& marketplace,
                      const std::string& va_number, const PayableOrder& order) {
  const auto read = [&marketplace, va_number](Reader& reader) {
    return MarketplaceStore(reader).here(marketplace.name, va_number, marketplace.merchant);
  };
  ask_pool<MarketplaceStore::OrderHere>(
      services, exchange, read, [exchange, &marketplace, va_number, order](const MarketplaceStore::OrderHere& here) {
        exchange->answer(response_of({.va_number = va_number,
                                      .amount = order.amount,
                                      .currency = marketplace.currency,
                                      .merchant_name = here.merchant_name,
                                      .status = status_of(order, here)}));
      });
}

void show_order(Services& services, const ExchangePtr& exchange, const Marketplace& marketplace,
                const std::string& va_number) {
  look_order_up(services, marketplace, va_number,
                [&services, exchange, &marketplace, va_number](const FoundOrder& order) {
                  end_va_guess(services, *exchange, !order && order.error().code == "invoice_not_found");
                  if (!order)
                    return refuse(exchange, order.error());
                  show_found_order(services, exchange, marketplace, va_number, *order);
                });
}

}  // namespace

void show_virtual_account(Services& services, const ExchangePtr& exchange) {
  std::string va_number = percent_decoded(exchange->captures[0]);
  // As people write it down.
  std::erase(va_number, ' ');
  if (!can_be_va_number(va_number))
    return refuse_number(exchange);
  const Marketplace* marketplace = services.marketplaces.settings().of_va_number(va_number);
  if (marketplace == nullptr && !is_va_number(va_number, services.settings.invoices.va_prefix))
    return refuse_number(exchange);
  if (const auto fault = begin_va_guess(services, *exchange))
    return refuse(exchange, *fault);
  marketplace == nullptr ? show_invoice(services, exchange, va_number)
                         : show_order(services, exchange, *marketplace, va_number);
}

}  // namespace dompet::http::routes
