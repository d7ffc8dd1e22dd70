#include "config/setting_rows.hpp"

namespace dompet::rows {

void add_risk(Rows& rows) {
  rows.push_back(
      number({"risk", "rules_max_age_ms",
              "Risk rules that were read longer ago judge nothing: money that they look at is not moved then "
              "(503, risk_unavailable). They are read twice a second; longer than an outage that should "
              "pass unnoticed, shorter than a rule may be ignored."},
             "milliseconds", 1'000, 3'600'000, [](auto& s) -> auto& { return s.engine.risk_rules_max_age; }));
  rows.push_back(number(
      {"risk", "no_rules_max_age_ms",
       "The same when none of them was enabled. Longer, so that a ledger that judges nothing outlives the loss of "
       "database 0; so long a node that cannot read may not know that somebody enabled the first rule."},
      "milliseconds", 1'000, 604'800'000, [](auto& s) -> auto& { return s.engine.risk_no_rules_max_age; }));
  rows.push_back(number({"risk", "review_expiry_s",
                         "What waits for an officer and was not decided after so long is rejected, and its money comes "
                         "back. A week, so that no holiday decides."},
                        "seconds", 1, 31'536'000, [](auto& s) -> auto& { return s.engine.review_expiry; }));
}

}  // namespace dompet::rows
