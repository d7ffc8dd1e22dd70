#include "persistence/movement_projector.hpp"

#include <utility>
#include <vector>

#include "persistence/array_text.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

/// Of advisory locks: "statistics" as a number that nobody else uses.
constexpr std::int64_t projection_lock = 0x646F6D70'73746174;

/// The columns of monthly_movement, an array each.
struct Columns {
  ArrayText wallet, month, shard, currency, kind, direction, outcome, method, party, count, amount;

  void add(const MovementKey& key, const MovementSum& sum) {
    wallet.add(to_string(key.wallet));
    month.add(first_day_of(key.month));
    shard.add(std::to_string(key.shard));
    currency.add(std::to_string(key.currency));
    kind.add(std::to_string(static_cast<int>(key.kind)));
    direction.add(std::to_string(static_cast<int>(key.direction)));
    outcome.add(std::to_string(static_cast<int>(key.outcome)));
    method.add(key.method);
    party.add(to_string(key.party));
    count.add(std::to_string(sum.count));
    amount.add(to_string(sum.amount));
  }

  Parameters finish() && {
    Parameters parameters;
    for (ArrayText* column :
         {&wallet, &month, &shard, &currency, &kind, &direction, &outcome, &method, &party, &count, &amount})
      parameters.add(std::move(*column).finish());
    return parameters;
  }
};

constexpr const char* add_up_sql =
    "INSERT INTO monthly_movement AS m (wallet, month, shard, currency, kind, direction, outcome, method, party, count,"
    " amount) SELECT * FROM unnest($1::uuid[], $2::date[], $3::smallint[], $4::smallint[], $5::smallint[],"
    " $6::smallint[], $7::smallint[], $8::text[], $9::uuid[], $10::bigint[], $11::numeric[])"
    " ON CONFLICT (wallet, month, shard, currency, kind, direction, outcome, method, party)"
    " DO UPDATE SET count = m.count + excluded.count, amount = m.amount + excluded.amount";

/// The next records of every shard, those of one after another and in order; $1 is the shard to begin with, $2 the most
/// of one shard, $3 of all.
std::string page_sql() {
  return "SELECT " + journal_columns() + " FROM (SELECT * FROM (" + movement_marks_sql() +
         ") AS known ORDER BY shard < $1, shard) AS mark CROSS JOIN LATERAL (SELECT * FROM journal r WHERE r.shard ="
         " mark.shard AND r.shard_seq > mark.shard_seq ORDER BY r.shard_seq LIMIT $2) AS j LIMIT $3";
}

}  // namespace

std::string movement_marks_sql() {
  return "SELECT s.shard, coalesce(m.shard_seq, 0) AS shard_seq FROM shard s CROSS JOIN ledger l"
         " LEFT JOIN movement_mark m ON m.shard = s.shard WHERE s.database_id = l.database_id OR s.leaving";
}

MovementProjector::MovementProjector(ProjectorSettings settings)
    : settings_(std::move(settings)), session_({.database = settings_.database,
                                                .application_name = settings_.application_name,
                                                .connect_timeout_s = settings_.connect_timeout_s,
                                                .statement_timeout_ms = 15'000,
                                                .lock_timeout_ms = 5'000,
                                                .read_only = false}) {}

ProjectedStep MovementProjector::step() {
  ProjectedStep step;
  marks_.clear();
  session_.within("BEGIN", [&] {
    // What a crash takes back it takes back with its marks: nothing of it needs to be waited for.
    session_.ask("SET LOCAL synchronous_commit = off");
    step.was_ours =
        session_.ask("SELECT pg_try_advisory_xact_lock($1)", Parameters{}.add(projection_lock))[0].is_true(0);
    if (!step.was_ours)
      return;
    const MovementSheet sheet = read_page(step);
    if (!sheet.empty())
      write(sheet);
    if (!marks_.empty())
      write_marks();
  });
  return step;
}

MovementSheet MovementProjector::read_page(ProjectedStep& step) {
  static const std::string sql = page_sql();
  const int of_one_shard = std::max(1, settings_.page_records / 4);
  const Rows rows = session_.ask_prepared(
      sql, Parameters{}.add(first_).add(std::int64_t{of_one_shard}).add(std::int64_t{settings_.page_records}));
  MovementSheet sheet;
  std::optional<Shard> unreadable;
  std::int64_t of_this_shard = 0;
  for (int index = 0; index < rows.size(); ++index) {
    const JournalRow row = journal_row(rows[index]);
    of_this_shard = index > 0 && row.shard == first_ ? of_this_shard + 1 : 1;
    step.has_more = step.has_more || of_this_shard == of_one_shard;
    first_ = row.shard;
    if (row.shard == unreadable)
      continue;
    try {
      add_record(sheet, decode(row));
      marks_[row.shard] = row.shard_seq;
      ++step.records;
    } catch (const std::exception& fault) {
      unreadable = row.shard;
      step.fault =
          "shard " + std::to_string(row.shard) + " shard_seq " + std::to_string(row.shard_seq) + ": " + fault.what();
    }
  }
  step.has_more = step.records > 0 && (step.has_more || rows.size() == settings_.page_records);
  ++first_;
  return sheet;
}

void MovementProjector::write(const MovementSheet& sheet) {
  Columns columns;
  for (const auto& [key, sum] : sheet)
    columns.add(key, sum);
  session_.ask_prepared(add_up_sql, std::move(columns).finish());
}

void MovementProjector::write_marks() {
  ArrayText shards;
  ArrayText numbers;
  for (const auto& [shard, number] : marks_) {
    shards.add(std::to_string(shard));
    numbers.add(std::to_string(number));
  }
  session_.ask_prepared(
      "INSERT INTO movement_mark (shard, shard_seq) SELECT * FROM unnest($1::smallint[], $2::bigint[])"
      " ON CONFLICT (shard) DO UPDATE SET shard_seq = excluded.shard_seq",
      Parameters{}.add(std::move(shards).finish()).add(std::move(numbers).finish()));
}

void MovementProjector::forget() {
  session_.within("BEGIN", [&] {
    session_.ask("SELECT pg_advisory_xact_lock($1)", Parameters{}.add(projection_lock));
    session_.ask("TRUNCATE monthly_movement, movement_mark");
  });
}

}  // namespace dompet
