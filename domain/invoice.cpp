#include "domain/invoice.hpp"

#include <algorithm>

#include "domain/ensure.hpp"

namespace dompet {

bool PaidInvoices::operator==(const PaidInvoices& other) const {
  return latest_ms == other.latest_ms && std::ranges::equal(paid(), other.paid());
}

std::int64_t paid_at(const PaidInvoices& invoices, std::int64_t now_ms) { return std::max(now_ms, invoices.latest_ms); }

std::optional<Decline> fault_of(const PaidInvoices& invoices, const InvoiceTerms& terms, std::int64_t asked_ms,
                                std::int64_t now_ms) {
  const auto paid = invoices.paid();
  if (std::ranges::find(paid, terms.invoice, &InvoiceTerms::invoice) != paid.end())
    return Decline::invoice_paid;
  const std::int64_t moment = paid_at(invoices, now_ms);
  if (std::max(moment, asked_ms) >= terms.expires_at_ms)
    return Decline::invoice_expired;
  const auto over = std::ranges::upper_bound(paid, moment, {}, &InvoiceTerms::expires_at_ms) - paid.begin();
  if (paid.size() - static_cast<std::size_t>(over) >= most_paid_invoices)
    return Decline::too_many_paid_invoices;
  return std::nullopt;
}

/// A second payment of an invoice, or one out of time, was not decided here: replaying a ledger finds it too.
void remember(PaidInvoices& invoices, const InvoicePaid& payment) {
  const auto paid = invoices.paid();
  ensure(std::ranges::find(paid, payment.terms.invoice, &InvoiceTerms::invoice) == paid.end(),
         "an invoice is paid once");
  ensure(payment.paid_at_ms < payment.terms.expires_at_ms && payment.paid_at_ms >= invoices.latest_ms,
         "an invoice is paid in time, and never before the one that was paid last");
  invoices.latest_ms = payment.paid_at_ms;
  const auto kept = std::ranges::upper_bound(paid, invoices.latest_ms, {}, &InvoiceTerms::expires_at_ms);
  const auto later = std::ranges::upper_bound(paid, payment.terms.expires_at_ms, {}, &InvoiceTerms::expires_at_ms);
  std::vector<InvoiceTerms> now;
  now.reserve(static_cast<std::size_t>(paid.end() - kept) + 1);
  now.insert(now.end(), kept, later);
  now.push_back(payment.terms);
  now.insert(now.end(), later, paid.end());
  invoices.replace(std::move(now));
}

}  // namespace dompet
