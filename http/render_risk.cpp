#include "http/render_risk.hpp"

#include "http/render.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

template <class Id>
void append_id_or_null(JsonWriter& json, std::string_view name, const Id& id) {
  json.key(name);
  id.uuid.is_nil() ? json.null() : json.text(to_string(id));
}

void append_text_or_null(JsonWriter& json, std::string_view name, const std::string& text) {
  json.key(name);
  text.empty() ? json.null() : json.text(text);
}

void append_reasons(JsonWriter& json, const std::vector<RiskReason>& reasons) {
  json.key("reasons").begin_array();
  for (const RiskReason& reason : reasons)
    json.begin_object().member("rule", reason.rule).member("text", reason.text).end_object();
  json.end_array();
}

/// What the rules said of a question.
void append_said(JsonWriter& json, const RiskCheck& check) {
  json.key("score").number(check.said.score).plain("action", name_of(check.said.action));
  append_reasons(json, check.said.reasons);
  json.key("rules_version").number(static_cast<std::int64_t>(check.rules_version));
}

void append_threshold(JsonWriter& json, std::string_view name, const std::optional<int>& score) {
  json.key(name);
  score ? json.number(*score) : json.null();
}

std::string_view action_of(const RiskRule& rule) {
  return rule.action == RiskAction::allow ? std::string_view{"flag"} : name_of(rule.action);
}

void append_measures(JsonWriter& json, const RiskRule& rule) {
  if (rule.amount > 0 && rule.currency)
    json.plain("amount", format_amount(rule.amount, *rule.currency));
  if (rule.kind == RiskRuleKind::velocity_count)
    json.key("count").number(rule.count);
  if (rule.window_ms > 0)
    json.key("window_s").number(rule.window_ms / 1'000);
  if (rule.kind != RiskRuleKind::blocked)
    return;
  json.key("parties").begin_array();
  for (const Uuid& party : rule.parties)
    json.text(to_string(party));
  json.end_array();
}

void append_rule(JsonWriter& json, const RiskRule& rule) {
  json.begin_object().member("id", rule.id).member("name", rule.name).plain("kind", name_of(rule.kind));
  json.key("enabled").truth(rule.enabled).key("currency");
  rule.currency ? json.text(rule.currency->text()) : json.null();
  json.key("kinds").begin_array();
  for (const TransactionKind kind : rule.kinds)
    json.text(name_of(kind));
  json.end_array();
  append_measures(json, rule);
  json.key("score").number(rule.score).plain("action", action_of(rule)).end_object();
}

std::string reasons_as_text(const std::vector<RiskReason>& reasons) {
  std::string text;
  for (const RiskReason& reason : reasons)
    text.append(text.empty() ? "" : "; ").append(reason.text);
  return text;
}

}  // namespace

void append_assessment(JsonWriter& json, const AssessedMovement& movement) {
  const Transaction& transaction = *movement.record.transaction;
  const Assessment& risk = *movement.record.risk;
  json.begin_object().plain("id", to_string(movement.record.id)).plain("at", format_time(movement.record.at_ms));
  json.plain("kind", name_of(transaction.kind));
  json.plain("amount", format_amount(transaction.amount, transaction.currency));
  json.plain("currency", transaction.currency.text());
  append_id_or_null(json, "source_wallet_id", transaction.source);
  append_id_or_null(json, "destination_wallet_id", transaction.destination);
  append_id_or_null(json, "user_id", movement.owner);
  json.key("score").number(risk.score).plain("action", name_of(risk.action));
  append_reasons(json, risk.reasons);
  json.key("state");
  movement.state == ReviewState::none ? json.null() : json.text(name_of(movement.state));
  append_text_or_null(json, "decided_by", movement.decided_by);
  append_text_or_null(json, "note", movement.note);
  json.key("rules_version").number(static_cast<std::int64_t>(risk.rules_version));
  append_id_or_null(json, "asked_by", risk.asked_by);
  json.end_object();
}

std::string_view assessment_csv_header() {
  return "id,at,kind,amount,currency,source_wallet_id,destination_wallet_id,score,action,state,reasons,decided_by,note"
         "\r\n";
}

void append_assessment_csv(std::string& out, const AssessedMovement& movement) {
  const Transaction& transaction = *movement.record.transaction;
  const Assessment& risk = *movement.record.risk;
  const auto id_or_nothing = [](const WalletId& wallet) {
    return wallet == WalletId{} ? std::string{} : to_string(wallet);
  };
  out += to_string(movement.record.id);
  for (const std::string& column :
       {format_time(movement.record.at_ms), std::string{name_of(transaction.kind)},
        format_amount(transaction.amount, transaction.currency), std::string{transaction.currency.text()},
        id_or_nothing(transaction.source), id_or_nothing(transaction.destination), std::to_string(risk.score),
        std::string{name_of(risk.action)},
        movement.state == ReviewState::none ? std::string{} : std::string{name_of(movement.state)}})
    (out += ',') += column;
  append_quoted_csv(out, reasons_as_text(risk.reasons));
  append_quoted_csv(out, movement.decided_by);
  append_quoted_csv(out, movement.note);
  out += "\r\n";
}

void append_risk_rules(JsonWriter& json, const StoredRiskRules& stored) {
  json.begin_object().key("version").number(static_cast<std::int64_t>(stored.rules.version));
  append_threshold(json, "review_from", stored.rules.review_from);
  append_threshold(json, "block_from", stored.rules.block_from);
  json.key("rules").begin_array();
  for (const RiskRule& rule : stored.rules.rules)
    append_rule(json, rule);
  json.end_array().plain("changed_at", format_time(stored.changed_at_ms));
  append_text_or_null(json, "changed_by", stored.changed_by);
  json.end_object();
}

std::string render_risk_rules(const StoredRiskRules& stored) {
  std::string text;
  JsonWriter json(text);
  append_risk_rules(json, stored);
  return text;
}

std::string render_risk_answer(const RiskCheck& check) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("id", to_string(check.id));
  append_said(json, check);
  json.end_object();
  return text;
}

void append_risk_check(JsonWriter& json, const RiskCheck& check) {
  const Transaction& asked = check.asked;
  const bool is_topup = asked.kind == TransactionKind::topup;
  json.begin_object().plain("id", to_string(check.id)).plain("at", format_time(check.at_ms));
  json.member("asked_by", check.who).plain("kind", name_of(asked.kind));
  json.plain("amount", format_amount(asked.amount, asked.currency)).plain("currency", asked.currency.text());
  append_id_or_null(json, "wallet_id", is_topup ? asked.destination : asked.source);
  append_id_or_null(json, "destination_wallet_id", is_topup ? WalletId{} : asked.destination);
  append_id_or_null(json, "user_id", check.owner);
  append_said(json, check);
  json.end_object();
}

}  // namespace dompet::http
