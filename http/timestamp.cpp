#include "http/timestamp.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace dompet::http {

namespace {

using namespace std::chrono;

struct Moment {
  year_month_day date;
  hh_mm_ss<milliseconds> time;
};

Moment moment_of(std::int64_t unix_ms) {
  const sys_time<milliseconds> at{milliseconds{unix_ms}};
  const auto day = floor<days>(at);
  return {year_month_day{day}, hh_mm_ss{at - day}};
}

void put_digits(char* place, unsigned value, int count) {
  for (int i = count - 1; i >= 0; --i, value /= 10)
    place[i] = static_cast<char>('0' + value % 10);
}

/// Takes fixed-width pieces off the front of a text; once one does not fit, nothing more does.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : left_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    if (left_.size() < digits)
      fits_ = false;
    for (std::size_t i = 0; fits_ && i < digits; ++i) {
      fits_ = left_[i] >= '0' && left_[i] <= '9';
      value = value * 10 + (left_[i] - '0');
    }
    if (fits_)
      left_.remove_prefix(digits);
    return fits_ ? value : 0;
  }

  char letter(std::string_view choices) {
    if (left_.empty() || !choices.contains(left_.front()))
      fits_ = false;
    if (!fits_)
      return '\0';
    const char taken = left_.front();
    left_.remove_prefix(1);
    return taken;
  }

  int fraction_ms() {
    if (!left_.starts_with('.'))
      return 0;
    left_.remove_prefix(1);
    int ms = 0;
    std::size_t count = 0;
    for (; count < left_.size() && left_[count] >= '0' && left_[count] <= '9'; ++count)
      if (count < 3)
        ms += (left_[count] - '0') * std::array{100, 10, 1}[count];
    fits_ = fits_ && count > 0 && count <= 9;
    left_.remove_prefix(count);
    return ms;
  }

  bool is_read() const { return fits_ && left_.empty(); }

 private:
  std::string_view left_;
  bool fits_ = true;
};

}  // namespace

std::string format_time(std::int64_t unix_ms) {
  const Moment moment = moment_of(unix_ms);
  std::string text = "0000-00-00T00:00:00.000Z";
  put_digits(&text[0], static_cast<unsigned>(static_cast<int>(moment.date.year())), 4);
  put_digits(&text[5], static_cast<unsigned>(moment.date.month()), 2);
  put_digits(&text[8], static_cast<unsigned>(moment.date.day()), 2);
  put_digits(&text[11], static_cast<unsigned>(moment.time.hours().count()), 2);
  put_digits(&text[14], static_cast<unsigned>(moment.time.minutes().count()), 2);
  put_digits(&text[17], static_cast<unsigned>(moment.time.seconds().count()), 2);
  put_digits(&text[20], static_cast<unsigned>(moment.time.subseconds().count()), 3);
  return text;
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  Pieces pieces(text);
  const int year_number = pieces.number(4);
  pieces.letter("-");
  const int month_number = pieces.number(2);
  pieces.letter("-");
  const int day_number = pieces.number(2);
  pieces.letter("Tt ");
  const int hour = pieces.number(2);
  pieces.letter(":");
  const int minute = pieces.number(2);
  pieces.letter(":");
  const int second = pieces.number(2);
  const int ms = pieces.fraction_ms();
  const char zone = pieces.letter("Zz+-");
  int offset_minutes = 0;
  if (zone == '+' || zone == '-') {
    const int offset_hours = pieces.number(2);
    pieces.letter(":");
    offset_minutes = (offset_hours * 60 + pieces.number(2)) * (zone == '+' ? 1 : -1);
  }
  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (!pieces.is_read() || !date.ok() || year_number < 1970 || hour > 23 || minute > 59 || second > 60)
    return std::nullopt;
  const auto at = sys_days{date} + hours{hour} + minutes{minute} + seconds{second} + milliseconds{ms};
  return duration_cast<milliseconds>((at - minutes{offset_minutes}).time_since_epoch()).count();
}

std::string format_http_date(std::int64_t unix_ms) {
  constexpr std::array day_names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Moment moment = moment_of(unix_ms);
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", day_names.at(weekday{sys_days{moment.date}}.c_encoding()),
      static_cast<unsigned>(moment.date.day()), month_names.at(static_cast<unsigned>(moment.date.month()) - 1),
      static_cast<int>(moment.date.year()), moment.time.hours().count(), moment.time.minutes().count(),
      moment.time.seconds().count());
}

}  // namespace dompet::http
