#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/risk.hpp"
#include "http/body.hpp"
#include "http/query.hpp"

namespace dompet::http {

// Bodies of the risk routes.

inline constexpr std::size_t longest_rule_id = 40;     // letters, digits and dashes
inline constexpr std::size_t longest_rule_name = 80;   // characters
inline constexpr std::size_t longest_risk_note = 500;  // characters

/// All rules as they shall be, with the version that they replace. `parties` and amounts are checked for form; whether
/// a party is there is nobody's business: one may be blocked before it comes.
Read<RiskRules> read_risk_rules(std::string_view body);

/// What a question to the rules is about. Its id is not set.
Read<Transaction> read_risk_question(std::string_view body);

/// The parameter `action` of lists; nothing when it is not there.
std::optional<RiskAction> read_risk_action(QueryParameters& parameters);

/// The officer's note, which must be there.
Read<std::string> read_risk_note(std::string_view body);

}  // namespace dompet::http
