#include "persistence/risk_store.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

std::string text_of(const std::vector<TransactionKind>& kinds) {
  std::string text = "{";
  for (const TransactionKind kind : kinds)
    text += (text.size() > 1 ? "," : "") + std::to_string(static_cast<int>(kind));
  return text + "}";
}

std::string text_of(const std::vector<Uuid>& ids) {
  std::string text = "{";
  for (const Uuid& id : ids)
    text += (text.size() > 1 ? "," : "") + to_string(id);
  return text + "}";
}

/// The elements of an array of numbers or ids, which need no quotes.
std::vector<std::string> elements_of(std::string_view array) {
  std::vector<std::string> elements;
  array = array.substr(1, array.size() - 2);
  while (!array.empty()) {
    const std::size_t end = std::min(array.find(','), array.size());
    elements.emplace_back(array.substr(0, end));
    array.remove_prefix(std::min(array.size(), end + 1));
  }
  return elements;
}

constexpr const char* rule_columns =
    "id, name, kind, enabled, currency, kinds, amount, count, window_ms, parties, score, action";

RiskRule rule_of(const Row& row) {
  RiskRule rule;
  rule.id = row.text(0);
  rule.name = row.text(1);
  rule.kind = static_cast<RiskRuleKind>(row.number(2));
  rule.enabled = row.is_true(3);
  if (const auto currency = row.number_if_any(4))
    rule.currency = currency_of(*currency);
  for (const std::string& kind : elements_of(row.text(5)))
    rule.kinds.push_back(static_cast<TransactionKind>(std::stoi(kind)));
  rule.amount = row.number(6);
  rule.count = row.number(7);
  rule.window_ms = row.number(8);
  for (const std::string& party : elements_of(row.text(9)))
    rule.parties.push_back(parse_uuid(party).value_or(Uuid{}));
  std::ranges::sort(rule.parties);
  rule.score = static_cast<std::uint8_t>(row.number(10));
  rule.action = static_cast<RiskAction>(row.number(11));
  return rule;
}

Parameters values_of(const RiskRule& rule, std::int64_t version, std::size_t place) {
  Parameters values;
  values.add(version)
      .add(static_cast<std::int64_t>(place))
      .add(rule.id)
      .add(rule.name)
      .add(static_cast<std::int64_t>(rule.kind));
  values.add(std::string{rule.enabled ? "t" : "f"});
  rule.currency ? values.add(std::int64_t{rule.currency->numeric}) : values.add_null();
  values.add(text_of(rule.kinds)).add(rule.amount).add(rule.count).add(rule.window_ms).add(text_of(rule.parties));
  values.add(std::int64_t{rule.score}).add(static_cast<std::int64_t>(rule.action));
  return values;
}

std::optional<int> score_of(const Row& row, int column) {
  const auto score = row.number_if_any(column);
  return score ? std::optional{static_cast<int>(*score)} : std::nullopt;
}

StoredRiskRules rule_set_of(const Row& row) {
  return {.rules = {.version = static_cast<std::uint64_t>(row.number(0)),
                    .review_from = score_of(row, 1),
                    .block_from = score_of(row, 2)},
          .changed_at_ms = row.number(3),
          .changed_by = std::string{row.text(4)}};
}

void add_score(Parameters& parameters, const std::optional<int>& score) {
  score ? parameters.add(static_cast<std::int64_t>(*score)) : parameters.add_null();
}

/// A review that is over was approved exactly when there is a record of it.
constexpr const char* approved_sql = "EXISTS (SELECT 1 FROM journal a WHERE a.id = j.id AND a.kind = 16)";
std::string assessed_sql() {
  return "SELECT " + journal_columns() + ", s.state, " + approved_sql +
         ", w.owner FROM journal j LEFT JOIN saga s ON s.id = j.id LEFT JOIN wallet w ON w.id = j.wallet"
         " WHERE j.risk IS NOT NULL";
}

