#include "domain/shard.hpp"

namespace dompet {

Shard shard_of(const WalletId& wallet, Shard shard_count) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (std::uint8_t byte : wallet.uuid.bytes)
    hash = (hash ^ byte) * 0x100000001B3ULL;
  return static_cast<Shard>((hash ^ hash >> 32) % shard_count);
}

}  // namespace dompet
