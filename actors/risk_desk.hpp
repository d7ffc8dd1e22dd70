#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "actors/engine.hpp"
#include "domain/risk.hpp"

namespace dompet {

/// What a node's wallets share for judging movements: the rules as they were last read, whose wallets are whose, and
/// figures. Thread-safe.
class RiskDesk {
 public:
  /// Whether any rule is enabled. Movements look at nothing else while none is.
  bool is_judging() const { return is_judging_; }
  /// Never nothing.
  RiskRulesPtr rules() const { return rules_.load(); }
  void begin_with(RiskRulesPtr rules) {
    if (!rules)
      return;
    const bool is_any_enabled = std::ranges::any_of(rules->rules, &RiskRule::enabled);
    rules_.store(std::move(rules));
    is_judging_ = is_any_enabled;
  }
  void set(RiskRulesPtr rules, std::int64_t now_ms) {
    begin_with(std::move(rules));
    read_at_ms_ = now_ms;
  }
  /// Whether they were read too long ago to go by; rules of which none is enabled have a bound of their own. Without
  /// anybody who reads them, as in tests, they are always fresh.
  bool is_stale(std::int64_t now_ms, const EngineSettings& settings) const {
    const std::chrono::milliseconds most = is_judging_ ? settings.risk_rules_max_age : settings.risk_no_rules_max_age;
    return read_at_ms_ != nobody_reads && now_ms - read_at_ms_ > most.count();
  }

  /// A wallet's owner never changes.
  std::optional<UserId> owner_of(const WalletId& wallet) const {
    const std::lock_guard lock(guard_);
    const auto known = owners_.find(wallet);
    return known == owners_.end() ? std::nullopt : std::optional{known->second};
  }
  void note_owner(const WalletId& wallet, const UserId& owner) {
    const std::lock_guard lock(guard_);
    if (owners_.size() >= most_owners)
      owners_.clear();
    owners_[wallet] = owner;
  }

  void count(const Assessment& assessment, std::chrono::nanoseconds took) {
    const std::lock_guard lock(guard_);
    assessments_ += 1;
    nanoseconds_ += static_cast<std::uint64_t>(took.count());
    if (assessment.reasons.empty())
      lines_[{assessment.action, {}}] += 1;
    for (const RiskReason& reason : assessment.reasons)
      if (lines_.size() < most_lines || lines_.contains({assessment.action, reason.rule}))
        lines_[{assessment.action, reason.rule}] += 1;
  }
  RiskFigures figures() const {
    const std::lock_guard lock(guard_);
    RiskFigures figures{.assessments = assessments_, .nanoseconds = nanoseconds_};
    for (const auto& [key, count] : lines_)
      figures.lines.push_back({key.first, key.second, count});
    return figures;
  }

 private:
  static constexpr std::int64_t nobody_reads = std::numeric_limits<std::int64_t>::max();
  /// About ten megabytes; beyond it all are looked up anew.
  static constexpr std::size_t most_owners = 100'000;
  /// Rules come and go; a metric must not grow for ever.
  static constexpr std::size_t most_lines = 1'000;

  std::atomic<bool> is_judging_{false};
  std::atomic<RiskRulesPtr> rules_{std::make_shared<const RiskRules>()};
  std::atomic<std::int64_t> read_at_ms_{nobody_reads};
  mutable std::mutex guard_{};
  std::unordered_map<WalletId, UserId> owners_{};
  std::map<std::pair<RiskAction, std::string>, std::uint64_t> lines_{};
  std::uint64_t assessments_ = 0;
  std::uint64_t nanoseconds_ = 0;
};

}  // namespace dompet
