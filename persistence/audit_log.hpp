#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "persistence/reader.hpp"

namespace dompet {

class SqlSession;

/// Who does something, on which request, and why he says: what every audited write takes along.
struct Act {
  /// The user, or the merchant of an API key; nil for the program itself.
  Uuid actor{};
  /// His name as it is now: "ani@example.com", "key dpk_3fa9", "dompetctl".
  std::string who{};
  std::string request_id{};
  std::string why{};
};

/// A row of the audit that is about to be written.
struct NewAudit {
  Act act{};
  /// "card.freeze", "role.change", …
  std::string what{};
  /// What it was done to: "card:<id>".
  std::string target{};
  /// A JSON object. Never a secret: no password, number, key or hash.
  std::string evidence = "{}";
};

/// Writes it as part of the transaction that is open, so that what is done and that it was done are one.
void write_audit(SqlSession& session, const NewAudit& audit);

/// An id that sorts by now, and behind every one that this process made before; for rows that are made behind the io
/// thread.
Uuid make_row_id();

/// A row as it was written.
struct AuditRow {
  Uuid id{};
  /// The moment of its id, in milliseconds since 1970.
  std::int64_t at_ms = 0;
  std::optional<Uuid> actor{};
  std::string who{};
  std::string what{};
  std::string target{};
  std::string why{};
  std::string request_id{};
  std::string evidence{};
};

/// All that are given must hold.
struct AuditQuery {
  std::optional<Uuid> actor{};
  /// The whole of it, "card.freeze".
  std::string what{};
  /// The whole of it, "card:<id>".
  std::string target{};
  /// By the time in the row's id.
  std::optional<std::int64_t> from_ms{};
  std::optional<std::int64_t> until_ms{};
  std::optional<Uuid> before{};
  int limit = 50;
};

/// Who did what, for good: rows are added and read, never changed.
class AuditLog {
 public:
  explicit AuditLog(Reader& reader);

  /// Newest first.
  std::vector<AuditRow> list(const AuditQuery& query);
  /// What is no write: a reveal, a look-up.
  void write(const NewAudit& audit);
  /// All or none.
  void write(const std::vector<NewAudit>& audits);

 private:
  SqlSession& session_;
};

}  // namespace dompet
