#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "domain/shard.hpp"

namespace dompet {

/// Why a shard cannot be moved, or not now, in a whole sentence. What was done of the move so far stands, and the same
/// call again goes on from there.
struct CannotMove : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A shard as the databases' own rows tell of it.
struct ShardPlace {
  Shard shard = 0;
  /// Nothing while it is on its way from one to another.
  std::optional<int> database{};
  std::uint64_t epoch = 0;
  /// The node that serves it; empty when none does.
  std::string owner{};
  std::int64_t wallets = 0;
};

/// Every shard of a ledger in these databases, by number. Throws Unavailable (lane_store.hpp).
std::vector<ShardPlace> shard_places(const std::vector<std::string>& databases);

/// Moves a shard into another of the ledger's databases, while nobody serves it (docs/decisions/0007): takes it from
/// its owner, copies, compares and replays, gives it to the new database, and clears the old one last. The nodes go on;
/// one of them takes the shard where it is then. Each step is a commit of its own and can be done again, so a move that
/// was cut off is finished, or turned back, by another call.
///
/// `tell` hears of each step, as a sentence. Throws CannotMove, WrongDatabase (database_number.hpp), Unavailable.
void move_shard(const std::vector<std::string>& databases, Shard shard, int to,
                const std::function<void(const std::string& step)>& tell);

}  // namespace dompet
