#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "events/merge.hpp"

using namespace dompet;
using namespace dompet::events;

namespace {

WalletId wallet_number(std::size_t number) {
  WalletId wallet;
  wallet.uuid.bytes[15] = static_cast<std::uint8_t>(number);
  wallet.uuid.bytes[0] = 1;
  return wallet;
}

/// A ledger's whole future, in the order in which it is committed, and which database each shard lives in when.
class Ledger {
 public:
  Ledger(std::uint64_t seed, std::size_t databases) : random_(seed), databases_(databases) {
    shards_ = below(6) + 1;
    wallets_ = below(8) + 2;
    for (Shard shard = 0; shard < shards_; ++shard)
      homes_.push_back({{0, below(databases_)}});
    const std::size_t records = below(120) + 1;
    while (committed_.size() < records)
      commit();
  }

  std::size_t size() const { return committed_.size(); }
  std::size_t shards() const { return shards_; }
  std::size_t databases() const { return databases_; }
  const RecordPtr& record(std::size_t number) const { return committed_[number]; }
  std::size_t below(std::size_t bound) { return random_() % bound; }

  bool lives_in(Shard shard, std::size_t database, std::size_t moment) const {
    const auto later = homes_[shard].upper_bound(moment);
    return std::prev(later)->second == database;
  }

  /// What one question to a database gives, as the statement gives it: round by round, then cut.
  std::vector<RecordStream> read(std::size_t database, std::size_t moment, const StreamMarks& marks,
                                 std::size_t of_one_shard, std::size_t most) const {
    std::map<Shard, RecordStream> streams;
    for (std::size_t number = 0; number < moment; ++number) {
      const RecordPtr& record = committed_[number];
      const auto mark = marks.find(record->shard);
      if (!lives_in(record->shard, database, moment) || (mark != marks.end() && record->shard_seq <= mark->second))
        continue;
      RecordStream& stream = streams[record->shard];
      stream.shard = record->shard;
      if (stream.records.size() < of_one_shard)
        stream.records.push_back(record);
      stream.is_cut = stream.records.size() == of_one_shard;
    }
    return cut(std::move(streams), most);
  }

  std::vector<LegPlace> places(const std::vector<WalletSeq>& legs, const std::vector<std::size_t>& moments) const {
    std::vector<LegPlace> places;
    for (std::size_t database = 0; database < databases_; ++database)
      for (std::size_t number = 0; number < moments[database]; ++number)
        if (lives_in(committed_[number]->shard, database, moments[database]))
          for (const Leg& leg : committed_[number]->all_legs())
            if (std::ranges::find(legs, WalletSeq{leg.wallet, leg.seq}) != legs.end())
              places.push_back({{leg.wallet, leg.seq}, committed_[number]->shard, committed_[number]->shard_seq});
    return places;
  }

 private:
  static std::vector<RecordStream> cut(std::map<Shard, RecordStream> streams, std::size_t most) {
    std::size_t left = most;
    std::map<Shard, std::size_t> taken;
    for (std::size_t round = 0, found = 1; found > 0 && left > 0; ++round) {
      found = 0;
      for (const auto& [shard, stream] : streams)
        if (round < stream.records.size() && left > 0) {
          ++found;
          --left;
          ++taken[shard];
        }
    }
    std::vector<RecordStream> page;
    for (auto& [shard, stream] : streams) {
      stream.is_cut = stream.is_cut || left == 0;
      stream.records.resize(taken[shard]);
      if (!stream.records.empty())
        page.push_back(std::move(stream));
    }
    return page;
  }

  /// A record of one shard: nobody's leg, one, or those of a source and of a destination that lives in the same
  /// database.
  void commit() {
    if (databases_ > 1 && below(20) == 0)
      homes_[below(shards_)][committed_.size()] = below(databases_);
    auto record = std::make_shared<Record>();
    const std::size_t source = below(wallets_);
    record->shard = static_cast<Shard>(source % shards_);
    record->shard_seq = ++stream_ends_[record->shard];
    record->at_ms = static_cast<std::int64_t>(committed_.size() / 3 + below(5));  // clocks of several nodes
    const std::size_t legs = below(3);
    if (legs > 0)
      add_leg(*record, source);
    const std::size_t destination = below(wallets_);
    if (legs > 1 && destination != source && are_together(source % shards_, destination % shards_))
      add_leg(*record, destination);
    committed_.push_back(std::move(record));
  }

