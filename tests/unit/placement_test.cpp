#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "domain/placement.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;
using std::chrono::milliseconds;

namespace {

constexpr MoveLimits at_once{1'000'000, milliseconds{0}, true};

Candidate node(std::uint64_t number) { return {{given::uuid(number)}, "node-" + std::to_string(number)}; }

std::vector<Candidate> nodes(std::uint64_t count) {
  std::vector<Candidate> all;
  for (std::uint64_t number = 1; number <= count; ++number)
    all.push_back(node(number));
  return all;
}

/// Every shard with the candidate that it is drawn to.
Placement drawn(Shard shards, const std::vector<Candidate>& candidates) {
  Placement placement;
  placement.candidates = candidates;
  for (Shard shard = 0; shard < shards; ++shard)
    placement.shards.push_back({shard, preferred(shard, candidates)->incarnation, {}, milliseconds{60'000}});
  return placement;
}

void carry_out(Placement& placement, const std::vector<Move>& moves) {
  for (const Move& move : moves) {
    PlacedShard& shard = placement.shards.at(move.shard);
    CHECK(shard.owner == move.from);
    CHECK(move.from != move.to);
    shard.owner = move.to;
  }
}

std::size_t owned_by(const Placement& placement, const Candidate& candidate) {
  return static_cast<std::size_t>(std::ranges::count(placement.shards, candidate.incarnation, &PlacedShard::owner));
}

std::size_t most(const Placement& placement) {
  std::size_t found = 0;
  for (const Candidate& candidate : placement.candidates)
    found = std::max(found, owned_by(placement, candidate));
  return found;
}

/// Everybody has an even share, rounded down or up.
void check_even(const Placement& placement) {
  const std::size_t share = placement.shards.size() / placement.candidates.size();
  const bool rounds_up = placement.shards.size() % placement.candidates.size() != 0;
  for (const Candidate& candidate : placement.candidates) {
    CHECK(owned_by(placement, candidate) >= share);
    CHECK(owned_by(placement, candidate) <= share + (rounds_up ? 1 : 0));
  }
}

/// How many must go so that nobody has more than a share, when the roundings go to those who have most.
std::size_t least_moves(const Placement& placement) {
  std::vector<std::size_t> loads;
  for (const Candidate& candidate : placement.candidates)
    loads.push_back(owned_by(placement, candidate));
  std::ranges::sort(loads, std::greater{});
  std::size_t rounded_up = placement.shards.size() % loads.size();
  std::size_t moves = 0;
  for (const std::size_t load : loads) {
    const std::size_t share = placement.shards.size() / loads.size() + (rounded_up > 0 ? 1 : 0);
    rounded_up -= rounded_up > 0 ? 1 : 0;
    moves += load > share ? load - share : 0;
  }
  return moves;
}

}  // namespace

TEST_CASE("shards are drawn to the same nodes for ever") {
  // The numbers come from an independent program; nodes of two versions must agree on them.
  CHECK(attraction(0, "") == 0x1B20244AD4AB5E10ULL);
  CHECK(attraction(0, "dompet") == 0x75358C4CA85E7675ULL);
  CHECK(attraction(17, "node-1") == 0x549DF1A33CAAA63FULL);
  CHECK(attraction(4'095, "jakarta.example") == 0xBA3EFED5BA4F069EULL);
}

TEST_CASE("shards spread over the nodes, whatever these are called") {
  for (const std::uint64_t count : {2U, 3U, 5U, 10U}) {
    const Placement placement = drawn(4'000, nodes(count));
    const double expected = 4'000.0 / static_cast<double>(count);
    for (const Candidate& candidate : placement.candidates) {
      // Five standard deviations are 160 at most.
      CHECK(static_cast<double>(owned_by(placement, candidate)) > expected - 160);
      CHECK(static_cast<double>(owned_by(placement, candidate)) < expected + 160);
    }
  }
}

TEST_CASE("when a node goes only its shards are drawn elsewhere, and when it comes back it gets them back") {
  const std::vector<Candidate> before = nodes(5);
  std::vector<Candidate> after = before;
  after.erase(after.begin() + 2);
  Candidate again = node(3);
  again.incarnation = {given::uuid(99)};
  std::vector<Candidate> later = after;
  later.push_back(again);
  for (Shard shard = 0; shard < 1'000; ++shard) {
    const std::string had = preferred(shard, before)->name;
    CHECK((preferred(shard, after)->name == had || had == "node-3"));
    CHECK(preferred(shard, later)->name == had);
  }
  CHECK(preferred(7, {}) == nullptr);
}

TEST_CASE("any distribution becomes even, with as few moves as there can be") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    given::Random random(seed);
    Placement placement = drawn(static_cast<Shard>(1 + random.upto(100)), nodes(1 + random.upto(7)));
    for (PlacedShard& shard : placement.shards)
      if (random.coin())
        shard.owner = random.one_of(placement.candidates).incarnation;
    const std::size_t least = least_moves(placement);
    const std::vector<Move> moves = plan_moves(placement, at_once);
    CHECK(moves.size() == least);
    std::ranges::shuffle(placement.candidates, std::minstd_rand(static_cast<unsigned>(seed)));
    std::ranges::shuffle(placement.shards, std::minstd_rand(static_cast<unsigned>(seed)));
    CHECK(plan_moves(placement, at_once) == moves);
    std::ranges::sort(placement.shards, {}, &PlacedShard::shard);
    carry_out(placement, moves);
    check_even(placement);
    CHECK(plan_moves(placement, at_once).empty());
  }
}

TEST_CASE(
    "step by step, a few wishes at a time, it becomes even as well, and nobody ever has more than before or a share") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    given::Random random(seed);
    Placement placement = drawn(64, nodes(2 + random.upto(4)));
    const std::size_t share = (64 + placement.candidates.size() - 1) / placement.candidates.size();
    MoveLimits limits{4, milliseconds{0}, true};
    for (;;) {
      const std::size_t before = most(placement);
      const std::vector<Move> moves = plan_moves(placement, limits);
      CHECK(moves.size() <= 4);
      // Some of the wishes come true, the others stay open.
      for (const Move& move : moves)
        placement.shards[move.shard].target = move.to;
      for (PlacedShard& shard : placement.shards)
        if (shard.target != Incarnation{} && random.coin())
          shard.owner = std::exchange(shard.target, Incarnation{});
      CHECK(most(placement) <= std::max(before, share));
      const bool is_quiet =
          std::ranges::all_of(placement.shards, [](const PlacedShard& shard) { return shard.target == Incarnation{}; });
      if (moves.empty() && is_quiet)
        break;
    }
    check_even(placement);
  }
}

TEST_CASE("a node that joins gets its share from the others, and nothing else moves") {
  Placement placement = drawn(64, nodes(3));
  carry_out(placement, plan_moves(placement, at_once));
  placement.candidates = nodes(4);
  const std::vector<Move> moves = plan_moves(placement, {1'000, milliseconds{30'000}, false});
  CHECK(moves.size() == 16);
  for (const Move& move : moves)
    CHECK(move.to == node(4).incarnation);
  carry_out(placement, moves);
  check_even(placement);
}

TEST_CASE("a node that leaves gives everything away to those who have least, and nothing else moves") {
  Placement placement = drawn(64, nodes(4));
  carry_out(placement, plan_moves(placement, at_once));
  placement.candidates.erase(placement.candidates.begin());
  placement.leaving.push_back(node(1).incarnation);
  // Neither dwell nor evenness keeps it.
  for (PlacedShard& shard : placement.shards)
    shard.settled_for = milliseconds{0};
  const std::vector<Move> moves = plan_moves(placement, {1'000, milliseconds{30'000}, false});
  CHECK(moves.size() == 16);
  for (const Move& move : moves)
    CHECK(move.from == node(1).incarnation);
  carry_out(placement, moves);
  check_even(placement);
  placement.candidates.clear();
  CHECK(plan_moves(placement, at_once).empty());
}

