#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "http/answers.hpp"
#include "http/services.hpp"
#include "providers/marketplace_lookups.hpp"

namespace dompet::http {

// What paying a bill and looking at one have in common. Io thread.

/// Why the caller may not look a number up now; nothing when he may. Then the look-up counts as one of his guesses
/// until `end_va_guess`, and as a wrong one for a quarter of an hour when that says so.
std::optional<Problem> begin_va_guess(Services& services, const Exchange& exchange);
void end_va_guess(Services& services, const Exchange& exchange, bool is_wrong);

/// An order of a marketplace.
struct PayableOrder {
  Minor amount = 0;
  MarketplaceOrder::State state = MarketplaceOrder::State::unknown;
  /// What the marketplace calls its state.
  std::string statuses{};
};
using FoundOrder = std::expected<PayableOrder, Problem>;

/// Asks the marketplace, within its time-out, and goes on with the order: `invoice_not_found` when it has none,
/// `marketplace_unavailable` when it does not say what is to be paid. `marketplace` is one of the settings'.
void look_order_up(Services& services, const Marketplace& marketplace, const std::string& va_number,
                   std::function<void(const FoundOrder& order)> then);

}  // namespace dompet::http
