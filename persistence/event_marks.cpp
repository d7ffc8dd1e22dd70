#include "persistence/event_marks.hpp"

#include "persistence/array_text.hpp"
#include "persistence/session.hpp"

namespace dompet {

bool EventMarks::lock() {
  return session_
      .ask_prepared("SELECT pg_try_advisory_xact_lock(hashtextextended('dompet.events.' || $1, 0))",
                    Parameters{}.add(consumer_))[0]
      .is_true(0);
}

std::optional<StreamMarks> EventMarks::load() {
  const Rows rows =
      session_.ask_prepared("SELECT shard, shard_seq FROM event_mark WHERE consumer = $1", Parameters{}.add(consumer_));
  if (rows.empty())
    return std::nullopt;
  StreamMarks marks;
  rows.each(
      [&](const Row& row) { marks[static_cast<Shard>(row.number(0))] = static_cast<std::uint64_t>(row.number(1)); });
  return marks;
}

void EventMarks::move_to(const StreamMarks& marks) {
  if (marks.empty())
    return;
  ArrayText shards;
  ArrayText seqs;
  for (const auto& [shard, seq] : marks) {
    shards.add(std::to_string(shard));
    seqs.add(std::to_string(seq));
  }
  session_.ask_prepared(
      "INSERT INTO event_mark (consumer, shard, shard_seq) SELECT $1, * FROM unnest($2::smallint[], $3::bigint[])"
      " ON CONFLICT (consumer, shard) DO UPDATE SET shard_seq = greatest(event_mark.shard_seq, excluded.shard_seq)",
      Parameters{}.add(consumer_).add(std::move(shards).finish()).add(std::move(seqs).finish()));
}

}  // namespace dompet
