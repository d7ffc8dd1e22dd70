#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.hpp"

namespace dompet {

struct SessionSettings {
  /// libpq connection string or URL.
  std::string database{};
  std::string application_name = "dompet";
  int connect_timeout_s = 2;
  /// A statement that runs longer is cancelled and Unavailable; 0 for no bound.
  int statement_timeout_ms = 0;
  int lock_timeout_ms = 0;
  bool read_only = true;
  /// Whether a connection that broke since the last statement is replaced once, unseen. Only for sessions that hold
  /// nothing on their connection: no lock, no transaction.
  bool replaces_broken = false;
};

/// Values of a statement's $1, $2, … in their order.
class Parameters {
 public:
  Parameters& add(std::int64_t value);
  Parameters& add(const Uuid& value);
  Parameters& add(std::string value);
  /// A bytea.
  Parameters& add_bytes(std::string_view value);
  Parameters& add_null();

  /// What `add` numbered the last value: "$3".
  std::string last() const { return "$" + std::to_string(values_.size()); }
  const std::vector<std::optional<std::string>>& values() const { return values_; }

 private:
  std::vector<std::optional<std::string>> values_{};
};

/// One row of an answer. A column that is not what it is asked for is Unreadable.
class Row {
 public:
  /// libpqxx's own answer.
  struct Answer;

  bool is_null(int column) const;
  std::string_view text(int column) const;
  std::int64_t number(int column) const;
  Uuid uuid(int column) const;
  /// A bytea.
  std::string bytes(int column) const;
  bool is_true(int column) const { return text(column) == "t"; }

  std::optional<std::int64_t> number_if_any(int column) const;
  std::optional<Uuid> uuid_if_any(int column) const;

 private:
  friend class Rows;
  Row(const Answer& answer, int index) : answer_(&answer), index_(index) {}

  const Answer* answer_;
  int index_;
};

/// An answer: rows that live as long as it does.
class Rows {
 public:
  int size() const;
  bool empty() const { return size() == 0; }
  Row operator[](int index) const { return {*answer_, index}; }

  /// Feeds every row to `take`, in order.
  template <class Take>
  void each(Take take) const {
    for (int index = 0, end = size(); index < end; ++index)
      take((*this)[index]);
  }

 private:
  friend class SqlSession;
  explicit Rows(std::shared_ptr<const Row::Answer> answer) : answer_(std::move(answer)) {}

  std::shared_ptr<const Row::Answer> answer_;
};

/// One blocking connection, made at the first statement and again after it broke. libpqxx and its exceptions stay
/// behind it: every failure is Unavailable (lane_store.hpp) with PostgreSQL's own words. One thread at a time.
class SqlSession {
 public:
  explicit SqlSession(SessionSettings settings);
  ~SqlSession();
  SqlSession(SqlSession&&) noexcept;

  const SessionSettings& settings() const { return settings_; }

  /// One statement. Planned anew each time, with its values known to the planner. Run again on a new connection when
  /// the old one broke, if the settings allow it.
  Rows ask(const std::string& sql, const Parameters& parameters = {});
  /// One statement that is prepared at its first use on each connection; its text must be one of a few. A connection
  /// that broke since the last statement is replaced once, but never inside `within`: what is asked may run twice.
  Rows ask_prepared(const std::string& sql, const Parameters& parameters = {});
  /// Several statements at once, without values.
  void run(const std::string& script);

  /// What `body` does is one transaction; an exception undoes it and goes on to the caller. `begin` is its first
  /// statement: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" for several questions about one moment.
  void within(const std::string& begin, const std::function<void()>& body);

 private:
  struct Connection;
  Connection& connected();
  template <class Work>
  auto guarded(Work work);
  template <class Work>
  auto again_if_broken(Work once);

  SessionSettings settings_;
  std::unique_ptr<Connection> connection_;
};

/// A long answer that is read row by row without holding all of it; several may be open at once. Only inside
/// SqlSession::within, and not beyond it.
class Cursor {
 public:
  Cursor(SqlSession& session, const std::string& name, const std::string& sql);

  /// The row at the front; nothing after the last one. It is valid until the next call of `advance`.
  const Row* front() const { return row_ ? &*row_ : nullptr; }
  void advance();

 private:
  void fetch();

  SqlSession& session_;
  std::string fetch_sql_;
  std::optional<Rows> rows_{};
  std::optional<Row> row_{};
  int at_ = 0;
};

}  // namespace dompet
