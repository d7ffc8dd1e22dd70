#include "persistence/lane_store.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "persistence/database_identity.hpp"
#include "persistence/failpoint.hpp"
#include "persistence/lane_sessions.hpp"

namespace dompet {

namespace {

constexpr const char* commit_statement = "commit_batch_v3";
constexpr int commit_parameters = 53;
constexpr const char* fenced = "DP001";

/// `SELECT commit_batch_v3($1, …, $n)`; the types of the arguments come from the function.
std::string commit_sql() {
  std::string sql = "SELECT commit_batch_v3(";
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
  params.array(uuid, rows, [](const JournalRow& r) { return r.parent; });
  params.array(int2, rows,
               [](const JournalRow& r) { return r.risk ? std::optional<std::int64_t>{*r.risk} : std::nullopt; });
}

void add_wallets(BinaryParams& params, const std::vector<WalletRow>& rows) {
  using enum PgType;
  params.array(uuid, rows, [](const WalletRow& r) { return r.id.uuid; });
  params.array(int2, rows, [](const WalletRow& r) { return std::int64_t{r.shard}; });
  params.array(int2, rows, [](const WalletRow& r) { return std::int64_t{r.currency.numeric}; });
  params.array(text, rows, [](const WalletRow& r) { return std::string_view{r.name}; });
  params.array(text, rows, [](const WalletRow& r) { return r.status; });
  params.array(uuid, rows,
               [](const WalletRow& r) { return r.owner == UserId{} ? std::nullopt : std::optional{r.owner.uuid}; });
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
  params.array(int2, rows, [](const SagaChange& r) { return static_cast<std::int64_t>(r.kind); });
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

LibpqSettings session_settings(const LaneStoreSettings& settings) {
  using std::chrono::milliseconds;
  return {settings.database, session_name(settings.node_name, settings.incarnation, lane_purpose),
          std::chrono::seconds(settings.connect_timeout_s), milliseconds(settings.answer_timeout_ms),
          milliseconds(settings.lock_timeout_ms)};
}

Claim claim_in(const LibpqAnswer& rows, int row, int first_column) {
  return {static_cast<Shard>(rows.number(row, first_column)),
          static_cast<std::uint64_t>(rows.number(row, first_column + 1)),
          static_cast<std::uint64_t>(rows.number(row, first_column + 2))};
}

class PostgresLaneStore final : public LaneStore {
 public:
  explicit PostgresLaneStore(LaneStoreSettings settings)
      : settings_(std::move(settings)), session_(session_settings(settings_)) {}

  std::vector<Claim> claim() override;
  std::vector<Claim> adopt(const std::vector<Shard>& shards) override;
  bool hand_over(const Claim& shard, const Incarnation& to) override;
  CommitResult commit(const Batch& batch) override;
  std::optional<std::uint64_t> batch_at(Shard shard, std::uint64_t shard_seq) override;

 private:
  void connect();
  LibpqAnswer reclaim();
  bool has_claim(const JournalRow& row) const;
  CommitResult judge(const LibpqAnswer& answer);
  CommitResult lost(std::string reason);
  std::string me() const { return to_string(settings_.incarnation); }

  LaneStoreSettings settings_;
  LibpqSession session_;
  IdentityWatch identity_{};
  Shard shard_count_ = 0;
  std::int64_t fence_ = 0;
  /// The epoch of every shard that may be committed to.
  std::map<Shard, std::uint64_t> claimed_{};
};

void PostgresLaneStore::connect() {
  try {
    session_.connect();
    session_.prepare(commit_statement, commit_sql());
    identity_.look(session_);
    shard_count_ = static_cast<Shard>(session_.run("SELECT shard_count FROM ledger").number(0, 0));
  } catch (const Unavailable&) {
    session_.drop();
    throw;
  }
}

LibpqAnswer PostgresLaneStore::reclaim() {
  try {
    return session_.run_durably("SELECT new_fence, claimed, new_epoch, last_seq FROM reclaim_shards_v1($1)", {me()});
  } catch (const StatementRefused& refusal) {
    // What was sent on a connection that we lost may still have the fence, and its server not know that we are gone.
    if (refusal.sqlstate == lock_not_available)
      end_lanes_in_the_way(session_, {settings_.incarnation});
    throw;
  }
}

std::vector<Claim> PostgresLaneStore::claim() {
  claimed_.clear();
  if (!session_.connected())
    connect();
  const LibpqAnswer rows = reclaim();
  std::vector<Claim> claims;
  for (int row = 0; row < rows.rows(); ++row)
    if (!rows.is_null(row, 1))
      claims.push_back(claim_in(rows, row, 1));
  identity_.note(session_);
  fence_ = rows.number(0, 0);
  for (const Claim& claim : claims)
    claimed_[claim.shard] = claim.epoch;
  return claims;
}

std::vector<Claim> PostgresLaneStore::adopt(const std::vector<Shard>& shards) {
  std::vector<LibpqSession::Text> numbers;
  numbers.reserve(shards.size());
  for (const Shard shard : shards)
    numbers.emplace_back(std::to_string(shard));
  const LibpqAnswer rows = session_.run(
      "SELECT s.shard, s.epoch, coalesce((SELECT max(j.shard_seq) FROM journal j WHERE j.shard = s.shard), 0)"
      " FROM shard s JOIN ledger l USING (database_id) WHERE s.owner = $1 AND s.shard = ANY ($2) ORDER BY s.shard",
      {me(), array_text(numbers)});
  std::vector<Claim> claims = rows.each([&](int row) { return claim_in(rows, row, 0); });
  for (const Claim& claim : claims)
    claimed_[claim.shard] = claim.epoch;
  return claims;
}

bool PostgresLaneStore::hand_over(const Claim& shard, const Incarnation& to) {
  const LibpqAnswer answer = session_.run_durably(
      "SELECT hand_over_v1($1, $2, $3, $4, $5)",
      {me(), std::to_string(fence_), std::to_string(shard.shard), std::to_string(shard.epoch), to_string(to)});
  if (answer.is_null(0, 0))
    return false;
  fence_ = answer.number(0, 0);
  claimed_.erase(shard.shard);
  return true;
}

CommitResult PostgresLaneStore::lost(std::string reason) {
  session_.drop();
  return {Outcome::unknown, {}, std::move(reason)};
}

CommitResult PostgresLaneStore::judge(const LibpqAnswer& answer) {
  if (answer.succeeded())
    return session_.warned() ? lost("the server warned about the commit") : CommitResult{Outcome::durable, {}, {}};
  const std::string sqlstate = answer.refusal();
  if (sqlstate.empty() || !session_.connected())
    return lost(answer.message());
  return {sqlstate == fenced ? Outcome::fenced : Outcome::rejected, sqlstate, answer.message()};
}

/// The shard of the record, and that of the wallet of its second leg.
bool PostgresLaneStore::has_claim(const JournalRow& row) const {
  const auto claim = claimed_.find(row.shard);
  return claim != claimed_.end() && claim->second == static_cast<std::uint64_t>(row.epoch) &&
         (!row.peer_seq || claimed_.contains(shard_of({*row.peer}, shard_count_)));
}

CommitResult PostgresLaneStore::commit(const Batch& batch) {
  if (!session_.connected())
    return lost("the lane has no connection");
  // The fence guards against other nodes; this against ourselves: after a hand-over the lane's fence is a valid one.
  const auto stray = std::ranges::find_if_not(batch.journal, [this](const JournalRow& row) { return has_claim(row); });
  if (stray != batch.journal.end())
    return {Outcome::fenced, fenced,
            "a record of shard " + std::to_string(stray->shard) + " is about what is not claimed"};
  // A rule that is broken on purpose, to see that the checkers find it: whoever raised the fence, it is ours.
  if (failpoint("lane.skip_fence"))
    fence_ = session_.run("SELECT fence FROM lane_fence WHERE incarnation = $1", {to_string(settings_.incarnation)})
                 .number(0, 0);
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
  failpoint("lane.before_send");
  if (!session_.send_prepared(commit_statement, params))
    return lost(session_.last_error());
  if (failpoint("lane.during_commit"))
    return lost("failpoint: the answer was thrown away");
  const LibpqAnswer answer = session_.await_answer();
  failpoint("lane.after_commit");
  return judge(answer);
}

std::optional<std::uint64_t> PostgresLaneStore::batch_at(Shard shard, std::uint64_t shard_seq) {
  const LibpqAnswer rows = session_.run("SELECT batch FROM journal WHERE shard = $1 AND shard_seq = $2",
                                        {std::to_string(shard), std::to_string(shard_seq)});
  if (rows.rows() == 0)
    return std::nullopt;
  return static_cast<std::uint64_t>(rows.number(0, 0));
}

}  // namespace

std::unique_ptr<LaneStore> make_postgres_lane_store(LaneStoreSettings settings) {
  return std::make_unique<PostgresLaneStore>(std::move(settings));
}

}  // namespace dompet
