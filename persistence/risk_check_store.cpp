#include "persistence/risk_check_store.hpp"

#include <nlohmann/json.hpp>

#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

std::string json_of(const std::vector<RiskReason>& reasons) {
  nlohmann::json list = nlohmann::json::array();
  for (const RiskReason& reason : reasons)
    list.push_back({{"rule", reason.rule}, {"text", reason.text}});
  return list.dump();
}

std::vector<RiskReason> reasons_of(std::string_view text) {
  std::vector<RiskReason> reasons;
  for (const nlohmann::json& reason : nlohmann::json::parse(text))
    reasons.push_back({reason.at("rule").get<std::string>(), reason.at("text").get<std::string>()});
  return reasons;
}

RiskCheck check_of(const Row& row) {
  RiskCheck check{.id = row.uuid(0), .who = std::string{row.text(1)}, .owner = {row.uuid_if_any(3).value_or(Uuid{})}};
  check.asked.id = {check.id};
  check.asked.kind = static_cast<TransactionKind>(row.number(5));
  const bool is_topup = check.asked.kind == TransactionKind::topup;
  // Not `= {row.uuid(2)}`: GCC 12 takes a list in braces before it has chosen what is assigned to.
  WalletId& wallet = is_topup ? check.asked.destination : check.asked.source;
  wallet.uuid = row.uuid(2);
  if (!is_topup)
    check.asked.destination = {row.uuid_if_any(4).value_or(Uuid{})};
  check.asked.currency = currency_of(row.number(6));
  check.asked.amount = row.number(7);
  check.said.score = static_cast<std::uint8_t>(row.number(8));
  check.said.action = static_cast<RiskAction>(row.number(9));
  check.said.reasons = reasons_of(row.text(10));
  check.rules_version = static_cast<std::uint64_t>(row.number(11));
  check.at_ms = row.number(12);
  return check;
}

void add_if_any(Parameters& values, const Uuid& id) { id.is_nil() ? values.add_null() : values.add(id); }

}  // namespace

RiskCheckStore::RiskCheckStore(Reader& reader) : session_(reader.session()) {}

void RiskCheckStore::add(const RiskCheck& check) {
  const Transaction& asked = check.asked;
  const bool is_topup = asked.kind == TransactionKind::topup;
  Parameters values;
  values.add(check.id).add(check.who).add((is_topup ? asked.destination : asked.source).uuid);
  add_if_any(values, check.owner.uuid);
  add_if_any(values, is_topup ? Uuid{} : asked.destination.uuid);
  values.add(static_cast<std::int64_t>(asked.kind)).add(std::int64_t{asked.currency.numeric}).add(asked.amount);
  values.add(std::int64_t{check.said.score}).add(static_cast<std::int64_t>(check.said.action));
  values.add(json_of(check.said.reasons)).add(static_cast<std::int64_t>(check.rules_version));
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask("INSERT INTO risk_check (id, who, wallet, owner, destination, kind, currency, amount, score, action,"
                 " reasons, rules_version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12)",
                 values);
  });
}

std::vector<RiskCheck> RiskCheckStore::list(const RiskCheckQuery& query) {
  Parameters parameters;
  std::string sql{"SELECT id, who, wallet, owner, destination, kind, currency, amount, score, action, reasons::text,"
                  " rules_version, "};
  sql.append(milliseconds("at")).append(" FROM risk_check WHERE true");
  if (query.action)
    sql += " AND action = " + parameters.add(static_cast<std::int64_t>(*query.action)).last();
  if (query.wallet)
    sql += " AND wallet = " + parameters.add(*query.wallet).last();
  if (query.before)
    sql += " AND id < " + parameters.add(*query.before).last();
  std::vector<RiskCheck> found;
  session_.ask(sql + " ORDER BY id DESC LIMIT " + std::to_string(query.limit), parameters).each([&](const Row& row) {
    found.push_back(check_of(row));
  });
  return found;
}

}  // namespace dompet
