#include "persistence/libpq_session.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace dompet {

namespace {

using std::chrono::steady_clock;

/// The server's own bounds: a client that is gone or stands still must not keep a lock (protocol 5.3.3). The server
/// looks for a lost client by keepalives, since its own time-outs do not run while it reads a statement.
std::string server_options(const LibpqSettings& settings) {
  return "-c synchronous_commit=on -c lock_timeout=" + std::to_string(settings.lock_timeout.count()) +
         " -c idle_in_transaction_session_timeout=2000 -c client_min_messages=notice"
         " -c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3 -c tcp_user_timeout=5000";
}

}  // namespace

void LibpqAnswer::Clear::operator()(pg_result* result) const { PQclear(result); }
void LibpqSession::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

LibpqAnswer::LibpqAnswer(pg_result* owned) : result_(owned) {}

bool LibpqAnswer::succeeded() const {
  const ExecStatusType status = PQresultStatus(result_.get());
  return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

std::string LibpqAnswer::refusal() const {
  const char* severity = PQresultErrorField(result_.get(), PG_DIAG_SEVERITY_NONLOCALIZED);
  const char* state = PQresultErrorField(result_.get(), PG_DIAG_SQLSTATE);
  return severity != nullptr && state != nullptr && std::string_view{severity} == "ERROR" ? state : "";
}

std::string LibpqAnswer::message() const {
  return arrived() ? PQresultErrorMessage(result_.get()) : "no answer in time";
}

int LibpqAnswer::rows() const { return PQntuples(result_.get()); }

bool LibpqAnswer::is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }

std::string_view LibpqAnswer::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t LibpqAnswer::number(int row, int column) const {
  const std::string_view digits = text(row, column);
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (fault != std::errc{} || end != digits.data() + digits.size())
    throw Unavailable("a column that should be a number is \"" + std::string{digits} + "\"");
  return value;
}

Uuid LibpqAnswer::uuid(int row, int column) const {
  if (is_null(row, column))
    return {};
  const auto uuid = parse_uuid(text(row, column));
  if (!uuid)
    throw Unavailable("a column that should be a UUID is \"" + std::string{text(row, column)} + "\"");
  return *uuid;
}

LibpqSession::LibpqSession(LibpqSettings settings) : settings_(std::move(settings)) {}
LibpqSession::~LibpqSession() = default;

bool LibpqSession::connected() const { return connection_ != nullptr && PQstatus(connection_.get()) == CONNECTION_OK; }

std::string LibpqSession::last_error() const {
  return connection_ == nullptr ? "there is no connection" : PQerrorMessage(connection_.get());
}

void LibpqSession::connect() {
  start_connection();
  finish_connection(steady_clock::now() + settings_.connect_timeout);
  PQsetNoticeReceiver(
      connection_.get(), [](void* self, const PGresult*) { static_cast<LibpqSession*>(self)->warned_ = true; }, this);
  PQsetnonblocking(connection_.get(), 1);
}

void LibpqSession::start_connection() {
  const std::string options = server_options(settings_);
  const char* keys[]{"dbname",          "application_name", "options", "keepalives",
                     "keepalives_idle", "tcp_user_timeout", nullptr};
  const char* values[]{
      settings_.database.c_str(), settings_.application_name.c_str(), options.c_str(), "1", "2", "5000", nullptr};
  connection_.reset(PQconnectStartParams(keys, values, /*expand_dbname=*/1));
}

