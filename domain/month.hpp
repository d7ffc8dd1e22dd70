#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace dompet {

/// A month of the calendar, in UTC: from its first millisecond to its last one, whatever day that is on.
class Month {
 public:
  constexpr Month() = default;
  /// `month` from 1 to 12.
  constexpr Month(int year, int month) : number_(year * 12 + month - 1) {}
  /// Counted from January of the year 0.
  static constexpr Month numbered(int number) {
    Month month;
    month.number_ = number;
    return month;
  }

  constexpr int year() const { return number_ / 12; }
  constexpr int month() const { return number_ % 12 + 1; }
  constexpr int number() const { return number_; }
  constexpr Month plus(int months) const { return numbered(number_ + months); }
  constexpr auto operator<=>(const Month&) const = default;

 private:
  int number_ = 0;
};

/// The month in which a moment lies, in milliseconds since 1970.
Month month_of(std::int64_t unix_ms);
/// The month's first moment.
std::int64_t begin_of(Month month);
/// 2026-11.
std::string to_string(Month month);

}  // namespace dompet
