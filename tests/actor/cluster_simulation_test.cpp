// Random lives of a cluster in one process. DOMPET_SIMULATION_SEEDS says how many (1,000 by default),
// DOMPET_SIMULATION_SEED repeats exactly one.

#include <catch2/catch_test_macros.hpp>

#include <iostream>

#include "tests/actor/cluster_simulation.hpp"
#include "tests/actor/seeds.hpp"

namespace dompet::simulated {

namespace {

using Habit = ClusterSimulation::Habit;

/// Whether, within a few seeds, the rule that this flaw breaks is said to be broken.
bool caught(std::string_view rule, Flaw flaw, Habit habit = Habit::sound) {
  constexpr std::uint64_t enough_seeds = 300;
  for (std::uint64_t seed = 1; seed <= enough_seeds; ++seed)
    if (const auto broken = ClusterSimulation(seed, flaw, habit).run(); broken && broken->contains(rule))
      return true;
  return false;
}

}  // namespace

TEST_CASE("whatever fails in a cluster in whatever order, no money is made or lost and no promise is broken",
          "[seeds]") {
  ClusterSimulation::Tally sum;
  const Seeds seeds = seeds_to_live();
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    ClusterSimulation simulation(seed);
    const auto broken = simulation.run();
    if (broken) {
      ClusterSimulation again(seed);
      again.keep_trace();
      again.run();
      std::cerr << "seed " << seed << ":\n" << again.trace();
    }
    INFO("DOMPET_SIMULATION_SEED=" << seed << " repeats this");
    CHECK(broken.value_or("nothing is broken") == "nothing is broken");
    sum += simulation.tally();
  }
  INFO(seeds.count() << " lives: " << sum.in_words());
  const bool enough_happened =
      sum.kills > 0 && sum.freezes > 0 && sum.partitions > 0 && sum.cuts > 0 && sum.step_downs > 0 && sum.resets > 0 &&
      sum.crashes > 0 && sum.forwarded > 0 && sum.handed_over > 0 && sum.acquired > 0 && sum.slow_transfers > 0 &&
      sum.clients.done > 0 && sum.clients.declined > 0 && sum.clients.replayed > 0 && sum.clients.in_doubt > 0 &&
      sum.clients.balances > 0 && sum.clients.authorized > 0 && sum.clients.captured > 0 && sum.clients.refunded > 0 &&
      sum.clients.withdrawn > 0 && sum.clients.converted > 0 && sum.clients.billed > 0;
  CHECK((enough_happened || seeds.count() < 100));
}

TEST_CASE("a cluster's life repeats exactly by its seed") {
  ClusterSimulation first(7);
  ClusterSimulation second(7);
  CHECK_FALSE(first.run());
  CHECK_FALSE(second.run());
  CHECK(first.tally().in_words() == second.tally().in_words());
}

TEST_CASE("the simulation of a cluster catches a database that lets a fenced lane commit") {
  CHECK(caught("I1: a row of an epoch that had ended", Flaw::skips_fence));
}

TEST_CASE("the simulation of a cluster catches a register that does not show a tombstone to a late credit") {
  CHECK(caught("I3", Flaw::hides_refusals));
}

TEST_CASE("the simulation of a cluster catches an answer that was given before it was durable") {
  CHECK(caught("I6: an answer was given that is not durable", Flaw::lies_about_durability));
}

TEST_CASE("the simulation of a cluster catches a database that takes a key twice") {
  CHECK(caught("I8: two transactions have one idempotency key", Flaw::forgets_keys));
}

TEST_CASE("the simulation of a cluster catches a balance that was read after others had taken the wallet") {
  CHECK(caught("is older than the question", Flaw::none, Habit::keeps_its_lease));
}

}  // namespace dompet::simulated
