#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "domain/ids.hpp"

namespace dompet {

// Descriptions of tables of reference data. `reference_store.hpp` makes lists, the trash and everything else out of
// them; a new table costs a description (reference_tables.cpp) and a migration.
//
// In pieces of SQL the row is `t`, and `?` stands for the one value that the piece is about.

/// A column that a row carries beside id, created_at, updated_at and deleted_at.
struct ReferenceColumn {
  std::string_view name;
  /// How it is read as text, when that is not `t.<name>`. A timestamptz is read as milliseconds, a list as JSON.
  std::string_view read{};
  /// How a value becomes the column's, when that is not the value itself.
  std::string_view write{};
  /// Stands in no audit: hashes, sealed bytes.
  bool is_secret = false;
};

/// Whose rows somebody may see: a user's; through a merchant's key only what is that merchant's among them.
struct ReferenceOwner {
  ReferenceOwner(const Uuid& whose, const std::optional<Uuid>& only = {}) : user(whose), merchant(only) {}

  Uuid user;
  std::optional<Uuid> merchant;
};

struct ReferenceTable;

/// A column that names a row of another table, which must be there, not in the trash, and the owner's own.
struct ReferenceParent {
  std::string_view column;
  const ReferenceTable* table;
};

/// Two rows may not agree in it, not even when one is in the trash.
struct ReferenceUnique {
  std::string_view column;
  /// "lower(t.email) = lower(?)"
  std::string_view condition;
};

struct ReferenceTable {
  std::string_view name;
  /// One of it: in the audit ("card.trash", "card:<id>") and on the channel of changes.
  std::string_view thing;
  std::span<const ReferenceColumn> columns;
  /// Whose the row is, a user's id or NULL.
  std::string_view owner;
  /// Whether it is the user's `?`; written so that an index serves the lists of one owner.
  std::string_view owned_by;
  /// Whether it is the merchant's `?`, for callers with a merchant's key.
  std::string_view of_merchant = "false AND t.id = ?";
  std::span<const ReferenceParent> parents{};
  std::span<const ReferenceUnique> uniques{};
  /// True while another row points at `t`, or it must stay for another reason.
  std::string_view still_referenced = "false";
  /// Statements that end what ends with the row `?`.
  std::span<const std::string_view> ends_with_it{};
  /// What tells the nodes' caches that the row `?` changed; empty when none has it.
  std::string_view announcement{};
  /// The one deed that they need not hear of.
  std::string_view quiet_deed{};
};

extern const ReferenceTable user_table;
extern const ReferenceTable role_table;
extern const ReferenceTable card_table;
extern const ReferenceTable merchant_table;
extern const ReferenceTable merchant_document_table;

}  // namespace dompet
