#include "tests/actor/simulated_ledger.hpp"

#include <algorithm>
#include <utility>

namespace dompet::simulated {

namespace {

constexpr const char* unique_violation = "23505";
constexpr const char* unexpected_state = "DP002";
/// How often a flaw that acts now and then does so.
constexpr std::uint64_t commits_a_flaw = 5;

WalletId id_of(const std::optional<Uuid>& column) { return column ? WalletId{*column} : WalletId{}; }

bool has_wallet_leg(const JournalRow& row) {
  return row.wallet && row.wallet_seq && row.kind != static_cast<std::int16_t>(RecordKind::declined);
}

bool has_peer_leg(const JournalRow& row) { return row.peer && row.peer_seq; }

}  // namespace

/// What a lane sees of the ledger.
class SimulatedLedger::Session final : public LaneStore {
 public:
  Session(SimulatedLedger& ledger, const Incarnation& incarnation, std::shared_ptr<const bool> alive)
      : me(incarnation), ledger_(ledger), alive_(std::move(alive)) {}

  /// The answer of what was done may be lost on its way back.
  auto call(auto&& action) {
    ledger_.pass(me);
    if (!*alive_)
      throw Unavailable("simulated: the process is gone");
    ledger_.must_reach(me);
    auto answer = action();
    ledger_.pass(me);
    ledger_.must_reach(me);
    return answer;
  }

  std::vector<Claim> claim() override {
    return call([this] {
      std::vector<Claim> claims = ledger_.claim(me);
      fence = ledger_.fences_[me];
      return claims;
    });
  }
  std::vector<Claim> adopt(const std::vector<Shard>& shards) override {
    return call([&] {
      ledger_.must_answer();
      std::vector<Claim> claims = ledger_.claims_of(me);
      std::erase_if(claims, [&](const Claim& claim) { return std::ranges::find(shards, claim.shard) == shards.end(); });
      return claims;
    });
  }
  bool hand_over(const Claim& shard, const Incarnation& to) override {
    return call([&] {
      ledger_.must_answer();
      const bool given = fence == ledger_.fences_[me] && ledger_.hand_over(me, shard, to);
      fence = given ? ledger_.fences_[me] : fence;
      return given;
    });
  }
  CommitResult commit(const Batch& batch) override {
    ledger_.pass(me);
    if (!*alive_)
      return {Outcome::unknown, {}, "simulated: the process is gone"};
    const CommitResult result = ledger_.commit(*this, batch);
    if (ledger_.listen_)
      ledger_.listen_(me, batch, result.outcome);
    ledger_.pass(me);
    return ledger_.cut_off_.contains(me) ? CommitResult{Outcome::unknown, {}, "simulated: the connection broke"}
                                         : result;
  }
  std::optional<std::uint64_t> batch_at(Shard shard, std::uint64_t shard_seq) override {
    return call([&] { return ledger_.batch_at(shard, shard_seq); });
  }

  const Incarnation me;
  std::uint64_t fence = 0;