ReviewState review_state_of(const Record& record, std::optional<std::int64_t> saga, bool is_approved) {
  if (!awaits_review(record.risk) || !saga)
    return ReviewState::none;
  if (*saga == static_cast<std::int64_t>(SagaState::under_review))
    return ReviewState::pending;
  return is_approved ? ReviewState::approved : ReviewState::rejected;
}

AssessedMovement assessed_of(const Row& row) {
  AssessedMovement movement{.record = record_of(row)};
  movement.state = review_state_of(movement.record, row.number_if_any(journal_width), row.is_true(journal_width + 1));
  movement.owner = {row.uuid_if_any(journal_width + 2).value_or(Uuid{})};
  return movement;
}

bool is_decided(const AssessedMovement& movement) {
  return movement.state == ReviewState::approved || movement.state == ReviewState::rejected;
}

/// Fills in what officers said, from the records of their decisions (review_approved, transfer_cancelling).
void add_verdicts(SqlSession& session, std::vector<AssessedMovement>& movements) {
  static const std::string sql =
      "SELECT " + journal_columns() + " FROM journal j WHERE j.id = ANY ($1::uuid[]) AND j.kind IN (8, 16)";
  std::vector<Uuid> decided;
  for (const AssessedMovement& movement : movements)
    if (is_decided(movement))
      decided.push_back(movement.record.id.uuid);
  if (decided.empty())
    return;
  session.ask_prepared(sql, Parameters{}.add(text_of(decided))).each([&](const Row& row) {
    const Record record = record_of(row);
    const auto place = std::ranges::find(movements, record.id, [](const auto& movement) { return movement.record.id; });
    if (!record.verdict || place == movements.end())
      return;
    place->decided_by = record.verdict->officer;
    place->note = record.verdict->note;
  });
}

std::string state_sql(ReviewState state) {
  const std::string over = " AND j.risk >= 1000 AND j.risk < 2000 AND s.state <> 6 AND ";
  switch (state) {
    case ReviewState::pending: return " AND j.risk >= 1000 AND j.id IN (SELECT id FROM saga WHERE state = 6)";
    case ReviewState::approved: return over + approved_sql;
    case ReviewState::rejected: return over + "NOT " + approved_sql;
    case ReviewState::none: break;
  }
  return {};
}

/// Review and block are few, and have an index of their own.
std::string action_sql(RiskAction action) {
  const int first = risk_column(action, 0);
  return (first > 0 ? " AND j.risk >= 1000" : "") + std::string{" AND j.risk BETWEEN "} + std::to_string(first) +
         " AND " + std::to_string(first + 100);
}

}  // namespace

RiskRuleStore::RiskRuleStore(Reader& reader) : session_(reader.session()) {}

std::uint64_t RiskRuleStore::version() {
  return static_cast<std::uint64_t>(session_.ask_prepared("SELECT max(version) FROM risk_rule_set")[0].number(0));
}

StoredRiskRules RiskRuleStore::rules() { return std::move(versions(0, 1).at(0)); }

/// Versions never change, so two statements see the same.
std::vector<StoredRiskRules> RiskRuleStore::versions(std::uint64_t before, int limit) {
  static const std::string sets_sql = "SELECT version, review_from, block_from, " + milliseconds("changed_at") +
                                      ", changed_by FROM risk_rule_set WHERE $1 = 0 OR version < $1"
                                      " ORDER BY version DESC LIMIT $2";
  static const std::string rules_sql =
      std::string{"SELECT "} + rule_columns + " FROM risk_rule WHERE version = $1 ORDER BY place";
  std::vector<StoredRiskRules> found;
  session_.ask_prepared(sets_sql, Parameters{}.add(static_cast<std::int64_t>(before)).add(std::int64_t{limit}))
      .each([&](const Row& row) { found.push_back(rule_set_of(row)); });
  for (StoredRiskRules& stored : found)
    session_.ask_prepared(rules_sql, Parameters{}.add(static_cast<std::int64_t>(stored.rules.version)))
        .each([&](const Row& row) { stored.rules.rules.push_back(rule_of(row)); });
  return found;
}

