#include "persistence/movement_sheet.hpp"

namespace dompet {

MovementKey key_of(const Movement& movement, const Record& record) {
  return {.wallet = movement.wallet,
          .month = month_of(record.at_ms),
          .shard = record.shard,
          .currency = movement.currency.numeric,
          .kind = movement.kind,
          .direction = movement.direction,
          .outcome = movement.outcome,
          .method = std::string{movement.method},
          .party = movement.party};
}

void add_record(MovementSheet& sheet, const Record& record) {
  for (const Movement& movement : movements_of(record)) {
    MovementSum& sum = sheet[key_of(movement, record)];
    sum.count += 1;
    sum.amount += movement.amount;
  }
}

std::string first_day_of(Month month) { return to_string(month) + "-01"; }

std::string month_number_sql(const std::string& column) {
  return "(extract(year FROM " + column + ") * 12 + extract(month FROM " + column + ") - 1)::int";
}

}  // namespace dompet
