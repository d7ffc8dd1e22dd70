// Random lives of a node under the deterministic scheduler. DOMPET_SIMULATION_SEEDS says how many (1,000 by default),
// DOMPET_SIMULATION_SEED repeats exactly one.

#include <catch2/catch_test_macros.hpp>

#include "tests/actor/seeds.hpp"
#include "tests/actor/simulation.hpp"

namespace dompet::simulated {

namespace {

/// Whether, within a few seeds, the rule that this flaw breaks is said to be broken.
bool caught(Flaw flaw, std::string_view rule, std::uint64_t seeds = 100) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    if (const auto broken = Simulation(seed, flaw).run(); broken && broken->find(rule) != broken->npos)
      return true;
  return false;
}

}  // namespace

TEST_CASE("whatever fails in whatever order, no money is made or lost and no promise is broken", "[seeds]") {
  const Seeds seeds = seeds_to_live();
  Simulation::Tally sum;
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    Simulation simulation(seed);
    const auto broken = simulation.run();
    INFO("DOMPET_SIMULATION_SEED=" << seed << " repeats this");
    CHECK(broken.value_or("nothing is broken") == "nothing is broken");
    const Simulation::Tally tally = simulation.tally();
    sum.steps += tally.steps, sum.done += tally.done, sum.declined += tally.declined, sum.replayed += tally.replayed;
    sum.authorized += tally.authorized, sum.captured += tally.captured, sum.refunded += tally.refunded;
    sum.withdrawn += tally.withdrawn, sum.expired += tally.expired, sum.contradictions += tally.contradictions;
    sum.converted += tally.converted, sum.billed += tally.billed;
    sum.orders += tally.orders, sum.approved += tally.approved, sum.rejected += tally.rejected;
    sum.blocked += tally.blocked;
    sum.not_now += tally.not_now, sum.kills += tally.kills, sum.resets += tally.resets, sum.crashes += tally.crashes;
  }
  INFO(seeds.count() << " lives: " << sum.steps << " steps, " << sum.done << " done, " << sum.declined << " declined, "
                     << sum.replayed << " replayed, " << sum.not_now << " not now, " << sum.resets << " resets, "
                     << sum.crashes << " wallet crashes, " << sum.kills << " kills, " << sum.authorized
                     << " authorized, " << sum.captured << " captures, " << sum.refunded << " refunds, "
                     << sum.withdrawn << " withdrawn, " << sum.converted << " converted, " << sum.billed << " billed, "
                     << sum.expired << " expired, " << sum.contradictions << " contradictions of the provider, "
                     << sum.blocked << " blocked by rules, " << sum.orders << " orders of officers, " << sum.approved
                     << " approved, " << sum.rejected << " rejected");
  const bool enough_happened = sum.done > 0 && sum.declined > 0 && sum.replayed > 0 && sum.resets > 0 &&
                               sum.crashes > 0 && sum.kills > 0 && sum.authorized > 0 && sum.captured > 0 &&
                               sum.refunded > 0 && sum.withdrawn > 0 && sum.expired > 0 && sum.contradictions > 0 &&
                               sum.converted > 0 && sum.billed > 0 && sum.blocked > 0 && sum.approved > 0 &&
                               sum.rejected > 0;
  CHECK((enough_happened || seeds.count() < 100));
}

TEST_CASE("a life repeats exactly by its seed") {
  Simulation first(7);
  Simulation second(7);
  CHECK_FALSE(first.run());
  CHECK_FALSE(second.run());
  CHECK(first.tally().steps == second.tally().steps);
  CHECK(first.tally().done == second.tally().done);
}

TEST_CASE("the simulation catches a ledger that lets a fenced lane commit") {
  CHECK(caught(Flaw::skips_fence, "I1: a row of an epoch that had ended"));
}

TEST_CASE("the simulation catches a ledger that drops a row") { CHECK(caught(Flaw::drops_a_row, "I1: a gap")); }

TEST_CASE("the simulation catches a ledger that doubles a credit") {
  CHECK(caught(Flaw::doubles_a_credit, "does not balance"));
}

TEST_CASE("the simulation catches an answer that was given before it was durable") {
  CHECK(caught(Flaw::lies_about_durability, "I6: an answer was given that is not durable"));
}

TEST_CASE("the simulation catches a ledger that takes a key twice") {
  CHECK(caught(Flaw::forgets_keys, "I8: two transactions have one idempotency key"));
}

}  // namespace dompet::simulated
