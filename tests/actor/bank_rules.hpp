#pragma once

#include <memory>

#include "domain/risk.hpp"

namespace dompet::simulated {

/// Of the simulations' banks: some of what clients do is looked at by an officer, some is blocked, and some rules count
/// what left a wallet, or look at whose the other one is.
inline RiskRulesPtr rules_of_a_bank() {
  const auto rupiah = find_currency("IDR");
  RiskRules rules{.rules = {{.id = "large", .name = "large", .enabled = true, .currency = rupiah, .amount = 40},
                            {.id = "odd", .name = "odd", .enabled = true, .currency = rupiah, .amount = 4},
                            {.id = "often", .name = "often", .kind = RiskRuleKind::velocity_count, .enabled = true},
                            {.id = "much", .name = "much", .kind = RiskRuleKind::velocity_amount, .enabled = true},
                            {.id = "own", .name = "own", .kind = RiskRuleKind::same_party, .enabled = true}},
                  .block_from = 100};
  rules.rules[0].action = RiskAction::block;
  rules.rules[1].action = RiskAction::review;
  rules.rules[1].score = 40;
  rules.rules[2].count = 4;
  rules.rules[2].window_ms = 1'000;
  rules.rules[2].score = 60;
  rules.rules[3].currency = rupiah;
  rules.rules[3].amount = 30;
  rules.rules[3].window_ms = 500;
  rules.rules[3].action = RiskAction::review;
  rules.rules[4].score = 10;
  return std::make_shared<const RiskRules>(std::move(rules));
}

}  // namespace dompet::simulated
