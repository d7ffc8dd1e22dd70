#include "tests/actor/simulated_ledger.hpp"

#include <algorithm>

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
  Session(SimulatedLedger& ledger, std::shared_ptr<const bool> alive) : ledger_(ledger), alive_(std::move(alive)) {}

  std::vector<Claim> claim() override {
    must_live();
    return ledger_.claim(*this);
  }
  CommitResult commit(const Batch& batch) override {
    if (!*alive_)
      return {Outcome::unknown, {}, "simulated: the process is gone"};
    return ledger_.commit(*this, batch);
  }
  std::optional<std::uint64_t> batch_at(Shard shard, std::uint64_t shard_seq) override {
    must_live();
    return ledger_.batch_at(shard, shard_seq);
  }

  std::uint64_t fence = 0;

 private:
  void must_live() const {
    if (!*alive_)
      throw Unavailable("simulated: the process is gone");
  }

  SimulatedLedger& ledger_;
  std::shared_ptr<const bool> alive_;
};

SimulatedLedger::SimulatedLedger(Shard shard_count) : last_seq_(shard_count) {}

std::unique_ptr<LaneStore> SimulatedLedger::connect(std::shared_ptr<const bool> alive) {
  return std::make_unique<Session>(*this, std::move(alive));
}

void SimulatedLedger::heal() {
  orders_.clear();
  poisoned_.clear();
  claims_to_refuse_ = 0;
}

void SimulatedLedger::steal_shards() {
  ++fence_;
  bumps_.push_back({journal_.size(), ++epoch_});
}

std::vector<Claim> SimulatedLedger::claim(Session& session) {
  if (claims_to_refuse_ > 0) {
    --claims_to_refuse_;
    throw Unavailable("simulated: the database does not answer");
  }
  steal_shards();
  session.fence = fence_;
  std::vector<Claim> claims;
  for (std::size_t shard = 0; shard < last_seq_.size(); ++shard)
    claims.push_back({static_cast<Shard>(shard), epoch_, last_seq_[shard]});
  return claims;
}

CommitResult SimulatedLedger::commit(const Session& session, const Batch& batch) {
  Order order;
  if (!orders_.empty()) {
    order = std::move(orders_.front());
    orders_.pop_front();
  }
  ++commits_;
  batch_sizes_.push_back(batch.journal.size());
  if (order.fate == Fate::rejected)
    return {Outcome::rejected, order.sqlstate, "simulated: rejected"};
  if (order.fate == Fate::unknown_lost)
    return {Outcome::unknown, {}, "simulated: the connection broke"};
  if (order.fate == Fate::fenced)
    steal_shards();
  if (session.fence != fence_ && flaw_ != Flaw::skips_fence)
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
    if (flaw_ != Flaw::forgets_decisions && (decisions_.contains(row.id) || !fresh.insert(row.id).second))
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
