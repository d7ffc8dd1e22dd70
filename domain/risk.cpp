#include "domain/risk.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "domain/ensure.hpp"
#include "domain/risk_increment.hpp"

namespace dompet {

namespace {

constexpr int largest_score = 100;

struct KindName {
  RiskRuleKind kind;
  std::string_view name;
};
constexpr std::array kind_names{KindName{RiskRuleKind::amount_above, "amount_above"},
                                KindName{RiskRuleKind::amount_below, "amount_below"},
                                KindName{RiskRuleKind::same_party, "same_party"},
                                KindName{RiskRuleKind::velocity_count, "velocity_count"},
                                KindName{RiskRuleKind::velocity_amount, "velocity_amount"},
                                KindName{RiskRuleKind::new_account, "new_account"},
                                KindName{RiskRuleKind::blocked, "blocked"}};

/// Rules speak of payments; more of an authorized one is a payment to them.
TransactionKind kind_to_rules(TransactionKind kind) {
  return kind == TransactionKind::increment ? TransactionKind::payment : kind;
}

bool counts(const RiskRule& rule) {
  return rule.kind == RiskRuleKind::velocity_count || rule.kind == RiskRuleKind::velocity_amount;
}

bool looks_at(const RiskRule& rule, TransactionKind kind, const Currency& currency) {
  if (!rule.enabled || (rule.currency && *rule.currency != currency) || (counts(rule) && !is_counted_by_velocity(kind)))
    return false;
  return rule.kinds.empty() || std::ranges::find(rule.kinds, kind_to_rules(kind)) != rule.kinds.end();
}

/// Whether the rule is about what the destination of a conversion gets, and not about what its source pays. What left a
/// wallet is counted in the wallet's own currency.
bool is_about_credit(const RiskRule& rule, const Transaction& transaction) {
  return transaction.fx && !counts(rule) && rule.currency && *rule.currency != transaction.currency;
}

bool looks_at(const RiskRule& rule, const Transaction& transaction) {
  const Currency& currency =
      is_about_credit(rule, transaction) ? credit_of(transaction).currency : transaction.currency;
  return is_assessed(transaction.kind) && looks_at(rule, transaction.kind, currency);
}

/// What a rule about one amount compares: of an increment (`authorized` is what there is already) the whole payment.
Minor amount_to(const RiskRule& rule, const Transaction& transaction, Minor authorized) {
  if (is_about_credit(rule, transaction))
    return credit_of(transaction).amount;
  return checked_add(authorized, transaction.amount).value_or(std::numeric_limits<Minor>::max());
}

std::int64_t time_of(const TransactionId& id) { return unix_ms_of(id.uuid); }

/// How many movements the rule counts, and their sum, the assessed one included; a sum that cannot be counted is
/// nothing.
struct Counted {
  std::int64_t count = 1;
  std::optional<Minor> amount{};
  /// There were more within the window than are remembered.
  bool is_cut = false;
};
Counted count(const RiskRule& rule, const RiskFacts& facts) {
  Counted counted{.amount = facts.transaction.amount, .is_cut = facts.is_cut};
  const std::int64_t since_ms = time_of(facts.transaction.id) - rule.window_ms;
  for (const RiskMovement& movement : facts.movements) {
    if (time_of(movement.id) <= since_ms) {
      counted.is_cut = false;
      continue;
    }
    if (movement.id == facts.transaction.id || !looks_at(rule, movement.kind, movement.currency))
      continue;
    ++counted.count;
    if (counted.amount)
      counted.amount = checked_add(*counted.amount, movement.amount);
  }
  return counted;
}

bool has_one_party(const RiskFacts& facts) {
  const Transaction& transaction = facts.transaction;
  const bool has_two_sides = transaction.source != WalletId{} && transaction.destination != WalletId{};
  return has_two_sides && (transaction.source == transaction.destination ||
                           (facts.owner != UserId{} && facts.owner == facts.other_owner));
}

bool names_one_of(const RiskRule& rule, const RiskFacts& facts) {
  const Transaction& transaction = facts.transaction;
  return std::ranges::any_of(
      std::array{transaction.source.uuid, transaction.destination.uuid, facts.owner.uuid, facts.other_owner.uuid,
                 transaction.card.uuid, transaction.merchant.uuid},
      [&](const Uuid& party) { return !party.is_nil() && std::ranges::binary_search(rule.parties, party); });
}

bool is_young(const RiskRule& rule, const Transaction& transaction) {
  const WalletId& wallet = transaction.source == WalletId{} ? transaction.destination : transaction.source;
  const std::int64_t age_ms = time_of(transaction.id) - unix_ms_of(wallet.uuid);
  return age_ms < rule.window_ms;
}

bool is_met(const RiskRule& rule, const RiskFacts& facts, Minor authorized) {
  switch (rule.kind) {
    case RiskRuleKind::amount_above: return amount_to(rule, facts.transaction, authorized) > rule.amount;
    case RiskRuleKind::amount_below: return amount_to(rule, facts.transaction, authorized) < rule.amount;
    case RiskRuleKind::same_party: return has_one_party(facts);
    case RiskRuleKind::velocity_count: {
      const Counted counted = count(rule, facts);
      return counted.is_cut || counted.count > rule.count;
    }
    case RiskRuleKind::velocity_amount: {
      const Counted counted = count(rule, facts);
      return counted.is_cut || !counted.amount || *counted.amount > rule.amount;
    }
    case RiskRuleKind::new_account: return is_young(rule, facts.transaction);
    case RiskRuleKind::blocked: return names_one_of(rule, facts);
  }
  throw Bug("a risk rule is of a known kind");
}

RiskAction action_of_score(const RiskRules& rules, int score) {
  if (rules.block_from && score >= *rules.block_from)
    return RiskAction::block;
  return rules.review_from && score >= *rules.review_from ? RiskAction::review : RiskAction::allow;
}

}  // namespace

std::string_view name_of(RiskAction action) {
  switch (action) {
    case RiskAction::allow: return "allow";
    case RiskAction::review: return "review";
    case RiskAction::block: return "block";
  }
  throw Bug("a risk action is known");
}

std::string_view name_of(RiskRuleKind kind) {
  const auto* const found = std::ranges::find(kind_names, kind, &KindName::kind);
  ensure(found != kind_names.end(), "a risk rule is of a known kind");
  return found->name;
}

std::optional<RiskRuleKind> find_risk_rule_kind(std::string_view name) {
  const auto* const found = std::ranges::find(kind_names, name, &KindName::name);
  return found == kind_names.end() ? std::nullopt : std::optional{found->kind};
}

bool is_assessed(TransactionKind kind) { return kind == TransactionKind::topup || is_counted_by_velocity(kind); }

bool is_counted_by_velocity(TransactionKind kind) {
  return kind == TransactionKind::transfer || kind == TransactionKind::withdrawal || kind == TransactionKind::payment ||
         kind == TransactionKind::increment;
}

RiskNeeds needs_of(const RiskRules& rules, const Transaction& transaction) {
  RiskNeeds needs;
  const bool has_other = transaction.source != WalletId{} && transaction.destination != WalletId{};
  for (const RiskRule& rule : rules.rules) {
    if (!looks_at(rule, transaction))
      continue;
    needs.is_looked_at = true;
    if (counts(rule))
      needs.window_ms = std::max(needs.window_ms, rule.window_ms);
    needs.other_owner |= has_other && (rule.kind == RiskRuleKind::same_party || rule.kind == RiskRuleKind::blocked);
  }
  return needs;
}

std::int64_t longest_window_ms(const RiskRules& rules) {
  std::int64_t longest = 0;
  for (const RiskRule& rule : rules.rules)
    if (rule.enabled && counts(rule))
      longest = std::max(longest, rule.window_ms);
  return longest;
}

std::optional<Assessment> assess(const RiskRules& rules, const RiskFacts& facts) { return assess(rules, facts, 0); }

std::optional<Assessment> assess(const RiskRules& rules, const RiskFacts& facts, Minor authorized) {
  bool is_looked_at = false;
  int score = 0;
  RiskAction action = RiskAction::allow;
  std::vector<const RiskRule*> met;
  for (const RiskRule& rule : rules.rules) {
    if (!looks_at(rule, facts.transaction))
      continue;
    is_looked_at = true;
    if (!is_met(rule, facts, authorized))
      continue;
    met.push_back(&rule);
    score = std::min(largest_score, score + rule.score);
    action = std::max(action, rule.action);
  }
  if (!is_looked_at)
    return std::nullopt;
  std::ranges::stable_sort(met, std::ranges::greater{}, &RiskRule::action);
  Assessment assessment{.score = static_cast<std::uint8_t>(score),
                        .action = std::max(action, action_of_score(rules, score)),
                        .rules_version = rules.version};
  for (const RiskRule* rule : met)
    if (assessment.reasons.size() < most_risk_reasons)
      assessment.reasons.push_back({rule->id, rule->name});
  return assessment;
}

}  // namespace dompet
