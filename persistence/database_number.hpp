#pragma once

#include <stdexcept>
#include <string>

#include "domain/ids.hpp"
#include "domain/shard.hpp"

namespace dompet {

/// A database that cannot be the one it shall be, in a whole sentence. Nothing was changed.
struct WrongDatabase : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Sees to it that a migrated database is the ledger's database of this number (0: the first, which also has the table
/// of nodes), and writes the number into one that is used for the first time. Shards then live there whose rows, in
/// that database, state this number; in a new database other than the first none does. Idempotent.
///
/// Call it for the highest number first and for 0 last: should two numbers have the same URL by mistake, the second
/// call refuses.
///
/// Throws WrongDatabase: it has another number, is in use as the first database, or was made for another number of
/// shards. Throws Unavailable (lane_store.hpp).
void number_database(const std::string& url, int number, Shard shard_count);

}  // namespace dompet
