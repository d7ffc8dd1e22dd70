#include <algorithm>
#include <utility>

#include "persistence/saga_rows.hpp"

namespace dompet {

namespace {

/// How many transfers a walk looks through at first; four times as many when it found too few.
constexpr int first_window = 1'024;
/// Rows fetched at once when only `also` can tell whether they are wanted, and how often.
constexpr int rows_to_ask_about = 500;
constexpr int most_rounds = 40;

bool is_open(SagaState state) { return state != SagaState::none && !is_final(state); }

bool by_id(SagaSort sort) { return sort == SagaSort::newest || sort == SagaSort::oldest; }

Uuid outermost(SagaSort sort) {
  Uuid id;
  if (sort != SagaSort::oldest)
    id.bytes.fill(0xFF);
  return id;
}

std::string key_sql(SagaSort sort) {
  switch (sort) {
    case SagaSort::longest_in_state: return "-" + milliseconds("s.updated_at");
    case SagaSort::most_attempts: return "coalesce(progress.attempts, s.attempts)::bigint";
    default: return "s.amount";
  }
}

std::string array_of(const std::vector<Shard>& shards) {
  std::string text = "{";
  for (const Shard shard : shards)
    text += (text.size() > 1 ? "," : "") + std::to_string(shard);
  return text + "}";
}

/// One statement under construction.
class Statement {
 public:
  explicit Statement(const SagaSearch& search) : search_(search) {}

  template <class Value>
  std::string bind(const Value& value) {
    return parameters_.add(value).last();
  }
  const Parameters& parameters() const { return parameters_; }

  /// `table` is the alias of a saga or of a journal's record; `shard` and `created` are its columns.
  std::string filters(const std::string& table, const std::string& shard, const std::string& created) {
    std::string sql;
    const auto is = [&](const std::string& column, const std::string& operation, const auto& value) {
      if (value)
        sql += " AND " + column + operation + bind(static_cast<std::int64_t>(*value));
    };
    if (search_.currency)
      sql += " AND " + table + ".currency = " + bind(static_cast<std::int64_t>(search_.currency->numeric));
    is(table + ".amount", " >= ", search_.min_amount);
    is(table + ".amount", " <= ", search_.max_amount);
    is(shard, " = ", search_.source_shard);
    if (search_.only_here)
      sql += " AND " + shard + " IN " + shards_here_sql;
    if (search_.owned)
      sql += " AND " + shard + " = ANY (" + bind(array_of(*search_.owned)) + "::smallint[])";
    if (search_.created_from_ms)
      sql += " AND " + created + " >= to_timestamp(" + bind(*search_.created_from_ms) + "::bigint / 1000.0)";
    if (search_.created_until_ms)
      sql += " AND " + created + " <= to_timestamp(" + bind(*search_.created_until_ms) + "::bigint / 1000.0)";
    for (const auto& [column, text] : {std::pair{"label", &search_.label}, std::pair{"assignee", &search_.assignee}})
      if (!text->empty())
        sql += " AND " + table + ".id IN (SELECT saga FROM saga_mark WHERE " + column + " = " + bind(*text) + " AND " +
               column + " <> '')";
    return sql;
  }

  std::string stepwise_filters() {
    std::string sql = filters("s", "s.source_shard", "s.created_at");
    if (search_.only_open)
      sql.append(" AND s.state IN ").append(open_saga_states);
    if (search_.state)
      sql += " AND s.state = " + std::to_string(static_cast<int>(*search_.state));
    if (search_.state && is_open(*search_.state))
      sql.append(" AND s.state IN ").append(open_saga_states);  // what the index of open ones is declared with
    if (search_.destination_shard)
      sql += " AND s.destination_shard = " + bind(static_cast<std::int64_t>(*search_.destination_shard));
    if (!search_.error.empty())
      sql += " AND coalesce(progress.last_error, s.last_error) = " + bind(search_.error);
    if (search_.min_attempts > 0)
      sql += " AND coalesce(progress.attempts, s.attempts) >= " + bind(static_cast<std::int64_t>(search_.min_attempts));
    return sql;
  }

