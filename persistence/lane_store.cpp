#include "persistence/lane_store.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "persistence/binary_params.hpp"
#include "persistence/failpoint.hpp"

namespace dompet {

namespace {

using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;
using Clock = std::chrono::steady_clock;

constexpr const char* commit_statement = "commit_batch_v1";
constexpr int commit_parameters = 49;

/// `SELECT commit_batch_v1($1, …, $n)`; the types of the arguments come from the function.
std::string commit_sql() {
  std::string sql = "SELECT commit_batch_v1(";
  for (int i = 1; i <= commit_parameters; ++i)
    sql += (i > 1 ? ",$" : "$") + std::to_string(i);
  return sql + ")";
}

void add_journal(BinaryParams& params, const std::vector<JournalRow>& rows) {
  using enum PgType;
  params.array(int2, rows, [](const JournalRow& r) { return std::int64_t{r.shard}; });
  params.array(int8, rows, [](const JournalRow& r) { return r.shard_seq; });
  params.array(int8, rows, [](const JournalRow& r) { return r.epoch; });
  params.array(int2, rows, [](const JournalRow& r) { return std::int64_t{r.kind}; });
  params.array(int2, rows, [](const JournalRow& r) { return std::int64_t{r.currency}; });
  params.array(int8, rows, [](const JournalRow& r) { return r.amount; });
  params.array(uuid, rows, [](const JournalRow& r) { return r.id; });
  params.array(uuid, rows, [](const JournalRow& r) { return r.key; });
  params.array(uuid, rows, [](const JournalRow& r) { return r.wallet; });
  params.array(int8, rows, [](const JournalRow& r) { return r.wallet_seq; });
  params.array(uuid, rows, [](const JournalRow& r) { return r.peer; });
  params.array(int8, rows, [](const JournalRow& r) { return r.peer_seq; });
  params.array(bytea, rows, [](const JournalRow& r) { return std::string_view{r.payload}; });
}

void add_wallets(BinaryParams& params, const std::vector<WalletRow>& rows) {
  using enum PgType;
  params.array(uuid, rows, [](const WalletRow& r) { return r.id.uuid; });
  params.array(int2, rows, [](const WalletRow& r) { return std::int64_t{r.shard}; });
  params.array(int2, rows, [](const WalletRow& r) { return std::int64_t{r.currency.numeric}; });
  params.array(text, rows, [](const WalletRow& r) { return std::string_view{r.name}; });
  params.array(text, rows, [](const WalletRow& r) { return r.status; });
}

void add_totals(BinaryParams& params, const std::vector<TotalChange>& rows) {
  using enum PgType;
  params.array(int2, rows, [](const TotalChange& r) { return std::int64_t{r.shard}; });
  params.array(text, rows, [](const TotalChange& r) { return std::string_view{r.account}; });
  params.array(int8, rows, [](const TotalChange& r) { return r.amount; });
}

void add_snapshots(BinaryParams& params, const std::vector<SnapshotRow>& rows) {
  using enum PgType;
  params.array(uuid, rows, [](const SnapshotRow& r) { return r.wallet.uuid; });
  params.array(int8, rows, [](const SnapshotRow& r) { return static_cast<std::int64_t>(r.seq); });
  params.array(bytea, rows, [](const SnapshotRow& r) { return std::string_view{r.state}; });
}

void add_sagas(BinaryParams& params, const std::vector<SagaChange>& rows) {
  using enum PgType;
  params.array(uuid, rows, [](const SagaChange& r) { return r.id.uuid; });
  params.array(int2, rows, [](const SagaChange& r) { return static_cast<std::int64_t>(r.expected); });
  params.array(int2, rows, [](const SagaChange& r) { return static_cast<std::int64_t>(r.next); });
  params.array(int2, rows, [](const SagaChange& r) { return std::int64_t{r.source_shard}; });
  params.array(int2, rows, [](const SagaChange& r) { return std::int64_t{r.destination_shard}; });
  params.array(uuid, rows, [](const SagaChange& r) { return r.source.uuid; });
  params.array(uuid, rows, [](const SagaChange& r) { return r.destination.uuid; });
  params.array(int8, rows, [](const SagaChange& r) { return r.amount; });
  params.array(int2, rows, [](const SagaChange& r) { return std::int64_t{r.currency.numeric}; });
}

void add_decisions(BinaryParams& params, const std::vector<DecisionRow>& rows) {
  using enum PgType;
  params.array(uuid, rows, [](const DecisionRow& r) { return r.id.uuid; });
  params.array(int2, rows, [](const DecisionRow& r) { return std::int64_t{r.shard}; });
  params.array(int2, rows, [](const DecisionRow& r) { return static_cast<std::int64_t>(r.outcome); });
  params.array(int2, rows, [](const DecisionRow& r) { return std::int64_t{r.reason}; });
  params.array(uuid, rows, [](const DecisionRow& r) { return r.wallet.uuid; });
  params.array(int8, rows, [](const DecisionRow& r) { return r.amount; });
  params.array(int2, rows, [](const DecisionRow& r) { return std::int64_t{r.currency.numeric}; });
}

void add_transits(BinaryParams& params, const std::vector<TransitChange>& rows) {
  using enum PgType;
  params.array(int2, rows, [](const TransitChange& r) { return std::int64_t{r.shard}; });
  params.array(int2, rows, [](const TransitChange& r) { return std::int64_t{r.peer_shard}; });
  params.array(int2, rows, [](const TransitChange& r) { return std::int64_t{r.currency.numeric}; });
  params.array(int8, rows, [](const TransitChange& r) { return r.out; });
  params.array(int8, rows, [](const TransitChange& r) { return r.in; });
}

std::int64_t number(const PGresult* answer, int row, int column) {
  std::int64_t value = 0;
  const char* text = PQgetvalue(answer, row, column);
  std::from_chars(text, text + PQgetlength(answer, row, column), value);
  return value;
}

class PostgresLaneStore final : public LaneStore {
 public:
  explicit PostgresLaneStore(LaneStoreSettings settings) : settings_(std::move(settings)) {}