TEST_CASE("a small unevenness is left alone unless it is asked about") {
  const auto shards_of_first = [](Shard first) {
    Placement placement = drawn(60, nodes(2));
    for (PlacedShard& shard : placement.shards)
      shard.owner = node(shard.shard < first ? 1 : 2).incarnation;
    return placement;
  };
  const MoveLimits usual{1'000, milliseconds{30'000}, false};
  CHECK(plan_moves(shards_of_first(36), usual).empty());  // 1.2 times the share of 30
  CHECK(plan_moves(shards_of_first(36), at_once).size() == 6);
  CHECK(plan_moves(shards_of_first(37), usual).size() == 7);
}

TEST_CASE("a shard that moved lately stays, and the others move for it") {
  Placement placement = drawn(12, nodes(2));
  for (PlacedShard& shard : placement.shards) {
    shard.owner = node(1).incarnation;
    shard.settled_for = milliseconds{shard.shard < 8 ? 29'999 : 30'000};
  }
  std::set<Shard> moved;
  for (const Move& move : plan_moves(placement, {1'000, milliseconds{30'000}, false}))
    moved.insert(move.shard);
  CHECK(moved == std::set<Shard>{8, 9, 10, 11});
}

TEST_CASE("open wishes count as if they had come true, and take from what may move at the same time") {
  Placement placement = drawn(12, nodes(2));
  for (PlacedShard& shard : placement.shards) {
    shard.owner = node(1).incarnation;
    shard.target = shard.shard < 3 ? node(2).incarnation : Incarnation{};
  }
  CHECK(plan_moves(placement, {4, milliseconds{0}, false}).size() == 1);
  const std::vector<Move> rest = plan_moves(placement, at_once);
  CHECK(rest.size() == 3);
  for (const Move& move : rest)
    CHECK(move.shard >= 3);
  // A wish for a node that is no candidate is none.
  for (PlacedShard& shard : placement.shards)
    shard.target = shard.shard < 3 ? node(9).incarnation : Incarnation{};
  CHECK(plan_moves(placement, at_once).size() == 6);
}

TEST_CASE("shards of a node that was not heard of lately stay where they are") {
  Placement placement = drawn(12, nodes(3));
  placement.candidates = nodes(2);
  for (const Move& move : plan_moves(placement, at_once))
    CHECK(move.from != node(3).incarnation);
}
