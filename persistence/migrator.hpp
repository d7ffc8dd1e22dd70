#pragma once

#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "migrations/embedded.hpp"

namespace dompet {

/// A database that cannot be migrated as asked, in a whole sentence. Nothing was changed.
struct MigrationRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct MigrationStatus {
  std::string name{};
  /// When it was applied, as PostgreSQL writes it; empty when it was not.
  std::string applied_at{};
  /// The text that was applied is not the text that this program carries.
  bool changed = false;
  /// The database has it, this program does not: it was migrated by a newer one.
  bool unknown = false;
};

/// Brings a database to the schema that this program carries (migrations/README.md). Each migration is one
/// transaction together with its row in `schema_migration`; the checksum there is of the applied text. One migrator
/// at a time: a second one waits for the first one's advisory lock, at most half a minute.
///
/// Every call connects for itself and blocks. Throws MigrationRefused, and Unavailable (lane_store.hpp) when
/// PostgreSQL cannot be reached or refuses a statement.
class Migrator {
 public:
  explicit Migrator(std::string database, std::span<const migrations::Embedded> migrations = migrations::all);

  /// Applies what is missing, in order; the names of what it applied. Refuses when an applied text has changed.
  std::vector<std::string> up();

  /// Takes the last one back; nothing when none is applied. Refuses when the journal holds records, unless `force`:
  /// then the money is gone.
  std::optional<std::string> down(bool force);

  /// The migrations of this program and of the database, in order. Changes nothing.
  std::vector<MigrationStatus> status();

 private:
  std::string database_;
  std::span<const migrations::Embedded> migrations_;
};

}  // namespace dompet
