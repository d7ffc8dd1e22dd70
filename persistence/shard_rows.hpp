#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "domain/shard.hpp"
#include "persistence/session.hpp"

namespace dompet {

// Everything that a database keeps of a shard, as rows that can be copied, compared and cleared away. Nobody may serve
// the shard meanwhile.

/// Rows of a table that belong to a shard.
struct ShardRows {
  /// Records are never changed. Those of the shard's own stream stand for themselves; `visiting` are those of other
  /// shards' streams in which a wallet of this one has a leg. Everything else says how things stand, and is replaced.
  enum class Kind : std::uint8_t { state, stream, visiting };

  std::string table{};
  /// A condition on the alias `t`.
  std::string where{};
  Kind kind = Kind::state;
};

/// In the order in which they can be copied: what the conditions of later ones look at comes first.
std::array<ShardRows, 12> rows_of(Shard shard);

/// Copies the rows from one database into another. Returns how many there were.
std::int64_t copy_rows(SqlSession& from, SqlSession& to, const ShardRows& rows);

/// How many rows there are, and a digest of them all.
struct RowsDigest {
  std::int64_t count = 0;
  std::string digest{};

  bool operator==(const RowsDigest&) const = default;
};
RowsDigest digest_of(SqlSession& session, const ShardRows& rows);

/// Deletes what is here of a shard that lives elsewhere, but for the records that a wallet here has a leg in.
void clear_rows(SqlSession& session, Shard shard);

}  // namespace dompet
