#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <tuple>

#include "persistence/reader.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

constexpr int rows_a_filtered_fetch = 1'000;

// Columns after the journal's.
constexpr int state_column = journal_width;
constexpr int updated_column = journal_width + 1;
constexpr int reason_column = journal_width + 2;
constexpr int place_column = journal_width + 3;

/// The columns of the saga and of the decision beside a transaction's first record `j`.
std::string saga_columns() { return ", s.state, " + milliseconds("s.updated_at") + ", d.reason"; }
constexpr const char* saga_joins = " LEFT JOIN saga s ON s.id = j.id LEFT JOIN decision d ON d.id = j.id";

/// Kinds whose record begins a transaction: the one that lists show.
bool begins(RecordKind kind) {
  return kind == RecordKind::topup || kind == RecordKind::transfer || kind == RecordKind::declined ||
         kind == RecordKind::hold_placed;
}

StoredTransaction stored_transaction(const Row& row) {
  StoredTransaction stored{.record = record_of(row)};
  stored.completed_at_ms = stored.record.at_ms;
  if (stored.record.kind == RecordKind::declined)
    stored.state = SagaState::declined;
  if (stored.record.kind != RecordKind::hold_placed)
    return stored;
  if (row.is_null(state_column))
    throw Unreadable("transaction " + to_string(stored.record.id) + " has a hold but no saga");
  stored.state = static_cast<SagaState>(row.number(state_column));
  stored.completed_at_ms = is_final(stored.state) ? row.number(updated_column) : 0;
  if (stored.state == SagaState::released)
    if (const auto reason = row.number_if_any(reason_column))
      stored.refusal = decline_of(static_cast<std::uint8_t>(*reason));
  return stored;
}

/// Records of one transaction, batches being equally old, follow in this order.
int rank(RecordKind kind) {
  switch (kind) {
    case RecordKind::transfer_cancelling:
      return 1;
    case RecordKind::transfer_credited:
    case RecordKind::transfer_refused:
      return 2;
    case RecordKind::hold_captured:
    case RecordKind::hold_released:
      return 3;
    default:
      return 0;
  }
}

std::string_view status_of(SagaState state) {
  switch (state) {
    case SagaState::settled:
      return "completed";
    case SagaState::declined:
      return "declined";
    case SagaState::released:
      return "failed";
    default:
      return "pending";
  }
}

/// The kinds of records at which a listed transaction of this filter can stand.
std::set<int> kinds_of(const TransactionFilter& filter) {
  std::set<int> kinds{2, 3, 4, 5, 6};
  const auto leave = [&kinds](std::set<int> left) {
    std::erase_if(kinds, [&](int kind) { return !left.contains(kind); });
  };
  if (filter.kind)
    leave(*filter.kind == TransactionKind::topup ? std::set{2, 4} : std::set{3, 4, 5, 6});
  if (filter.status == "completed")
    leave({2, 3, 5, 6});
  else if (filter.status == "pending")
    leave({5, 6});
  else if (filter.status == "declined")
    leave({4});
  else if (filter.status == "failed")
    leave({5});
  else if (!filter.status.empty())
    kinds.clear();
  if (!filter.method.empty())
    leave({2, 4});
  return kinds;
}

/// What the statement cannot know: it is in the payload, or in the saga.
bool matches(const TransactionFilter& filter, const StoredTransaction& stored) {
  const Transaction& transaction = *stored.record.transaction;
  return (!filter.kind || transaction.kind == *filter.kind) &&
         (filter.status.empty() || status_of(stored.state) == filter.status) &&
         (filter.method.empty() || transaction.method == filter.method);
}

Uuid first_uuid_of(std::int64_t ms) {
  Uuid uuid = make_uuid_v7(ms, {});
  std::fill(uuid.bytes.begin() + 6, uuid.bytes.end(), std::uint8_t{0});
  return uuid;
}

