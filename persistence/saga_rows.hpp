#pragma once

#include <string>

#include "persistence/reader_rows.hpp"
#include "persistence/saga_inspector.hpp"

namespace dompet {

// How rows of the saga's tables become values: shared by the inspector's files.

/// A saga `s`, its listing only.
std::string saga_table_columns();
SagaListing saga_of(const Row& row);
/// The saga of a transfer that is one record: it was begun and ended in one commit.
SagaListing saga_of(const Record& record, Shard shard_count);

/// What stands beside a transfer: `mark` and `progress` are the tables' aliases, `id` its id.
std::string beside_columns(const std::string& id);
std::string beside_joins(const std::string& id);
/// Reads `beside_columns`, the first of them at column `first`, into the row.
void read_beside(const Row& row, int first, SagaRow& into);

inline constexpr int saga_width = 13;

/// A saga `s` with everything beside it.
SagaRow saga_row(const Row& row);
/// The journal's record `j` of a transfer in one commit, with everything beside it.
SagaRow compact_row(const Row& row, Shard shard_count);

/// Whether a record is the whole story of a transfer. A declined one without a peer is a top-up.
inline constexpr const char* is_compact = "(j.kind = 3 OR j.kind = 4 AND j.peer IS NOT NULL)";

}  // namespace dompet
