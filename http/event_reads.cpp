#include "http/event_reads.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "domain/ensure.hpp"
#include "events/merge.hpp"
#include "http/gather.hpp"
#include "persistence/event_journal.hpp"

namespace dompet::http {

namespace {

using ThenPage = std::function<void(std::optional<EventPage> page)>;
using Wallets = std::vector<WalletId>;
using News = std::vector<WalletNews>;
using Places = std::vector<LegPlace>;

/// Records that a page of everything reads at least, so that one of rare types is not asked for in tiny steps.
constexpr int least_records = 400;

EventJournal journal_of(Reader& reader) { return EventJournal(reader.session()); }

template <class Part>
Part joined(Parts<Part> parts) {
  Part whole;
  for (auto& part : parts)
    std::ranges::move(*part, std::back_inserter(whole));
  return whole;
}

// --- everything: by stream ---

/// `most` records and the next of every shard. Few are read of each at first; when that is little although there is
/// more, only few shards have news, and more is read of each.
JournalPage page_of_streams(Reader& reader, const StreamMarks& marks, int most) {
  constexpr int least_of_one = 16;
  constexpr int growth = 8;
  const int shards = reader.shard_count();
  for (int of_one_shard = std::max(least_of_one, 2 * most / shards);; of_one_shard *= growth) {
    JournalPage page = journal_of(reader).page(marks, std::min(of_one_shard, most), most + shards);
    const bool is_cut = std::ranges::any_of(page.streams, &RecordStream::is_cut);
    if (!is_cut || page.records >= most / 2 || of_one_shard >= most || !page.fault.empty())
      return page;
  }
}

/// What is on its way to one page of everything.
struct StreamPage {
  EventScope scope{};
  EventPlace place{};
  int limit = 0;
  ThenPage then{};
  std::vector<RecordStream> streams{};
};

/// A record's events are one step of the place: either all of them are in the page or none.
void finish(const StreamPage& wish, std::span<const LegPlace> places, bool can_hide) {
  const events::MergedPage merged = events::merge(wish.streams, wish.place.streams, places, can_hide);
  EventPage page{.after = wish.place, .has_more = merged.has_more && !merged.records.empty()};
  for (const events::RecordPtr& record : merged.records) {
    std::vector<events::Event> events;
    events::append_events(events, record);
    std::erase_if(events, [&](const events::Event& event) { return !wish.scope.types.matches(event.type); });
    if (!page.events.empty() && std::ssize(page.events) + std::ssize(events) > wish.limit) {
      page.has_more = true;
      break;
    }
    page.after.streams[record->shard] = record->shard_seq;
    std::ranges::move(events, std::back_inserter(page.events));
  }
  wish.then(std::move(page));
}

void merge_streams(Services& services, const ExchangePtr& exchange, StreamPage wish) {
  const bool can_hide = services.engine.databases() > 1 || std::ranges::any_of(wish.streams, &RecordStream::is_cut);
  auto outside = can_hide ? events::predecessors_outside(wish.streams) : std::vector<WalletSeq>{};
  if (outside.empty())
    return finish(wish, {}, can_hide);
  gather<Places>(
      services, exchange, [outside = std::move(outside)](Reader& reader) { return journal_of(reader).places(outside); },
      [wish = std::move(wish)](Parts<Places> parts) {
        if (!is_whole(parts))
          return wish.then(std::nullopt);
        finish(wish, joined(std::move(parts)), true);
      });
}

void read_streams(Services& services, const ExchangePtr& exchange, StreamPage wish) {
  const int most = std::max(wish.limit, least_records);
  const StreamMarks marks = wish.place.streams;
  gather<JournalPage>(
      services, exchange, [marks, most](Reader& reader) { return page_of_streams(reader, marks, most); },
      [&services, exchange, wish = std::move(wish)](Parts<JournalPage> parts) mutable {
        if (!is_whole(parts))
          return wish.then(std::nullopt);
        for (auto& part : parts)
          events::join(wish.streams, std::move(part->streams));
        merge_streams(services, exchange, std::move(wish));
      });
}

// --- some wallets: by wallet ---

void with_wallets(Services& services, const ExchangePtr& exchange, const EventScope& scope,
                  std::function<void(std::optional<Wallets> wallets)> then) {
  if (scope.wallet)
    return then(Wallets{*scope.wallet});
  gather<Wallets>(
      services, exchange,
      [owner = *scope.owner](Reader& reader) { return journal_of(reader).wallets_of(owner, most_event_wallets); },
      [then = std::move(then)](Parts<Wallets> parts) {
        if (!is_whole(parts))
          return then(std::nullopt);
        Wallets wallets = joined(std::move(parts));
        std::ranges::sort(wallets);
        // One that moves between two databases can be in both answers.
        wallets.erase(std::ranges::unique(wallets).begin(), wallets.end());
        wallets.resize(std::min<std::size_t>(wallets.size(), most_event_wallets));
        then(std::move(wallets));
      });
}

/// The event of this record on this wallet.
events::Event event_of(const WalletNews& news) {
  std::vector<events::Event> events;
  events::append_events(events, news.record);
  const auto found = std::ranges::find(events, news.wallet, &events::Event::wallet);
  ensure(found != events.end(), "news of a wallet are an event of it");
  return std::move(*found);
}

/// Each wallet's history is in one database as a whole, so its news follow each other. A leg that does not come next
/// waits for those before it.
EventPage page_of(const EventScope& scope, EventPlace place, News news, int limit) {
  std::ranges::stable_sort(news, {}, &WalletNews::told_ms);
  EventPage page{.after = std::move(place), .has_more = std::ssize(news) > limit};
  for (const WalletNews& one : news) {
    if (std::ssize(page.events) == limit)
      break;
    WalletPlace& wallet = page.after.of(one.wallet);
    if (one.seq != 0 && one.seq != wallet.seq + 1)
      continue;
    if (one.seq == 0)
      wallet.quiet_seq = one.record->shard_seq;
    else
      wallet.seq = one.seq;
    events::Event event = event_of(one);
    if (scope.types.matches(event.type))
      page.events.push_back(std::move(event));
  }
  return page;
}

void read_wallets(Services& services, const ExchangePtr& exchange, const EventScope& scope, const EventPlace& place,
                  int limit, ThenPage then) {
  with_wallets(services, exchange, scope, [=, &services](const std::optional<Wallets>& wallets) {
    if (!wallets)
      return then(std::nullopt);
    // Of a wallet that is not found now, since it is on its way to another database, the place is kept.
    EventPlace known = place;
    std::vector<WalletPlace> places;
    for (const WalletId& wallet : *wallets)
      places.push_back(known.of(wallet));
    gather<News>(
        services, exchange, [places, limit](Reader& reader) { return journal_of(reader).news(places, limit + 1); },
        [scope, known, limit, then](Parts<News> parts) {
          if (!is_whole(parts))
            return then(std::nullopt);
          then(page_of(scope, known, joined(std::move(parts)), limit));
        });
  });
}

}  // namespace

void read_events(Services& services, const ExchangePtr& exchange, const EventScope& scope, const EventPlace& place,
                 int limit, ThenPage then) {
  if (scope.is_everything())
    return read_streams(services, exchange, {scope, place, limit, std::move(then), {}});
  read_wallets(services, exchange, scope, place, limit, std::move(then));
}

void read_event_end(Services& services, const ExchangePtr& exchange, const EventScope& scope,
                    std::function<void(std::optional<EventPlace> place)> then) {
  if (scope.is_everything())
    return gather<StreamMarks>(
        services, exchange, [](Reader& reader) { return journal_of(reader).ends(); },
        [then = std::move(then), count = services.engine.shard_count()](Parts<StreamMarks> parts) {
          if (!is_whole(parts))
            return then(std::nullopt);
          EventPlace place;
          for (auto& part : parts)
            place.streams.merge(*part);
          // Of a shard on its way between two databases all would come, not what comes from now on.
          if (place.streams.size() < count)
            return then(std::nullopt);
          then(std::move(place));
        });
  with_wallets(services, exchange, scope,
               [&services, exchange, then = std::move(then)](const std::optional<Wallets>& wallets) {
                 if (!wallets)
                   return then(std::nullopt);
                 using Ends = std::vector<WalletPlace>;
                 gather<Ends>(
                     services, exchange,
                     [wallets = *wallets](Reader& reader) { return journal_of(reader).wallet_ends(wallets); },
                     [then, count = wallets->size()](Parts<Ends> parts) {
                       if (!is_whole(parts))
                         return then(std::nullopt);
                       EventPlace place;
                       for (const WalletPlace& end : joined(std::move(parts)))
                         place.of(end.wallet) = end;
                       // Of one on its way between two databases all would come, not what comes from now on.
                       if (place.wallets.size() < count)
                         return then(std::nullopt);
                       then(std::move(place));
                     });
               });
}

}  // namespace dompet::http
