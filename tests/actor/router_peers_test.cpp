// What other nodes and the coordinators of slow transfers may rely on from a router (protocol 5.2, 5.5).

#include <catch2/catch_test_macros.hpp>

#include "tests/actor/router_site.hpp"

namespace dompet::simulated {

using namespace std::chrono_literals;

namespace {

CreditAsk credit_ask(Shard source, Shard destination) {
  CreditAsk ask;
  ask.transaction = given::transfer(1, 100);
  ask.source_shard = source;
  ask.destination_shard = destination;
  ask.source_epoch = 4;
  ask.attempt = 1;
  return ask;
}

}  // namespace

// --- a peer's request ---

TEST_CASE("a peer that asks for a shard of another node is told whose it is, and nothing is done") {
  Town town;
  town.here.own(town.shard, 3, 6);
  town.here.arrive(2, RemoteRequest{70, 1, 5'000, town.transfer()});
  const auto told = town.here.sent_to<RemoteNotOwner>(2);
  REQUIRE(told);
  CHECK(told->correlation == 70);
  CHECK(told->shard == town.shard);
  CHECK(told->owner == node_number(3));
  CHECK(told->epoch == 6);
  CHECK(town.here.submits.empty());
  CHECK(town.frames_to(3) == 0);
}

TEST_CASE("a peer's request for a shard that this node is about to serve waits for it") {
  Town town;
  town.here.own(town.shard, 1, 2);
  town.here.arrive(2, RemoteRequest{70, 1, 5'000, town.transfer()});
  town.machine.pass(200ms);
  CHECK(town.frames_to(2) == 0);
  SECTION("and is served") {
    town.here.serve(town.shard);
    CHECK(town.here.submits.size() == 1);
  }
  SECTION("and is given back when that takes too long") {
    town.machine.pass(200ms);
    CHECK(town.here.sent_to<RemoteNotOwner>(2));
    town.here.serve(town.shard);
    CHECK(town.here.submits.empty());
  }
  SECTION("unless the peer is gone") {
    town.here.link(2, Sent::down);
    town.here.serve(town.shard);
    CHECK(town.here.submits.empty());
  }
}

TEST_CASE("a peer's request that comes back from a shard which was given away is not lost") {
  Town town;
  town.here.serve(town.shard);
  town.here.arrive(2, RemoteRequest{70, 1, 5'000, town.transfer()});
  REQUIRE(town.here.submits.size() == 1);
  town.here.serve(town.shard, false);
  town.here.tell(AnnounceShard{{town.shard, node_number(3), 8}});
  CHECK(town.here.sent_to<ShardGiven>(2));
  town.here.tell(Forward{town.here.submits[0]});
  const auto told = town.here.sent_to<RemoteNotOwner>(2);
  REQUIRE(told);
  CHECK(told->owner == node_number(3));
}

TEST_CASE("a node takes no more requests of others than it may, and none that has run out of time") {
  Town town;
  town.here.serve(town.shard);
  town.here.arrive(2, RemoteRequest{1, 1, 0, town.read()});
  CHECK(town.here.submits.empty());
  for (std::uint64_t number = 1; number <= 16'384; ++number)
    town.here.arrive(2, RemoteRequest{number, 1, 5'000, town.read()});
  CHECK(town.here.submits.size() == 16'384);
  CHECK(town.frames_to(2) == 0);
  town.here.arrive(2, RemoteRequest{20'000, 1, 5'000, town.read()});
  CHECK(town.here.submits.size() == 16'384);
  const auto told = town.here.sent_to<RemoteAnswer>(2);
  REQUIRE(told);
  CHECK(told->correlation == 20'000);
  CHECK_FALSE(std::get<NotNow>(told->result).may_be_applied);
  // Those whose askers have given up make room.
  town.machine.pass(7s);
  town.here.arrive(2, RemoteRequest{20'001, 1, 5'000, town.read()});
  CHECK(town.here.submits.size() == 16'385);
}

TEST_CASE("an answer for a peer waits while the way there is full, in order, and is dropped when the peer is gone") {
  Town town;
  town.here.serve(town.shard);
  for (std::uint64_t number = 70; number < 73; ++number)
    town.here.arrive(2, RemoteRequest{number, 1, 5'000, town.read()});
  const auto answer = [&](std::size_t number) {
    town.here.tell(AnswerRemote{{{town.here.submits.at(number).correlation, Decline::wallet_not_found}}});
  };
  town.here.link(2, Sent::busy);
  answer(0);
  answer(1);
  town.machine.pass(1s);
  CHECK(town.frames_to(2) == 0);
  SECTION("in order") {
    town.here.link(2, Sent::sent);
    answer(2);
    town.machine.pass(100ms);
    REQUIRE(town.frames_to(2) == 3);
    for (std::uint64_t number = 70; number < 73; ++number)
      CHECK(town.here.sent_to<RemoteAnswer>(2)->correlation == number);
  }
  SECTION("dropped") {
    town.here.link(2, Sent::down);
    town.here.link(2, Sent::sent);
    answer(2);
    town.machine.pass(100ms);
    CHECK(town.frames_to(2) == 0);
  }
  town.machine.pass(1s);
  CHECK_FALSE(town.machine.awaits_time());
}

// --- slow transfers ---

TEST_CASE("a coordinator's question reaches the destination's node, and the proof comes back") {
  Town town;
  RouterSite there(town.machine, 2);
  there.link(1, Sent::sent);
  town.here.own(5, 2, 1);
  there.serve(5);
  town.here.tell(AskRemote{credit_ask(3, 5)});
  town.here.carry(there);
  REQUIRE(there.decisions_asked.size() == 1);
  CHECK(there.decisions_asked[0].asker == node_number(1));
  CHECK(*there.decisions_asked[0].transaction == *given::transfer(1, 100));
  CHECK(there.decisions_asked[0].source_epoch == 4);

  const TransactionId saga = given::transaction_id(1);
  there.tell(TellRemote{node_number(1), RemoteProof{3, saga, Decision::refused, Decline::wallet_closed}});
  there.tell(TellRemote{node_number(1), RemoteNoProof{4, saga, NoProofReason::busy}});
  there.carry(town.here);
  REQUIRE(town.here.proofs.size() == 1);
  CHECK(town.here.proofs[0].first == 3);
  CHECK(town.here.proofs[0].second.saga == saga);
  CHECK(town.here.proofs[0].second.outcome == Decision::refused);
  CHECK(town.here.proofs[0].second.reason == Decline::wallet_closed);
  REQUIRE(town.here.no_proofs.size() == 1);
  CHECK(town.here.no_proofs[0].first == 4);
  CHECK(town.here.no_proofs[0].second.reason == NoProofReason::busy);
}

TEST_CASE("a coordinator whose question cannot be sent hears why at once") {
  Town town;
  NoProofReason expected{};
  SECTION("nobody owns the destination") { expected = NoProofReason::no_owner; }
  SECTION("this node is about to") {
    town.here.own(5, 1, 1);
    expected = NoProofReason::no_owner;
  }
  SECTION("its owner cannot be reached") {
    town.here.own(5, 4, 1);
    expected = NoProofReason::unreachable;
  }
  SECTION("the way there is full") {
    town.here.own(5, 2, 1);
    town.here.link(2, Sent::busy);
    expected = NoProofReason::busy;
  }
  town.here.tell(AskRemote{credit_ask(3, 5)});
  REQUIRE(town.here.no_proofs.size() == 1);
  CHECK(town.here.no_proofs[0].first == 3);
  CHECK(town.here.no_proofs[0].second.saga == given::transaction_id(1));
  CHECK(town.here.no_proofs[0].second.reason == expected);
}

TEST_CASE("a coordinator's question goes to this node's own shard when it has come here") {
  Town town;
  town.here.serve(5);
  town.here.tell(AskRemote{credit_ask(3, 5)});
  REQUIRE(town.here.decisions_asked.size() == 1);
  CHECK(town.here.decisions_asked[0].asker == Incarnation{});
}

TEST_CASE("a question for a shard that is not here is answered so, which proves nothing") {
  Town town;
  town.here.arrive(2, credit_ask(3, 5));
  const auto told = town.here.sent_to<RemoteNoProof>(2);
  REQUIRE(told);
  CHECK(told->source_shard == 3);
  CHECK(told->reason == NoProofReason::not_owner);
  CHECK(town.here.decisions_asked.empty());
}

// --- the map, and noise ---

TEST_CASE("a shard that is given away is announced to every node that can be reached") {
  Town town;
  town.here.tell(AnnounceShard{{town.shard, node_number(3), 8}});
  for (const std::uint64_t number : {2U, 3U}) {
    const auto told = town.here.sent_to<ShardGiven>(number);
    REQUIRE(told);
    CHECK(told->shard == town.shard);
    CHECK(told->owner == node_number(3));
    CHECK(told->epoch == 8);
  }
  town.here.submit(asker, town.transfer());
  CHECK(town.here.sent_to<RemoteRequest>(3));
}

TEST_CASE("a node to which a shard is given looks at the table at once") {
  Town town;
  town.here.arrive(2, ShardGiven{town.shard, node_number(3), 8});
  CHECK(town.here.looks == 0);
  town.here.arrive(2, ShardGiven{town.shard, node_number(1), 9});
  CHECK(town.here.looks == 1);
}

TEST_CASE("frames that make no sense, or name shards that the ledger has not, change nothing") {
  Town town;
  const Shard none = RouterSite::shards;
  town.here.own(town.shard, 2, 1);
  town.here.submit(asker, town.transfer());
  const auto request = town.here.sent_to<RemoteRequest>(2);
  given::Random random(1);
  for (int round = 0; round < 10'000; ++round)
    town.here.tell(FrameArrived{node_number(2), random.text(60)});
  town.here.arrive(2, RemoteRequest{1, 1, 5'000, SagaOrderRequest{given::transaction_id(1), none, SagaOrder::cancel}});
  town.here.arrive(2, RemoteNotOwner{request->correlation, none, node_number(3), 9});
  town.here.arrive(2, credit_ask(3, none));
  town.here.arrive(2, credit_ask(none, 3));
  town.here.arrive(2, RemoteProof{none, given::transaction_id(1), Decision::credited, {}});
  town.here.arrive(2, RemoteNoProof{none, given::transaction_id(1), NoProofReason::busy});
  town.here.arrive(2, ShardGiven{none, node_number(1), 9});
  CHECK(town.here.proofs.empty());
  CHECK(town.here.no_proofs.empty());
  CHECK(town.here.decisions_asked.empty());
  CHECK(town.here.submits.empty());
  CHECK(town.here.looks == 0);
  town.here.arrive(2, RemoteAnswer{request->correlation, Decline::wallet_closed});
  CHECK(town.here.answers.contains(asker));
}

TEST_CASE("a node that nobody asks anything does nothing") {
  Town town;
  CHECK_FALSE(town.machine.awaits_time());
  town.here.own(town.shard, 2, 1);
  town.here.submit(asker, town.read());
  CHECK(town.machine.awaits_time());
  const auto request = town.here.sent_to<RemoteRequest>(2);
  town.here.arrive(2, RemoteAnswer{request->correlation, Decline::wallet_not_found});
  town.machine.pass(100ms);
  CHECK_FALSE(town.machine.awaits_time());
}

}  // namespace dompet::simulated
