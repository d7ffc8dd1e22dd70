#include <algorithm>
#include <utility>

#include "persistence/saga_rows.hpp"

namespace dompet {

namespace {

/// Beyond so many open transfers their counts are a lower bound: nobody needs them exactly then.
constexpr int most_open = 200'000;
constexpr int most_causes = 50;

/// `here` leaves out the sagas of shards that live in another database; empty where there is none.
std::string open_sagas_sql(const std::string& here) {
  return "(SELECT id, state, destination_shard, created_at FROM saga WHERE state IN " + std::string{open_saga_states} +
         here + " LIMIT " + std::to_string(most_open) + ") s";
}

void count_open(SqlSession& session, const std::string& here, SagaCounts& counts) {
  std::string sql = "SELECT count(*) FILTER (WHERE s.state = 1), count(*) FILTER (WHERE s.state = 2),"
                    " count(*) FILTER (WHERE s.state = 6), " +
                    milliseconds("min(s.created_at)");
  for (const int up_to_s : saga_age_classes_s)
    sql += ", count(*) FILTER (WHERE s.created_at >= now() - interval '" + std::to_string(up_to_s) + " s')";
  const Rows rows = session.ask_prepared(sql + " FROM " + open_sagas_sql(here));
  const Row row = rows[0];
  counts.reserved = row.number(0);
  counts.cancelling = row.number(1);
  counts.under_review = row.number(2);
  counts.oldest_created_ms = row.number_if_any(3);
  std::int64_t younger = 0;
  for (std::size_t i = 0; i < saga_age_classes_s.size(); ++i) {
    const std::int64_t up_to_here = row.number(4 + static_cast<int>(i));
    counts.open_by_age[i] = up_to_here - std::exchange(younger, up_to_here);
  }
  counts.open_by_age.back() = counts.reserved + counts.cancelling + counts.under_review - younger;
}

void count_finals(SqlSession& session, const std::string& here, SagaCounts& counts) {
  const std::string sql = "SELECT count(*) FILTER (WHERE state = 3), count(*) FILTER (WHERE state = 4)"
                          " FROM (SELECT state FROM saga WHERE true" +
                          here + " ORDER BY id DESC LIMIT " + std::to_string(counted_finals) + ") s";
  const Rows rows = session.ask_prepared(sql);
  counts.settled = rows[0].number(0);
  counts.released = rows[0].number(1);
}

void find_causes(SqlSession& session, const std::string& here, SagaCounts& counts) {
  const std::string sql =
      "SELECT coalesce(p.last_error, ''), s.destination_shard, coalesce(p.last_node, ''), count(*), " +
      milliseconds("min(s.created_at)") + " FROM " + open_sagas_sql(here) +
      " LEFT JOIN saga_progress p ON p.saga = s.id GROUP BY 1, 2, 3 ORDER BY 4 DESC, 5 LIMIT " +
      std::to_string(most_causes);
  session.ask_prepared(sql).each([&](const Row& row) {
    counts.causes.push_back({std::string{row.text(0)}, static_cast<Shard>(row.number(1)), std::string{row.text(2)},
                             row.number(3), row.number(4)});
  });
}

}  // namespace

void add(SagaCounts& sum, const SagaCounts& part) {
  sum.reserved += part.reserved;
  sum.cancelling += part.cancelling;
  sum.under_review += part.under_review;
  sum.settled += part.settled;
  sum.released += part.released;
  for (std::size_t i = 0; i < sum.open_by_age.size(); ++i)
    sum.open_by_age[i] += part.open_by_age[i];
  if (part.oldest_created_ms)
    sum.oldest_created_ms = std::min(*part.oldest_created_ms, sum.oldest_created_ms.value_or(*part.oldest_created_ms));
  for (const SagaCause& cause : part.causes) {
    const auto same = std::ranges::find_if(sum.causes, [&](const SagaCause& known) {
      return known.error == cause.error && known.destination_shard == cause.destination_shard &&
             known.node == cause.node;
    });
    if (same == sum.causes.end()) {
      sum.causes.push_back(cause);
      continue;
    }
    same->count += cause.count;
    same->oldest_created_ms = std::min(same->oldest_created_ms, cause.oldest_created_ms);
  }
}

SagaCounts SagaInspector::counts() {
  SagaCounts counts;
  const std::string here =
      reader_.is_one_of_several() ? " AND source_shard IN " + std::string{shards_here_sql} : std::string{};
  session_.within("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", [&] {
    count_open(session_, here, counts);
    count_finals(session_, here, counts);
    find_causes(session_, here, counts);
  });
  return counts;
}

}  // namespace dompet