 private:
  const SagaSearch& search_;
  Parameters parameters_{};
};

/// The list in the order of ids: two tables, walked side by side from place to place.
class Walk {
 public:
  Walk(SqlSession& session, const SagaSearch& search, Shard shard_count, int limit)
      : session_(session), search_(search), shard_count_(shard_count), limit_(limit),
        fetch_(search.also || in_payload() ? std::max(limit + 1, rows_to_ask_about) : limit + 1),
        ascending_(search.sort == SagaSort::oldest) {}

  SagaPage run(const std::optional<SagaPlace>& after) {
    SagaPage page;
    Uuid cursor = after ? after->id.uuid : outermost(search_.sort);
    int window = first_window;
    for (int walked = 0;; walked += std::exchange(window, std::min(4 * window, most_walked))) {
      if (walked >= most_walked) {
        page.next = SagaPlace{0, {cursor}};
        return page;
      }
      const std::optional<Uuid> reached = step(cursor, window, page.rows);
      if (page.rows.size() > static_cast<std::size_t>(limit_) ||
          (reached && page.rows.size() == static_cast<std::size_t>(limit_))) {
        page.rows.resize(static_cast<std::size_t>(limit_));
        page.next = place_of(page.rows.back(), search_.sort);
        return page;
      }
      if (!reached)
        return page;
      cursor = *reached;
    }
  }

 private:
  bool wants_stepwise() const { return search_.state != SagaState::declined; }
  bool wants_compact() const {
    return !search_.only_open && search_.min_attempts <= 0 &&
           (!search_.state || *search_.state == SagaState::settled || *search_.state == SagaState::declined) &&
           (search_.error.empty() || search_.state != SagaState::settled);
  }
  bool is_small() const { return search_.wallet || !search_.label.empty() || !search_.assignee.empty(); }
  bool only_open() const { return search_.only_open || (search_.state && is_open(*search_.state)); }
  /// Whether only a record's payload tells whether it is wanted.
  bool in_payload() const { return search_.destination_shard || !search_.error.empty(); }

  /// Adds what lies behind the cursor, and says how far it looked; nothing when it came to the end.
  std::optional<Uuid> step(const Uuid& cursor, int window, std::vector<SagaRow>& rows) {
    std::optional<Uuid> reached = is_small() || only_open() ? std::nullopt : window_end(cursor, window);
    const std::optional<Uuid> end = reached;
    std::vector<SagaRow> found;
    const auto take = [&](const std::vector<SagaRow>& part) {
      if (std::ssize(part) == fetch_)
        reached = nearer(reached, part.back().saga.id.uuid);
      found.insert(found.end(), part.begin(), part.end());
    };
    if (wants_stepwise())
      take(stepwise(cursor, end));
    if (wants_compact())
      take(compact(cursor, end));
    std::ranges::sort(found, [&](const SagaRow& left, const SagaRow& right) {
      return comes_before(place_of(left, search_.sort), place_of(right, search_.sort), search_.sort);
    });
    for (SagaRow& row : found)
      if ((!reached || !is_behind(row.saga.id.uuid, *reached)) && is_wanted(row))
        rows.push_back(std::move(row));
    return reached;
  }

  bool is_behind(const Uuid& id, const Uuid& other) const { return ascending_ ? id > other : id < other; }
  std::optional<Uuid> nearer(const std::optional<Uuid>& left, const Uuid& right) const {
    return left && is_behind(right, *left) ? left : right;
  }

  bool is_wanted(const SagaRow& row) const {
    if (row.saga.compact && search_.destination_shard && row.saga.destination_shard != *search_.destination_shard)
      return false;
    if (row.saga.compact && !search_.error.empty() && row.saga.last_error != search_.error)
      return false;
    return !search_.also || search_.also(row);
  }

