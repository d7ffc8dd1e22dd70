#include "http/quote_use.hpp"

#include <utility>

#include "http/reference/pool.hpp"

namespace dompet::http {

namespace {

std::optional<Problem> problem_of(QuoteFault fault) {
  switch (fault) {
    case QuoteFault::none: return std::nullopt;
    case QuoteFault::not_found: return Problem{.code = "quote_not_found"};
    case QuoteFault::mismatch: return Problem{.code = "quote_mismatch"};
    case QuoteFault::used: return Problem{.code = "quote_used"};
    case QuoteFault::expired: break;
  }
  return Problem{.code = "quote_expired"};
}

}  // namespace

void use_quote(Services& services, const ExchangePtr& exchange, const Transaction& asked, const KeyId& key,
               std::uint64_t fingerprint, std::function<void(const UsedQuote& used)> then) {
  const QuoteId id = asked.fx->quote;
  ask_pool<ClaimedQuote>(
      services, exchange,
      [id, key, fingerprint, client = exchange->caller.client(), money = Money{asked.currency, asked.amount}](
          Reader& reader) { return FxStore(reader).claim(id, client, money, key, fingerprint); },
      [id, then = std::move(then)](ClaimedQuote claimed) {
        then({.id = id, .quote = std::move(claimed.quote), .fault = problem_of(claimed.fault)});
      },
      [exchange](const Problem& problem) {
        Problem outage = problem;
        outage.applied = Applied::no;
        refuse(exchange, outage);
      });
}

}  // namespace dompet::http