 private:
  SimulatedLedger& ledger_;
  std::shared_ptr<const bool> alive_;
};

SimulatedLedger::SimulatedLedger(Shard shard_count) : last_seq_(shard_count) {
  for (Shard shard = 0; shard < shard_count; ++shard)
    shards_.push_back({.shard = shard});
}

std::unique_ptr<LaneStore> SimulatedLedger::connect(const Incarnation& me, std::shared_ptr<const bool> alive) {
  return std::make_unique<Session>(*this, me, std::move(alive));
}

void SimulatedLedger::heal() {
  orders_.clear();
  poisoned_.clear();
  claims_to_refuse_ = 0;
  cut_off_.clear();
  land_late_batches();
}

void SimulatedLedger::must_reach(const Incarnation& process) const {
  if (cut_off_.contains(process))
    throw Unavailable("simulated: the connection broke");
}

void SimulatedLedger::pass(const Incarnation& process) const {
  if (pass_)
    pass_(process);
}

void SimulatedLedger::land_late_batches() {
  for (const LateBatch& late : std::exchange(late_, {}))
    if (late.fence == fences_[late.from])
      static_cast<void>(store(late.batch));
}

void SimulatedLedger::must_answer() {
  if (claims_to_refuse_ == 0)
    return;
  --claims_to_refuse_;
  throw Unavailable("simulated: the database does not answer");
}

/// As each of the SQL functions does it: the former owner's lane is fenced, the epoch grows, the wish is done with.
void SimulatedLedger::give(ShardRow& row, const Incarnation& to) {
  if (!row.owner.uuid.is_nil())
    ++fences_[row.owner];
  row = {row.shard, to, row.epoch + 1, {}};
  bumps_.push_back({journal_.size(), row.shard, row.epoch});
}

std::vector<Claim> SimulatedLedger::claim(const Incarnation& me) {
  must_answer();
  ++fences_[me];
  for (ShardRow& row : shards_)
    if (row.owner == me)
      give(row, me);
  return claims_of(me);
}

std::vector<Claim> SimulatedLedger::claims_of(const Incarnation& me) const {
  std::vector<Claim> claims;
  for (const ShardRow& row : shards_)
    if (row.owner == me)
      claims.push_back({row.shard, row.epoch, last_seq_[row.shard]});
  return claims;
}

bool SimulatedLedger::hand_over(const Incarnation& me, const Claim& claim, const Incarnation& to) {
  ShardRow& row = shards_[claim.shard];
  if (to == me || row.owner != me || row.epoch != claim.epoch || (is_up_ && !is_up_(to)))
    return false;
  give(row, to);
  return true;
}

std::vector<Shard> SimulatedLedger::take(const Incarnation& me, const std::vector<ShardRow>& seen) {
  std::vector<Shard> taken;
  for (const ShardRow& wanted : seen) {
    ShardRow& row = shards_[wanted.shard];
    if (row.owner != wanted.owner || row.epoch != wanted.epoch)
      continue;
    give(row, me);
    taken.push_back(row.shard);
  }
  return taken;
}

bool SimulatedLedger::set_target(const ShardRow& seen, const Incarnation& target) {
  ShardRow& row = shards_[seen.shard];
  if (row.owner != seen.owner || row.epoch != seen.epoch)
    return false;
  row.target = target;
  return true;
}

CommitResult SimulatedLedger::commit(Session& session, const Batch& batch) {
  Order order;
  if (const auto cut = cut_off_.find(session.me); cut != cut_off_.end()) {
    order.fate = std::exchange(cut->second, Fate::unknown_lost);
  } else if (!orders_.empty()) {
    order = std::move(orders_.front());
    orders_.pop_front();
  }
  ++commits_;
  batch_sizes_.push_back(batch.journal.size());
  return judge(session, batch, order);
}

CommitResult SimulatedLedger::judge(Session& session, const Batch& batch, const Order& order) {
  if (order.fate == Fate::rejected)
    return {Outcome::rejected, order.sqlstate, "simulated: rejected"};
  if (order.fate == Fate::unknown_lost)
    return {Outcome::unknown, {}, "simulated: the connection broke"};
  if (order.fate == Fate::unknown_late) {
    late_.push_back({session.me, session.fence, batch});
    return {Outcome::unknown, {}, "simulated: the connection broke"};
  }
  if (order.fate == Fate::fenced)
    for (ShardRow& row : shards_)
      if (row.owner == session.me)
        give(row, session.me);
  if (session.fence != fences_[session.me] && flaw_ != Flaw::skips_fence)
    return {Outcome::fenced, "DP001", "the lane is fenced"};
  if (touches_poisoned(batch))
    return {Outcome::rejected, "22003", "simulated: this row never goes in"};
  if (flaw_ == Flaw::lies_about_durability && commits_ % commits_a_flaw == 0)
    return {Outcome::durable, {}, {}};
  if (const std::string sqlstate = store(batch); !sqlstate.empty())
    return {Outcome::rejected, sqlstate, "simulated: the batch contradicts what is stored"};
  if (order.fate == Fate::unknown_committed)
    return {Outcome::unknown, {}, "simulated: the answer was lost"};
  return {Outcome::durable, {}, {}};
}

std::optional<std::uint64_t> SimulatedLedger::batch_at(Shard shard, std::uint64_t shard_seq) const {
  const auto found = by_shard_.find({shard, static_cast<std::int64_t>(shard_seq)});
  if (found == by_shard_.end())
    return std::nullopt;
  return static_cast<std::uint64_t>(journal_[found->second].batch);
}

bool SimulatedLedger::touches_poisoned(const Batch& batch) const {
  return !poisoned_.empty() && std::ranges::any_of(batch.journal, [&](const JournalRow& row) {
    return poisoned_.contains(id_of(row.wallet)) || poisoned_.contains(id_of(row.peer));
  });
}

std::string SimulatedLedger::store(const Batch& batch) {
  const std::vector<JournalRow> rows = damaged(batch.journal);
  std::size_t done = 0;
  while (done < rows.size() && index(rows[done], journal_.size() + done))
    ++done;
  std::string sqlstate = done < rows.size() ? unique_violation : forbids_sagas(batch);
  if (sqlstate.empty())
    sqlstate = forbids_decisions(batch);
  if (!sqlstate.empty()) {
    while (done > 0)
      unindex(rows[--done]);
    return sqlstate;
  }
  for (const JournalRow& row : rows) {
    auto& last = last_seq_[row.shard];
    last = std::max(last, static_cast<std::uint64_t>(row.shard_seq));
    journal_.push_back(row);
  }
  store_beside(batch);
  return {};
}

/// Adds the row to every index, or to none when one of them has it.
bool SimulatedLedger::index(const JournalRow& row, std::size_t place) {
  const bool wallet_leg = has_wallet_leg(row);
  const bool peer_leg = has_peer_leg(row);
  const bool known = by_shard_.contains({row.shard, row.shard_seq}) ||
                     (row.key && by_key_.contains({*row.key}) && flaw_ != Flaw::forgets_keys) ||
                     (wallet_leg && as_wallet_[{*row.wallet}].contains(static_cast<std::uint64_t>(*row.wallet_seq))) ||
                     (peer_leg && as_peer_[{*row.peer}].contains(static_cast<std::uint64_t>(*row.peer_seq)));
  if (known)
    return false;
  by_shard_[{row.shard, row.shard_seq}] = place;
  by_id_.emplace(TransactionId{row.id}, place);
  if (row.key)
    by_key_.try_emplace({*row.key}, place);
  if (wallet_leg)
    as_wallet_[{*row.wallet}][static_cast<std::uint64_t>(*row.wallet_seq)] = place;
  if (peer_leg)
    as_peer_[{*row.peer}][static_cast<std::uint64_t>(*row.peer_seq)] = place;
  return true;
}

void SimulatedLedger::unindex(const JournalRow& row) {
  const auto shard = by_shard_.find({row.shard, row.shard_seq});
  const std::size_t place = shard->second;
  by_shard_.erase(shard);
  const auto [begin, end] = by_id_.equal_range({row.id});
  by_id_.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == place; }));
  if (row.key)
    by_key_.erase({*row.key});
  if (has_wallet_leg(row))
    as_wallet_[{*row.wallet}].erase(static_cast<std::uint64_t>(*row.wallet_seq));
  if (has_peer_leg(row))
    as_peer_[{*row.peer}].erase(static_cast<std::uint64_t>(*row.peer_seq));
}

