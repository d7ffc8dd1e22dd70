#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "actors/lane_entry.hpp"
#include "domain/ensure.hpp"
#include "persistence/lane_store.hpp"

namespace dompet {

/// A batch on its way: what is sent, and what the wallets will be once it is durable.
struct SealedBatch {
  Batch batch{};
  std::vector<LaneEntryPtr> entries{};
  std::vector<DurableWalletPtr> wallets{};
  std::vector<WalletHistory> histories{};
};

/// Where each shard's stream stands for the lane: owned epoch and last durable place.
using Streams = std::map<Shard, Claim>;

/// A record cannot be sealed: memory and journal disagree about this wallet (protocol 5.3.4, last paragraph).
struct SealingFault : Bug {
  SealingFault(const WalletId& id, const std::string& why) : Bug(why), wallet(id) {}
  WalletId wallet;
};

/// Turns entries into a batch: numbers records per shard and legs per wallet, applies legs to copies of the durable
/// wallets, chains their digests, sums totals. Changes neither streams nor durable wallets; the caller does that
/// when the batch is durable. Throws SealingFault.
SealedBatch seal(std::vector<LaneEntryPtr> entries, const Streams& streams, std::uint64_t batch_id, std::int64_t at_ms,
                 std::uint64_t snapshot_every);

}  // namespace dompet
