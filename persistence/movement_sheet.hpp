#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "domain/month.hpp"
#include "domain/movement.hpp"
#include "domain/total.hpp"

namespace dompet {

/// Where a movement is counted: a row of `monthly_movement`.
struct MovementKey {
  WalletId wallet{};
  Month month{};
  Shard shard = 0;
  std::uint16_t currency = 0;
  TransactionKind kind{};
  Direction direction{};
  MovementOutcome outcome{};
  std::string method{};
  Uuid party{};

  auto operator<=>(const MovementKey&) const = default;
};

struct MovementSum {
  std::int64_t count = 0;
  Total amount{};
};

/// The key of a movement of this record: when it was sealed says to which month it belongs.
MovementKey key_of(const Movement& movement, const Record& record);

/// Movements of some records, added up. In the order of the keys, so that all who write rows take their locks alike.
using MovementSheet = std::map<MovementKey, MovementSum>;
void add_record(MovementSheet& sheet, const Record& record);

/// The month's first day as PostgreSQL reads it.
std::string first_day_of(Month month);
/// The number of the month of a date column, as an expression.
std::string month_number_sql(const std::string& column);

}  // namespace dompet