  std::vector<Claim> claim() override;
  CommitResult commit(const Batch& batch) override;
  std::optional<std::uint64_t> batch_at(Shard shard, std::uint64_t shard_seq) override;

 private:
  using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

  void connect();
  void claim_ledger();
  void register_node();
  void take_all();
  std::vector<Claim> read_claims();
  /// Waits for the answers of what was sent, up to the deadline; nothing when the connection is of no use any more.
  Answer await_answer();
  bool wait_readable(Clock::time_point deadline);
  /// Runs a statement that must work. Throws Unavailable.
  Answer run(const std::string& sql, const std::vector<std::string>& texts = {});
  CommitResult judge(const Answer& answer);
  CommitResult lost(std::string reason);

  LaneStoreSettings settings_;
  Connection connection_{nullptr, &PQfinish};
  std::int64_t fence_ = 0;
  /// Set by the notice receiver: a warning during a commit means that its durability is in doubt.
  bool warned_ = false;
};

void PostgresLaneStore::connect() {
  connection_.reset();
  const std::string name =
      "dompet/" + settings_.node_name + "/" + to_string(settings_.incarnation).substr(24) + "/lane";
  const std::string timeout = std::to_string(settings_.connect_timeout_s);
  const std::string options = "-c synchronous_commit=on -c lock_timeout=" + std::to_string(settings_.lock_timeout_ms) +
                              " -c idle_in_transaction_session_timeout=2000 -c client_min_messages=notice";
  const char* keys[]{"dbname",     "application_name", "connect_timeout",  "options",
                     "keepalives", "keepalives_idle",  "tcp_user_timeout", nullptr};
  const char* values[]{
      settings_.database.c_str(), name.c_str(), timeout.c_str(), options.c_str(), "1", "2", "5000", nullptr};
  connection_.reset(PQconnectdbParams(keys, values, /*expand_dbname=*/1));
  if (PQstatus(connection_.get()) != CONNECTION_OK)
    throw Unavailable(std::string{"cannot connect to PostgreSQL: "} + PQerrorMessage(connection_.get()));
  PQsetNoticeReceiver(
      connection_.get(), [](void* self, const PGresult*) { static_cast<PostgresLaneStore*>(self)->warned_ = true; },
      this);
  claim_ledger();
  Answer prepared{PQprepare(connection_.get(), commit_statement, commit_sql().c_str(), 0, nullptr), &PQclear};
  if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK)
    throw Unavailable(std::string{"cannot prepare the commit: "} + PQerrorMessage(connection_.get()));
}

bool PostgresLaneStore::wait_readable(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
  return left > 0 && poll(&socket, 1, static_cast<int>(left)) != 0;
}

Answer PostgresLaneStore::await_answer() {
  const auto deadline = Clock::now() + std::chrono::milliseconds(settings_.answer_timeout_ms);
  Answer last{nullptr, &PQclear};
  for (;;) {
    while (PQisBusy(connection_.get()) != 0)
      if (!wait_readable(deadline) || PQconsumeInput(connection_.get()) == 0)
        return {nullptr, &PQclear};
    Answer next{PQgetResult(connection_.get()), &PQclear};
    if (next == nullptr)
      return last;
    last = std::move(next);
  }
}

Answer PostgresLaneStore::run(const std::string& sql, const std::vector<std::string>& texts) {
  std::vector<const char*> values;
  for (const std::string& text : texts)
    values.push_back(text.c_str());
  const bool sent = PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                      values.data(), nullptr, nullptr, 0) != 0;
  Answer answer = sent ? await_answer() : Answer{nullptr, &PQclear};
  const ExecStatusType status = PQresultStatus(answer.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
    return answer;
  const std::string why = answer ? PQresultErrorMessage(answer.get()) : "no answer in time";
  connection_.reset();
  throw Unavailable("PostgreSQL did not do what the lane needs: " + why);
}

/// One session lock keeps a second process from taking the shards back and forth. It ends with the session, so a
/// killed process frees it at once.
void PostgresLaneStore::claim_ledger() {
  const Answer lock = run("SELECT pg_try_advisory_lock(hashtext('dompet lane'))");
  if (std::string_view{PQgetvalue(lock.get(), 0, 0)} == "t")
    return;
  connection_.reset();
  throw Unavailable("another process serves this ledger");
}

void PostgresLaneStore::register_node() {
  run("INSERT INTO node (incarnation, name) VALUES ($1, $2) ON CONFLICT (incarnation) DO NOTHING",
      {to_string(settings_.incarnation), settings_.node_name});
  run("INSERT INTO lane_fence (incarnation) VALUES ($1) ON CONFLICT (incarnation) DO NOTHING",
      {to_string(settings_.incarnation)});
}

void PostgresLaneStore::take_all() {
  run("SELECT acquire_shards_v1($1, (SELECT array_agg(shard ORDER BY shard) FROM shard),"
      " (SELECT array_agg(epoch ORDER BY shard) FROM shard))",
      {to_string(settings_.incarnation)});
  const Answer fence = run("SELECT fence FROM lane_fence WHERE incarnation = $1", {to_string(settings_.incarnation)});
  fence_ = number(fence.get(), 0, 0);
}

std::vector<Claim> PostgresLaneStore::read_claims() {
  const Answer rows =
      run("SELECT s.shard, s.epoch, coalesce((SELECT max(j.shard_seq) FROM journal j WHERE j.shard = s.shard), 0)"
          " FROM shard s WHERE s.owner = $1 ORDER BY s.shard",
          {to_string(settings_.incarnation)});
  std::vector<Claim> claims;
  for (int row = 0; row < PQntuples(rows.get()); ++row)
    claims.push_back({static_cast<Shard>(number(rows.get(), row, 0)),
                      static_cast<std::uint64_t>(number(rows.get(), row, 1)),
                      static_cast<std::uint64_t>(number(rows.get(), row, 2))});
  return claims;
}

std::vector<Claim> PostgresLaneStore::claim() {
  if (connection_ == nullptr || PQstatus(connection_.get()) != CONNECTION_OK)
    connect();
  register_node();
  take_all();
  return read_claims();
}

CommitResult PostgresLaneStore::lost(std::string reason) {
  connection_.reset();
  return {Outcome::unknown, {}, std::move(reason)};
}

CommitResult PostgresLaneStore::judge(const Answer& answer) {
  if (answer == nullptr)
    return lost("no answer to the commit");
  if (PQresultStatus(answer.get()) == PGRES_TUPLES_OK)
    return warned_ ? lost("the server warned about the commit") : CommitResult{Outcome::durable, {}, {}};
  const char* state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
  const char* severity = PQresultErrorField(answer.get(), PG_DIAG_SEVERITY_NONLOCALIZED);
  const std::string sqlstate = state != nullptr ? state : "";
  const std::string reason = PQresultErrorMessage(answer.get());
  const bool statement_failed = severity != nullptr && std::string_view{severity} == "ERROR" && !sqlstate.empty();
  if (!statement_failed || PQstatus(connection_.get()) != CONNECTION_OK)
    return lost(reason);
  return {sqlstate == "DP001" ? Outcome::fenced : Outcome::rejected, sqlstate, reason};
}

CommitResult PostgresLaneStore::commit(const Batch& batch) {
  if (connection_ == nullptr)
    return lost("the lane has no connection");
  BinaryParams params;
  params.uuid(settings_.incarnation.uuid);
  params.int8(fence_);
  params.int8(static_cast<std::int64_t>(batch.id));
  params.timestamp(batch.at_ms);
  add_journal(params, batch.journal);
  add_wallets(params, batch.wallets);
  add_totals(params, batch.totals);
  add_snapshots(params, batch.snapshots);
  add_sagas(params, batch.sagas);
  add_decisions(params, batch.decisions);
  add_transits(params, batch.transits);
  warned_ = false;
  failpoint("lane.before_send");
  const bool sent = PQsendQueryPrepared(connection_.get(), commit_statement, params.count(), params.values().data(),
                                        params.lengths().data(), params.formats().data(), 1) != 0;
  if (!sent)
    return lost(PQerrorMessage(connection_.get()));
  if (failpoint("lane.during_commit"))
    return lost("failpoint: the answer was thrown away");
  Answer answer = await_answer();
  failpoint("lane.after_commit");
  return judge(answer);
}

std::optional<std::uint64_t> PostgresLaneStore::batch_at(Shard shard, std::uint64_t shard_seq) {
  const Answer rows = run("SELECT batch FROM journal WHERE shard = $1 AND shard_seq = $2",
                          {std::to_string(shard), std::to_string(shard_seq)});
  if (PQntuples(rows.get()) == 0)
    return std::nullopt;
  return static_cast<std::uint64_t>(number(rows.get(), 0, 0));
}

}  // namespace

std::unique_ptr<LaneStore> make_postgres_lane_store(LaneStoreSettings settings) {
  return std::make_unique<PostgresLaneStore>(std::move(settings));
}

}  // namespace dompet
