#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/rate.hpp"

namespace dompet {

/// What somebody says that one unit of `base` costs in `quote`: the house buys it at `bid` and sells it at `ask`.
struct RateRow {
  Currency base{};
  Currency quote{};
  Rate bid{};
  Rate ask{};
  /// When it was so, milliseconds since 1970, as the source says.
  std::int64_t at_ms = 0;
  std::string source{};
  /// Of the row in the history, in the order in which rows came; zero for one that is not from there.
  std::uint64_t number = 0;
  bool operator==(const RateRow&) const = default;
};

/// What a conversion is done by.
struct UsedRate {
  Rate rate{};
  /// Of the older one, when there are two.
  std::int64_t at_ms = 0;
  /// The currency that it was crossed through.
  std::optional<Currency> through{};
};

enum class RateFault : std::uint8_t {
  /// No source has said a rate between the two, nor to and from a third one.
  not_found = 1,
  /// There is one, and it is too old to pay by.
  too_old = 2,
};

/// The newest rate of every pair. A value: a new one is made when rates come.
class RateTable {
 public:
  RateTable() = default;
  explicit RateTable(std::vector<RateRow> rows);

  const std::vector<RateRow>& rows() const { return rows_; }
  /// The largest of its rows: of two tables of one history the one that was read later has the larger one, or the same.
  std::uint64_t number() const;
  /// As the pair was written; nothing when it was not.
  const RateRow* find(const Currency& base, const Currency& quote) const;

  /// By what money of one currency becomes money of the other, in this order: the pair itself, at its bid, or written
  /// the other way round, at 1 / ask, whichever was written for the later time; through one third currency, whichever
  /// gives most. A rate is usable until it is `most_age_ms` old; between equal currencies it is 1.
  std::expected<UsedRate, RateFault> between(const Currency& from, const Currency& to, std::int64_t now_ms,
                                             std::int64_t most_age_ms) const;

  /// Half way between bid and ask, whatever its age: what a position is worth. Direct, inverse or crossed.
  std::optional<UsedRate> middle_between(const Currency& from, const Currency& to) const;

 private:
  std::optional<UsedRate> one_step(const Currency& from, const Currency& to, bool at_middle) const;
  std::optional<UsedRate> best_cross(const Currency& from, const Currency& to, std::int64_t oldest_ms,
                                     bool at_middle) const;

  std::vector<RateRow> rows_{};
  /// Places in `rows_`, by the numbers of base and quote.
  std::map<std::pair<std::uint16_t, std::uint16_t>, std::size_t> places_{};
};

}  // namespace dompet