  bool are_together(std::size_t left, std::size_t right) const {
    for (std::size_t database = 0; database < databases_; ++database)
      if (lives_in(static_cast<Shard>(left), database, committed_.size()) &&
          lives_in(static_cast<Shard>(right), database, committed_.size()))
        return true;
    return false;
  }

  void add_leg(Record& record, std::size_t wallet) {
    record.add_leg(wallet_number(wallet), Credited{});
    record.leg[record.legs - 1U].seq = ++wallet_ends_[wallet];
  }

  std::mt19937_64 random_;
  std::size_t databases_;
  std::size_t shards_ = 1;
  std::size_t wallets_ = 2;
  /// By shard: from which moment on it lives in which database.
  std::vector<std::map<std::size_t, std::size_t>> homes_{};
  std::vector<RecordPtr> committed_{};
  std::map<Shard, std::uint64_t> stream_ends_{};
  std::map<std::size_t, std::uint64_t> wallet_ends_{};
};

/// Somebody who reads page by page while the ledger grows, and notes what was wrong.
class Listener {
 public:
  explicit Listener(Ledger& ledger) : ledger_(ledger), moments_(ledger.databases(), 0) {}

  /// True when the page had anything.
  bool read_page() {
    const std::size_t of_one_shard = ledger_.below(6) + 1;
    const std::size_t most = ledger_.shards() + ledger_.below(12);
    std::vector<RecordStream> streams;
    for (std::size_t database = 0; database < ledger_.databases(); ++database) {
      moments_[database] += ledger_.below(ledger_.size() - moments_[database] + 1);
      join(streams, ledger_.read(database, moments_[database], marks_, of_one_shard, most));
    }
    const bool can_hide = ledger_.databases() > 1 || std::ranges::any_of(streams, &RecordStream::is_cut);
    const auto places = ledger_.places(predecessors_outside(streams), moments_);
    const MergedPage page = merge(streams, marks_, places, can_hide);
    for (const RecordPtr& record : page.records)
      take(*record);
    for (const auto& [shard, seq] : page.marks)
      CHECK(marks_[shard] == seq);
    return !page.records.empty();
  }

  void catch_up() {
    for (std::size_t& moment : moments_)
      moment = ledger_.size();
  }
  std::size_t taken() const { return taken_; }

 private:
  void take(const Record& record) {
    ++taken_;
    CHECK(record.shard_seq == marks_[record.shard] + 1);  // none twice, none left out
    marks_[record.shard] = record.shard_seq;
    for (const Leg& leg : record.all_legs())
      CHECK(leg.seq == ++wallets_[leg.wallet]);
  }

  Ledger& ledger_;
  std::vector<std::size_t> moments_;
  StreamMarks marks_{};
  std::map<WalletId, std::uint64_t> wallets_{};
  std::size_t taken_ = 0;
};

void check_any_reading(std::uint64_t seed, std::size_t databases) {
  INFO("seed " << seed << ", databases " << databases);
  Ledger ledger(seed, databases);
  Listener listener(ledger);
  for (int page = 0; page < 10; ++page)
    listener.read_page();
  listener.catch_up();
  while (listener.taken() < ledger.size())
    REQUIRE(listener.read_page());  // as long as there is more, every page gets further
  CHECK_FALSE(listener.read_page());
}

}  // namespace

TEST_CASE("whatever is committed when and however it is paged, each wallet's events come in order, once, and all") {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed)
    check_any_reading(seed, 1);
}

TEST_CASE("the same holds over several databases that shards move between while they are read") {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed)
    check_any_reading(seed, 2 + seed % 2);
}

TEST_CASE("a record waits for a leg that is in no page and in no place") {
  auto record = std::make_shared<Record>();
  record->shard_seq = 1;
  record->add_leg(wallet_number(1), Credited{});
  record->leg[0].seq = 2;
  const std::vector<RecordStream> streams{{0, {record}, false}};
  const MergedPage page = merge(streams, {}, {}, true);
  CHECK(page.records.empty());
  CHECK(page.has_more);
}
