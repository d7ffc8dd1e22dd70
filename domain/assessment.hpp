#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.hpp"

namespace dompet {

/// What is done about a movement of money. The numbers are stored; a larger one is stricter.
enum class RiskAction : std::uint8_t { allow = 0, review = 1, block = 2 };

std::string_view name_of(RiskAction action);

/// A rule that a movement met.
struct RiskReason {
  /// The rule's id.
  std::string rule{};
  /// Its name as it was then, for staff. Customers never hear it.
  std::string text{};
  bool operator==(const RiskReason&) const = default;
};

/// What the rules said about a movement when it was decided; part of its record, for good.
struct Assessment {
  /// 0 to 100.
  std::uint8_t score = 0;
  RiskAction action = RiskAction::allow;
  /// The strictest first, at most `most_risk_reasons`.
  std::vector<RiskReason> reasons{};
  /// Of the rules that said so.
  std::uint64_t rules_version = 0;
  /// Staff who moved somebody else's money, and does not decide on its review; nil when it was nobody else's.
  UserId asked_by{};

  bool operator==(const Assessment&) const = default;
};

/// An officer's word on a movement under review; part of the record of his decision, for good.
struct Verdict {
  std::string officer{};
  std::string note{};

  bool operator==(const Verdict&) const = default;
};

/// Bounds what an assessment adds to a row of the journal.
inline constexpr std::size_t most_risk_reasons = 16;

}  // namespace dompet
