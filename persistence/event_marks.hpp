#pragma once

#include <optional>
#include <string>

#include "persistence/event_journal.hpp"

namespace dompet {

/// How far a consumer of events has come, in table event_mark of database 0 (migrations/0013). Everything here is part
/// of the caller's transaction; throws Unavailable.
class EventMarks {
 public:
  EventMarks(SqlSession& session, std::string consumer) : session_(session), consumer_(std::move(consumer)) {}

  /// False when another session is at work for this consumer. Given back with the transaction.
  bool lock();
  /// Nothing when the consumer never began.
  std::optional<StreamMarks> load();
  /// Of the shards that are named.
  void move_to(const StreamMarks& marks);

 private:
  SqlSession& session_;
  std::string consumer_;
};

}  // namespace dompet
