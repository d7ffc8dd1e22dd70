#include "http/risk_body.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "http/body_fields.hpp"

namespace dompet::http {

namespace {

constexpr std::array assessed_kinds{TransactionKind::topup, TransactionKind::transfer, TransactionKind::withdrawal,
                                    TransactionKind::payment};

std::optional<TransactionKind> kind_named(std::string_view name) {
  for (const TransactionKind kind : assessed_kinds)
    if (name_of(kind) == name)
      return kind;
  return std::nullopt;
}

/// A whole number that must be there.
std::int64_t number(BodyFields& fields, std::string_view name, std::int64_t least, std::int64_t most) {
  const JsonValue* value = fields.optional(name);
  const bool is_one =
      value != nullptr && value->kind == JsonValue::Kind::integer && value->integer >= least && value->integer <= most;
  if (is_one)
    return value->integer;
  fields.fault(name, value == nullptr ? "missing_field" : "invalid_field",
               "A whole number from " + std::to_string(least) + " to " + std::to_string(most) + ".");
  return least;
}

bool is_given(const BodyFields& fields, std::string_view name) {
  const JsonValue* value = fields.optional(name);
  return value != nullptr && value->kind != JsonValue::Kind::null;
}

std::optional<int> read_threshold(BodyFields& fields, std::string_view name) {
  return is_given(fields, name) ? std::optional{static_cast<int>(number(fields, name, 1, 100))} : std::nullopt;
}

bool is_rule_id(std::string_view text) {
  const auto plain = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
  };
  return !text.empty() && text.size() <= longest_rule_id && std::ranges::all_of(text, plain);
}

RiskAction read_action(BodyFields& fields) {
  constexpr std::pair<std::string_view, RiskAction> known[]{
      {"flag", RiskAction::allow}, {"review", RiskAction::review}, {"block", RiskAction::block}};
  const std::string action = fields.word("action");
  for (const auto& [name, means] : known)
    if (name == action)
      return means;
  if (!action.empty())
    fields.fault("action", "invalid_field", "One of flag, review, block.");
  return RiskAction::block;
}

std::vector<TransactionKind> read_kinds(BodyFields& fields) {
  std::vector<TransactionKind> kinds;
  if (!is_given(fields, "kinds"))
    return kinds;
  const JsonValue& list = *fields.optional("kinds");
  bool is_sound = list.kind == JsonValue::Kind::array && list.items.size() <= assessed_kinds.size();
  for (const JsonValue& item : list.items)
    if (const auto kind = item.kind == JsonValue::Kind::text ? kind_named(item.text) : std::nullopt)
      kinds.push_back(*kind);
    else
      is_sound = false;
  if (!is_sound)
    fields.fault("kinds", "invalid_field", "An array of topup, transfer, withdrawal, payment; empty for all.");
  return kinds;
}

std::vector<Uuid> read_parties(BodyFields& fields) {
  std::vector<Uuid> parties;
  const JsonValue* list = fields.optional("parties");
  bool is_sound = list != nullptr && list->kind == JsonValue::Kind::array && !list->items.empty() &&
                  list->items.size() <= most_blocked_parties;
  for (std::size_t i = 0; is_sound && i < list->items.size(); ++i)
    if (const auto id = parse_uuid(list->items[i].text))
      parties.push_back(*id);
    else
      is_sound = false;
  if (!is_sound)
    fields.fault("parties", list == nullptr ? "missing_field" : "invalid_field",
                 "An array of 1 to " + std::to_string(most_blocked_parties) +
                     " ids of wallets, users, cards or merchants.");
  std::ranges::sort(parties);
  return parties;
}

constexpr bool needs_amount(RiskRuleKind kind) {
  return kind == RiskRuleKind::amount_above || kind == RiskRuleKind::amount_below ||
         kind == RiskRuleKind::velocity_amount;
}

constexpr bool needs_window(RiskRuleKind kind) {
  return kind == RiskRuleKind::velocity_count || kind == RiskRuleKind::velocity_amount ||
         kind == RiskRuleKind::new_account;
}

/// What only some kinds have; of others it must not be there, so that nobody believes in it.
void read_measures(BodyFields& fields, RiskRule& rule) {
  if (needs_amount(rule.kind)) {
    rule.currency = fields.currency("currency");
    rule.amount = fields.amount("amount", rule.currency);
  } else if (is_given(fields, "currency")) {
    rule.currency = fields.currency("currency");
  }
  if (rule.kind == RiskRuleKind::velocity_count)
    rule.count = number(fields, "count", 1, most_velocity_count);
  if (needs_window(rule.kind)) {
    const bool is_age = rule.kind == RiskRuleKind::new_account;
    rule.window_ms =
        1'000 * number(fields, "window_s", 1, (is_age ? longest_account_age_ms : longest_risk_window_ms) / 1'000);
  }
  if (rule.kind == RiskRuleKind::blocked)
    rule.parties = read_parties(fields);
  const auto must_not = [&](std::string_view name, bool is_of_kind) {
    if (!is_of_kind && is_given(fields, name))
      fields.fault(name, "invalid_field", "A rule of this kind has none.");
  };
  must_not("amount", needs_amount(rule.kind));
  must_not("count", rule.kind == RiskRuleKind::velocity_count);
  must_not("window_s", needs_window(rule.kind));
  must_not("parties", rule.kind == RiskRuleKind::blocked);
}

