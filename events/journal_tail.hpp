#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "events/event.hpp"
#include "persistence/event_journal.hpp"
#include "persistence/session.hpp"

namespace dompet::events {

/// Events that follow in the streams of all shards.
struct TailPage {
  std::vector<Event> events{};
  /// How far the streams are with them.
  StreamMarks marks{};
  bool has_more = false;
  /// A record that cannot be read, or one whose predecessor is nowhere: what waits for it, and why.
  std::string fault{};
};

/// Reads the journals of all databases as one stream of events, page by page, each wallet's in its order (merge.hpp).
/// Keeps nothing but the owners of wallets. One thread at a time; every call may block and throws Unavailable.
class JournalTail {
 public:
  /// `page_records`: what a page reads, or one of every shard when those are more.
  JournalTail(const std::vector<std::string>& databases, const std::string& application_name, int page_records);

  TailPage next(const StreamMarks& marks);
  /// Where all streams end now. Unavailable while a shard is in none of the databases, on its way from one to another:
  /// whoever began without its mark would be told its whole past.
  StreamMarks ends();

 private:
  std::vector<RecordStream> read(const StreamMarks& marks, TailPage& page);
  std::vector<LegPlace> places_of(const std::vector<WalletSeq>& legs);
  void adapt(int records, const std::vector<RecordStream>& streams);
  void name_owners(std::vector<Event>& events);

  std::vector<SqlSession> databases_;
  int page_records_;
  /// Adapted to how many streams have news, so that few busy ones fill a page as well as many.
  int of_one_shard_;
  std::unordered_map<WalletId, UserId> owners_{};
};

}  // namespace dompet::events
