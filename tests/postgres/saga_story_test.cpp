#include <catch2/catch_test_macros.hpp>

#include "persistence/saga_desk.hpp"
#include "persistence/saga_inspector.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

struct Pair {
  WalletId ayu{};
  WalletId budi{};
};

Pair two_wallets(TestLedger& ledger) {
  const Pair pair{ledger.open_wallet("Ayu"), ledger.open_wallet("Budi")};
  ledger.top_up(pair.ayu, 1'000);
  ledger.top_up(pair.budi, 50);
  ledger.commit();
  return pair;
}

void check_balances(const std::optional<LegBalances>& balances, Minor available, Minor held) {
  CHECK(balances == LegBalances{available, held});
}

}  // namespace

TEST_CASE("a story tells what both wallets had before and after each step", "[inspector]") {
  TestLedger ledger;
  const Pair p = two_wallets(ledger);
  const TransactionId id = ledger.place_hold(p.ayu, p.budi, 300);
  ledger.commit();
  ledger.transfer(p.ayu, p.budi, 7);
  ledger.commit();
  ledger.credit(id);
  ledger.commit();
  ledger.capture(id);
  ledger.commit();
  const SagaStory story = SagaInspector(ledger.reader()).story(id);
  REQUIRE(story.row);
  CHECK(story.row->saga.state == SagaState::settled);
  REQUIRE(story.records.size() == 3);
  check_balances(story.records[0].before[0], 1'000, 0);
  CHECK(story.records[0].record.leg[0].available_after == 700);
  // The other transfer stands between.
  check_balances(story.records[1].before[0], 57, 0);
  CHECK(story.records[1].record.leg[0].available_after == 357);
  check_balances(story.records[2].before[0], 693, 300);
  CHECK(story.records[2].record.leg[0].held_after == 0);
  REQUIRE(story.decision);
  CHECK(story.decision->outcome == Decision::credited);
  CHECK(story.decision->shard == ledger.writer().shard_of_wallet(p.budi));
}

TEST_CASE("transfers in one commit and declined ones have a story too", "[inspector]") {
  TestLedger ledger;
  const Pair p = two_wallets(ledger);
  const TransactionId whole = ledger.transfer(p.ayu, p.budi, 300);
  const TransactionId declined = ledger.decline_transfer(p.ayu, p.budi, 9'999, Decline::insufficient_funds);
  const TransactionId top_up = ledger.top_up(p.ayu, 1);
  ledger.commit();
  SagaInspector inspector(ledger.reader());
  const SagaStory story = inspector.story(whole);
  REQUIRE(story.records.size() == 1);
  check_balances(story.records[0].before[0], 1'000, 0);
  check_balances(story.records[0].before[1], 50, 0);
  CHECK(story.decision->outcome == Decision::credited);
  const SagaStory no = inspector.story(declined);
  CHECK(no.row->saga.state == SagaState::declined);
  CHECK(no.row->saga.last_error == "insufficient_funds");
  CHECK_FALSE(no.decision);
  CHECK_FALSE(inspector.story(top_up).row);
}

TEST_CASE("a refusal is told with its reason, and no decision is told as none", "[inspector]") {
  TestLedger ledger;
  const Pair p = two_wallets(ledger);
  const TransactionId refused = ledger.place_hold(p.ayu, p.budi, 300);
  const TransactionId open = ledger.place_hold(p.ayu, p.budi, 300);
  ledger.commit();
  ledger.refuse(refused, Decline::wallet_frozen);
  ledger.commit();
  SagaInspector inspector(ledger.reader());
  CHECK(inspector.story(refused).decision->reason == Decline::wallet_frozen);
  CHECK_FALSE(inspector.story(open).decision);
}

TEST_CASE("attempts are stored once, get their answers later, and are summed up", "[inspector]") {
  TestLedger ledger;
  const Pair p = two_wallets(ledger);
  const TransactionId id = ledger.place_hold(p.ayu, p.budi, 300);
  ledger.commit();
  Reader& reader = ledger.reader();
  SagaInspector inspector(reader);
  const SagaAttempt first{.number = 1, .at_ms = 1'000, .took_ms = 4, .node = "b", .answer = "busy"};
  SagaAttempt second{.number = 2, .cancel = true, .at_ms = 2'000, .node = "c"};
  reader.store_attempts(id, {first, second});
  CHECK(inspector.story(id).attempts == std::vector{first, second});
  CHECK(inspector.story(id).row->saga.last_error == "busy");
  second.took_ms = 1'000;
  second.answer = "no_answer";
  const SagaAttempt third{
      .number = 3, .cancel = true, .at_ms = 3'000, .took_ms = 1, .node = "c", .answer = "no_answer"};
  reader.store_attempts(id, {second, third});
  const SagaStory story = inspector.story(id);
  CHECK(story.attempts == std::vector{first, second, third});
  CHECK(story.row->saga.attempts == 3);
  CHECK(story.row->saga.last_error == "no_answer");
  CHECK(story.row->last_node == "c");
  CHECK(story.row->error_since_ms == 2'000);
  // A proof ends it: what was wrong last stays to be read.
  reader.store_attempts(id, {{.number = 4, .at_ms = 4'000, .took_ms = 1, .node = "c", .answer = "credited"}});
  CHECK(inspector.story(id).row->saga.last_error == "no_answer");
  CHECK(inspector.story(id).row->saga.attempts == 4);
}

TEST_CASE("an order is audited before it is given, but not for a transfer that is over", "[inspector]") {
  TestLedger ledger;
  const Pair p = two_wallets(ledger);
  const TransactionId open = ledger.place_hold(p.ayu, p.budi, 300);
  const TransactionId over = ledger.transfer(p.ayu, p.budi, 1);
  ledger.commit();
  SagaDesk desk(ledger.reader());
  SagaInspector inspector(ledger.reader());
  const auto entry = [] {
    return AuditEntry{make_incarnation().uuid, "dewi", "saga.cancel", "the customer called", R"({"ticket":7})"};
  };
  CHECK(desk.announce_order(open, entry())->state == SagaState::reserved);
  CHECK(desk.announce_order(over, entry())->state == SagaState::settled);
  CHECK_FALSE(desk.announce_order({make_incarnation().uuid}, entry()));
  const auto actions = inspector.story(open).actions;
  REQUIRE(actions.size() == 1);
  CHECK(actions[0].who == "dewi");
  CHECK(actions[0].what == "saga.cancel");
  CHECK(actions[0].why == "the customer called");
  CHECK(inspector.story(over).actions.empty());
  CHECK(ledger.sql().ask("SELECT count(*) FROM audit WHERE evidence ->> 'ticket' = '7'")[0].number(0) == 1);
  desk.mark_paused(open, "dewi", 12);
  CHECK(inspector.story(open).row->pause->by == "dewi");
  CHECK(inspector.story(open).row->pause->epoch == 12);
  desk.mark_resumed(open);
  CHECK_FALSE(inspector.story(open).row->pause);
}

TEST_CASE("views are saved, replaced and deleted by their names", "[inspector]") {
  TestLedger ledger;
  SagaDesk desk(ledger.reader());
  CHECK(desk.views().empty());
  CHECK(desk.save_view({"stuck ones", R"({"state": "stuck"})"}));
  CHECK(desk.save_view({"busy", R"({"error": "busy"})"}));
  CHECK(desk.save_view({"stuck ones", R"({"state": "open"})"}));
  REQUIRE(desk.views().size() == 2);
  CHECK(desk.views()[1].name == "stuck ones");
  CHECK(desk.views()[1].filter == R"({"state": "open"})");
  CHECK(desk.delete_view("busy"));
  CHECK_FALSE(desk.delete_view("busy"));
  ledger.sql().run("INSERT INTO saga_view SELECT 'view ' || i, '{}' FROM generate_series(1, 198) i");
  CHECK(desk.save_view({"the last one", "{}"}));
  CHECK_FALSE(desk.save_view({"one too many", "{}"}));
  CHECK(desk.save_view({"busy ones", "{}"}) == false);
  CHECK(desk.save_view({"stuck ones", "{}"}));
}

}  // namespace dompet::testing
