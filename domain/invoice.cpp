#include "domain/invoice.hpp"

#include <algorithm>

#include "domain/ensure.hpp"

namespace dompet {

std::int64_t paid_at(const PaidInvoices& invoices, std::int64_t now_ms) { return std::max(now_ms, invoices.latest_ms); }

std::optional<Decline> fault_of(const PaidInvoices& invoices, const InvoiceTerms& terms, std::int64_t asked_ms,
                                std::int64_t now_ms) {
  if (std::ranges::find(invoices.paid, terms.invoice, &InvoiceTerms::invoice) != invoices.paid.end())
    return Decline::invoice_paid;
  const std::int64_t moment = paid_at(invoices, now_ms);
  if (std::max(moment, asked_ms) >= terms.expires_at_ms)
    return Decline::invoice_expired;
  const auto over =
      std::ranges::upper_bound(invoices.paid, moment, {}, &InvoiceTerms::expires_at_ms) - invoices.paid.begin();
  if (invoices.paid.size() - static_cast<std::size_t>(over) >= most_paid_invoices)
    return Decline::too_many_paid_invoices;
  return std::nullopt;
}

/// A second payment of an invoice, or one out of time, was not decided here: replaying a ledger finds it too.
void remember(PaidInvoices& invoices, const InvoicePaid& payment) {
  ensure(std::ranges::find(invoices.paid, payment.terms.invoice, &InvoiceTerms::invoice) == invoices.paid.end(),
         "an invoice is paid once");
  ensure(payment.paid_at_ms < payment.terms.expires_at_ms && payment.paid_at_ms >= invoices.latest_ms,
         "an invoice is paid in time, and never before the one that was paid last");
  invoices.latest_ms = payment.paid_at_ms;
  auto& paid = invoices.paid;
  paid.erase(paid.begin(), std::ranges::upper_bound(paid, invoices.latest_ms, {}, &InvoiceTerms::expires_at_ms));
  paid.insert(std::ranges::upper_bound(paid, payment.terms.expires_at_ms, {}, &InvoiceTerms::expires_at_ms),
              payment.terms);
}

}  // namespace dompet
