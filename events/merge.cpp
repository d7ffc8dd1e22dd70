#include "events/merge.hpp"

#include <algorithm>
#include <map>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace dompet::events {

namespace {

struct HashOfLeg {
  std::size_t operator()(const WalletSeq& leg) const {
    return std::hash<WalletId>{}(leg.wallet) ^ (leg.seq * 0x9E3779B97F4A7C15ULL);
  }
};

template <class Value>
using ByLeg = std::unordered_map<WalletSeq, Value, HashOfLeg>;

/// A record of the page with those of the page that wait for it.
struct Node {
  RecordPtr record{};
  std::size_t stream = 0;
  int waits_for = 0;
  std::vector<std::size_t> followers{};
};

std::optional<WalletSeq> before(const Leg& leg) {
  if (leg.seq <= 1)
    return std::nullopt;
  return WalletSeq{leg.wallet, leg.seq - 1};
}

ByLeg<std::size_t> legs_of(std::span<const RecordStream> streams) {
  ByLeg<std::size_t> legs;
  std::size_t number = 0;
  for (const RecordStream& stream : streams)
    for (const RecordPtr& record : stream.records) {
      for (const Leg& leg : record->all_legs())
        legs.emplace(WalletSeq{leg.wallet, leg.seq}, number);
      ++number;
    }
  return legs;
}

class Merging {
 public:
  Merging(std::span<const RecordStream> streams, const StreamMarks& marks, std::span<const LegPlace> places,
          bool can_hide)
      : streams_(streams), marks_(marks), can_hide_(can_hide), legs_(legs_of(streams)) {
    for (const LegPlace& place : places)
      places_.emplace(place.leg, &place);
  }

  MergedPage finish() {
    link_all();
    const auto is_later = [this](std::size_t left, std::size_t right) { return order_of(left) > order_of(right); };
    std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(is_later)> ready(is_later);
    for (std::size_t number = 0; number < nodes_.size(); ++number)
      if (nodes_[number].waits_for == 0)
        ready.push(number);
    while (!ready.empty()) {
      const std::size_t number = ready.top();
      ready.pop();
      take(nodes_[number]);
      for (const std::size_t follower : nodes_[number].followers)
        if (--nodes_[follower].waits_for == 0)
          ready.push(follower);
    }
    page_.has_more = page_.records.size() < nodes_.size() || std::ranges::any_of(streams_, &RecordStream::is_cut);
    return std::move(page_);
  }

 private:
  std::tuple<std::int64_t, Shard, std::uint64_t> order_of(std::size_t number) const {
    const Record& record = *nodes_[number].record;
    return {record.at_ms, record.shard, record.shard_seq};
  }

  void link_all() {
    for (std::size_t stream = 0; stream < streams_.size(); ++stream)
      for (const RecordPtr& record : streams_[stream].records)
        nodes_.push_back({record, stream});
    for (std::size_t number = 0; number < nodes_.size(); ++number) {
      if (number > 0 && nodes_[number - 1].stream == nodes_[number].stream)
        wait_for(number, number - 1);
      for (const Leg& leg : nodes_[number].record->all_legs())
        if (const auto earlier = before(leg))
          wait_for_leg(number, *earlier);
    }
  }

  void wait_for(std::size_t number, std::size_t earlier) {
    nodes_[earlier].followers.push_back(number);
    ++nodes_[number].waits_for;
  }

  /// What waits for something outside of the page waits for longer than the page lives.
  void wait_for_leg(std::size_t number, const WalletSeq& earlier) {
    if (const auto found = legs_.find(earlier); found != legs_.end())
      return wait_for(number, found->second);
    if (can_hide_ && !was_delivered(earlier))
      ++nodes_[number].waits_for;
  }

  bool was_delivered(const WalletSeq& leg) const {
    const auto found = places_.find(leg);
    if (found == places_.end())
      return false;
    const auto mark = marks_.find(found->second->shard);
    return mark != marks_.end() && found->second->shard_seq <= mark->second;
  }

  void take(const Node& node) {
    page_.marks[node.record->shard] = node.record->shard_seq;
    page_.records.push_back(node.record);
  }

  std::span<const RecordStream> streams_;
  const StreamMarks& marks_;
  bool can_hide_;
  ByLeg<std::size_t> legs_;
  ByLeg<const LegPlace*> places_{};
  std::vector<Node> nodes_{};
  MergedPage page_{};
};

}  // namespace

void join(std::vector<RecordStream>& streams, std::vector<RecordStream>&& more) {
  for (RecordStream& stream : more) {
    const auto known = std::ranges::find(streams, stream.shard, &RecordStream::shard);
    if (known == streams.end())
      streams.push_back(std::move(stream));
    else if (known->records.size() < stream.records.size())
      *known = std::move(stream);
  }
}

std::vector<WalletSeq> predecessors_outside(std::span<const RecordStream> streams) {
  const ByLeg<std::size_t> legs = legs_of(streams);
  std::vector<WalletSeq> outside;
  for (const RecordStream& stream : streams)
    for (const RecordPtr& record : stream.records)
      for (const Leg& leg : record->all_legs())
        if (const auto earlier = before(leg); earlier && !legs.contains(*earlier))
          outside.push_back(*earlier);
  return outside;
}

MergedPage merge(std::span<const RecordStream> streams, const StreamMarks& marks, std::span<const LegPlace> places,
                 bool can_hide) {
  return Merging(streams, marks, places, can_hide).finish();
}

}  // namespace dompet::events