/// Builds the statement for one page.
class PageStatement {
 public:
  PageStatement(const TransactionFilter& filter, const TransactionCursor& before, int limit)
      : filter_(filter), before_(before), limit_(" LIMIT " + std::to_string(limit)) {
    for (int kind : kinds_of(filter))
      kinds_ += (kinds_.empty() ? "" : ", ") + std::to_string(kind);
  }

  bool finds_nothing() const { return kinds_.empty(); }

  std::string sql() {
    if (filter_.wallet)
      return of_wallet();
    if (filter_.status == "pending" || filter_.status == "failed")
      return of_sagas();
    return "SELECT " + columns() + ", NULL FROM journal j" + saga_joins + " WHERE j.kind IN (" + kinds_ +
           ") AND j.kind <> 6 AND j.id < " + bind(before_.id.uuid) + common() + " ORDER BY j.id DESC" + limit_;
  }

  const Parameters& parameters() const { return parameters_; }

 private:
  static std::string columns() { return journal_columns() + saga_columns(); }

  template <class Value>
  std::string bind(const Value& value) {
    return parameters_.add(value).last();
  }

  /// Conditions on columns that every record of a transaction has.
  std::string common() {
    std::string sql;
    if (filter_.from_ms)
      sql += " AND j.id >= " + bind(first_uuid_of(*filter_.from_ms));
    if (filter_.to_ms)
      sql += " AND j.id < " + bind(first_uuid_of(*filter_.to_ms));
    if (filter_.min_amount)
      sql += " AND j.amount >= " + bind(*filter_.min_amount);
    if (filter_.max_amount)
      sql += " AND j.amount <= " + bind(*filter_.max_amount);
    return sql;
  }

  /// Open and failed ones are few and all have a saga row.
  std::string of_sagas() {
    const std::string states = filter_.status == "failed" ? "4" : "1, 2";
    return "SELECT " + columns() +
           ", NULL FROM saga s JOIN journal j ON j.id = s.id AND j.kind = 5 LEFT JOIN decision d ON d.id = s.id"
           " WHERE s.state IN (" + states + ") AND s.id < " + bind(before_.id.uuid) + common() +
           " ORDER BY s.id DESC" + limit_;
  }

  /// Three index scans, each in the list's order, merged: as `wallet`, as `peer`, declined.
  std::string of_wallet() {
    const std::string wallet = bind(filter_.wallet->uuid);
    const std::string seq = bind(static_cast<std::int64_t>(before_.wallet_seq));
    const std::string id = bind(before_.id.uuid);
    const std::string filters = " AND j.kind IN (" + kinds_ + ")" + common();
    const auto leg = [&](const std::string& party, const std::string& place, const std::string& more) {
      return "(SELECT j.id, j." + place + " AS place FROM journal j WHERE j." + party + " = " + wallet + more + " AND j." +
             place + " <= " + seq + " AND (j." + place + " < " + seq + " OR j.id < " + id + ")" + filters +
             " ORDER BY j." + place + " DESC" + limit_ + ")";
    };
    const std::string declined = "(SELECT j.id, j.wallet_seq FROM journal j WHERE j.wallet = " + wallet +
                                 " AND j.kind = 4 AND (j.wallet_seq, j.id) < (" + seq + ", " + id + ")" + filters +
                                 " ORDER BY j.wallet_seq DESC, j.id DESC" + limit_ + ")";
    return "SELECT " + columns() + ", c.place FROM (" + leg("wallet", "wallet_seq", " AND j.kind <> 4") + " UNION ALL " +
           leg("peer", "peer_seq", "") + " UNION ALL " + declined +
           ") c JOIN journal j ON j.id = c.id AND j.kind IN (2, 3, 4, 5)" + saga_joins +
           " ORDER BY c.place DESC, c.id DESC" + limit_;
  }

  const TransactionFilter& filter_;
  TransactionCursor before_;
  std::string limit_;
  std::string kinds_{};
  Parameters parameters_{};
};

