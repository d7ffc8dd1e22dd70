#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/binary_params.hpp"
#include "persistence/lane_store.hpp"

struct pg_conn;
struct pg_result;

namespace dompet {

/// SQLSTATE of a lock that did not come within lock_timeout.
inline constexpr std::string_view lock_not_available = "55P03";

/// PostgreSQL refused one statement; it did nothing, and the connection is sound.
struct StatementRefused : Unavailable {
  StatementRefused(std::string state, const std::string& why) : Unavailable(why), sqlstate(std::move(state)) {}

  /// Five characters.
  std::string sqlstate;
};

struct LibpqSettings {
  /// libpq connection string or URL.
  std::string database{};
  std::string application_name{};
  /// For a connection. Looking up a host's name comes on top, since libpq does that without us.
  std::chrono::milliseconds connect_timeout{2'000};
  /// From sending a statement to the end of its answer. Then the connection is given up.
  std::chrono::milliseconds answer_timeout{10'000};
  std::chrono::milliseconds lock_timeout{2'000};
};

/// What PostgreSQL said to one statement. Values are text; columns that are no numbers or UUIDs are Unavailable, for
/// only our own functions and tables are asked.
class LibpqAnswer {
 public:
  LibpqAnswer() = default;
  explicit LibpqAnswer(pg_result* owned);

  /// False when the connection was lost before the answer came.
  bool arrived() const { return result_ != nullptr; }
  bool succeeded() const;
  /// Of an ERROR; empty after success, and after anything that ends the connection (FATAL, shutdown).
  std::string refusal() const;
  std::string message() const;

  int rows() const;
  bool is_null(int row, int column) const;
  std::string_view text(int row, int column) const;
  std::int64_t number(int row, int column) const;
  /// Nil for null.
  Uuid uuid(int row, int column) const;

  /// What `make(row)` says of each row, in order.
  template <class Make>
  auto each(Make make) const {
    std::vector<decltype(make(0))> all;
    all.reserve(static_cast<std::size_t>(rows()));
    for (int row = 0; row < rows(); ++row)
      all.push_back(make(row));
    return all;
  }

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_{};
};

/// One blocking connection for the statements that ownership and money hang on (docs/decisions/0003). Unlike SqlSession
/// it never reconnects by itself: whoever holds something that a connection stands for must know when it is gone.
/// Every wait ends at a time-out of the settings. What was committed is synchronously so. One thread at a time.
class LibpqSession {
 public:
  /// A parameter in PostgreSQL's text form; nothing is null.
  using Text = std::optional<std::string>;

  explicit LibpqSession(LibpqSettings settings);
  ~LibpqSession();
  LibpqSession(const LibpqSession&) = delete;

  /// Replaces the connection. Throws Unavailable.
  void connect();
  void drop() { connection_.reset(); }
  bool connected() const;
  void connect_if_lost() {
    if (!connected())
      connect();
  }

  /// One statement, a transaction of its own. Throws StatementRefused; or Unavailable, when nothing is known about it:
  /// then the connection is dropped. A warning counts as such when durability may be what it is about.
  LibpqAnswer run(const std::string& sql, const std::vector<Text>& parameters = {});
  LibpqAnswer run_durably(const std::string& sql, const std::vector<Text>& parameters = {});

  /// For a statement that is sent often: its parameters' types come from PostgreSQL. Throws like `run`.
  void prepare(const std::string& name, const std::string& sql);
  /// False, and `last_error` says why, when the connection is of no use.
  bool send_prepared(const std::string& name, const BinaryParams& parameters);
  LibpqAnswer await_answer();
  /// Whether the server warned about what was last sent: it may not be on the standby (protocol 4).
  bool warned() const { return warned_; }
  std::string last_error() const;

  /// Waits until another session notifies on a channel that this one listens on, and returns what was said; nothing
  /// when the limit passed first. Throws Unavailable when the connection is lost.
  std::vector<std::string> wait_for_notifications(std::chrono::milliseconds limit);

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  struct Finish {
    void operator()(pg_conn* connection) const;
  };

  void start_connection();
  void finish_connection(Deadline deadline);
  bool wait(short events, Deadline deadline);
  bool flush(Deadline deadline);
  LibpqAnswer judged(LibpqAnswer answer);

  LibpqSettings settings_;
  std::unique_ptr<pg_conn, Finish> connection_{};
  bool warned_ = false;
};

/// A list of values that need no quotes, as a parameter of an array type; nothing is null.
std::string array_text(const std::vector<LibpqSession::Text>& values);
/// A nil id is null.
LibpqSession::Text null_if_nil(const Incarnation& incarnation);

}  // namespace dompet