std::optional<StoredRiskRules> RiskRuleStore::replace(const RiskRules& rules, const Act& act) {
  static const std::string insertion = std::string{"INSERT INTO risk_rule (version, place, "} + rule_columns +
                                       ") VALUES ($1, $2, $3, $4, $5, $6::boolean, $7, $8::smallint[], $9, $10, $11,"
                                       " $12::uuid[], $13, $14)";
  const auto version = static_cast<std::int64_t>(rules.version) + 1;
  bool was_first = false;
  session_.within("BEGIN READ WRITE", [&] {
    Parameters parameters;
    parameters.add(version).add(act.who);
    add_score(parameters, rules.review_from);
    add_score(parameters, rules.block_from);
    // Of two who replace the same version one waits for the other, and finds his own taken.
    was_first = !session_
                     .ask("INSERT INTO risk_rule_set (version, changed_by, review_from, block_from)"
                          " SELECT $1::bigint, $2, $3::smallint, $4::smallint"
                          " WHERE $1::bigint - 1 = (SELECT max(version) FROM risk_rule_set)"
                          " ON CONFLICT DO NOTHING RETURNING 1",
                          parameters)
                     .empty();
    if (!was_first)
      return;
    for (std::size_t place = 0; place < rules.rules.size(); ++place)
      session_.ask(insertion, values_of(rules.rules[place], version, place + 1));
    nlohmann::json evidence{{"version", version}, {"enabled", nlohmann::json::array()}};
    for (const RiskRule& rule : rules.rules)
      if (rule.enabled)
        evidence["enabled"].push_back(rule.id);
    write_audit(session_, {act, "risk.rules.replace", "risk:rules", evidence.dump()});
    session_.ask("SELECT pg_notify('dompet_risk', '')");
  });
  if (!was_first)
    return std::nullopt;
  return std::move(versions(rules.version + 2, 1).at(0));
}

AssessmentReader::AssessmentReader(Reader& reader)
    : session_(reader.session()), one_of_several_(reader.is_one_of_several()) {}

std::vector<AssessedMovement> AssessmentReader::list(const AssessmentQuery& query) {
  Parameters parameters;
  std::string sql = assessed_sql() + state_sql(query.state);
  if (query.action)
    sql += action_sql(*query.action);
  if (query.min_score > 0)
    sql += " AND j.risk % 1000 >= " + std::to_string(query.min_score);
  if (query.wallet) {
    const std::string wallet = parameters.add(query.wallet->uuid).last();
    sql += " AND (j.wallet = " + wallet + " OR j.peer = " + wallet + ")";
  }
  if (query.from_ms)
    sql += " AND j.id >= " + parameters.add(first_uuid_of(*query.from_ms)).last();
  if (query.until_ms)
    sql += " AND j.id < " + parameters.add(first_uuid_of(*query.until_ms)).last();
  if (query.before)
    sql += " AND j.id < " + parameters.add(*query.before).last();
  if (one_of_several_)
    sql += " AND j.shard IN " + shards_here_sql;
  std::vector<AssessedMovement> found;
  session_.ask(sql + " ORDER BY j.id DESC LIMIT " + std::to_string(query.limit), parameters).each([&](const Row& row) {
    found.push_back(assessed_of(row));
  });
  add_verdicts(session_, found);
  return found;
}

std::optional<AssessedMovement> AssessmentReader::find(const TransactionId& id) {
  const std::string here = one_of_several_ ? " AND j.shard IN " + shards_here_sql : std::string{};
  const Rows rows = session_.ask_prepared(assessed_sql() + " AND j.id = $1" + here, Parameters{}.add(id.uuid));
  if (rows.empty())
    return std::nullopt;
  std::vector found{assessed_of(rows[0])};
  add_verdicts(session_, found);
  return std::move(found.front());
}

std::string_view name_of(ReviewState state) {
  switch (state) {
    case ReviewState::none: return "none";
    case ReviewState::pending: return "pending";
    case ReviewState::approved: return "approved";
    case ReviewState::rejected: return "rejected";
  }
  return "none";
}

}  // namespace dompet
