#pragma once

#include <cstdint>
#include <optional>

#include "domain/decline.hpp"
#include "domain/event.hpp"
#include "domain/wallet.hpp"

namespace dompet {

// What a wallet may spend in a day, a week and a month, and what it has spent. Periods are UTC days, ISO weeks and
// calendar months; a movement that carries an older day than the last one counts only in the periods that both share.

/// The UTC day of a moment, as `Spending::day`.
std::int32_t day_of(std::int64_t unix_ms);

/// Why the amount cannot be spent on top of what was; nothing when it can. Uncounted spending always can.
std::optional<Decline> over_limit(const Wallet& wallet, Minor amount, const Spending& spending);

/// What was spent, transfers, withdrawals and payments together, in the periods that a day is in.
struct SpentTotals {
  Minor day = 0;
  Minor week = 0;
  Minor month = 0;
  bool operator==(const SpentTotals&) const = default;
};
SpentTotals spent_on(const Spent& spent, std::int32_t day);

/// Counts the amount.
void count(Spent& spent, Minor amount, const Spending& spending);
/// Takes back what was counted and did not leave after all; what belongs to a period that is over stays.
void give_back(Spent& spent, Minor amount, const Spending& spending);

}  // namespace dompet
