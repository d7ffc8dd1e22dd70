#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/record.hpp"

namespace dompet {

// Which movements of money are suspicious, by rules that are data. Pure: the same rules and facts give the same
// assessment, today, on another node and after a restart.

/// What a rule looks at. The numbers are stored.
enum class RiskRuleKind : std::uint8_t {
  /// More than `amount`.
  amount_above = 1,
  /// Less than `amount`.
  amount_below = 2,
  /// Both sides are one wallet, or belong to one user.
  same_party = 3,
  /// More than `count` movements left the wallet within `window_ms`, this one included.
  velocity_count = 4,
  /// More than `amount` left the wallet within `window_ms`, this movement included.
  velocity_amount = 5,
  /// The wallet was opened less than `window_ms` ago.
  new_account = 6,
  /// A wallet, its owner, the card or the merchant is one of `parties`.
  blocked = 7,
};

std::string_view name_of(RiskRuleKind kind);
std::optional<RiskRuleKind> find_risk_rule_kind(std::string_view name);

/// Whether movements of the kind are assessed. Captures, voids and refunds are not: they take, or give back, what was
/// assessed when it was authorized or paid, and a rule that held up a refund would keep a customer's money.
bool is_assessed(TransactionKind kind);
/// The same for the rules that count what left a wallet: what comes in is not counted.
bool is_counted_by_velocity(TransactionKind kind);

struct RiskRule {
  /// Unique among the rules; what reasons and figures name.
  std::string id{};
  std::string name{};
  RiskRuleKind kind = RiskRuleKind::amount_above;
  bool enabled = false;
  /// Movements of other currencies are not looked at; nothing: any. Rules about amounts have one.
  std::optional<Currency> currency{};
  /// Movements of other kinds are not looked at; empty: all that are assessed.
  std::vector<TransactionKind> kinds{};
  /// Minor units of `currency`.
  Minor amount = 0;
  std::int64_t count = 0;
  std::int64_t window_ms = 0;
  /// Ids of wallets, users, cards and merchants, sorted: no two things share one.
  std::vector<Uuid> parties{};
  /// Added to the score of a movement that meets the rule.
  std::uint8_t score = 0;
  /// What it asks for. `allow` only flags: the movement goes on, and its record says why it looked odd.
  RiskAction action = RiskAction::allow;

  bool operator==(const RiskRule&) const = default;
};

/// All rules of a ledger as they were at a moment. Replaced as a whole.
struct RiskRules {
  /// Grows with every change.
  std::uint64_t version = 0;
  std::vector<RiskRule> rules{};
  /// From which score on a movement is reviewed, or blocked, whatever its rules ask for; nothing: never.
  std::optional<int> review_from{};
  std::optional<int> block_from{};

  bool operator==(const RiskRules&) const = default;
};
using RiskRulesPtr = std::shared_ptr<const RiskRules>;

inline constexpr std::size_t most_risk_rules = 64;
inline constexpr std::size_t most_blocked_parties = 10'000;
/// Also how many movements of a wallet are remembered, less one: whoever has more has met every rule that counts.
inline constexpr std::int64_t most_velocity_count = 1'000;
inline constexpr std::int64_t longest_risk_window_ms = 24LL * 3'600 * 1'000;
inline constexpr std::int64_t longest_account_age_ms = 366LL * 24 * 3'600 * 1'000;
inline constexpr std::size_t most_remembered_movements = 1'024;

/// What left a wallet, or was set aside to leave it. Its id carries its time.
struct RiskMovement {
  TransactionId id{};
  TransactionKind kind = TransactionKind::transfer;
  Currency currency{};
  Minor amount = 0;

  bool operator==(const RiskMovement&) const = default;
};

/// What left a wallet since a moment, in any order.
struct RecentMovements {
  std::vector<RiskMovement> movements{};
  /// There were more; these are the newest.
  bool is_cut = false;
};

/// What must be known before a movement can be assessed.
struct RiskNeeds {
  /// Whether any enabled rule looks at it at all.
  bool is_looked_at = false;
  /// How far back movements of the wallet count; zero: not at all.
  std::int64_t window_ms = 0;
  /// Who owns the wallet on the other side.
  bool other_owner = false;
};
RiskNeeds needs_of(const RiskRules& rules, const Transaction& transaction);

/// How far back any enabled rule counts; zero when none does.
std::int64_t longest_window_ms(const RiskRules& rules);

struct RiskFacts {
  /// Its id carries its time, which every window ends at.
  const Transaction& transaction;
  /// Whose wallet decides: the one that pays, or that a top-up goes to.
  UserId owner{};
  /// Whose the other one is; nil when there is none, or nobody's.
  UserId other_owner{};
  /// What left the wallet before. Movements older than the window may be among them, and this one itself: they are
  /// not counted.
  std::span<const RiskMovement> movements{};
  /// Older ones are forgotten. A rule that counts further back than what is left is met: what cannot be counted is
  /// taken for too much.
  bool is_cut = false;
};

/// Nothing when no enabled rule looks at such movements.
std::optional<Assessment> assess(const RiskRules& rules, const RiskFacts& facts);

}  // namespace dompet
