#include "persistence/saga_rows.hpp"

namespace dompet {

namespace {

/// Of each: attempts, notes and actions that one story tells, the newest ones.
constexpr const char* most_told = "1000";

std::string newest_first(const std::string& columns, const std::string& table, const std::string& order) {
  return "SELECT * FROM (SELECT " + columns + " FROM " + table + " WHERE saga = $1 ORDER BY " + order + " DESC LIMIT " +
         most_told + ") newest ORDER BY 1";
}

/// What the wallet had before its leg `seq`: what the leg before it left. Nothing when that is not here.
std::optional<LegBalances> balances_before(SqlSession& session, const WalletId& wallet, std::uint64_t seq) {
  static const std::string sql = "SELECT " + journal_columns() +
                                 " FROM journal j WHERE j.wallet = $1 AND j.kind <> 4 AND j.wallet_seq = $2"
                                 " UNION ALL SELECT " +
                                 journal_columns() + " FROM journal j WHERE j.peer = $1 AND j.peer_seq = $2";
  if (seq <= 1)
    return LegBalances{};
  const Rows rows = session.ask_prepared(sql, Parameters{}.add(wallet.uuid).add(static_cast<std::int64_t>(seq - 1)));
  if (rows.empty())
    return std::nullopt;
  const Record record = record_of(rows[0]);
  const Leg* leg = leg_of(record, wallet);
  if (leg == nullptr)
    throw Unreadable("a record of wallet " + to_string(wallet) + " has no leg on it");
  return LegBalances{leg->available_after, leg->held_after};
}

std::optional<SagaRow> row_of(SqlSession& session, const TransactionId& id, Shard shard_count) {
  static const std::string stepwise = "SELECT " + saga_table_columns() + ", " + beside_columns("s.id") +
                                      " FROM saga s" + beside_joins("s.id") + " WHERE s.id = $1";
  static const std::string compact = "SELECT " + journal_columns() + ", " + beside_columns("j.id") + " FROM journal j" +
                                     beside_joins("j.id") + " WHERE j.id = $1 AND " + is_compact;
  const Rows sagas = session.ask_prepared(stepwise, Parameters{}.add(id.uuid));
  if (!sagas.empty())
    return saga_row(sagas[0]);
  const Rows records = session.ask_prepared(compact, Parameters{}.add(id.uuid));
  if (!records.empty())
    return compact_row(records[0], shard_count);
  return std::nullopt;
}

std::optional<RegisteredDecision> decision_of(SqlSession& session, const TransactionId& id) {
  static const std::string sql =
      "SELECT outcome, reason, shard, " + milliseconds("decided_at") + " FROM decision WHERE id = $1";
  const Rows rows = session.ask_prepared(sql, Parameters{}.add(id.uuid));
  if (rows.empty())
    return std::nullopt;
  return RegisteredDecision{static_cast<Decision>(rows[0].number(0)),
                            decline_of(static_cast<std::uint8_t>(rows[0].number(1))),
                            static_cast<Shard>(rows[0].number(2)), rows[0].number(3)};
}

/// A transfer in one record is decided by that record (docs/decisions/0001).
std::optional<RegisteredDecision> decision_of(const Record& record, const SagaRow& row) {
  if (record.kind != RecordKind::transfer)
    return std::nullopt;
  return RegisteredDecision{Decision::credited, {}, row.saga.destination_shard, record.at_ms};
}

void read_beside(SqlSession& session, const TransactionId& id, SagaStory& story) {
  static const std::string attempts = newest_first(milliseconds("at") + " AS at, number, cancel, took_ms, node, answer",
                                                   "saga_attempt", "saga_attempt.at");
  static const std::string notes = newest_first("id, who, text", "saga_note", "id");
  static const std::string actions = newest_first("id, who, what, why", "audit", "id");
  // Ids carry the time by the clock of the node that acted, which is that of its records too.
  const Parameters about = Parameters{}.add(id.uuid);
  session.ask_prepared(attempts, about).each([&](const Row& row) {
    story.attempts.push_back({.number = static_cast<int>(row.number(1)),
                              .cancel = row.is_true(2),
                              .at_ms = row.number(0),
                              .took_ms = row.number_if_any(3),
                              .node = std::string{row.text(4)},
                              .answer = std::string{row.text(5)}});
  });
  session.ask_prepared(notes, about).each([&](const Row& row) {
    story.notes.push_back({unix_ms_of(row.uuid(0)), std::string{row.text(1)}, std::string{row.text(2)}});
  });
  session.ask_prepared(actions, about).each([&](const Row& row) {
    story.actions.push_back(
        {unix_ms_of(row.uuid(0)), std::string{row.text(1)}, std::string{row.text(2)}, std::string{row.text(3)}});
  });
}

}  // namespace

std::optional<LegBalances> SagaInspector::balance_before(const Leg& leg) {
  const auto before = balances_before(session_, leg.wallet, leg.seq);
  if (!before && !reader_.is_one_of_several())
    throw Unreadable("wallet " + to_string(leg.wallet) + " has no leg " + std::to_string(leg.seq - 1));
  return before;
}

SagaStory SagaInspector::story(const TransactionId& id) {
  SagaStory story;
  session_.within("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", [&] {
    story.row = row_of(session_, id, shard_count_);
    for (Record& record : reader_.timeline(id)) {
      StoryRecord told{.record = std::move(record)};
      for (std::size_t i = 0; i < told.record.legs; ++i)
        told.before[i] = balance_before(told.record.leg[i]);
      story.records.push_back(std::move(told));
    }
    story.decision = decision_of(session_, id);
    if (!story.decision && story.row && story.row->saga.compact)
      story.decision = decision_of(story.records.front().record, *story.row);
    read_beside(session_, id, story);
  });
  return story;
}

}  // namespace dompet
