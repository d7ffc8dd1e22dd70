#pragma once

#include <cstdint>
#include <string>

#include "persistence/movement_sheet.hpp"
#include "persistence/session.hpp"

namespace dompet {

struct ProjectorSettings {
  /// libpq connection string or URL of one of the ledger's databases.
  std::string database{};
  std::string application_name = "dompet/statistics";
  int connect_timeout_s = 2;
  /// Records a step: what one transaction of it reads and writes.
  int page_records = 2'000;
};

/// What one step did.
struct ProjectedStep {
  /// False when another node is at it.
  bool was_ours = false;
  int records = 0;
  /// The page was full: there is more to do.
  bool has_more = false;
  /// A shard whose next record cannot be read, and why: it stays where it is, the others go on.
  std::string fault{};
};

/// Adds the journal of one database up by month (migrations/0008), stream by stream, page by page. A page, its sums and
/// how far it goes are one transaction, under a lock that one session of the database can have: so each record is
/// counted exactly once, whoever dies when, and however many nodes do it. Reads what is committed and writes nothing
/// that a commit lane waits for.
///
/// One thread at a time; every call may block, and throws Unavailable.
class MovementProjector {
 public:
  explicit MovementProjector(ProjectorSettings settings);

  /// Counts the next records.
  ProjectedStep step();
  /// Forgets everything, so that the next steps count it anew.
  void forget();

 private:
  /// The page's records, as far as they can be read.
  MovementSheet read_page(ProjectedStep& step);
  void write(const MovementSheet& sheet);
  void write_marks();

  ProjectorSettings settings_;
  SqlSession session_;
  /// The shard to begin with, so that a busy one does not keep the others waiting.
  Shard first_ = 0;
  /// Of the page: how far each shard in it goes.
  std::map<Shard, std::int64_t> marks_{};
};

/// The shards that live here with how far they are counted: `shard`, `shard_seq`.
std::string movement_marks_sql();

}  // namespace dompet