RiskRule read_rule(const JsonValue& object, std::vector<FieldError>& errors, const std::string& within) {
  BodyFields fields(object,
                    {"id", "name", "kind", "enabled", "currency", "kinds", "amount", "count", "window_s", "parties",
                     "score", "action"},
                    errors, within);
  RiskRule rule;
  rule.id = fields.word("id");
  if (!rule.id.empty() && !is_rule_id(rule.id))
    fields.fault("id", "invalid_field", "1 to 40 small letters, digits and dashes.");
  rule.name = fields.name("name", longest_rule_name);
  const std::string kind = fields.word("kind");
  const auto found = find_risk_rule_kind(kind);
  if (!found && !kind.empty())
    fields.fault(
        "kind", "invalid_field",
        "One of amount_above, amount_below, same_party, velocity_count, velocity_amount, new_account, blocked.");
  rule.kind = found.value_or(RiskRuleKind::same_party);
  rule.enabled = fields.truth("enabled", true);
  rule.kinds = read_kinds(fields);
  rule.score = static_cast<std::uint8_t>(number(fields, "score", 0, 100));
  rule.action = read_action(fields);
  if (found)
    read_measures(fields, rule);
  const bool counts = rule.kind == RiskRuleKind::velocity_count || rule.kind == RiskRuleKind::velocity_amount;
  if (found && counts && std::ranges::find(rule.kinds, TransactionKind::topup) != rule.kinds.end())
    fields.fault("kinds", "invalid_field", "Only what leaves a wallet is counted: transfer, withdrawal, payment.");
  return rule;
}

}  // namespace

Read<RiskRules> read_risk_rules(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"version", "review_from", "block_from", "rules"}, errors);
  RiskRules rules;
  rules.version = static_cast<std::uint64_t>(number(fields, "version", 1, INT64_MAX));
  rules.review_from = read_threshold(fields, "review_from");
  rules.block_from = read_threshold(fields, "block_from");
  const JsonValue* list = fields.optional("rules");
  if (list == nullptr || list->kind != JsonValue::Kind::array || list->items.size() > most_risk_rules) {
    fields.fault("rules", list == nullptr ? "missing_field" : "invalid_field",
                 "An array of at most " + std::to_string(most_risk_rules) + " rules.");
    return value_or_errors(std::move(rules), std::move(errors));
  }
  std::set<std::string> ids;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const std::string within = "rules[" + std::to_string(i) + "].";
    if (list->items[i].kind != JsonValue::Kind::object) {
      fields.fault("rules", "invalid_field", "Each rule is an object.");
      break;
    }
    rules.rules.push_back(read_rule(list->items[i], errors, within));
    if (!ids.insert(rules.rules.back().id).second)
      errors.push_back({within + "id", "invalid_field", "Another rule has this id."});
  }
  return value_or_errors(std::move(rules), std::move(errors));
}

Read<Transaction> read_risk_question(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"wallet_id", "amount", "currency", "kind", "destination_wallet_id"}, errors);
  Transaction asked;
  const WalletId wallet = fields.wallet_id("wallet_id");
  const auto currency = fields.currency("currency");
  asked.currency = currency.value_or(Currency{});
  asked.amount = fields.amount("amount", currency);
  if (is_given(fields, "kind")) {
    const std::string kind = fields.word("kind");
    const auto found = kind_named(kind);
    if (!found && !kind.empty())
      fields.fault("kind", "invalid_field", "One of topup, transfer, withdrawal, payment.");
    asked.kind = found.value_or(TransactionKind::transfer);
  }
  asked.destination = {fields.optional_id("destination_wallet_id").value_or(Uuid{})};
  const bool has_other = asked.kind == TransactionKind::transfer || asked.kind == TransactionKind::payment;
  if (!has_other && asked.destination != WalletId{})
    fields.fault("destination_wallet_id", "invalid_field", "Only a transfer or a payment goes to another wallet.");
  (asked.kind == TransactionKind::topup ? asked.destination : asked.source) = wallet;
  return value_or_errors(std::move(asked), std::move(errors));
}

std::optional<RiskAction> read_risk_action(QueryParameters& parameters) {
  const std::string action = parameters.choice("action", {"allow", "review", "block"});
  for (const RiskAction possible : {RiskAction::allow, RiskAction::review, RiskAction::block})
    if (name_of(possible) == action)
      return possible;
  return std::nullopt;
}

Read<std::string> read_risk_note(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"note"}, errors);
  std::string note = fields.name("note", longest_risk_note);
  return value_or_errors(std::move(note), std::move(errors));
}

}  // namespace dompet::http
