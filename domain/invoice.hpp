#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "domain/decline.hpp"
#include "domain/ids.hpp"

namespace dompet {

// An invoice is paid once, and the wallet that is paid decides it: no table and no clock has a say in it. All times are
// milliseconds since 1970.

/// What the wallet that is paid must know of an invoice.
struct InvoiceTerms {
  InvoiceId invoice{};
  /// From then on it cannot be paid. The same in every payment of the invoice.
  std::int64_t expires_at_ms = 0;
  bool operator==(const InvoiceTerms&) const = default;
};

/// What a payment says of the invoice that it pays.
struct Bill {
  InvoiceTerms terms{};
  /// The number that the payer was given.
  std::string va_number{};
  bool operator==(const Bill&) const = default;
};

/// It was paid: part of the credit that paid it.
struct InvoicePaid {
  InvoiceTerms terms{};
  std::int64_t paid_at_ms = 0;
  bool operator==(const InvoicePaid&) const = default;
};

/// The invoices that were paid into one wallet and are not over yet. One that is over needs no memory: it is declined
/// for that. `latest_ms` is the latest moment that any of the wallet's own credits was paid at, and never falls, so a
/// clock that goes back opens nothing again that is forgotten here.
class PaidInvoices {
 public:
  std::int64_t latest_ms = 0;

  /// By the time at which they are over, soonest first; until the next `replace`.
  std::span<const InvoiceTerms> paid() const { return paid_ ? std::span{*paid_} : std::span<const InvoiceTerms>{}; }
  void replace(std::vector<InvoiceTerms> paid) {
    paid_ = paid.empty() ? nullptr : std::make_shared<const std::vector<InvoiceTerms>>(std::move(paid));
  }

  bool operator==(const PaidInvoices& other) const;

 private:
  /// Never changed once it is here, so that copies of a wallet share it: who reads a balance copies no invoices.
  std::shared_ptr<const std::vector<InvoiceTerms>> paid_{};
};

/// What one wallet remembers: a quarter of a megabyte, made anew with each payment of an invoice. As many payments of
/// invoices as may be over the time that invoices live; the next one is declined until one of them is over.
inline constexpr std::size_t most_paid_invoices = 10'000;

/// A payment of an invoice is begun within this time of its request, or declined by whoever would begin it. So whoever
/// looks for one in the journal later, and finds none, knows that there will never be one; what was begun has no such
/// limit, only its invoice has. It outlasts every wait of a request and a takeover of a dead node's shards by far.
inline constexpr std::int64_t invoice_decision_ms = 10 * 60 * 1000;

/// Why the invoice cannot be paid now; nothing when it can. A payment asked for at its end, `asked_ms`, is late anyway.
std::optional<Decline> fault_of(const PaidInvoices& invoices, const InvoiceTerms& terms, std::int64_t asked_ms,
                                std::int64_t now_ms);

/// The moment that a payment is dated: never before what the wallet saw already.
std::int64_t paid_at(const PaidInvoices& invoices, std::int64_t now_ms);

/// Makes the payment part of the memory and forgets what is over by then.
void remember(PaidInvoices& invoices, const InvoicePaid& payment);

}  // namespace dompet
