#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "persistence/audit_log.hpp"
#include "persistence/reference_table.hpp"

namespace dompet {

/// A row of reference data.
struct ReferenceRow {
  const ReferenceTable* table = nullptr;
  Uuid id{};
  std::optional<Uuid> owner{};
  std::int64_t created_at_ms = 0;
  std::int64_t updated_at_ms = 0;
  /// Since when it is in the trash.
  std::optional<std::int64_t> deleted_at_ms{};
  /// By the table's columns.
  std::vector<std::optional<std::string>> values{};

  bool is_trashed() const { return deleted_at_ms.has_value(); }
  /// Null is nothing. The column is one of the table's.
  const std::optional<std::string>& at(std::string_view column) const;
  /// Null is empty.
  std::string text(std::string_view column) const { return at(column).value_or(""); }
  /// Null is nil; throws Unreadable when it is no UUID.
  Uuid uuid(std::string_view column) const;
};

/// Columns and what is written to them; nothing writes NULL.
using ReferenceValues = std::vector<std::pair<std::string_view, std::optional<std::string>>>;

enum class TrashState : std::uint8_t { active, trashed, all };

/// All that are given must hold.
struct ReferenceQuery {
  TrashState state = TrashState::active;
  /// Of up to two characters: how a word begins. Longer: any part.
  std::string search{};
  std::optional<ReferenceOwner> owner{};
  /// Columns with the value that they must have.
  std::vector<std::pair<std::string_view, std::string>> equal{};
  std::optional<Uuid> before{};
  int limit = 50;
};

enum class ReferenceFault : std::uint8_t {
  /// No such row, or not the owner's.
  absent,
  /// Another row has the value of `column`.
  taken,
  /// What `column` names is not there.
  parent_absent,
  in_trash,
  not_in_trash,
  still_referenced,
  /// A guard's own word: `code`, `detail`.
  refused,
};

struct ReferenceRefusal {
  ReferenceFault fault = ReferenceFault::absent;
  std::string_view column{};
  /// Of a guard: a problem's code.
  std::string_view code{};
  std::string detail{};
};

template <class Value>
using ReferenceOutcome = std::expected<Value, ReferenceRefusal>;

/// Looks at a row that is locked, inside the transaction that is about to change it, and may refuse.
using ReferenceGuard = std::function<std::optional<ReferenceRefusal>(SqlSession& session, const ReferenceRow& row)>;

/// Lists, rows and the trash of one table. Every write is one transaction together with its audit and its word to the
/// other nodes (channel dompet_access). Uses a reader's session, on its thread; throws what that
/// throws.
///
/// With an `owner`, rows of others do not exist.
class ReferenceStore {
 public:
  using Owner = std::optional<ReferenceOwner>;

  ReferenceStore(Reader& reader, const ReferenceTable& table);

  /// Newest first, by id.
  std::vector<ReferenceRow> list(const ReferenceQuery& query);
  /// In the trash or not.
  std::optional<ReferenceRow> find(const Uuid& id, const Owner& owner = {});
  /// The row with this value; the column has an index.
  std::optional<ReferenceRow> find_by(std::string_view column, const std::string& value, const Owner& owner = {});

  /// `also` sees the new row, and may write beside it, in the same transaction.
  ReferenceOutcome<ReferenceRow> create(const Uuid& id, const ReferenceValues& values, const Owner& owner,
                                        const Act& act, const ReferenceGuard& also = {});
  /// `deed` is for the audit: "change", "freeze". A row in the trash is not changed.
  ReferenceOutcome<ReferenceRow> change(const Uuid& id, const ReferenceValues& values, const Owner& owner,
                                        std::string_view deed, const Act& act, const ReferenceGuard& guard = {});
  /// Twice is once.
  ReferenceOutcome<ReferenceRow> trash(const Uuid& id, const Owner& owner, const Act& act,
                                       const ReferenceGuard& guard = {});
  ReferenceOutcome<ReferenceRow> restore(const Uuid& id, const Owner& owner, const Act& act,
                                         const ReferenceGuard& guard = {});
  /// For good, out of the trash.
  ReferenceOutcome<ReferenceRow> erase(const Uuid& id, const Owner& owner, const Act& act,
                                       const ReferenceGuard& guard = {});

 private:
  struct Refused;
  template <class Body>
  ReferenceOutcome<ReferenceRow> write(Body body);
  ReferenceRow locked(const Uuid& id, const Owner& owner, const ReferenceGuard& guard);
  ReferenceRow again(const Uuid& id);
  void require_parents(const ReferenceValues& values, const Owner& owner);
  void require_unique(const ReferenceValues& values, const Uuid& id);
  void finish(const Uuid& id, std::string_view deed, const Act& act, const std::string& evidence);

  SqlSession& session_;
  const ReferenceTable& table_;
};

}  // namespace dompet
