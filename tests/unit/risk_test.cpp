#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "domain/risk.hpp"
#include "domain/risk_increment.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;

namespace {

constexpr std::int64_t now_ms = 1'750'000'000'000;
constexpr std::int64_t minute_ms = 60'000;

Uuid id_at(std::int64_t ms, std::uint8_t number) { return make_uuid_v7(ms, {number, number}); }

/// A wallet that was opened a year before.
WalletId wallet(std::uint8_t number) { return {id_at(now_ms - 365LL * 24 * 3'600'000, number)}; }

Transaction transfer(Minor amount, const Currency& currency = given::idr()) {
  Transaction made;
  made.id = {id_at(now_ms, 1)};
  made.currency = currency;
  made.amount = amount;
  made.source = wallet(1);
  made.destination = wallet(2);
  return made;
}

RiskRule rule(RiskRuleKind kind, RiskAction action = RiskAction::review) {
  return {
      .id = std::string{name_of(kind)}, .name = "a rule", .kind = kind, .enabled = true, .score = 30, .action = action};
}

RiskRule over(Minor amount, RiskAction action = RiskAction::review) {
  RiskRule made = rule(RiskRuleKind::amount_above, action);
  made.currency = given::idr();
  made.amount = amount;
  return made;
}

std::optional<Assessment> judge(std::vector<RiskRule> rules, const RiskFacts& facts) {
  return assess(RiskRules{.rules = std::move(rules)}, facts);
}

RiskAction action_for(const RiskRule& only, const RiskFacts& facts) {
  const auto found = judge({only}, facts);
  REQUIRE(found);
  return found->action;
}

std::vector<RiskMovement> movements(std::size_t count, Minor amount, std::int64_t from_ms, std::int64_t step_ms = 1) {
  std::vector<RiskMovement> made;
  for (std::size_t i = 0; i < count; ++i)
    made.push_back({{make_uuid_v7(from_ms + static_cast<std::int64_t>(i) * step_ms,
                                  {9, 0, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)})},
                    TransactionKind::transfer,
                    given::idr(),
                    amount});
  return made;
}

constexpr auto allow = RiskAction::allow;
constexpr auto review = RiskAction::review;
constexpr auto block = RiskAction::block;

}  // namespace

TEST_CASE("without a rule that looks at it nothing is said about a movement") {
  const Transaction request = transfer(100);
  CHECK_FALSE(judge({}, {.transaction = request}));
  RiskRule off = over(1);
  off.enabled = false;
  CHECK_FALSE(judge({off}, {.transaction = request}));
  RiskRule of_dollars = over(1);
  of_dollars.currency = *find_currency("USD");
  CHECK_FALSE(judge({of_dollars}, {.transaction = request}));
  RiskRule of_withdrawals = over(1);
  of_withdrawals.kinds = {TransactionKind::withdrawal};
  CHECK_FALSE(judge({of_withdrawals}, {.transaction = request}));
}

TEST_CASE("captures, voids and refunds are not judged: they move what was judged before") {
  for (const TransactionKind kind :
       {TransactionKind::capture, TransactionKind::void_payment, TransactionKind::refund}) {
    Transaction request = transfer(100);
    request.kind = kind;
    CHECK_FALSE(judge({over(1)}, {.transaction = request}));
    CHECK_FALSE(is_assessed(kind));
  }
}

