#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/risk.hpp"
#include "domain/saga.hpp"
#include "persistence/audit_log.hpp"
#include "persistence/reader.hpp"

namespace dompet {

class SqlSession;

struct StoredRiskRules {
  RiskRules rules{};
  std::int64_t changed_at_ms = 0;
  /// Who replaced them last; empty while nobody did.
  std::string changed_by{};
};

/// The rules, in database 0: those of the newest version, and all that ever were.
class RiskRuleStore {
 public:
  explicit RiskRuleStore(Reader& reader);

  std::uint64_t version();
  StoredRiskRules rules();
  /// Newest first; below `before` when it is not zero.
  std::vector<StoredRiskRules> versions(std::uint64_t before, int limit);
  /// Replaces all of them, audits it and tells every node, if `rules.version` still is the newest one; the new ones
  /// have the next version. Nothing when somebody else was first.
  std::optional<StoredRiskRules> replace(const RiskRules& rules, const Act& act);

 private:
  SqlSession& session_;
};

/// How it stands with a movement that an officer must let go on.
enum class ReviewState : std::uint8_t { none, pending, approved, rejected };
std::string_view name_of(ReviewState state);

/// A movement of money that rules looked at, and what became of it.
struct AssessedMovement {
  /// Its `risk` is there.
  Record record{};
  ReviewState state = ReviewState::none;
  /// The officer and his note; nobody when time decided, or nobody did yet.
  std::string decided_by{};
  std::string note{};
  /// Whose wallet it is out of, of a top-up into; nobody when that is not known.
  UserId owner{};
};

/// All that are given must hold.
struct AssessmentQuery {
  std::optional<RiskAction> action{};
  std::optional<WalletId> wallet{};
  ReviewState state = ReviewState::none;
  int min_score = 0;
  /// By the time in the transaction's id.
  std::optional<std::int64_t> from_ms{};
  std::optional<std::int64_t> until_ms{};
  std::optional<Uuid> before{};
  int limit = 50;
};

/// What the journal of one database has of assessments: nothing is kept beside it.
class AssessmentReader {
 public:
  explicit AssessmentReader(Reader& reader);

  /// Newest first.
  std::vector<AssessedMovement> list(const AssessmentQuery& query);
  /// Nothing when this database has no such transaction, or no rule looked at it.
  std::optional<AssessedMovement> find(const TransactionId& id);

 private:
  SqlSession& session_;
  bool one_of_several_;
};

}  // namespace dompet