  std::optional<Uuid> window_end(const Uuid& cursor, int window) {
    const std::string order = ascending_ ? " > $1 ORDER BY id" : " < $1 ORDER BY id DESC";
    const std::string bound = order + " OFFSET " + std::to_string(window - 1) + " LIMIT 1)";
    const std::string sql =
        "SELECT (SELECT id FROM saga WHERE id" + bound + ", (SELECT id FROM journal WHERE id" + bound;
    const Rows rows = session_.ask(sql, Parameters{}.add(cursor));
    std::optional<Uuid> end;
    for (const int column : {0, 1})
      if (const auto id = rows[0].uuid_if_any(column); id && (column == 0 ? wants_stepwise() : wants_compact()))
        end = nearer(end, *id);
    return end;
  }

  /// " AND <id> < $1 … ORDER BY <id> DESC LIMIT n" around the filters.
  std::string around(Statement& statement, const std::string& id, const Uuid& cursor, const std::optional<Uuid>& end,
                     const std::string& filters) const {
    std::string sql = id + (ascending_ ? " > " : " < ") + statement.bind(cursor);
    if (end)
      sql += " AND " + id + (ascending_ ? " <= " : " >= ") + statement.bind(*end);
    return sql + filters + " ORDER BY " + id + (ascending_ ? "" : " DESC") + " LIMIT " + std::to_string(fetch_);
  }

  /// The branches, each in the list's order, as one.
  std::vector<SagaRow> ask(const Statement& statement, const std::vector<std::string>& branches, bool compact) {
    std::string sql;
    for (const std::string& branch : branches)
      sql += (sql.empty() ? "(" : " UNION ALL (") + branch + ")";
    std::vector<SagaRow> rows;
    session_.ask(sql, statement.parameters()).each([&](const Row& row) {
      rows.push_back(compact ? compact_row(row, shard_count_) : saga_row(row));
    });
    std::ranges::sort(rows, [&](const SagaRow& left, const SagaRow& right) {
      return is_behind(right.saga.id.uuid, left.saga.id.uuid);
    });
    if (std::ssize(rows) > fetch_)
      rows.resize(static_cast<std::size_t>(fetch_));
    return rows;
  }

  std::vector<SagaRow> stepwise(const Uuid& cursor, const std::optional<Uuid>& end) {
    Statement statement(search_);
    const std::string select = "SELECT " + saga_table_columns() + ", " + beside_columns("s.id") + " FROM saga s" +
                               beside_joins("s.id") + " WHERE ";
    const std::string filters = statement.stepwise_filters();
    std::vector<std::string> branches;
    if (search_.wallet) {
      const std::string wallet = statement.bind(search_.wallet->uuid);
      for (const char* party : {"s.source = ", "s.destination = "})
        branches.push_back(select + party + wallet + " AND " + around(statement, "s.id", cursor, end, filters));
    } else {
      branches.push_back(select + around(statement, "s.id", cursor, end, filters));
    }
    return ask(statement, branches, false);
  }

  std::vector<SagaRow> compact(const Uuid& cursor, const std::optional<Uuid>& end) {
    Statement statement(search_);
    const std::string select = "SELECT " + journal_columns() + ", " + beside_columns("j.id") + " FROM journal j" +
                               beside_joins("j.id") + " WHERE ";
    const std::string filters = statement.filters("j", "j.shard", "j.at");
    // Only a declined transfer has an error.
    const bool whole = search_.state != SagaState::declined && search_.error.empty();
    const bool declined = search_.state != SagaState::settled;
    std::vector<std::string> branches;
    const auto branch = [&](const std::string& kinds) {
      branches.push_back(select + kinds + " AND " + around(statement, "j.id", cursor, end, filters));
    };
    if (search_.wallet) {
      const std::string wallet = statement.bind(search_.wallet->uuid);
      if (whole) {
        branch("j.wallet = " + wallet + " AND j.kind = 3 AND j.kind <> 4");
        branch("j.peer = " + wallet + " AND j.peer_seq IS NOT NULL");
      }
      if (declined)
        branch("j.wallet = " + wallet + " AND j.kind = 4 AND j.peer IS NOT NULL");
    } else {
      branch(whole && declined ? is_compact : whole ? "j.kind = 3" : "j.kind = 4 AND j.peer IS NOT NULL");
    }
    return ask(statement, branches, true);
  }

