#include <mutex>

#include "actors/not_now.hpp"
#include "actors/shard.hpp"
#include "domain/ensure.hpp"

// ShardKeeper's memory of idempotency keys: a request whose key may have been used is held against what is on record
// before it begins (protocol 5.7).

namespace dompet {

namespace {

constexpr std::int64_t key_lifetime_ms = 30LL * 24 * 3600 * 1000;
/// A request whose equal is under way looks so often whether that one is on record.
constexpr std::chrono::milliseconds look_for_the_first_again{20};

std::optional<MoneyAnswer> stored_answer(RecoveryStore& store, const KeyId& key) {
  const auto first = store.record_of_key(key);
  if (!first)
    return std::nullopt;
  const auto stored = store.transaction(first->id);
  ensure(stored.has_value(), "a record with a key belongs to a transaction");
  const auto refusal = stored->refusal ? stored->refusal : stored->record.decline;
  return MoneyAnswer{std::make_shared<const Record>(stored->record), stored->state, stored->completed_at_ms, refusal,
                     true};
}

}  // namespace

void ShardKeeper::begin(std::uint64_t correlation, MoveMoneyRequest& request) {
  const bool may_be_known = !node_->keys_are_known() || node_->keys.may_contain(request.stamp.key);
  std::vector<int> databases = other_databases();
  if (may_be_known)
    databases.insert(databases.begin(), node_->database_of(shard_));
  if (!databases.empty())
    return look_up_key({correlation, std::move(request)}, databases);
  start_money(correlation, request);
}

/// Where else a key may have been used: the unique index that keeps this shard's keys does not know of them. One that
/// does not answer is left out, or it would hold up the wallets of this one.
std::vector<int> ShardKeeper::other_databases() const {
  std::vector<int> others;
  for (std::size_t i = 0; node_->lanes.size() > 1 && i < node_->lanes.size(); ++i) {
    const LaneSeat& lane = *node_->lanes[i];
    const int database = static_cast<int>(i);
    if (database != node_->database_of(shard_) && lane.ready && lane.oldest_age() < node_->settings.lane_age_limit)
      others.push_back(database);
  }
  return others;
}

namespace {

/// One key, looked up in some databases at once. What the shard's own one says comes first; whether it says anything
/// matters, whether another one does not.
class KeySearch {
 public:
  KeySearch(ShardActor asker, Submit submit, int own, const std::vector<int>& databases)
      : asker_(std::move(asker)), found_{std::move(submit), {}, {}, databases.front() == own}, own_(own),
        missing_(databases.size()) {}

  const KeyId& key() const { return std::get<MoveMoneyRequest>(found_.submit.request).stamp.key; }

  void arrive(int database, std::optional<MoneyAnswer> stored, const std::string& failure) {
    const std::lock_guard lock(guard_);
    if (stored && (!found_.stored || database == own_))
      found_.stored = std::move(stored);
    if (database == own_)
      found_.failure = failure;
    if (--missing_ == 0)
      caf::anon_send(asker_, std::move(found_));
  }

 private:
  std::mutex guard_{};
  ShardActor asker_;
  KeyLookedUp found_;
  int own_;
  std::size_t missing_;
};

}  // namespace

void ShardKeeper::look_up_key(Submit submit, const std::vector<int>& databases) {
  node_->counters.key_lookups += 1;
  const auto search =
      std::make_shared<KeySearch>(ShardActor{self_}, std::move(submit), node_->database_of(shard_), databases);
  for (const int database : databases) {
    const bool queued = node_->pools[static_cast<std::size_t>(database)]->read(
        [search, database, key = search->key()](RecoveryStore& store) {
          search->arrive(database, stored_answer(store, key), {});
        },
        [search, database](const std::string& reason, bool) { search->arrive(database, std::nullopt, reason); });
    if (!queued)
      search->arrive(database, std::nullopt, busy_sentence);
  }
}

void ShardKeeper::on_key_looked_up(KeyLookedUp& found) {
  auto& request = std::get<MoveMoneyRequest>(found.submit.request);
  if (!found.failure.empty())
    return node_->answer(found.submit.correlation, not_now(found.failure));
  if (!found.stored && (!is_served() || is_releasing()))
    return divert(found.submit);
  // An equal request may have begun, and even ended, since the other databases were asked.
  if (!found.stored && !found.asked_own && node_->keys.may_contain(request.stamp.key))
    return begin(found.submit.correlation, request);
  if (!found.stored && keys_under_way_.contains(request.stamp.key, self_->clock().now()))
    return self_->delayed_send(self_, look_for_the_first_again, std::move(found.submit));
  if (!found.stored)
    return start_money(found.submit.correlation, request);
  const Record& record = *found.stored->record;
  const bool same = record.stamp && record.stamp->fingerprint == request.stamp.fingerprint;
  const bool expired = node_->unix_ms() - unix_ms_of(record.id.uuid) > key_lifetime_ms;
  if (!same || expired)
    return node_->answer(found.submit.correlation, KeyReused{record.id});
  answer_behind_lane(found.submit.correlation, std::move(*found.stored));
}

/// What was found on record may be news to the lane itself, whose commit is still on its way back. Behind the lane the
/// answer finds balances in memory that are not older than it. If the lane is reset meanwhile, no balance is told from
/// memory until it is read again.
void ShardKeeper::answer_behind_lane(std::uint64_t correlation, MoneyAnswer stored) {
  auto barrier = std::make_shared<LaneEntry>();
  barrier->generation = generation_;
  const auto tell = [node = node_, correlation, stored = std::move(stored)](const auto&) {
    node->answer(correlation, stored);
  };
  barrier->when_durable = tell;
  barrier->when_lost = tell;
  node_->append(shard_, std::move(barrier));
}

}  // namespace dompet
