#include "domain/placement.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace dompet {

namespace {

/// Spreads the last bits of FNV-1a, which hardly differ between neighbouring shards, over all 64.
std::uint64_t mixed(std::uint64_t hash) {
  for (int round = 0; round < 2; ++round)
    hash = (hash ^ hash >> 32) * 0x9E3779B97F4A7C15ULL;
  return hash ^ hash >> 32;
}

/// What is being planned: who has how much, what of it may go, and the moves so far.
class Plan {
 public:
  Plan(const Placement& placement, const MoveLimits& limits);

  void empty_those_who_leave();
  void balance();
  std::vector<Move> take() { return std::move(moves_); }

 private:
  struct Load {
    Candidate candidate{};
    std::size_t shards = 0;
  };
  struct Place {
    PlacedShard shard{};
    /// A wish for it is open already.
    bool on_its_way = false;
    bool planned = false;
  };

  Load* load_of(const Incarnation& node);
  bool leaves(const Incarnation& node) const { return std::ranges::count(leaving_, node) > 0; }
  bool is_uneven() const;
  Load& least_loaded(Shard shard);
  /// The shard of the donor's that is drawn most to the receiver.
  Place* best_of(const Load& donor, const Load& receiver);
  void move(Place& place, Load& receiver);

  const std::vector<Incarnation>& leaving_;
  const MoveLimits& limits_;
  /// In the order of incarnations, so that every node plans alike.
  std::vector<Load> loads_{};
  std::vector<Place> places_{};
  int open_wishes_ = 0;
  int open_wishes_of_leaving_ = 0;
  std::vector<Move> moves_{};
};

Plan::Plan(const Placement& placement, const MoveLimits& limits) : leaving_(placement.leaving), limits_(limits) {
  for (const Candidate& candidate : placement.candidates)
    loads_.push_back({candidate});
  std::ranges::sort(loads_, {}, [](const Load& load) { return load.candidate.incarnation; });
  for (const PlacedShard& shard : placement.shards) {
    const bool has_wish = shard.target != Incarnation{} && shard.target != shard.owner;
    Load* const target = has_wish ? load_of(shard.target) : nullptr;
    places_.push_back({shard, target != nullptr});
    if (target != nullptr) {
      target->shards += 1;
      (leaves(shard.owner) ? open_wishes_of_leaving_ : open_wishes_) += 1;
    } else if (Load* const owner = load_of(shard.owner)) {
      owner->shards += 1;
    }
  }
  std::ranges::sort(places_, {}, [](const Place& place) { return place.shard.shard; });
}

Plan::Load* Plan::load_of(const Incarnation& node) {
  const auto found = std::ranges::find_if(loads_, [&](const Load& load) { return load.candidate.incarnation == node; });
  return found == loads_.end() ? nullptr : &*found;
}

Plan::Load& Plan::least_loaded(Shard shard) {
  return *std::ranges::min_element(loads_, [shard](const Load& a, const Load& b) {
    return a.shards != b.shards ? a.shards < b.shards
                                : attraction(shard, a.candidate.name) > attraction(shard, b.candidate.name);
  });
}

void Plan::move(Place& place, Load& receiver) {
  place.planned = true;
  receiver.shards += 1;
  moves_.push_back({place.shard.shard, place.shard.owner, receiver.candidate.incarnation});
}

/// The wishes of leaving nodes have a budget of their own: a stop must not wait for balance.
void Plan::empty_those_who_leave() {
  if (loads_.empty())
    return;
  for (Place& place : places_) {
    if (place.on_its_way || !leaves(place.shard.owner))
      continue;
    if (open_wishes_of_leaving_ >= limits_.concurrent)
      return;
    open_wishes_of_leaving_ += 1;
    move(place, least_loaded(place.shard.shard));
  }
}

bool Plan::is_uneven() const {
  const std::size_t most = std::ranges::max(loads_, {}, &Load::shards).shards;
  return limits_.even_if_slight || most * loads_.size() * 10 > places_.size() * 12;
}

Plan::Place* Plan::best_of(const Load& donor, const Load& receiver) {
  Place* best = nullptr;
  std::uint64_t most = 0;
  for (Place& place : places_) {
    const bool stays = place.on_its_way || place.planned || place.shard.settled_for < limits_.dwell;
    if (stays || place.shard.owner != donor.candidate.incarnation)
      continue;
    const std::uint64_t drawn = attraction(place.shard.shard, receiver.candidate.name);
    if (best == nullptr || drawn > most) {
      best = &place;
      most = drawn;
    }
  }
  return best;
}

void Plan::balance() {
  if (loads_.size() < 2 || !is_uneven())
    return;
  std::vector<Load*> exhausted;
  const auto donor = [&]() -> Load* {
    Load* most = nullptr;
    for (Load& load : loads_)
      if (std::ranges::count(exhausted, &load) == 0 && (most == nullptr || load.shards > most->shards))
        most = &load;
    return most;
  };
  while (open_wishes_ + open_wishes_of_leaving_ < limits_.concurrent) {
    Load& receiver = *std::ranges::min_element(loads_, {}, &Load::shards);
    Load* const giver = donor();
    if (giver == nullptr || giver->shards < receiver.shards + 2)
      return;
    if (Place* const place = best_of(*giver, receiver)) {
      open_wishes_ += 1;
      giver->shards -= 1;
      move(*place, receiver);
    } else {
      exhausted.push_back(giver);
    }
  }
}

}  // namespace

std::uint64_t attraction(Shard shard, std::string_view node_name) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  const auto take = [&hash](std::uint8_t byte) { hash = (hash ^ byte) * 0x100000001B3ULL; };
  for (const char letter : node_name)
    take(static_cast<std::uint8_t>(letter));
  take(static_cast<std::uint8_t>(shard & 0xFF));
  take(static_cast<std::uint8_t>(shard >> 8));
  return mixed(hash);
}

const Candidate* preferred(Shard shard, std::span<const Candidate> candidates) {
  const auto rank = [shard](const Candidate& one) { return std::pair{attraction(shard, one.name), one.incarnation}; };
  const auto found = std::ranges::max_element(candidates, {}, rank);
  return found == candidates.end() ? nullptr : &*found;
}

std::vector<Move> plan_moves(const Placement& placement, const MoveLimits& limits) {
  Plan plan(placement, limits);
  plan.empty_those_who_leave();
  plan.balance();
  return plan.take();
}

}  // namespace dompet