  SqlSession& session_;
  const SagaSearch& search_;
  Shard shard_count_;
  int limit_;
  int fetch_;
  bool ascending_;
};

/// Open transfers by something else than their ids.
SagaPage sorted_list(SqlSession& session, const SagaSearch& search, const std::optional<SagaPlace>& after, int limit) {
  const int fetch = search.also ? std::max(limit + 1, rows_to_ask_about) : limit + 1;
  const std::string key = key_sql(search.sort);
  std::optional<SagaPlace> place = after;
  SagaPage page;
  for (int round = 0; round < most_rounds; ++round) {
    Statement statement(search);
    std::string sql = "SELECT " + saga_table_columns() + ", " + beside_columns("s.id") + " FROM saga s" +
                      beside_joins("s.id") + " WHERE s.state IN " + open_saga_states + statement.stepwise_filters();
    if (search.wallet) {
      const std::string wallet = statement.bind(search.wallet->uuid);
      sql += " AND (s.source = " + wallet + " OR s.destination = " + wallet + ")";
    }
    if (place)
      sql += " AND (" + key + ", s.id) < (" + statement.bind(place->key) + "::bigint, " +
             statement.bind(place->id.uuid) + ")";
    const Rows rows = session.ask(sql + " ORDER BY " + key + " DESC, s.id DESC LIMIT " + std::to_string(fetch),
                                  statement.parameters());
    for (int index = 0; index < rows.size(); ++index) {
      SagaRow row = saga_row(rows[index]);
      place = place_of(row, search.sort);
      if (search.also && !search.also(row))
        continue;
      if (page.rows.size() == static_cast<std::size_t>(limit)) {
        page.next = place_of(page.rows.back(), search.sort);
        return page;
      }
      page.rows.push_back(std::move(row));
    }
    if (rows.size() < fetch)
      return page;
  }
  page.next = place;
  return page;
}

}  // namespace

SagaPlace place_of(const SagaRow& row, SagaSort sort) {
  switch (sort) {
    case SagaSort::longest_in_state: return {-row.saga.updated_at_ms, row.saga.id};
    case SagaSort::most_attempts: return {row.saga.attempts, row.saga.id};
    case SagaSort::largest: return {row.saga.amount, row.saga.id};
    default: return {0, row.saga.id};
  }
}

bool comes_before(const SagaPlace& left, const SagaPlace& right, SagaSort sort) {
  return sort == SagaSort::oldest ? left < right : left > right;
}

SagaPage merge(std::vector<SagaPage> pages, SagaSort sort, int limit) {
  SagaPage whole;
  for (SagaPage& page : pages) {
    std::ranges::move(page.rows, std::back_inserter(whole.rows));
    if (page.next && (!whole.next || comes_before(*page.next, *whole.next, sort)))
      whole.next = page.next;
  }
  std::ranges::sort(whole.rows, [sort](const SagaRow& left, const SagaRow& right) {
    return comes_before(place_of(left, sort), place_of(right, sort), sort);
  });
  // What lies behind the place that one of them has reached may have others before it.
  if (whole.next)
    std::erase_if(whole.rows, [&](const SagaRow& row) { return comes_before(*whole.next, place_of(row, sort), sort); });
  if (whole.rows.size() > static_cast<std::size_t>(limit)) {
    whole.rows.resize(static_cast<std::size_t>(limit));
    whole.next = place_of(whole.rows.back(), sort);
  }
  return whole;
}

SagaInspector::SagaInspector(Reader& reader)
    : session_(*reader.session_), reader_(reader), shard_count_(reader.session_->shard_count()) {}

SagaPage SagaInspector::list(const SagaSearch& search, const std::optional<SagaPlace>& after, int limit) {
  SagaSearch here = search;
  here.only_here = reader_.is_one_of_several();
  if (by_id(here.sort))
    return Walk(session_, here, shard_count_, limit).run(after);
  return sorted_list(session_, here, after, limit);
}

}  // namespace dompet
