#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "persistence/database_identity.hpp"
#include "persistence/lane_sessions.hpp"
#include "persistence/membership_store.hpp"

namespace dompet {

namespace {

using Rows = std::span<const ShardRow>;

/// Protocol 5.2: what one takeover may hold up.
constexpr std::size_t shards_a_transaction = 16;

LibpqSettings session_settings(const MembershipSettings& settings) {
  const std::chrono::milliseconds answer_timeout(settings.answer_timeout_ms);
  // A statement may wait for locks for as long as for the rest of its answer.
  return {settings.database, session_name(settings.node_name, settings.incarnation, "ownership"),
          std::chrono::seconds(settings.connect_timeout_s), 2 * answer_timeout, answer_timeout};
}

template <class Column>
std::string array_of(Rows rows, Column column) {
  std::vector<LibpqSession::Text> values;
  std::ranges::transform(rows, std::back_inserter(values), column);
  return array_text(values);
}

std::string numbers_of(Rows rows) {
  return array_of(rows, [](const ShardRow& row) { return LibpqSession::Text{std::to_string(row.shard)}; });
}

class PostgresOwnershipStore final : public OwnershipStore {
 public:
  explicit PostgresOwnershipStore(MembershipSettings settings)
      : settings_(std::move(settings)), session_(session_settings(settings_)) {}

  void register_node(const NodeRow& me) override;
  std::vector<ShardRow> shards() override;
  std::vector<Shard> acquire(const std::vector<ShardRow>& seen) override;
  bool set_target(const ShardRow& seen, const Incarnation& target) override;
  DatabaseIdentity identity() override;

 private:
  std::vector<Shard> acquire_some(Rows seen);
  std::vector<Shard> take(Rows seen);
  std::vector<Shard> taken_unheard(Rows seen);
  void make_way(Rows seen);
  std::string me() const { return to_string(settings_.incarnation); }

  MembershipSettings settings_;
  LibpqSession session_;
};

void PostgresOwnershipStore::register_node(const NodeRow& me) {
  session_.connect_if_lost();
  const std::string incarnation = to_string(me.incarnation);
  session_.run_durably(
      "INSERT INTO node (incarnation, name, internal_address, http_address, protocol_min, protocol_max, build)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (incarnation) DO NOTHING",
      {incarnation, me.name, me.internal_address, me.http_address, std::to_string(me.protocol_min),
       std::to_string(me.protocol_max), me.build});
  session_.run_durably("INSERT INTO lane_fence (incarnation) VALUES ($1) ON CONFLICT (incarnation) DO NOTHING",
                       {incarnation});
}

std::vector<ShardRow> PostgresOwnershipStore::shards() {
  session_.connect_if_lost();
  const LibpqAnswer rows = session_.run(
      "SELECT s.shard, s.owner, s.epoch, s.target FROM shard s JOIN ledger l USING (database_id) ORDER BY s.shard");
  return rows.each([&](int row) {
    return ShardRow{.shard = static_cast<Shard>(rows.number(row, 0)),
                    .owner = {rows.uuid(row, 1)},
                    .epoch = static_cast<std::uint64_t>(rows.number(row, 2)),
                    .target = {rows.uuid(row, 3)}};
  });
}

/// Part by part; what an outage interrupts is left to the next attempt.
std::vector<Shard> PostgresOwnershipStore::acquire(const std::vector<ShardRow>& seen) {
  std::vector<ShardRow> ordered = seen;
  std::ranges::sort(ordered, {}, &ShardRow::shard);
  std::vector<Shard> taken;
  for (std::size_t first = 0; first < ordered.size(); first += shards_a_transaction) {
    const Rows part = Rows{ordered}.subspan(first, std::min(shards_a_transaction, ordered.size() - first));
    try {
      std::ranges::copy(acquire_some(part), std::back_inserter(taken));
    } catch (const Unavailable&) {
      if (taken.empty())
        throw;
      break;
    }
  }
  return taken;
}

/// Twice at most: once more after whoever held the lock was terminated.
std::vector<Shard> PostgresOwnershipStore::acquire_some(Rows seen) {
  session_.connect_if_lost();
  try {
    return take(seen);
  } catch (const StatementRefused& refusal) {
    if (refusal.sqlstate != lock_not_available)
      throw;
  }
  make_way(seen);
  return take(seen);
}

std::vector<Shard> PostgresOwnershipStore::take(Rows seen) {
  const auto epoch = [](const ShardRow& row) { return LibpqSession::Text{std::to_string(row.epoch)}; };
  const auto owner = [](const ShardRow& row) { return null_if_nil(row.owner); };
  try {
    const LibpqAnswer rows =
        session_.run_durably("SELECT taken FROM acquire_shards_v2($1, $2, $3, $4) ORDER BY taken",
                             {me(), numbers_of(seen), array_of(seen, epoch), array_of(seen, owner)});
    return rows.each([&](int row) { return static_cast<Shard>(rows.number(row, 0)); });
  } catch (const StatementRefused&) {
    throw;
  } catch (const Unavailable&) {
    return taken_unheard(seen);
  }
}

/// After an unknown outcome (protocol 5.2, Acquire, step 3). What the lost statement takes only after this look is seen
/// by the next `shards()`: its owner is this incarnation, and the lane adopts it.
std::vector<Shard> PostgresOwnershipStore::taken_unheard(Rows seen) {
  session_.connect();
  const LibpqAnswer rows =
      session_.run("SELECT shard, epoch FROM shard WHERE owner = $1 AND shard = ANY ($2)", {me(), numbers_of(seen)});
  std::vector<Shard> taken;
  for (int row = 0; row < rows.rows(); ++row) {
    const auto was = std::ranges::find(seen, static_cast<Shard>(rows.number(row, 0)), &ShardRow::shard);
    if (was != seen.end() && static_cast<std::uint64_t>(rows.number(row, 1)) == was->epoch + 1)
      taken.push_back(was->shard);
  }
  std::ranges::sort(taken);
  return taken;
}

/// The former owner's process may be paused with a transaction open.
void PostgresOwnershipStore::make_way(Rows seen) {
  std::vector<Incarnation> owners;
  for (const ShardRow& row : seen)
    if (!row.owner.uuid.is_nil() && std::ranges::find(owners, row.owner) == owners.end())
      owners.push_back(row.owner);
  end_lanes_in_the_way(session_, owners);
}

bool PostgresOwnershipStore::set_target(const ShardRow& seen, const Incarnation& target) {
  session_.connect_if_lost();
  const LibpqAnswer changed = session_.run_durably(
      "UPDATE shard s SET target = $4 FROM ledger l WHERE l.database_id = s.database_id AND s.shard = $1"
      " AND s.epoch = $2 AND s.owner IS NOT DISTINCT FROM $3"
      " AND ($4::uuid IS NULL OR EXISTS (SELECT FROM node n WHERE n.incarnation = $4)) RETURNING 1",
      {std::to_string(seen.shard), std::to_string(seen.epoch), null_if_nil(seen.owner), null_if_nil(target)});
  return changed.rows() > 0;
}

DatabaseIdentity PostgresOwnershipStore::identity() {
  session_.connect_if_lost();
  return identity_of(session_);
}

}  // namespace

std::unique_ptr<OwnershipStore> make_postgres_ownership_store(MembershipSettings settings) {
  return std::make_unique<PostgresOwnershipStore>(std::move(settings));
}

}  // namespace dompet
