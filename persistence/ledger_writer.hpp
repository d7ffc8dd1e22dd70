#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "domain/history.hpp"
#include "persistence/lane_store.hpp"

namespace dompet {

/// Writes records into a ledger that no node serves: it seals them as a commit lane would (numbers, balances, hash
/// chain, totals) but keeps every wallet in memory and asks nobody. For `dompetctl generate-journal` and for tests;
/// a running Dompet changes money through its actors only.
///
/// The caller decides: a record that its wallets cannot follow is a Bug.
class LedgerWriter {
 public:
  /// `store` must have claimed `claims`, and the ledger's wallets must all have been written by this writer.
  LedgerWriter(LaneStore& store, const std::vector<Claim>& claims, Shard shard_count);

  /// Seals a record whose legs carry a wallet and an event, into the batch that is being filled.
  const Record& add(Record record);

  /// The batch that is being filled, for what stands beside the records: sagas, decisions, transit, snapshots.
  Batch& pending() { return batch_; }
  void set_time(std::int64_t at_ms);

  /// Makes the batch durable. Anything but `durable` is thrown as Unavailable, unless a caller wants to see it.
  void commit();
  CommitResult try_commit();

  const WalletHistory& history(const WalletId& wallet) const { return histories_.at(wallet); }
  void reserve(std::size_t wallets) { histories_.reserve(wallets); }
  Shard shard_of_wallet(const WalletId& wallet) const { return shard_of(wallet, shard_count_); }

 private:
  LaneStore& store_;
  Shard shard_count_;
  std::map<Shard, Claim> streams_{};
  std::unordered_map<WalletId, WalletHistory> histories_{};
  std::map<std::pair<Shard, std::string>, Minor> totals_{};
  Batch batch_{};
  Record last_{};
};

}  // namespace dompet