TEST_CASE("an amount is met above its threshold in its own currency only") {
  for (const char* code : {"IDR", "USD", "JPY", "KWD"}) {
    INFO(code);
    const Currency currency = *find_currency(code);
    RiskRule above = over(1'000);
    above.currency = currency;
    CHECK(action_for(above, {.transaction = transfer(1'001, currency)}) == review);
    CHECK(action_for(above, {.transaction = transfer(1'000, currency)}) == allow);
    RiskRule below = above;
    below.kind = RiskRuleKind::amount_below;
    CHECK(action_for(below, {.transaction = transfer(999, currency)}) == review);
    CHECK(action_for(below, {.transaction = transfer(1'000, currency)}) == allow);
  }
}

TEST_CASE("an increment is compared as the whole payment that it makes, and counted as itself") {
  Transaction more = transfer(40);
  more.kind = TransactionKind::increment;
  const auto action = [&](const RiskRule& only, Minor authorized) {
    return assess(RiskRules{.rules = {only}}, {.transaction = more}, authorized)->action;
  };
  CHECK(action(over(100), 60) == allow);
  CHECK(action(over(100), 61) == review);
  CHECK(action(over(100), std::numeric_limits<Minor>::max()) == review);
  RiskRule little = over(100);
  little.kind = RiskRuleKind::amount_below;
  CHECK(action(little, 59) == review);
  CHECK(action(little, 60) == allow);
  RiskRule sum = over(100);
  sum.kind = RiskRuleKind::velocity_amount;
  sum.window_ms = minute_ms;
  CHECK(action(sum, 1'000) == allow);
}

TEST_CASE("rules of a currency look at what a conversion gives in it, and at what it takes") {
  Transaction converted = transfer(1'000, *find_currency("USD"));
  converted.fx = FxLeg{.currency = given::idr(), .amount = 15'200'000};
  RiskRule dollars = over(999);
  dollars.currency = converted.currency;
  CHECK(action_for(over(15'200'000), {.transaction = converted}) == allow);
  CHECK(action_for(over(15'199'999), {.transaction = converted}) == review);
  CHECK(action_for(dollars, {.transaction = converted}) == review);
  RiskRule counting = over(1);
  counting.kind = RiskRuleKind::velocity_amount;
  counting.window_ms = minute_ms;
  CHECK_FALSE(judge({counting}, {.transaction = converted}));
  RiskRule of_yen = over(1);
  of_yen.currency = *find_currency("JPY");
  CHECK_FALSE(judge({of_yen}, {.transaction = converted}));
}

TEST_CASE("a wallet does not pay itself, and an owner not himself") {
  const RiskRule same = rule(RiskRuleKind::same_party, block);
  Transaction request = transfer(1);
  CHECK(action_for(same, {.transaction = request, .owner = given::user_id(1), .other_owner = given::user_id(1)}) ==
        block);
  CHECK(action_for(same, {.transaction = request, .owner = given::user_id(1), .other_owner = given::user_id(2)}) ==
        allow);
  CHECK(action_for(same, {.transaction = request}) == allow);  // wallets of nobody's
  request.destination = request.source;
  CHECK(action_for(same, {.transaction = request}) == block);
  request.destination = {};
  request.kind = TransactionKind::withdrawal;
  CHECK(action_for(same, {.transaction = request, .owner = given::user_id(1)}) == allow);
}

TEST_CASE("movements are counted within the window, the one in hand included") {
  RiskRule often = rule(RiskRuleKind::velocity_count);
  often.count = 3;
  often.window_ms = minute_ms;
  const Transaction request = transfer(1);
  CHECK(action_for(often, {.transaction = request, .movements = movements(2, 5, now_ms - 1'000)}) == allow);
  CHECK(action_for(often, {.transaction = request, .movements = movements(3, 5, now_ms - 1'000)}) == review);
  CHECK(action_for(often, {.transaction = request, .movements = movements(3, 5, now_ms - minute_ms - 100)}) == allow);
  std::vector<RiskMovement> with_itself = movements(2, 5, now_ms - 1'000);
  with_itself.push_back({request.id, request.kind, request.currency, request.amount});
  CHECK(action_for(often, {.transaction = request, .movements = with_itself}) == allow);
}

TEST_CASE("what leaves within the window is added up, and a sum that cannot be counted is too much") {
  RiskRule much = rule(RiskRuleKind::velocity_amount);
  much.currency = given::idr();
  much.amount = 100;
  much.window_ms = minute_ms;
  const auto so_far = movements(3, 30, now_ms - 500);
  CHECK(action_for(much, {.transaction = transfer(10), .movements = so_far}) == allow);
  CHECK(action_for(much, {.transaction = transfer(11), .movements = so_far}) == review);
  much.amount = largest_amount;
  const auto huge = movements(2, INT64_MAX / 2, now_ms - 500);
  CHECK(action_for(much, {.transaction = transfer(largest_amount), .movements = huge}) == review);
}

TEST_CASE("a rule that counts further back than is remembered is met") {
  RiskRule much = rule(RiskRuleKind::velocity_amount);
  much.currency = given::idr();
  much.amount = largest_amount;
  much.window_ms = minute_ms;
  const Transaction request = transfer(1);
  const auto within = movements(20, 1, now_ms - 1'000);
  CHECK(action_for(much, {.transaction = request, .movements = within, .is_cut = true}) == review);
  auto and_before = movements(1, 1, now_ms - 2 * minute_ms);
  and_before.insert(and_before.end(), within.begin(), within.end());
  CHECK(action_for(much, {.transaction = request, .movements = and_before, .is_cut = true}) == allow);
}

TEST_CASE("a wallet is new for as long as its rule says") {
  RiskRule fresh = rule(RiskRuleKind::new_account);
  fresh.window_ms = 24 * 60 * minute_ms;
  Transaction request = transfer(1);
  CHECK(action_for(fresh, {.transaction = request}) == allow);
  request.source = {id_at(now_ms - 60 * minute_ms, 5)};
  CHECK(action_for(fresh, {.transaction = request}) == review);
  request.kind = TransactionKind::topup;
  request.destination = request.source;
  request.source = {};
  CHECK(action_for(fresh, {.transaction = request}) == review);
}

TEST_CASE("whoever is on a list is blocked, on either side") {
  Transaction request = transfer(1);
  request.card = given::card_id(4);
  request.merchant = {given::uuid(77)};
  const RiskFacts facts{.transaction = request, .owner = given::user_id(1), .other_owner = given::user_id(2)};
  for (const Uuid& party : {request.source.uuid, request.destination.uuid, given::user_id(1).uuid,
                            given::user_id(2).uuid, request.card.uuid, request.merchant.uuid}) {
    RiskRule listed = rule(RiskRuleKind::blocked, block);
    listed.parties = {party, given::uuid(999)};
    std::ranges::sort(listed.parties);
    CHECK(action_for(listed, facts) == block);
  }
  RiskRule others = rule(RiskRuleKind::blocked, block);
  others.parties = {Uuid{}, given::uuid(999)};
  CHECK(action_for(others, facts) == allow);
}

TEST_CASE("the strictest rule decides and comes first, and scores add up to a hundred at most") {
  RiskRule flag = over(10, allow);
  flag.id = "flag";
  RiskRule stop = over(50, block);
  stop.id = "stop";
  stop.score = 90;
  const auto found = judge({flag, over(20), stop}, {.transaction = transfer(100)});
  REQUIRE(found);
  CHECK(found->action == block);
  CHECK(found->score == 100);
  REQUIRE(found->reasons.size() == 3);
  CHECK(found->reasons[0].rule == "stop");
  CHECK(found->reasons[2].rule == "flag");
  const auto suspicious = judge({flag}, {.transaction = transfer(100)});
  CHECK((suspicious->action == allow && suspicious->score == 30));
}

TEST_CASE("scores can ask for a review or a block by themselves") {
  const RiskRules rules{
      .rules = {over(10, allow), over(20, allow), over(30, allow)}, .review_from = 60, .block_from = 90};
  CHECK(assess(rules, {.transaction = transfer(15)})->action == allow);
  CHECK(assess(rules, {.transaction = transfer(25)})->action == review);
  CHECK(assess(rules, {.transaction = transfer(35)})->action == block);
}

TEST_CASE("more risk never gives a milder action or a smaller score") {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    INFO("seed " << seed);
    given::Random random(seed);
    RiskRules rules;
    if (random.coin())
      rules.review_from = 1 + static_cast<int>(random.upto(99));
    if (random.coin())
      rules.block_from = 1 + static_cast<int>(random.upto(99));
    for (std::uint64_t i = 0, count = 1 + random.upto(6); i < count; ++i) {
      static constexpr RiskRuleKind kinds[]{RiskRuleKind::amount_above, RiskRuleKind::velocity_count,
                                            RiskRuleKind::velocity_amount};
      RiskRule made = rule(random.one_of(kinds), static_cast<RiskAction>(random.upto(2)));
      made.score = static_cast<std::uint8_t>(random.upto(100));
      made.currency = given::idr();
      made.amount = random.amount(1'000);
      made.count = 1 + static_cast<std::int64_t>(random.upto(5));
      made.window_ms = 1 + static_cast<std::int64_t>(random.upto(minute_ms));
      rules.rules.push_back(made);
    }
    const auto before = movements(random.upto(6), random.amount(300), now_ms - 900, 100);
    const Minor amount = random.amount(900);
    const auto calm = assess(rules, {.transaction = transfer(amount), .movements = before});
    auto more = before;
    more.push_back({{id_at(now_ms - 1, 200)}, TransactionKind::transfer, given::idr(), random.amount(300)});
    const auto busier = assess(rules, {.transaction = transfer(amount), .movements = more});
    const auto larger = assess(rules, {.transaction = transfer(amount + random.amount(900)), .movements = before});
    RiskRules stricter = rules;
    stricter.rules.push_back(over(0, static_cast<RiskAction>(random.upto(2))));
    const auto by_more_rules = assess(stricter, {.transaction = transfer(amount), .movements = before});
    for (const auto& riskier : {busier, larger, by_more_rules}) {
      REQUIRE(riskier);
      CHECK(riskier->action >= calm->action);
      CHECK(riskier->score >= calm->score);
    }
  }
}

TEST_CASE("what must be read before a judgement is what the rules that look at it need") {
  RiskRule often = rule(RiskRuleKind::velocity_count);
  often.window_ms = minute_ms;
  const RiskRules rules{.rules = {often, rule(RiskRuleKind::same_party)}};
  const RiskNeeds needs = needs_of(rules, transfer(1));
  CHECK((needs.is_looked_at && needs.window_ms == minute_ms && needs.other_owner));
  Transaction topup = transfer(1);
  topup.kind = TransactionKind::topup;
  topup.source = {};
  const RiskNeeds of_topup = needs_of(rules, topup);
  CHECK((of_topup.is_looked_at && of_topup.window_ms == 0 && !of_topup.other_owner));
}

TEST_CASE("how long a judgement takes", "[.benchmark]") {
  RiskRule often = rule(RiskRuleKind::velocity_count);
  often.count = 200;
  often.window_ms = minute_ms;
  const RiskRules rules{
      .rules = {over(5'000, block), over(1'000, allow), over(100'000, block), rule(RiskRuleKind::same_party), often}};
  const Transaction request = transfer(100);
  const auto few = movements(10, 5, now_ms - 500);
  const auto many = movements(1'000, 5, now_ms - 500);
  BENCHMARK("ten movements in memory") { return assess(rules, {.transaction = request, .movements = few}); };
  BENCHMARK("a thousand movements in memory") { return assess(rules, {.transaction = request, .movements = many}); };
}
