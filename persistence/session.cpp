#include "persistence/session.hpp"

#include <pqxx/pqxx>

#include <charconv>
#include <map>
#include <utility>

#include "persistence/codec.hpp"
#include "persistence/lane_store.hpp"

namespace dompet {

namespace {

/// Rows a round trip when a long answer is streamed: about a megabyte of journal.
constexpr int rows_a_fetch = 2'000;

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  if (digit >= 'a' && digit <= 'f')
    return digit - 'a' + 10;
  throw Unreadable("a bytea is not in hexadecimal form");
}

/// A connection string's value in quotes (libpq: "Connection Strings").
std::string quoted(std::string_view value) {
  std::string text = "'";
  for (char letter : value) {
    if (letter == '\'' || letter == '\\')
      text += '\\';
    text += letter;
  }
  return text + "'";
}

/// A URL's value.
std::string percent_encoded(std::string_view value) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string text;
  for (char letter : value) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0)
      text += letter;
    else
      text += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

std::string server_options(const SessionSettings& settings) {
  std::string options =
      "-c client_min_messages=warning -c statement_timeout=" + std::to_string(settings.statement_timeout_ms) +
      " -c lock_timeout=" + std::to_string(settings.lock_timeout_ms);
  if (settings.read_only)
    options += " -c default_transaction_read_only=on";
  return options;
}

std::string connection_string(const SessionSettings& settings) {
  const std::pair<std::string, std::string> extras[]{{"application_name", settings.application_name},
                                                     {"connect_timeout", std::to_string(settings.connect_timeout_s)},
                                                     {"keepalives_idle", "2"},
                                                     {"tcp_user_timeout", "5000"},
                                                     {"options", server_options(settings)}};
  const bool is_url = settings.database.starts_with("postgres://") || settings.database.starts_with("postgresql://");
  std::string text = settings.database;
  char separator = text.contains('?') ? '&' : '?';
  for (const auto& [name, value] : extras) {
    text += is_url ? separator + name + "=" + percent_encoded(value) : " " + name + "=" + quoted(value);
    separator = '&';
  }
  return text;
}

std::vector<const char*> pointers(const Parameters& parameters) {
  std::vector<const char*> values;
  for (const auto& value : parameters.values())
    values.push_back(value ? value->c_str() : nullptr);
  return values;
}

}  // namespace

Parameters& Parameters::add(std::int64_t value) { return add(std::to_string(value)); }
Parameters& Parameters::add(const Uuid& value) { return add(to_string(value)); }
Parameters& Parameters::add(std::string value) {
  values_.emplace_back(std::move(value));
  return *this;
}
Parameters& Parameters::add_bytes(std::string_view value) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "\\x";
  for (const char letter : value) {
    const auto byte = static_cast<unsigned char>(letter);
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  return add(std::move(text));
}
Parameters& Parameters::add_null() {
  values_.emplace_back();
  return *this;
}

struct Row::Answer {
  pqxx::result rows{};

  pqxx::field at(int row, int column) const { return rows[static_cast<pqxx::result_size_type>(row)][column]; }
};

int Rows::size() const { return static_cast<int>(answer_->rows.size()); }

bool Row::is_null(int column) const { return answer_->at(index_, column).is_null(); }

std::string_view Row::text(int column) const {
  const pqxx::field field = answer_->at(index_, column);
  return {field.c_str(), field.size()};
}

std::int64_t Row::number(int column) const {
  const std::string_view digits = text(column);
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (fault != std::errc{} || end != digits.data() + digits.size())
    throw Unreadable("a column that should be a number is \"" + std::string{digits} + "\"");
  return value;
}

Uuid Row::uuid(int column) const {
  const auto uuid = parse_uuid(text(column));
  if (!uuid)
    throw Unreadable("a column that should be a UUID is \"" + std::string{text(column)} + "\"");
  return *uuid;
}

