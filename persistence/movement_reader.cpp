#include "persistence/movement_reader.hpp"

#include <algorithm>

#include "persistence/movement_projector.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

constexpr const char* one_moment = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

std::string array_of(const std::vector<WalletId>& wallets) {
  std::string text = "{";
  for (const WalletId& wallet : wallets)
    text += (text.size() > 1 ? "," : "") + to_string(wallet);
  return text + '}';
}

bool concerns_party(TransactionKind kind) {
  return kind == TransactionKind::payment || kind == TransactionKind::refund;
}

/// One question to one session.
class Answering {
 public:
  Answering(SqlSession& session, const MovementQuestion& question)
      : session_(session), question_(question),
        of_(question.wallets.empty() ? std::vector{WalletId{}} : question.wallets) {
    std::ranges::sort(of_);
  }

  MovementAnswer finish() {
    session_.within(one_moment, [&] {
      answer_.as_of_ms = session_.ask("SELECT " + milliseconds("now()"))[0].number(0);
      read_currencies();
      read_sums();
      count_rest();
    });
    std::ranges::sort(answer_.currencies, {}, &Currency::numeric);
    const auto repeated = std::ranges::unique(answer_.currencies);
    answer_.currencies.erase(repeated.begin(), repeated.end());
    return std::move(answer_);
  }

 private:
  void read_currencies() {
    session_
        .ask("SELECT DISTINCT currency FROM monthly_movement WHERE wallet = ANY ($1) AND outcome = 1 AND shard IN " +
                 shards_here_sql,
             Parameters{}.add(array_of(of_)))
        .each([&](const Row& row) { answer_.currencies.push_back(currency_of(row.number(0))); });
  }

  void read_sums() {
    Parameters parameters;
    const std::string wallets = parameters.add(array_of(of_)).last();
    const std::string from = parameters.add(first_day_of(question_.from)).last() + "::date";
    const std::string to = parameters.add(first_day_of(question_.to)).last() + "::date";
    std::string sql = "SELECT CASE WHEN month >= " + from + " THEN " + month_number_sql("month") +
                      " END, currency, kind, direction, outcome, method, sum(count)::bigint, sum(amount)::text"
                      " FROM monthly_movement WHERE wallet = ANY (" +
                      wallets + ") AND month < " + to + " AND shard IN " + shards_here_sql;
    if (!question_.with_past)
      sql += " AND month >= " + from;
    if (!question_.party.is_nil())
      sql += " AND (kind NOT IN (4, 5) OR party = " + parameters.add(question_.party).last() + ")";
    session_.ask(sql + " GROUP BY 1, 2, 3, 4, 5, 6", parameters).each([&](const Row& row) {
      take({.month = row.is_null(0) ? std::optional<Month>{} : Month::numbered(static_cast<int>(row.number(0))),
            .currency = currency_of(row.number(1)),
            .kind = static_cast<TransactionKind>(row.number(2)),
            .direction = static_cast<Direction>(row.number(3)),
            .outcome = static_cast<MovementOutcome>(row.number(4)),
            .method = std::string{row.text(5)},
            .count = row.number(6),
            .amount = must_be_total(row.text(7))});
    });
  }

  /// What the projector has not counted yet. Each shard's stream has no gaps, so its rest is as long as its numbers
  /// say.
  void count_rest() {
    const Rows rest = session_.ask("SELECT coalesce(sum(coalesce((SELECT max(j.shard_seq) FROM journal j WHERE j.shard"
                                   " = mark.shard), 0) - mark.shard_seq), 0)::bigint FROM (" +
                                   movement_marks_sql() + ") AS mark");
    const std::int64_t records = rest[0].number(0);
    const bool is_of_ledger = question_.wallets.empty();
    if (records > (is_of_ledger ? most_counted_of_ledger : most_counted_of_wallets))
      answer_.pending_records = records;
    else if (records > 0)
      count_journal(records);
  }

