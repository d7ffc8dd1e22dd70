#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "domain/event.hpp"

namespace dompet::http {

// How the contract names what may leave a wallet in a period: `limits` and `spent` are read and written by these.

inline constexpr std::array<std::pair<std::string_view, std::optional<Minor> PeriodLimits::*>, 3> period_names{{
    {"per_day", &PeriodLimits::day},
    {"per_week", &PeriodLimits::week},
    {"per_month", &PeriodLimits::month},
}};

/// By SpendingKind, less one: as `Limits::out_by_kind` and `Spent` have them.
inline constexpr std::array<std::string_view, counted_spending_kinds> spending_kind_names{"transfer", "withdrawal",
                                                                                          "payment"};

}  // namespace dompet::http
