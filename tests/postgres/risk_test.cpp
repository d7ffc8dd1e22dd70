// Risk rules and assessments as PostgreSQL keeps them, and what verify says when somebody lies about a review.

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "persistence/risk_store.hpp"
#include "persistence/verify.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

Assessment judged(RiskAction action, std::uint8_t score) {
  return {.score = score, .action = action, .reasons = {{"a-rule", "A rule"}}};
}

struct Reviewed {
  TestLedger ledger{};
  WalletId ayu = ledger.open_wallet("Ayu");
  WalletId budi = ledger.open_wallet("Budi");
  TransactionId flagged{};
  TransactionId waiting{};
  TransactionId approved{};
  TransactionId rejected{};

  Reviewed() {
    ledger.top_up(ayu, 100'000);
    ledger.commit();
    flagged = ledger.place_hold(ayu, budi, 1'000, judged(RiskAction::allow, 30));
    waiting = ledger.place_hold(ayu, budi, 2'000, judged(RiskAction::review, 60));
    approved = ledger.place_hold(ayu, budi, 3'000, judged(RiskAction::review, 70));
    rejected = ledger.place_hold(ayu, budi, 4'000, judged(RiskAction::review, 80));
    ledger.commit();
    ledger.approve(approved, {"dewi", "called him"});
    ledger.cancel(rejected, Verdict{"eko", "a thief"});
    ledger.commit();
    ledger.credit(approved);
    ledger.refuse(rejected, Decline::cancelled);
    ledger.commit();
    ledger.capture(approved);
    ledger.release(rejected);
    ledger.commit();
  }
  std::vector<TransactionId> list(const AssessmentQuery& query) {
    std::vector<TransactionId> ids;
    for (const AssessedMovement& movement : AssessmentReader(ledger.reader()).list(query))
      ids.push_back(movement.record.id);
    return ids;
  }
  /// The claims of the checks that fail.
  static std::vector<std::string> complaints() {
    std::vector<std::string> claims;
    for (const LedgerCheck& check : verify_ledger(database_url()).checks)
      if (check.faults > 0)
        claims.push_back(check.claim);
    return claims;
  }
  static bool are_about(const std::vector<std::string>& claims, std::string_view word) {
    return std::ranges::any_of(claims, [&](const std::string& claim) { return claim.contains(word); });
  }
};

}  // namespace

TEST_CASE("assessments are listed as they stand, newest first, and a page goes on behind the last one") {
  Reviewed town;
  CHECK(town.list({}) == std::vector{town.rejected, town.approved, town.waiting, town.flagged});
  CHECK(town.list({.action = RiskAction::review}) == std::vector{town.rejected, town.approved, town.waiting});
  CHECK(town.list({.state = ReviewState::pending}) == std::vector{town.waiting});
  CHECK(town.list({.state = ReviewState::approved}) == std::vector{town.approved});
  CHECK(town.list({.state = ReviewState::rejected}) == std::vector{town.rejected});
  CHECK(town.list({.min_score = 70}) == std::vector{town.rejected, town.approved});
  CHECK(town.list({.wallet = town.budi, .before = town.approved.uuid, .limit = 1}) == std::vector{town.waiting});
  const auto one = AssessmentReader(town.ledger.reader()).find(town.waiting);
  REQUIRE(one);
  CHECK((one->state == ReviewState::pending && one->record.risk == judged(RiskAction::review, 60)));
  CHECK_FALSE(AssessmentReader(town.ledger.reader()).find(town.ledger.make_id()));
  CHECK(Reviewed::complaints().empty());
}

TEST_CASE("who decided on a review, and why, is what the record of its end says") {
  Reviewed town;
  AssessmentReader reader(town.ledger.reader());
  CHECK(reader.find(town.approved)->decided_by == "dewi");
  CHECK(reader.find(town.approved)->note == "called him");
  CHECK(reader.find(town.rejected)->decided_by == "eko");
  CHECK(reader.find(town.waiting)->decided_by.empty());
  std::vector<std::string> officers;
  for (const AssessedMovement& movement : reader.list({}))
    officers.push_back(movement.decided_by);
  CHECK(officers == std::vector<std::string>{"eko", "dewi", "", ""});
}

TEST_CASE("what waits for an officer is found again with all open sagas, and why one was cancelled") {
  Reviewed town;
  std::vector<TransactionId> open;
  for (Shard shard = 0; shard < 64; ++shard)
    for (const SagaListing& saga : town.ledger.reader().open_sagas(shard))
      open.push_back(saga.id);
  CHECK(open.size() == 2);
  CHECK(std::ranges::find(open, town.waiting) != open.end());
  CHECK_FALSE(town.ledger.reader().wish_to_cancel(town.rejected));
}

TEST_CASE("what left a wallet lately is what was transferred or set aside, and not what came in") {
  Reviewed town;
  const RecentMovements recent = town.ledger.reader().movements_since(town.ayu, 0, 10);
  CHECK_FALSE(recent.is_cut);
  REQUIRE(recent.movements.size() == 4);
  CHECK((recent.movements.front().id == town.rejected && recent.movements.front().amount == 4'000));
  CHECK(town.ledger.reader().movements_since(town.ayu, 0, 2).is_cut);
  CHECK(town.ledger.reader().movements_since(town.ayu, town.ledger.now_ms() + 60'000, 10).movements.empty());
  CHECK(town.ledger.reader().movements_since(town.budi, 0, 10).movements.empty());
  CHECK(town.ledger.reader().owner_of(town.ayu) == UserId{});
  CHECK_FALSE(town.ledger.reader().owner_of({town.ledger.make_id().uuid}));
}

TEST_CASE("a review that somebody lied about is seen", "[verify]") {
  Reviewed town;
  const std::string of_approved = "id = '" + to_string(town.approved) + "'";
  SECTION("credited, and the approval is gone") {
    town.ledger.sql().run("DELETE FROM journal WHERE kind = 16 AND " + of_approved);
    CHECK(Reviewed::are_about(Reviewed::complaints(), "(I9)"));
  }
  SECTION("its row says that it was just allowed") {
    CHECK_THROWS(town.ledger.sql().run("UPDATE journal SET risk = 70 WHERE kind = 5 AND " + of_approved));
    CHECK_THROWS(town.ledger.sql().run("DELETE FROM journal WHERE kind = 5 AND " + of_approved));
    town.ledger.sql().run("SET dompet.moves_shard = 'on'; UPDATE journal SET risk = 70 WHERE kind = 5 AND " +
                          of_approved);
    CHECK(Reviewed::are_about(Reviewed::complaints(), "can be read"));
  }
  SECTION("the saga goes on without an approval") {
    town.ledger.sql().run("UPDATE saga SET state = 1 WHERE id = '" + to_string(town.waiting) + "'");
    CHECK(Reviewed::are_about(Reviewed::complaints(), "Every saga"));
  }
}

TEST_CASE("rules are replaced as a whole, and only by who knew the last version") {
  TestLedger ledger;
  RiskRuleStore store(ledger.reader());
  RiskRules rules = store.rules().rules;
  REQUIRE(rules.rules.size() == 6);
  CHECK(std::ranges::none_of(rules.rules, &RiskRule::enabled));
  CHECK(rules.rules[0].amount == 5'000'000'000);
  rules.rules.resize(1);
  rules.rules[0].enabled = true;
  rules.rules[0].kinds = {TransactionKind::transfer, TransactionKind::payment};
  rules.rules.push_back({.id = "watched",
                         .name = "Watched \"parties\", {all}",
                         .kind = RiskRuleKind::blocked,
                         .parties = {ledger.make_id().uuid, ledger.make_id().uuid},
                         .action = RiskAction::block});
  std::ranges::sort(rules.rules[1].parties);
  rules.review_from = 80;
  const auto stored = store.replace(rules, Act{.who = "dewi"});
  REQUIRE(stored);
  CHECK(stored->changed_by == "dewi");
  RiskRules expected = rules;
  expected.version = rules.version + 1;
  CHECK(stored->rules == expected);
  CHECK(store.version() == expected.version);
  CHECK_FALSE(store.replace(rules, Act{.who = "eko"}));
  CHECK(store.rules().rules == expected);
}

}  // namespace dompet::testing
