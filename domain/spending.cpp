#include "domain/spending.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>

namespace dompet {

namespace {

using Amounts = std::array<Minor, counted_spending_kinds>;

/// A sum of what was spent stops here instead of overflowing; every limit is smaller.
constexpr Minor largest_counted = std::numeric_limits<Minor>::max();

/// 1970-01-01 was a Thursday; ISO weeks begin on Monday.
std::int32_t week_of(std::int32_t day) {
  return static_cast<std::int32_t>(std::chrono::floor<std::chrono::weeks>(std::chrono::days{day + 3}).count());
}

std::int32_t month_of(std::int32_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return static_cast<int>(date.year()) * 12 + static_cast<std::int32_t>(static_cast<unsigned>(date.month()));
}

std::size_t place_of(SpendingKind kind) { return static_cast<std::size_t>(kind) - 1; }

/// Forgets the periods that are over on this day.
void roll(Spent& spent, std::int32_t day) {
  if (day <= spent.day)
    return;
  spent.in_day = {};
  if (week_of(day) != week_of(spent.day))
    spent.in_week = {};
  if (month_of(day) != month_of(spent.day))
    spent.in_month = {};
  spent.day = day;
}

/// Applies `change` to the kind's amount in every period that the day shares with the last counted one.
template <class Change>
void in_shared_periods(Spent& spent, const Spending& spending, Change change) {
  const std::size_t kind = place_of(spending.kind);
  if (spending.day == spent.day)
    change(spent.in_day[kind]);
  if (week_of(spending.day) == week_of(spent.day))
    change(spent.in_week[kind]);
  if (month_of(spending.day) == month_of(spent.day))
    change(spent.in_month[kind]);
}

/// Whether the limit does not allow `amount` more than `so_far`.
bool is_over(const std::optional<Minor>& limit, Minor so_far, Minor amount) {
  if (!limit)
    return false;
  const auto sum = checked_add(so_far, amount);
  return !sum || *sum > *limit;
}

Minor total(const Amounts& amounts) {
  return std::accumulate(amounts.begin(), amounts.end(), Minor{0},
                         [](Minor left, Minor right) { return checked_add(left, right).value_or(largest_counted); });
}

bool is_over(const std::optional<Minor>& of_all, const std::optional<Minor>& of_kind, const Amounts& so_far,
             SpendingKind spending_kind, Minor amount) {
  return is_over(of_all, total(so_far), amount) || is_over(of_kind, so_far[place_of(spending_kind)], amount);
}

bool has_any(const PeriodLimits& limits) { return limits.day || limits.week || limits.month; }

}  // namespace

std::int32_t day_of(std::int64_t unix_ms) {
  return static_cast<std::int32_t>(std::chrono::floor<std::chrono::days>(std::chrono::milliseconds{unix_ms}).count());
}

std::optional<Decline> over_limit(const Wallet& wallet, Minor amount, const Spending& spending) {
  if (spending.kind == SpendingKind::uncounted)
    return std::nullopt;
  const PeriodLimits& all = wallet.limits.out;
  const PeriodLimits& kind = wallet.limits.out_by_kind[place_of(spending.kind)];
  if (!has_any(all) && !has_any(kind))
    return std::nullopt;
  Spent spent = wallet.spent;
  roll(spent, spending.day);
  if (is_over(all.day, kind.day, spent.in_day, spending.kind, amount))
    return Decline::daily_limit_exceeded;
  if (is_over(all.week, kind.week, spent.in_week, spending.kind, amount))
    return Decline::weekly_limit_exceeded;
  if (is_over(all.month, kind.month, spent.in_month, spending.kind, amount))
    return Decline::monthly_limit_exceeded;
  return std::nullopt;
}

SpentTotals spent_on(const Spent& spent, std::int32_t day) {
  Spent so_far = spent;
  roll(so_far, day);
  return {total(so_far.in_day), total(so_far.in_week), total(so_far.in_month)};
}

void count(Spent& spent, Minor amount, const Spending& spending) {
  if (spending.kind == SpendingKind::uncounted)
    return;
  roll(spent, spending.day);
  in_shared_periods(spent, spending,
                    [amount](Minor& so_far) { so_far = checked_add(so_far, amount).value_or(largest_counted); });
}

void give_back(Spent& spent, Minor amount, const Spending& spending) {
  if (spending.kind == SpendingKind::uncounted)
    return;
  in_shared_periods(spent, spending, [amount](Minor& so_far) { so_far = std::max<Minor>(0, so_far - amount); });
}

}  // namespace dompet
