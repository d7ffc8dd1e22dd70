#pragma once

#include <optional>

#include "domain/risk.hpp"

namespace dompet {

/// Judges an increment of a payment of which `authorized` (minor units) is set aside or captured already: rules about
/// an amount compare the whole payment, so that nobody passes under a threshold in parts. What counts movements counts
/// the increment alone; the authorization is a movement of its own.
std::optional<Assessment> assess(const RiskRules& rules, const RiskFacts& facts, Minor authorized);

}  // namespace dompet
