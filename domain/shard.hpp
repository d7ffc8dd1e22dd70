#pragma once

#include <cstdint>

#include "domain/ids.hpp"

namespace dompet {

/// A fixed partition of the wallets: the unit of ownership, ordering and recovery.
using Shard = std::uint16_t;

inline constexpr Shard default_shard_count = 64;

/// Which shard a wallet lives in, for ever: both the hash and the count are frozen when a ledger is created
/// (protocol 5.1). FNV-1a over the id's sixteen bytes, folded to 32 bits.
Shard shard_of(const WalletId& wallet, Shard shard_count);

}  // namespace dompet
