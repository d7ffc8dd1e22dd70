#include "events/journal_tail.hpp"

#include <algorithm>
#include <utility>

#include "events/merge.hpp"
#include "persistence/lane_store.hpp"

namespace dompet::events {

namespace {

/// Owners never change, so what is known stays true; but not all of a large ledger's are kept.
constexpr std::size_t most_known_owners = 100'000;
/// That a ledger can have (migrations/0001): a page takes the next record of each.
constexpr int most_shards = 4'096;

SessionSettings session_settings(const std::string& database, const std::string& application_name) {
  return {.database = database,
          .application_name = application_name,
          .statement_timeout_ms = 15'000,
          .lock_timeout_ms = 5'000,
          .read_only = true,
          .replaces_broken = true};
}

}  // namespace

JournalTail::JournalTail(const std::vector<std::string>& databases, const std::string& application_name,
                         int page_records)
    : page_records_(page_records), of_one_shard_(std::max(1, page_records / 16)) {
  for (const std::string& database : databases)
    databases_.emplace_back(session_settings(database, application_name));
}

TailPage JournalTail::next(const StreamMarks& marks) {
  TailPage page;
  const std::vector<RecordStream> streams = read(marks, page);
  const bool can_hide = databases_.size() > 1 || std::ranges::any_of(streams, &RecordStream::is_cut);
  const std::vector<LegPlace> places = can_hide ? places_of(predecessors_outside(streams)) : std::vector<LegPlace>{};
  MergedPage merged = merge(streams, marks, places, can_hide);
  page.marks = std::move(merged.marks);
  page.has_more = merged.has_more && !merged.records.empty();
  if (merged.records.empty() && !streams.empty() && page.fault.empty())
    page.fault = "shard " + std::to_string(streams.front().shard) + " waits for a leg that is in no database";
  for (const RecordPtr& record : merged.records)
    append_events(page.events, record);
  name_owners(page.events);
  return page;
}

StreamMarks JournalTail::ends() {
  StreamMarks ends;
  for (SqlSession& database : databases_)
    for (const auto& [shard, seq] : EventJournal(database).ends())
      ends[shard] = std::max(ends[shard], seq);
  if (std::ssize(ends) != EventJournal(databases_.front()).shard_count())
    throw Unavailable("a shard is on its way from one database to another");
  return ends;
}

std::vector<RecordStream> JournalTail::read(const StreamMarks& marks, TailPage& page) {
  std::vector<RecordStream> streams;
  int records = 0;
  for (SqlSession& database : databases_) {
    JournalPage part = EventJournal(database).page(marks, of_one_shard_, std::max(page_records_, most_shards));
    records += part.records;
    if (!part.fault.empty())
      page.fault = part.fault;
    join(streams, std::move(part.streams));
  }
  adapt(records, streams);
  return streams;
}

/// A full page is spread over more streams next time, one that is cut although it is small over fewer.
void JournalTail::adapt(int records, const std::vector<RecordStream>& streams) {
  if (records >= page_records_)
    of_one_shard_ = std::max(1, page_records_ / static_cast<int>(streams.size()));
  else if (records < page_records_ / 2 && std::ranges::any_of(streams, &RecordStream::is_cut))
    of_one_shard_ = std::min(page_records_, of_one_shard_ * 2);
}

std::vector<LegPlace> JournalTail::places_of(const std::vector<WalletSeq>& legs) {
  std::vector<LegPlace> places;
  if (legs.empty())
    return places;
  for (SqlSession& database : databases_)
    for (const LegPlace& place : EventJournal(database).places(legs))
      places.push_back(place);
  return places;
}

void JournalTail::name_owners(std::vector<Event>& events) {
  if (owners_.size() > most_known_owners)
    owners_.clear();
  std::vector<WalletId> unknown;
  for (const Event& event : events)
    if (!owners_.contains(event.wallet))
      unknown.push_back(event.wallet);
  std::ranges::sort(unknown);
  unknown.erase(std::ranges::unique(unknown).begin(), unknown.end());
  for (SqlSession& database : databases_)
    if (!unknown.empty())
      owners_.merge(EventJournal(database).owners(unknown));
  for (Event& event : events)
    if (const auto known = owners_.find(event.wallet); known != owners_.end())
      event.owner = known->second;
}

}  // namespace dompet::events