void LibpqSession::finish_connection(Deadline deadline) {
  bool in_time = true;
  auto step = PGRES_POLLING_WRITING;
  if (connection_ == nullptr || PQstatus(connection_.get()) == CONNECTION_BAD)
    step = PGRES_POLLING_FAILED;
  while (step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED && in_time) {
    in_time = wait(step == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
    if (in_time)
      step = PQconnectPoll(connection_.get());
  }
  if (step == PGRES_POLLING_OK)
    return;
  const std::string why = in_time ? last_error() : "no answer in time";
  drop();
  throw Unavailable("cannot connect to PostgreSQL: " + why);
}

bool LibpqSession::wait(short events, Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
  pollfd socket{PQsocket(connection_.get()), events, 0};
  return left > 0 && poll(&socket, 1, static_cast<int>(left)) != 0;
}

/// Sends what is buffered. Reads meanwhile, so that a server with much to say does not wait for us.
bool LibpqSession::flush(Deadline deadline) {
  for (int more = PQflush(connection_.get()); more != 0; more = PQflush(connection_.get()))
    if (more < 0 || !wait(POLLIN | POLLOUT, deadline) || PQconsumeInput(connection_.get()) == 0)
      return false;
  return true;
}

LibpqAnswer LibpqSession::await_answer() {
  const Deadline deadline = steady_clock::now() + settings_.answer_timeout;
  if (!flush(deadline))
    return {};
  LibpqAnswer last;
  for (;;) {
    while (PQisBusy(connection_.get()) != 0)
      if (!wait(POLLIN, deadline) || PQconsumeInput(connection_.get()) == 0)
        return {};
    PGresult* next = PQgetResult(connection_.get());
    if (next == nullptr)
      return last;
    last = LibpqAnswer{next};
  }
}

LibpqAnswer LibpqSession::judged(LibpqAnswer answer) {
  if (answer.succeeded())
    return answer;
  const std::string why = answer.message();
  if (const std::string state = answer.refusal(); !state.empty() && connected())
    throw StatementRefused(state, "PostgreSQL refused: " + why);
  drop();
  throw Unavailable("PostgreSQL does not answer: " + why);
}

LibpqAnswer LibpqSession::run(const std::string& sql, const std::vector<Text>& parameters) {
  if (!connected())
    throw Unavailable("there is no connection to PostgreSQL");
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const Text& text : parameters)
    values.push_back(text ? text->c_str() : nullptr);
  warned_ = false;
  const bool sent = PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                      values.data(), nullptr, nullptr, 0) != 0;
  return judged(sent ? await_answer() : LibpqAnswer{});
}

LibpqAnswer LibpqSession::run_durably(const std::string& sql, const std::vector<Text>& parameters) {
  LibpqAnswer answer = run(sql, parameters);
  if (!warned_)
    return answer;
  drop();
  throw Unavailable("the server warned about a commit");
}

void LibpqSession::prepare(const std::string& name, const std::string& sql) {
  const bool sent = PQsendPrepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr) != 0;
  judged(sent ? await_answer() : LibpqAnswer{});
}

bool LibpqSession::send_prepared(const std::string& name, const BinaryParams& parameters) {
  constexpr int binary_results = 1;
  warned_ = false;
  return connected() &&
         PQsendQueryPrepared(connection_.get(), name.c_str(), parameters.count(), parameters.values().data(),
                             parameters.lengths().data(), parameters.formats().data(), binary_results) != 0;
}

std::vector<std::string> LibpqSession::wait_for_notifications(std::chrono::milliseconds limit) {
  wait(POLLIN, steady_clock::now() + limit);
  if (PQconsumeInput(connection_.get()) == 0) {
    const std::string why = last_error();
    drop();
    throw Unavailable("PostgreSQL does not answer: " + why);
  }
  std::vector<std::string> said;
  while (PGnotify* notification = PQnotifies(connection_.get())) {
    said.emplace_back(notification->extra);
    PQfreemem(notification);
  }
  return said;
}

std::string array_text(const std::vector<LibpqSession::Text>& values) {
  std::string text = "{";
  for (const LibpqSession::Text& value : values)
    text += (text.size() > 1 ? "," : "") + value.value_or("NULL");
  return text + "}";
}

LibpqSession::Text null_if_nil(const Incarnation& incarnation) {
  return incarnation.uuid.is_nil() ? LibpqSession::Text{} : to_string(incarnation);
}

}  // namespace dompet