/// As the commit function: first all that begin are inserted; then a saga goes from the first state that the batch
/// expects to the last one that it names.
std::string SimulatedLedger::forbids_sagas(const Batch& batch) const {
  std::map<TransactionId, SagaState> now;
  for (const SagaChange& change : batch.sagas)
    if (change.expected == SagaState::none &&
        (sagas_.contains(change.id) || !now.emplace(change.id, change.next).second))
      return unique_violation;
  std::set<TransactionId> advanced;
  for (const SagaChange& change : batch.sagas) {
    if (change.expected == SagaState::none || !advanced.insert(change.id).second || flaw_ == Flaw::forgets_saga_states)
      continue;
    const auto stored = sagas_.find(change.id);
    const auto fresh = now.find(change.id);
    const SagaState state = fresh != now.end()       ? fresh->second
                            : stored != sagas_.end() ? stored->second.state
                                                     : SagaState::none;
    if (state != change.expected)
      return unexpected_state;
  }
  return {};
}

std::string SimulatedLedger::forbids_decisions(const Batch& batch) const {
  std::set<TransactionId> fresh;
  for (const DecisionRow& row : batch.decisions)
    if (flaw_ != Flaw::forgets_decisions && flaw_ != Flaw::hides_refusals &&
        (decisions_.contains(row.id) || !fresh.insert(row.id).second))
      return unique_violation;
  return {};
}

void SimulatedLedger::store_sagas(const Batch& batch) {
  for (const SagaChange& change : batch.sagas) {
    const auto [place, is_new] = sagas_.try_emplace(change.id);
    Saga& saga = place->second;
    if (is_new)
      saga.row = {change.id,
                  change.next,
                  false,
                  change.source_shard,
                  change.destination_shard,
                  change.source,
                  change.destination,
                  change.currency,
                  change.amount,
                  change.kind,
                  0,
                  {},
                  batch.at_ms,
                  0};
    saga.state = saga.row.state = change.next;
    saga.row.updated_at_ms = batch.at_ms;
  }
}

void SimulatedLedger::store_beside(const Batch& batch) {
  store_sagas(batch);
  for (const DecisionRow& row : batch.decisions)
    decisions_[row.id].push_back(row);
  for (const WalletRow& row : batch.wallets)
    wallets_[row.id] = row;
  for (const TotalChange& change : batch.totals)
    totals_[{change.shard, change.account}] += change.amount;
  for (const TransitChange& change : batch.transits) {
    Transit& transit = transits_[{change.shard, change.peer_shard, change.currency.numeric}];
    transit.out += change.out;
    transit.in += change.in;
  }
  store_snapshots(batch);
}

/// Keeps the two newest, as the commit function does.
void SimulatedLedger::store_snapshots(const Batch& batch) {
  for (const SnapshotRow& row : batch.snapshots) {
    auto& kept = snapshots_[row.wallet];
    kept.try_emplace(row.seq, row.state);
    while (kept.size() > 2)
      kept.erase(kept.begin());
  }
}

std::vector<JournalRow> SimulatedLedger::damaged(std::vector<JournalRow> rows) {
  if (commits_ % commits_a_flaw != 0)
    return rows;
  if (flaw_ == Flaw::drops_a_row && rows.size() > 1)
    rows.erase(rows.begin());
  if (flaw_ != Flaw::doubles_a_credit)
    return rows;
  for (JournalRow& row : rows)
    if (row.kind == static_cast<std::int16_t>(RecordKind::transfer)) {
      Record record = decode(row);
      auto& credited = std::get<Credited>(record.leg[1].event);
      record.leg[1].available_after += credited.amount;
      credited.amount *= 2;
      row = encode(record);
    }
  return rows;
}

}  // namespace dompet::simulated
