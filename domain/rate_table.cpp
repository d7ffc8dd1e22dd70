#include "domain/rate_table.hpp"

#include <algorithm>
#include <limits>

namespace dompet {

namespace {
constexpr std::int64_t any_time = std::numeric_limits<std::int64_t>::min();
}

RateTable::RateTable(std::vector<RateRow> rows) : rows_(std::move(rows)) {
  for (std::size_t i = 0; i < rows_.size(); ++i)
    places_[{rows_[i].base.numeric, rows_[i].quote.numeric}] = i;
}

std::uint64_t RateTable::number() const {
  std::uint64_t largest = 0;
  for (const RateRow& row : rows_)
    largest = std::max(largest, row.number);
  return largest;
}

const RateRow* RateTable::find(const Currency& base, const Currency& quote) const {
  const auto found = places_.find({base.numeric, quote.numeric});
  return found == places_.end() ? nullptr : &rows_[found->second];
}

std::optional<UsedRate> RateTable::one_step(const Currency& from, const Currency& to, bool at_middle) const {
  const RateRow* direct = find(from, to);
  const RateRow* row = find(to, from);
  if (direct != nullptr && row != nullptr && row->at_ms > direct->at_ms)
    direct = nullptr;
  if (direct != nullptr)
    row = direct;
  if (row == nullptr)
    return std::nullopt;
  const std::optional<Rate> written = at_middle ? middle(row->bid, row->ask) : direct != nullptr ? row->bid : row->ask;
  const std::optional<Rate> rate = !written || direct != nullptr ? written : inverse(*written);
  if (!rate)
    return std::nullopt;
  return UsedRate{*rate, row->at_ms, std::nullopt};
}

std::optional<UsedRate> RateTable::best_cross(const Currency& from, const Currency& to, std::int64_t oldest_ms,
                                              bool at_middle) const {
  std::optional<UsedRate> best;
  for (const RateRow& row : rows_) {
    if (row.base != from && row.quote != from)
      continue;
    const Currency& third = row.base == from ? row.quote : row.base;
    const auto first = one_step(from, third, at_middle);
    const auto second = third == to ? std::nullopt : one_step(third, to, at_middle);
    if (!first || !second || std::min(first->at_ms, second->at_ms) < oldest_ms)
      continue;
    const auto crossed = product(first->rate, second->rate);
    if (crossed && (!best || is_less(best->rate, *crossed)))
      best = UsedRate{*crossed, std::min(first->at_ms, second->at_ms), third};
  }
  return best;
}

std::expected<UsedRate, RateFault> RateTable::between(const Currency& from, const Currency& to, std::int64_t now_ms,
                                                      std::int64_t most_age_ms) const {
  if (from == to)
    return UsedRate{{1, 0}, now_ms, std::nullopt};
  const std::int64_t oldest_ms = now_ms - most_age_ms;
  const auto known = one_step(from, to, false);
  if (known && known->at_ms >= oldest_ms)
    return *known;
  if (auto crossed = best_cross(from, to, oldest_ms, false))
    return *std::move(crossed);
  const bool is_known = known || best_cross(from, to, any_time, false);
  return std::unexpected(is_known ? RateFault::too_old : RateFault::not_found);
}

std::optional<UsedRate> RateTable::middle_between(const Currency& from, const Currency& to) const {
  if (from == to)
    return UsedRate{{1, 0}, 0, std::nullopt};
  if (auto known = one_step(from, to, true))
    return known;
  return best_cross(from, to, any_time, true);
}

}  // namespace dompet
