#include "domain/month.hpp"

#include <chrono>

namespace dompet {

Month month_of(std::int64_t unix_ms) {
  using namespace std::chrono;
  const year_month_day date{floor<days>(sys_time<milliseconds>{milliseconds{unix_ms}})};
  return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month()))};
}

std::int64_t begin_of(Month month) {
  using namespace std::chrono;
  const sys_days first{year{month.year()} / month.month() / 1};
  return duration_cast<milliseconds>(first.time_since_epoch()).count();
}

std::string to_string(Month month) {
  const std::string year = std::to_string(month.year());
  return std::string(year.size() < 4 ? 4 - year.size() : 0, '0') + year + (month.month() < 10 ? "-0" : "-") +
         std::to_string(month.month());
}

}  // namespace dompet
