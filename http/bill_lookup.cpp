#include "http/bill_lookup.hpp"

#include <utility>

#include "http/card_guesses.hpp"

namespace dompet::http {

namespace {

FoundOrder order_of(const Marketplace& marketplace, const MarketplaceLookups::Found& found) {
  if (!found)
    return std::unexpected(Problem{.code = "marketplace_unavailable", .detail = found.error()});
  if (!*found)
    return std::unexpected(Problem{.code = "invoice_not_found"});
  const auto amount = parse_amount((*found)->total, marketplace.currency);
  if (!amount)
    return std::unexpected(
        Problem{.code = "marketplace_unavailable",
                .detail = std::string{"Its order has no amount in "}.append(marketplace.currency.text()).append(".")});
  return PayableOrder{*amount, (*found)->state, (*found)->statuses};
}

}  // namespace

std::optional<Problem> begin_va_guess(Services& services, const Exchange& exchange) {
  const UserId caller{exchange.caller.user};
  const auto now = VaGuesses::Clock::now();
  if (services.va_guesses.begin(caller, now))
    return std::nullopt;
  const bool is_locked = services.va_guesses.is_locked(caller, now);
  const auto pause_s = is_locked ? std::chrono::seconds(VaGuesses::memory).count() : 1;
  return Problem{.code = "rate_limited",
                 .detail = is_locked ? "Too many numbers that there are not." : "Too many numbers at the same time.",
                 .retry_after_s = static_cast<int>(pause_s)};
}

void end_va_guess(Services& services, const Exchange& exchange, bool is_wrong) {
  services.va_guesses.end({exchange.caller.user}, is_wrong, VaGuesses::Clock::now());
}

void look_order_up(Services& services, const Marketplace& marketplace, const std::string& va_number,
                   std::function<void(const FoundOrder& order)> then) {
  const auto kept = std::make_shared<std::function<void(const FoundOrder&)>>(std::move(then));
  const bool is_taken = services.marketplaces.ask(
      marketplace, va_number, [&ask = services.ask, &marketplace, kept](MarketplaceLookups::Found found) {
        // Handed over, so that the marketplace's thread keeps no part of an exchange.
        ask.post([then = std::move(*kept), order = order_of(marketplace, found)] { then(order); });
      });
  if (!is_taken)
    (*kept)(std::unexpected(Problem{.code = "marketplace_unavailable", .detail = "Too many wait for it already."}));
}

}  // namespace dompet::http
