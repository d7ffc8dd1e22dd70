#pragma once

#include <functional>
#include <optional>

#include "http/problem.hpp"
#include "http/services.hpp"
#include "persistence/fx_store.hpp"

namespace dompet::http {

/// A quote that a money request names.
struct UsedQuote {
  QuoteId id{};
  /// There whenever the caller may know of it.
  std::optional<FxQuote> quote{};
  /// Why it cannot be used now. The request may still have been answered before.
  std::optional<Problem> fault{};

  /// What the transaction carries of it.
  FxLeg conversion() const {
    return quote ? FxLeg{id, quote->rate.rate, quote->to, quote->converted, quote->rate.at_ms} : FxLeg{.quote = id};
  }
};

/// Binds the quote that `asked` names to the request's key and fingerprint, once and for all, and goes on with what it
/// says. One query of database 0; a database that cannot answer is the exchange's 503, and nothing was done. Io thread.
void use_quote(Services& services, const ExchangePtr& exchange, const Transaction& asked, const KeyId& key,
               std::uint64_t fingerprint, std::function<void(const UsedQuote& used)> then);

}  // namespace dompet::http