std::string Row::bytes(int column) const {
  const std::string_view hex = text(column);
  if (!hex.starts_with("\\x") || hex.size() % 2 != 0)
    throw Unreadable("a bytea is not in hexadecimal form");
  std::string bytes(hex.size() / 2 - 1, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(hex_value(hex[2 * i + 2]) * 16 + hex_value(hex[2 * i + 3]));
  return bytes;
}

std::optional<std::int64_t> Row::number_if_any(int column) const {
  if (is_null(column))
    return std::nullopt;
  return number(column);
}

std::optional<Uuid> Row::uuid_if_any(int column) const {
  if (is_null(column))
    return std::nullopt;
  return uuid(column);
}

struct SqlSession::Connection {
  explicit Connection(const std::string& parameters) : link(parameters) {}

  /// The name under which a statement is prepared here; prepares it when it is new.
  const std::string& prepared(const std::string& sql) {
    const auto known = names.find(sql);
    if (known != names.end())
      return known->second;
    const std::string name = "s" + std::to_string(names.size());
    link.prepare(name, sql);
    return names.emplace(sql, name).first->second;
  }

  static void let_go(std::unique_ptr<Connection>& broken) {
    if (broken && broken->is_within)
      broken->is_lost = true;
    else
      broken.reset();
  }

  pqxx::connection link;
  std::map<std::string, std::string> names{};
  /// Within a transaction a connection that broke stays here, as lost: on a new one, what follows would commit alone.
  bool is_within = false;
  bool is_lost = false;
};

SqlSession::SqlSession(SessionSettings settings) : settings_(std::move(settings)) {}
SqlSession::~SqlSession() = default;
SqlSession::SqlSession(SqlSession&&) noexcept = default;

SqlSession::Connection& SqlSession::connected() {
  if (!connection_)
    connection_ = std::make_unique<Connection>(connection_string(settings_));
  if (connection_->is_lost)
    throw Unavailable("PostgreSQL does not answer: the connection broke within the transaction");
  return *connection_;
}

/// The one place where libpqxx's exceptions end.
template <class Work>
auto SqlSession::guarded(Work work) {
  try {
    return work();
  } catch (const pqxx::sql_error& fault) {
    if (connection_ && !connection_->link.is_open())
      Connection::let_go(connection_);
    throw Unavailable("PostgreSQL refused: " + std::string{fault.what()});
  } catch (const pqxx::failure& fault) {
    Connection::let_go(connection_);
    throw Unavailable("PostgreSQL does not answer: " + std::string{fault.what()});
  }
}

template <class Work>
auto SqlSession::again_if_broken(Work once) {
  const bool had_connection = connection_ != nullptr;
  return guarded([&] {
    try {
      return once();
    } catch (const pqxx::failure&) {
      if (!had_connection || connection_->is_within || connection_->link.is_open())
        throw;
      connection_.reset();
      return once();
    }
  });
}

Rows SqlSession::ask(const std::string& sql, const Parameters& parameters) {
  const auto once = [&] {
    pqxx::nontransaction work(connected().link);
    const auto values = pointers(parameters);
    return Rows{
        std::make_shared<Row::Answer>(Row::Answer{work.exec_params(sql, pqxx::prepare::make_dynamic_params(values))})};
  };
  return settings_.replaces_broken ? again_if_broken(once) : guarded(once);
}

Rows SqlSession::ask_prepared(const std::string& sql, const Parameters& parameters) {
  return again_if_broken([&] {
    Connection& connection = connected();
    const std::string& name = connection.prepared(sql);
    pqxx::nontransaction work(connection.link);
    const auto values = pointers(parameters);
    return Rows{std::make_shared<Row::Answer>(
        Row::Answer{work.exec_prepared(name, pqxx::prepare::make_dynamic_params(values))})};
  });
}

void SqlSession::run(const std::string& script) {
  guarded([&] {
    pqxx::nontransaction work(connected().link);
    work.exec(script);
  });
}

void SqlSession::within(const std::string& begin, const std::function<void()>& body) {
  run(begin);
  connection_->is_within = true;
  try {
    body();
    run("COMMIT");
    connection_->is_within = false;
  } catch (...) {
    try {
      run("ROLLBACK");
      connection_->is_within = false;
    } catch (const Unavailable&) {
      connection_.reset();
    }
    throw;
  }
}

Cursor::Cursor(SqlSession& session, const std::string& name, const std::string& sql)
    : session_(session), fetch_sql_("FETCH FORWARD " + std::to_string(rows_a_fetch) + " FROM " + name) {
  session_.run("DECLARE " + name + " NO SCROLL CURSOR FOR " + sql);
  fetch();
}

void Cursor::fetch() {
  rows_ = session_.ask(fetch_sql_);
  at_ = 0;
  row_ = rows_->empty() ? std::nullopt : std::optional{(*rows_)[0]};
}

void Cursor::advance() {
  if (++at_ < rows_->size())
    row_ = (*rows_)[at_];
  else if (rows_->size() == rows_a_fetch)
    fetch();
  else
    row_.reset();
}

}  // namespace dompet
