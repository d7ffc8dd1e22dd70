#include "actors/sealing.hpp"

#include "domain/ensure.hpp"
#include "domain/posting.hpp"

namespace dompet {

namespace {

class Sealer {
 public:
  Sealer(const Streams& streams, SealedBatch& sealed, std::uint64_t snapshot_every)
      : streams_(streams), sealed_(sealed), snapshot_every_(snapshot_every) {}

  ~Sealer() {
    for (const DurableWalletPtr& wallet : sealed_.wallets)
      wallet->lane.slot = -1;
  }

  void add(LaneEntry& entry) {
    if (entry.record)
      add_record(entry);
    if (entry.snapshot)
      mark_snapshot(entry.wallets[0]);
    if (entry.saga)
      sealed_.batch.sagas.push_back(*entry.saga);
    if (entry.decision)
      sealed_.batch.decisions.push_back(*entry.decision);
    if (entry.transit)
      add_transit(*entry.transit);
  }

  void finish() {
    for (const auto& [key, amount] : totals_)
      sealed_.batch.totals.push_back({key.first, key.second, amount});
    for (std::size_t slot = 0; slot < snapshot_due_.size(); ++slot)
      if (snapshot_due_[slot])
        add_snapshot(sealed_.histories[slot]);
  }

 private:
  void add_record(LaneEntry& entry) {
    Record& record = *entry.record;
    Claim& stream = stream_of(record.shard);
    record.shard_seq = ++stream.last_seq;
    record.epoch = stream.epoch;
    record.batch = sealed_.batch.id;
    record.at_ms = sealed_.batch.at_ms;
    for (std::size_t i = 0; i < record.legs; ++i)
      add_leg(record, record.leg[i], entry.wallets[i]);
    for (const Entry& line : system_entries(record))
      totals_[{record.shard, line.account}] += line.amount;
    sealed_.batch.journal.push_back(encode(record));
    if (record.kind == RecordKind::declined && entry.wallets[0])
      sealed_.batch.journal.back().wallet_seq = static_cast<std::int64_t>(history_of(entry.wallets[0]).seq);
  }

  void add_leg(Record& record, Leg& leg, const DurableWalletPtr& wallet) {
    ensure(wallet != nullptr, "a leg comes with its durable wallet");
    WalletHistory& history = history_of(wallet);
    if (auto payment = payment_after(history.wallet, leg.event))
      record.payment = payment;
    try {
      extend(history, leg);
    } catch (const Bug& fault) {
      throw SealingFault(leg.wallet, fault.what());
    }
    if (!within_bounds(history.wallet))
      throw SealingFault(leg.wallet, "a durable balance would leave its bounds");
    leg.digest = history.digest = link(history.digest, record, leg);
    if (leg.seq % snapshot_every_ == 0)
      mark_snapshot(wallet);
    if (record.kind == RecordKind::wallet_changed)
      sealed_.batch.wallets.push_back({leg.wallet, record.shard, history.wallet.currency, history.wallet.name,
                                       name_of(history.wallet.status), history.wallet.owner});
  }

  WalletHistory& history_of(const DurableWalletPtr& wallet) {
    if (wallet->lane.slot < 0) {
      wallet->lane.slot = static_cast<int>(sealed_.wallets.size());
      sealed_.wallets.push_back(wallet);
      sealed_.histories.push_back(wallet->read());
      snapshot_due_.push_back(false);
    }
    return sealed_.histories[static_cast<std::size_t>(wallet->lane.slot)];
  }

  Claim& stream_of(Shard shard) {
    const auto known = working_.find(shard);
    if (known != working_.end())
      return known->second;
    const auto owned = streams_.find(shard);
    ensure(owned != streams_.end(), "the lane seals only for shards that it owns");
    return working_.emplace(shard, owned->second).first->second;
  }

  void add_transit(const TransitChange& change) {
    for (TransitChange& known : sealed_.batch.transits)
      if (known.shard == change.shard && known.peer_shard == change.peer_shard && known.currency == change.currency) {
        known.out += change.out;
        known.in += change.in;
        return;
      }
    sealed_.batch.transits.push_back(change);
  }

  void mark_snapshot(const DurableWalletPtr& wallet) {
    history_of(wallet);
    snapshot_due_[static_cast<std::size_t>(wallet->lane.slot)] = true;
  }

  void add_snapshot(const WalletHistory& history) {
    sealed_.batch.snapshots.push_back({history.wallet.id, history.seq, encode_snapshot(history)});
  }

  const Streams& streams_;
  SealedBatch& sealed_;
  std::uint64_t snapshot_every_;
  std::map<Shard, Claim> working_{};
  std::vector<bool> snapshot_due_{};
  std::map<std::pair<Shard, std::string>, Minor> totals_{};
};

}  // namespace

SealedBatch seal(std::vector<LaneEntryPtr> entries, const Streams& streams, std::uint64_t batch_id, std::int64_t at_ms,
                 std::uint64_t snapshot_every) {
  SealedBatch sealed;
  sealed.batch.id = batch_id;
  sealed.batch.at_ms = at_ms;
  sealed.batch.journal.reserve(entries.size());
  sealed.entries = std::move(entries);
  Sealer sealer(streams, sealed, snapshot_every);
  for (const LaneEntryPtr& entry : sealed.entries)
    sealer.add(*entry);
  sealer.finish();
  return sealed;
}

}  // namespace dompet
