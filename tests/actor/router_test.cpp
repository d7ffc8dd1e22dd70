// What a client may rely on when his request is for a wallet of another node (protocol 5.2, 5.12).

#include <catch2/catch_test_macros.hpp>

#include "tests/actor/router_site.hpp"

namespace dompet::simulated {

using namespace std::chrono_literals;

TEST_CASE("a request for another node's wallet is served there, and its answer comes back") {
  Town town;
  RouterSite there(town.machine, 2);
  there.link(1, Sent::sent);
  town.here.own(town.shard, 2, 1);
  there.serve(town.shard);

  town.here.submit(asker, town.transfer());
  town.here.carry(there);
  REQUIRE(there.submits.size() == 1);
  const std::uint64_t correlation = there.submits[0].correlation;
  CHECK((correlation & forwarded_bit) != 0);
  CHECK(*std::get<MoveMoneyRequest>(there.submits[0].request).transaction == *given::transfer(1, 100));

  there.answer_router.deliver({{asker, Decline::wallet_frozen}, {correlation, Decline::insufficient_funds}});
  town.machine.run();
  there.carry(town.here);
  CHECK(std::get<Decline>(town.here.answers.at(asker)) == Decline::insufficient_funds);
  CHECK(town.here.answer_count == 1);
  CHECK(std::get<Decline>(there.answers.at(asker)) == Decline::wallet_frozen);
  CHECK(there.answer_count == 1);
  CHECK(town.here.node->counters.forwarded_requests == 1);
  CHECK(there.node->counters.served_for_others == 1);
}

TEST_CASE("a request for a shard that has become this node's is served here") {
  Town town;
  town.here.serve(town.shard);
  town.here.submit(asker, town.transfer());
  REQUIRE(town.here.submits.size() == 1);
  CHECK(town.here.submits[0].correlation == asker);
}

TEST_CASE("a request follows the hint to the new owner, and the next one goes there at once") {
  Town town;
  town.here.own(town.shard, 2, 1);
  town.here.submit(asker, town.transfer());
  const auto first = town.here.sent_to<RemoteRequest>(2);
  town.here.arrive(2, RemoteNotOwner{first->correlation, town.shard, node_number(3), 2});
  const auto second = town.here.sent_to<RemoteRequest>(3);
  REQUIRE(second);
  CHECK(first->hops == 1);
  CHECK(second->hops == 2);
  CHECK(std::get<MoveMoneyRequest>(second->request).stamp == Stamp{{given::uuid(5)}, 6});
  town.here.submit(asker + 1, town.transfer());
  CHECK(town.here.sent_to<RemoteRequest>(3));

  // What the table says later is newer than the hint.
  town.here.own(town.shard, 2, 3);
  town.here.submit(asker + 2, town.transfer());
  CHECK(town.here.sent_to<RemoteRequest>(2));
  CHECK(town.here.answers.empty());
}

TEST_CASE("a hint that is older than the map leads nobody astray, and an unconfirmed one is forgotten") {
  Town town;
  town.here.own(town.shard, 2, 5);
  town.here.arrive(3, ShardGiven{town.shard, node_number(3), 4});
  town.here.submit(asker, town.read());
  CHECK(town.here.sent_to<RemoteRequest>(2));
  town.here.arrive(3, ShardGiven{town.shard, node_number(3), 7});
  town.here.arrive(3, ShardGiven{town.shard, node_number(4), 6});
  town.here.submit(asker, town.read());
  CHECK(town.here.sent_to<RemoteRequest>(3));
  town.machine.pass(11s);
  town.here.submit(asker, town.read());
  CHECK(town.here.sent_to<RemoteRequest>(2));
}

TEST_CASE("a request is sent to three owners at most; then the client hears that it was not applied") {
  Town town;
  town.here.own(town.shard, 2, 1);
  town.here.submit(asker, town.transfer());
  for (std::uint64_t epoch = 2; epoch < 5; ++epoch) {
    CHECK(town.here.answers.empty());
    const std::uint64_t denies = epoch % 2 == 0 ? 2 : 3;
    const auto request = town.here.sent_to<RemoteRequest>(denies);
    REQUIRE(request);
    town.here.arrive(denies, RemoteNotOwner{request->correlation, town.shard, node_number(5 - denies), epoch});
  }
  CHECK(town.told_not_applied());
  CHECK(town.frames_to(2) + town.frames_to(3) == 0);
}

TEST_CASE("a request that comes while a shard changes hands waits, and is served by the new owner") {
  Town town;
  const auto comes_meanwhile = [&] {
    town.here.own(town.shard, 0, 1);
    town.here.submit(asker, town.transfer());
    town.machine.pass(200ms);
    CHECK(town.here.answers.empty());
  };
  SECTION("which the table names") {
    comes_meanwhile();
    town.here.own(town.shard, 2, 2);
    CHECK(town.here.sent_to<RemoteRequest>(2));
  }
  SECTION("which its former owner names") {
    comes_meanwhile();
    town.here.arrive(3, ShardGiven{town.shard, node_number(2), 2});
    CHECK(town.here.sent_to<RemoteRequest>(2));
  }
  SECTION("which this node becomes") {
    comes_meanwhile();
    town.here.own(town.shard, 1, 2);
    CHECK(town.here.submits.empty());
    town.here.serve(town.shard);
    CHECK(town.here.submits.size() == 1);
  }
  SECTION("to which a link must be made first") {
    town.here.link(2, Sent::down);
    comes_meanwhile();
    town.here.own(town.shard, 2, 2);
    CHECK(town.frames_to(2) == 0);
    town.here.link(2, Sent::sent);
    CHECK(town.here.sent_to<RemoteRequest>(2));
  }
  SECTION("who does not know of it yet and is asked again") {
    town.here.own(town.shard, 2, 2);
    town.here.submit(asker, town.transfer());
    const auto first = town.here.sent_to<RemoteRequest>(2);
    town.here.arrive(2, RemoteNotOwner{first->correlation, town.shard, node_number(3), 1});
    CHECK(town.frames_to(2) == 0);
    town.machine.pass(100ms);
    CHECK(town.here.sent_to<RemoteRequest>(2));
  }
  town.machine.pass(1s);
  CHECK(town.here.answers.empty());
}

TEST_CASE("a request that finds no place in time was not applied, and the client is told why") {
  Town town;
  std::string expected;
  SECTION("nobody has the shard") { expected = "No node serves this wallet"; }
  SECTION("its owner cannot be reached") {
    town.here.own(town.shard, 4, 1);
    expected = "cannot be reached";
  }
  SECTION("the way to its owner is full") {
    town.here.own(town.shard, 2, 1);
    town.here.link(2, Sent::busy);
    expected = "is full";
  }
  SECTION("its owner denies that he is") {
    town.here.own(town.shard, 2, 1);
    town.here.submit(asker, town.transfer());
    const auto request = town.here.sent_to<RemoteRequest>(2);
    town.here.link(2, Sent::busy);
    town.here.arrive(2, RemoteNotOwner{request->correlation, town.shard, {}, 2});
    expected = "No node serves this wallet";
  }
  if (town.here.node->counters.forwarded_requests == 0)
    town.here.submit(asker, town.transfer());
  town.machine.pass(200ms);
  CHECK(town.here.answers.empty());
  town.machine.pass(200ms);
  REQUIRE(town.told_not_applied());
  CHECK(town.here.refusal(asker)->reason.find(expected) != std::string::npos);
  CHECK(town.here.answer_count == 1);
}

TEST_CASE("no more requests wait for a place than may; the next one is refused at once") {
  Town town;
  for (std::uint64_t number = 1; number <= 4'096; ++number)
    town.here.submit(number, town.read());
  CHECK(town.here.answers.empty());
  town.here.submit(5'000, town.read());
  REQUIRE(town.here.refusal(5'000) != nullptr);
  CHECK_FALSE(town.here.refusal(5'000)->may_be_applied);
}

TEST_CASE("when the link to the owner is lost, the fate of a money request is unknown and the client is told so") {
  Town town;
  town.here.own(town.shard, 2, 1);
  town.here.submit(asker, town.transfer());
  town.here.submit(asker + 1, SagaOrderRequest{given::transaction_id(1), town.shard, SagaOrder::cancel});
  const auto request = town.here.sent_to<RemoteRequest>(2);
  town.here.link(2, Sent::down);
  CHECK(town.told_unknown());
  REQUIRE(town.here.refusal(asker + 1) != nullptr);
  CHECK(town.here.refusal(asker + 1)->may_be_applied);
  // An answer that arrives nevertheless comes too late.
  town.here.arrive(2, RemoteAnswer{request->correlation, Decline::wallet_closed});
  CHECK(town.here.answer_count == 2);
}

TEST_CASE("when the link to the owner is lost, what only reads is asked again") {
  Town town;
  town.here.own(town.shard, 2, 1);
  SECTION("a balance") { town.here.submit(asker, town.read()); }
  SECTION("a coordinator's report") {
    town.here.submit(asker, SagaOrderRequest{given::transaction_id(1), town.shard, SagaOrder::inspect});
  }
  const auto first = town.here.sent_to<RemoteRequest>(2);
  town.here.link(2, Sent::down);
  CHECK(town.here.answers.empty());
  town.here.link(2, Sent::sent);
  const auto second = town.here.sent_to<RemoteRequest>(2);
  REQUIRE(second);
  CHECK(second->correlation != first->correlation);
  town.here.arrive(2, RemoteAnswer{second->correlation, Decline::wallet_not_found});
  CHECK(town.here.answers.contains(asker));
}

TEST_CASE("an answer is taken from the node that was asked, once, and not after the asker has given up") {
  Town town;
  town.here.own(town.shard, 2, 1);
  town.here.submit(asker, town.transfer());
  const auto request = town.here.sent_to<RemoteRequest>(2);
  CHECK(request->remaining_ms == 5'000);
  SECTION("of another node nothing is taken") {
    town.here.arrive(3, RemoteAnswer{request->correlation, Decline::wallet_closed});
    CHECK(town.here.answers.empty());
    town.here.arrive(3, RemoteNotOwner{request->correlation, town.shard, node_number(2), 9});
    CHECK(town.frames_to(2) == 0);
  }
  SECTION("once") {
    town.here.arrive(2, RemoteAnswer{request->correlation, Decline::wallet_closed});
    town.here.arrive(2, RemoteAnswer{request->correlation, Decline::wallet_closed});
    CHECK(town.here.answer_count == 1);
  }
  SECTION("late") {
    town.machine.pass(7s);
    CHECK_FALSE(town.machine.awaits_time());
    town.here.arrive(2, RemoteAnswer{request->correlation, Decline::wallet_closed});
    CHECK(town.here.answer_count == 0);
  }
}

TEST_CASE("a shard that sends requests back is not asked in a circle") {
  Town town;
  town.here.serve(town.shard);
  town.here.submit(asker, town.transfer());
  for (std::size_t given = 1; town.here.answers.empty(); ++given) {
    REQUIRE(given <= 4);
    REQUIRE(town.here.submits.size() == given);
    town.here.tell(Forward{town.here.submits.back()});
    CHECK(town.here.submits.size() == given);
    town.machine.pass(50ms);
  }
  CHECK(town.told_not_applied());
}

}  // namespace dompet::simulated