  /// Neither bound changes anything: the upper one tells PostgreSQL how few they are, and the limit keeps it from
  /// reading all of a busy wallet by that wallet's index instead.
  void count_journal(std::int64_t records) {
    Parameters parameters;
    const std::string most = parameters.add(records).last();
    std::string sql = "SELECT " + journal_columns() + " FROM (" + movement_marks_sql() +
                      ") AS mark CROSS JOIN LATERAL (SELECT * FROM journal r WHERE r.shard = mark.shard AND r.shard_seq"
                      " > mark.shard_seq AND r.shard_seq <= mark.shard_seq + " +
                      most + "::bigint ORDER BY r.shard_seq LIMIT " + most + "::bigint) AS j";
    if (!question_.wallets.empty()) {
      const std::string wallets = parameters.add(array_of(of_)).last();
      sql += " WHERE j.wallet = ANY (" + wallets + ") OR j.peer = ANY (" + wallets + ")";
    }
    MovementSheet sheet;
    session_.ask(sql, parameters).each([&](const Row& row) { add_record(sheet, record_of(row)); });
    for (const auto& [key, sum] : sheet)
      take(key, sum);
  }

  void take(const MovementKey& key, const MovementSum& sum) {
    if (!std::ranges::binary_search(of_, key.wallet))
      return;
    const Currency currency = currency_of(key.currency);
    if (key.outcome == MovementOutcome::completed)
      answer_.currencies.push_back(currency);
    if (key.month >= question_.to || (key.month < question_.from && !question_.with_past))
      return;
    if (!question_.party.is_nil() && concerns_party(key.kind) && key.party != question_.party)
      return;
    const bool is_past = key.month < question_.from;
    take({is_past ? std::optional<Month>{} : key.month, currency, key.kind, key.direction, key.outcome, key.method,
          sum.count, sum.amount});
  }

  void take(MovementRow row) {
    const bool fits =
        (!question_.each_once || row.direction == natural_direction(row.kind)) &&
        (!question_.kind || row.kind == *question_.kind) && (!question_.outcome || row.outcome == *question_.outcome) &&
        (!question_.currency || row.currency == *question_.currency) &&
        (!question_.direction || row.direction == *question_.direction || row.direction == Direction::within);
    if (fits)
      answer_.rows.push_back(std::move(row));
  }

  static Total must_be_total(std::string_view text) {
    const auto total = parse_total(text);
    if (!total)
      throw Unreadable("a sum of movements is not a number");
    return *total;
  }

  SqlSession& session_;
  const MovementQuestion& question_;
  /// In order.
  std::vector<WalletId> of_;
  MovementAnswer answer_{};
};

}  // namespace

MovementAnswer MovementReader::answer(const MovementQuestion& question) {
  return Answering(reader_.session(), question).finish();
}

std::vector<WalletId> MovementReader::wallets_of(const Uuid& owner) {
  std::vector<WalletId> wallets;
  reader_.session()
      .ask("SELECT id FROM wallet WHERE owner = $1 AND shard IN " + shards_here_sql + " ORDER BY id DESC LIMIT " +
               std::to_string(most_wallets_a_question + 1),
           Parameters{}.add(owner))
      .each([&](const Row& row) { wallets.push_back({row.uuid(0)}); });
  return wallets;
}

std::optional<MovementParty> MovementReader::party(const std::string& table, const Uuid& id) {
  const Rows rows =
      reader_.session().ask("SELECT user_id, wallet_id FROM " + table + " WHERE id = $1", Parameters{}.add(id));
  if (rows.empty())
    return std::nullopt;
  return MovementParty{rows[0].uuid(0), {rows[0].uuid(1)}};
}

MovementAnswer unite(std::vector<MovementAnswer> answers) {
  MovementAnswer whole;
  for (MovementAnswer& answer : answers) {
    std::ranges::move(answer.rows, std::back_inserter(whole.rows));
    std::ranges::move(answer.currencies, std::back_inserter(whole.currencies));
    whole.as_of_ms = whole.as_of_ms == 0 ? answer.as_of_ms : std::min(whole.as_of_ms, answer.as_of_ms);
    whole.pending_records += answer.pending_records;
  }
  std::ranges::sort(whole.currencies, {}, &Currency::numeric);
  const auto repeated = std::ranges::unique(whole.currencies);
  whole.currencies.erase(repeated.begin(), repeated.end());
  return whole;
}

}  // namespace dompet