TransactionCursor newest() {
  TransactionCursor cursor;
  cursor.id.uuid.bytes.fill(0xFF);
  cursor.wallet_seq = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return cursor;
}

}  // namespace

std::optional<Record> Reader::record_of_key(const KeyId& key) {
  static const std::string sql = "SELECT " + journal_columns() + " FROM journal j WHERE key = $1";
  const Rows rows = session_->ask_prepared(sql, Parameters{}.add(key.uuid));
  if (rows.empty())
    return std::nullopt;
  return record_of(rows[0]);
}

std::optional<StoredTransaction> Reader::transaction(const TransactionId& id) {
  static const std::string sql =
      "SELECT " + journal_columns() + saga_columns() + " FROM journal j" + saga_joins + " WHERE j.id = $1";
  const Rows rows = session_->ask_prepared(sql, Parameters{}.add(id.uuid));
  for (int index = 0; index < rows.size(); ++index)
    if (begins(static_cast<RecordKind>(rows[index].number(1))))
      return stored_transaction(rows[index]);
  return std::nullopt;
}

std::vector<Record> Reader::timeline(const TransactionId& id) {
  static const std::string sql = "SELECT " + journal_columns() + " FROM journal j WHERE j.id = $1";
  std::vector<Record> records;
  session_->ask_prepared(sql, Parameters{}.add(id.uuid)).each([&](const Row& row) { records.push_back(record_of(row)); });
  std::ranges::sort(records, {}, [](const Record& record) {
    return std::tuple{record.at_ms, rank(record.kind), record.shard, record.shard_seq};
  });
  return records;
}

StoredDecision Reader::decision(const TransactionId& id) {
  // A transfer in one record was credited by being written; its `peer` is the destination.
  static const std::string sql =
      "SELECT outcome, reason, wallet, amount, currency FROM decision WHERE id = $1"
      " UNION ALL SELECT 1, 0, peer, amount, currency FROM journal WHERE id = $1 AND kind = 3";
  const Rows rows = session_->ask_prepared(sql, Parameters{}.add(id.uuid));
  if (rows.empty())
    return {};
  return {static_cast<Decision>(rows[0].number(0)), static_cast<std::uint8_t>(rows[0].number(1)), {rows[0].uuid(2)},
          rows[0].number(3), currency_of(rows[0].number(4))};
}

std::vector<StoredTransaction> Reader::transactions(const TransactionFilter& filter,
                                                    const std::optional<TransactionCursor>& before, int limit) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(session_->settings().statement_timeout_ms);
  const bool filtered_here = !filter.method.empty() || !filter.status.empty();
  const int fetch = filtered_here ? std::max(limit, rows_a_filtered_fetch) : limit;
  TransactionCursor cursor = before.value_or(newest());
  std::vector<StoredTransaction> page;
  for (;;) {
    PageStatement statement(filter, cursor, fetch);
    if (statement.finds_nothing())
      return page;
    const std::string sql = statement.sql();
    const Rows rows = session_->ask(sql, statement.parameters());
    for (int index = 0; index < rows.size(); ++index) {
      StoredTransaction stored = stored_transaction(rows[index]);
      stored.wallet_seq = static_cast<std::uint64_t>(rows[index].number_if_any(place_column).value_or(0));
      cursor = {stored.record.id, stored.wallet_seq};
      if (matches(filter, stored))
        page.push_back(std::move(stored));
      if (page.size() == static_cast<std::size_t>(limit))
        return page;
    }
    if (rows.size() < fetch)
      return page;
    if (session_->settings().statement_timeout_ms > 0 && std::chrono::steady_clock::now() > deadline)
      throw Unavailable("the filter matches too few transactions to find them in time");
  }
}

std::uint64_t Reader::seq_at(const StoredTransaction& transaction, const WalletId& wallet) {
  if (transaction.wallet_seq != 0)
    return transaction.wallet_seq;
  const Leg* leg = leg_of(transaction.record, wallet);
  return leg != nullptr ? leg->seq : 0;
}

}  // namespace dompet
