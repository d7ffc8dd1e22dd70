#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/risk.hpp"
#include "persistence/reader.hpp"

namespace dompet {

class SqlSession;

/// A question to the rules that moved no money, and what they said.
struct RiskCheck {
  Uuid id{};
  /// Who asked.
  std::string who{};
  /// Its id is the question's.
  Transaction asked{};
  /// Whose wallet it is out of, of a top-up into; nil for nobody's.
  UserId owner{};
  Assessment said{};
  std::uint64_t rules_version = 0;
  /// Milliseconds since 1970, by the database's clock.
  std::int64_t at_ms = 0;
};

/// All that are given must hold.
struct RiskCheckQuery {
  std::optional<RiskAction> action{};
  std::optional<Uuid> wallet{};
  std::optional<Uuid> before{};
  int limit = 50;
};

/// The questions, in database 0. They are only ever added to. Uses a reader's session, on its thread; throws what that
/// throws.
class RiskCheckStore {
 public:
  explicit RiskCheckStore(Reader& reader);

  void add(const RiskCheck& check);
  /// Newest first.
  std::vector<RiskCheck> list(const RiskCheckQuery& query);

 private:
  SqlSession& session_;
};

}  // namespace dompet
