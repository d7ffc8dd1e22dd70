#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <set>

#include "persistence/reader.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

/// How many records a statement looks through for a filter that may match few of them: at first, and at most when it
/// found too few.
constexpr int first_window = 1'024;
constexpr int largest_window = 65'536;
/// How many records are fetched at once when only their payload tells whether they match.
constexpr int payloads_a_fetch = 4'096;

/// The wallet's seq in a wallet's list, the number of records looked through elsewhere.
constexpr int place_column = transaction_width;

std::string_view status_of(SagaState state) {
  switch (state) {
    case SagaState::settled: return "completed";
    case SagaState::declined: return "declined";
    case SagaState::released: return "failed";
    default: return "pending";
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

/// The filter, whole: the statement knows neither what is in the payload nor what is in the saga.
bool matches(const TransactionFilter& filter, const StoredTransaction& stored) {
  const Transaction& transaction = *stored.record.transaction;
  return (!filter.kind || transaction.kind == *filter.kind) &&
         (!filter.min_amount || transaction.amount >= *filter.min_amount) &&
         (!filter.max_amount || transaction.amount <= *filter.max_amount) &&
         (filter.status.empty() || status_of(stored.state) == filter.status) &&
         (filter.method.empty() || transaction.method == filter.method);
}

/// Whether every record that begins a transaction matches, times apart.
bool is_plain(const TransactionFilter& filter) {
  return !filter.kind && filter.status.empty() && filter.method.empty() && !filter.min_amount && !filter.max_amount;
}

Uuid first_uuid_of(std::int64_t ms) {
  Uuid uuid = make_uuid_v7(ms, {});
  std::fill(uuid.bytes.begin() + 6, uuid.bytes.end(), std::uint8_t{0});
  return uuid;
}

/// Builds the statement for one page or a part of it: at most `limit` rows, strictly before a cursor.
class PageStatement {
 public:
  using Here = std::function<std::string(const std::string& column)>;

  /// `here(column)` is " AND …" where other databases have a part of the ledger, empty where there is none.
  PageStatement(const TransactionFilter& filter, const TransactionCursor& before, int limit, int window, Here here)
      : filter_(filter), before_(before), limit_(" LIMIT " + std::to_string(limit)), window_(window),
        here_(std::move(here)) {
    for (int kind : kinds_of(filter))
      kinds_ += (kinds_.empty() ? "" : ", ") + std::to_string(kind);
  }

  bool finds_nothing() const { return kinds_.empty(); }
  const Parameters& parameters() const { return parameters_; }

  std::string sql() {
    if (filter_.wallet)
      return of_wallet();
    return in_few_sagas(filter_) ? of_sagas() : of_all();
  }

  /// Open and failed ones are few and all have a saga row.
  static bool in_few_sagas(const TransactionFilter& filter) {
    return filter.status == "pending" || filter.status == "failed";
  }

 private:
  static std::string columns() { return transaction_columns(); }

  template <class Value>
  std::string bind(const Value& value) {
    return parameters_.add(value).last();
  }

  std::string times() {
    std::string sql;
    if (filter_.from_ms)
      sql += " AND j.id >= " + bind(first_uuid_of(*filter_.from_ms));
    if (filter_.to_ms)
      sql += " AND j.id < " + bind(first_uuid_of(*filter_.to_ms));
    return sql;
  }

  std::string amounts(const std::string& table) {
    std::string sql;
    if (filter_.min_amount)
      sql += " AND " + table + ".amount >= " + bind(*filter_.min_amount);
    if (filter_.max_amount)
      sql += " AND " + table + ".amount <= " + bind(*filter_.max_amount);
    return sql;
  }

  /// Walks the index of ids a window at a time, whatever the filter: the window's last row is always told, so that
  /// the walk can go on behind it.
  std::string of_all() {
    return "WITH recent AS MATERIALIZED (SELECT j.id, j.kind, j.amount FROM journal j WHERE j.kind IN (2, 3, 4, 5)"
           " AND j.id < " +
           bind(before_.id.uuid) + times() + here_("j.shard") + " ORDER BY j.id DESC LIMIT " + std::to_string(window_) +
           ") SELECT " + columns() +
           ", (SELECT count(*) FROM recent) FROM recent r JOIN journal j ON j.id = r.id AND"
           " j.kind = r.kind" +
           transaction_joins + " WHERE r.kind IN (" + kinds_ + ")" + amounts("r") +
           " OR r.id = (SELECT id FROM recent ORDER BY id LIMIT 1) ORDER BY r.id DESC" + limit_;
  }

  std::string of_sagas() {
    const std::string states = filter_.status == "failed" ? "4" : "1, 2";
    return "SELECT " + columns() +
           ", NULL FROM saga s JOIN journal j ON j.id = s.id AND j.kind = 5 LEFT JOIN decision d ON d.id = s.id"
           " WHERE s.state IN (" +
           states + ") AND s.id < " + bind(before_.id.uuid) + times() + amounts("j") + here_("s.source_shard") +
           " ORDER BY s.id DESC" + limit_;
  }

  /// Three index scans, each in the list's order, merged: as `wallet`, as `peer`, declined.
  std::string of_wallet() {
    const std::string wallet = bind(filter_.wallet->uuid);
    const std::string seq = bind(static_cast<std::int64_t>(before_.wallet_seq));
    const std::string id = bind(before_.id.uuid);
    const std::string filters = " AND j.kind IN (" + kinds_ + ")" + times() + amounts("j");
    const auto leg = [&](const std::string& party, const std::string& place, const std::string& more) {
      return "(SELECT j.id, j." + place + " AS place FROM journal j WHERE j." + party + " = " + wallet + more +
             " AND j." + place + " <= " + seq + " AND (j." + place + " < " + seq + " OR j.id < " + id + ")" + filters +
             " ORDER BY j." + place + " DESC" + limit_ + ")";
    };
    const std::string declined = "(SELECT j.id, j.wallet_seq FROM journal j WHERE j.wallet = " + wallet +
                                 " AND j.kind = 4 AND (j.wallet_seq, j.id) < (" + seq + ", " + id + ")" + filters +
                                 " ORDER BY j.wallet_seq DESC, j.id DESC" + limit_ + ")";
    return "SELECT " + columns() + ", c.place FROM (" + leg("wallet", "wallet_seq", " AND j.kind <> 4") +
           " UNION ALL " + leg("peer", "peer_seq", "") + " UNION ALL " + declined + ") c " + beginning() +
           transaction_joins + " ORDER BY c.place DESC, c.id DESC" + limit_;
  }

  /// Of a transfer from another database nothing is here but its credit.
  std::string beginning() const {
    if (here_("j.shard").empty())
      return "JOIN journal j ON j.id = c.id AND j.kind IN (2, 3, 4, 5)";
    return "JOIN LATERAL (SELECT * FROM journal r WHERE r.id = c.id AND r.kind IN (2, 3, 4, 5, 6)"
           " ORDER BY r.kind LIMIT 1) j ON true";
  }

  const TransactionFilter& filter_;
  TransactionCursor before_;
  std::string limit_;
  int window_;
  Here here_;
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

std::vector<StoredTransaction> Reader::transactions(const TransactionFilter& filter,
                                                    const std::optional<TransactionCursor>& before, int limit) {
  const auto patience = std::chrono::milliseconds(session_->settings().statement_timeout_ms);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const bool by_window = !filter.wallet && !PageStatement::in_few_sagas(filter);
  // One more than asked for, since a window's last row is told even when it does not match.
  const int fetch = filter.method.empty() ? limit + 1 : std::max(limit, payloads_a_fetch);
  const int narrow = is_plain(filter) ? fetch : std::max(fetch, first_window);
  int window = narrow;
  TransactionCursor cursor = before.value_or(newest());
  std::vector<StoredTransaction> page;
  for (;;) {
    PageStatement statement(filter, cursor, fetch, window,
                            [this](const std::string& column) { return session_->only_here(column); });
    if (statement.finds_nothing())
      return page;
    const std::string sql = statement.sql();
    const Rows rows = session_->ask(sql, statement.parameters());
    std::int64_t looked_through = 0;
    for (int index = 0; index < rows.size(); ++index) {
      StoredTransaction stored = stored_transaction(rows[index]);
      find_refusal(stored);
      looked_through = rows[index].number_if_any(place_column).value_or(0);
      if (filter.wallet)
        stored.wallet_seq = static_cast<std::uint64_t>(looked_through);
      cursor = {stored.record.id, stored.wallet_seq};
      if (matches(filter, stored))
        page.push_back(std::move(stored));
      if (page.size() == static_cast<std::size_t>(limit))
        return page;
    }
    const bool cut = rows.size() == fetch;
    if (!cut && (!by_window || looked_through < window))
      return page;
    window = cut ? narrow : std::max(window, std::min(4 * window, largest_window));
    if (patience.count() > 0 && std::chrono::steady_clock::now() > deadline)
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
