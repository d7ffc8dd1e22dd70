#pragma once

#include <string>

#include "http/json.hpp"
#include "persistence/risk_check_store.hpp"
#include "persistence/risk_store.hpp"

namespace dompet::http {

// Risk rules and assessments as JSON and CSV. Pure.

void append_assessment(JsonWriter& json, const AssessedMovement& movement);
std::string_view assessment_csv_header();
void append_assessment_csv(std::string& out, const AssessedMovement& movement);

void append_risk_rules(JsonWriter& json, const StoredRiskRules& stored);
std::string render_risk_rules(const StoredRiskRules& stored);
/// What whoever asked hears.
std::string render_risk_answer(const RiskCheck& check);
/// The whole question.
void append_risk_check(JsonWriter& json, const RiskCheck& check);

}  // namespace dompet::http
