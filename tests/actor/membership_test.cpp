// Who is a member, and what becomes of the shards of those who are not (protocol 5.2).

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "actors/cluster/observer.hpp"
#include "domain/placement.hpp"
#include "tests/actor/fleet.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

EngineSettings settings(Shard shards = 12) {
  EngineSettings engine;
  engine.shard_count = shards;
  return engine;
}

std::string address_of(const std::string& name) { return name + ":7000"; }

/// A cluster that has come to rest.
struct Cluster {
  Fleet fleet{settings()};
  Fleet::Member& ani = fleet.start("ani", address_of("ani"));
  Fleet::Member& budi = fleet.start("budi", address_of("budi"));

  Cluster() { REQUIRE(settles()); }
  bool settles() {
    return fleet.pass_until([&] { return fleet.served_by(ani) == 6 && fleet.served_by(budi) == 6; });
  }
  std::vector<Shard> shards_of(const Fleet::Member& member) const {
    std::vector<Shard> owned;
    for (Shard shard = 0; shard < fleet.shard_count(); ++shard)
      if (fleet.row(shard).owner == member.id())
        owned.push_back(shard);
    return owned;
  }
};

}  // namespace

TEST_CASE("a lone node serves everything at once, without waiting for any tick") {
  for (const char* address : {"", "ani:7000"}) {
    Fleet fleet(settings());
    const Fleet::Member& ani = fleet.start("ani", address);
    fleet.run();
    CHECK(fleet.served_by(ani) == 12);
    CHECK(ani.node->lease_holds());
    CHECK(ani.node->counters.acquired_shards == 12);
  }
}

TEST_CASE("a node that starts again after kill -9, holding its old lock, serves everything at once") {
  Fleet fleet(settings());
  Fleet::Member& before = fleet.start("ani", "");
  fleet.pass(seconds(3));
  fleet.kill(before);
  const Fleet::Member& again = fleet.start("ani", "", before.id());
  fleet.run();
  CHECK(fleet.served_by(again) == 12);
  CHECK(fleet.state_of(before) == NodeState::expired);
}

TEST_CASE("a node that left cleanly is succeeded at once") {
  Fleet fleet(settings());
  Fleet::Member& before = fleet.start("ani", "");
  fleet.pass(seconds(3));
  caf::anon_send(before.node->membership, Leave{});
  fleet.run();
  CHECK(before.node->left);
  CHECK_FALSE(before.node->lease_holds());
  CHECK(fleet.state_of(before) == NodeState::left);
  fleet.pass(seconds(10));
  CHECK_FALSE(before.stepped_down);
  fleet.kill(before);
  const Fleet::Member& next = fleet.start("ani", "");
  fleet.run();
  CHECK(fleet.served_by(next) == 12);
}

TEST_CASE("a lease counts from before its renewal was sent, however long the database took") {
  Fleet fleet(settings());
  fleet.table.on_call([&](const Incarnation&) { fleet.advance_clock(milliseconds(300)); });
  const std::int64_t begin = fleet.now_ms();
  const Fleet::Member& ani = fleet.start("ani", "");
  fleet.run();
  // Joining took the first 300 ms; the renewal was sent after it.
  CHECK(ani.node->lease_until_ms == begin + 300 + 4'000);
}

TEST_CASE("without the database a lease runs out by itself, and comes back with it") {
  Fleet fleet(settings());
  const Fleet::Member& ani = fleet.start("ani", "");
  fleet.pass(seconds(2));
  fleet.table.stop(0, true);
  fleet.pass(milliseconds(2'500));
  CHECK(ani.node->lease_holds());
  fleet.pass(seconds(2));
  CHECK_FALSE(ani.node->lease_holds());
  CHECK(ani.node->counters.missed_renewals >= 3);
  fleet.table.stop(0, false);
  fleet.pass(seconds(2));
  CHECK(ani.node->lease_holds());
  CHECK(fleet.served_by(ani) == 12);
  CHECK_FALSE(ani.stepped_down);
}

TEST_CASE("a node is expired when its heartbeat stood still for lease_ttl, not before, and its lease is over by then") {
  Cluster cluster;
  Fleet& fleet = cluster.fleet;
  fleet.table.cut_off(cluster.budi.id(), true);
  fleet.pass(milliseconds(4'900));
  CHECK(fleet.state_of(cluster.budi) == NodeState::up);
  CHECK(fleet.owned_by(cluster.budi) == 6);
  const auto is_expired = [&] { return fleet.state_of(cluster.budi) == NodeState::expired; };
  REQUIRE(fleet.pass_until(is_expired, milliseconds(2'500)));
  CHECK_FALSE(cluster.budi.node->lease_holds());
  CHECK(cluster.ani.node->counters.expired_peers == 1);
  fleet.run();
  CHECK(fleet.served_by(cluster.ani) == 12);

  // It finds out as soon as it reaches the database, and takes part in nothing any more.
  fleet.table.cut_off(cluster.budi.id(), false);
  fleet.pass(seconds(2));
  REQUIRE(cluster.budi.stepped_down);
  CHECK(cluster.budi.stepped_down->starts_with("another node expired this start"));
  fleet.pass(seconds(10));
  CHECK_FALSE(cluster.budi.node->lease_holds());
  CHECK(fleet.owned_by(cluster.ani) == 12);
}

TEST_CASE("a node that was stopped for three seconds stays, with all its shards") {
  Cluster cluster;
  cluster.budi.is_stopped = true;
  cluster.fleet.pass(seconds(3));
  cluster.budi.is_stopped = false;
  cluster.fleet.pass(seconds(10));
  CHECK(cluster.fleet.state_of(cluster.budi) == NodeState::up);
  CHECK(cluster.fleet.served_by(cluster.budi) == 6);
  CHECK_FALSE(cluster.budi.stepped_down);
}

TEST_CASE("a node that slept does not blame the others for what it did not see") {
  Cluster cluster;
  Fleet& fleet = cluster.fleet;
  // The later one has seen the last heartbeat of the other.
  cluster.budi.is_stopped = true;
  fleet.pass(milliseconds(1'500));
  cluster.ani.is_stopped = true;
  fleet.pass(seconds(20));
  // Both slept, as when the machine was suspended; one wakes a little earlier.
  cluster.ani.is_stopped = false;
  fleet.pass(seconds(5));
  CHECK(fleet.state_of(cluster.budi) == NodeState::up);
  cluster.budi.is_stopped = false;
  fleet.pass(seconds(10));
  CHECK(fleet.state_of(cluster.budi) == NodeState::up);
  CHECK(fleet.served_by(cluster.budi) == 6);
}

TEST_CASE("an outage of the database expires nobody") {
  Cluster cluster;
  // For one of them it begins a little earlier, so that the other has seen its last heartbeat.
  cluster.fleet.table.cut_off(cluster.budi.id(), true);
  cluster.fleet.pass(milliseconds(1'500));
  cluster.fleet.table.cut_off(cluster.budi.id(), false);
  cluster.fleet.table.stop(0, true);
  cluster.fleet.pass(seconds(20));
  cluster.fleet.table.stop(0, false);
  cluster.fleet.pass(seconds(20));
  CHECK(cluster.fleet.state_of(cluster.ani) == NodeState::up);
  CHECK(cluster.fleet.state_of(cluster.budi) == NodeState::up);
  CHECK(cluster.settles());
}

TEST_CASE("an observer dates a heartbeat from when it first saw it, and begins anew after a gap of its own") {
  NodeRow peer;
  peer.incarnation.uuid.bytes[15] = 1;
  Observer observer(seconds(3));
  const auto look = [&](std::uint64_t heartbeat, std::int64_t now_ms) {
    peer.heartbeat = heartbeat;
    observer.look({peer}, now_ms);
    return observer.silent_for(peer.incarnation).count();
  };
  CHECK(look(7, 100'000) == 0);
  CHECK(look(7, 101'000) == 1'000);
  CHECK(look(7, 103'500) == 3'500);
  CHECK(look(8, 104'500) == 0);
  CHECK(look(8, 107'500) == 3'000);
  CHECK(look(8, 110'501) == 0);  // more than three seconds without a look
  CHECK(look(8, 111'501) == 1'000);
  observer.look({}, 112'000);
  CHECK(observer.silent_for(peer.incarnation).count() == 0);
}

TEST_CASE("the shards of a node that ended go to the nodes that they are drawn to") {
  Fleet fleet(settings(48));
  Fleet::Member& ani = fleet.start("ani", address_of("ani"));
  Fleet::Member& budi = fleet.start("budi", address_of("budi"));
  Fleet::Member& citra = fleet.start("citra", address_of("citra"));
  const std::vector<Candidate> left{{ani.id(), "ani"}, {budi.id(), "budi"}};
  REQUIRE(fleet.pass_until([&] { return fleet.served_by(citra) == 16 && fleet.served_by(ani) == 16; }));
  std::vector<Shard> orphans;
  for (Shard shard = 0; shard < 48; ++shard)
    if (fleet.row(shard).owner == citra.id())
      orphans.push_back(shard);
  fleet.kill(citra);
  REQUIRE(fleet.pass_until([&] { return fleet.owned_by(citra) == 0; }, seconds(9)));
  for (const Shard shard : orphans)
    CHECK(fleet.row(shard).owner == preferred(shard, left)->incarnation);
}

TEST_CASE("when the node that a shard is drawn to does not take it, another one does") {
  Fleet fleet(settings());
  Fleet::Member& ani = fleet.start("ani", address_of("ani"));
  Fleet::Member& budi = fleet.start("budi", address_of("budi"));
  budi.ownership_hangs = true;
  ani.is_stopped = true;
  fleet.run();
  ani.is_stopped = false;
  fleet.pass(seconds(2));
  const std::uint64_t drawn_to_ani = ani.node->counters.acquired_shards;
  CHECK(drawn_to_ani > 0);
  CHECK(drawn_to_ani < 12);
  fleet.pass(seconds(2));
  CHECK(ani.node->counters.acquired_shards == 12);
}

TEST_CASE("a shard that is a node's own by the table, but that its lane was not told of, is served a renewal later") {
  Fleet fleet(settings());
  Fleet::Member& ani = fleet.start("ani", "");
  ani.lanes_are_deaf = true;
  fleet.run();
  CHECK(fleet.owned_by(ani) == 12);
  CHECK(fleet.served_by(ani) == 0);
  ani.lanes_are_deaf = false;
  fleet.pass(seconds(3));
  CHECK(fleet.served_by(ani) == 12);
}

TEST_CASE("an acquisition whose answer was lost is found out and served") {
  Fleet fleet(settings());
  Fleet::Member& ani = fleet.start("ani", "");
  const auto lose_the_acquisition = [&, calls = 0](const Incarnation&) mutable {
    // The stores are called in this order: join, renew, nodes, identity, register, shards, acquire.
    if (++calls == 7)
      fleet.table.lose_answers(1);
  };
  fleet.table.on_call(lose_the_acquisition);
  fleet.run();
  CHECK(fleet.owned_by(ani) == 12);
  CHECK(ani.node->counters.acquired_shards == 0);
  fleet.pass(seconds(1));
  CHECK(fleet.served_by(ani) == 12);
}

TEST_CASE("a node that just joined is not taken for one that is gone") {
  Fleet fleet(settings());
  Fleet::Member& ani = fleet.start("ani", address_of("ani"));
  fleet.run();
  NodeRow budi;
  budi.incarnation.uuid.bytes[0] = 9;
  budi.name = "budi";
  budi.internal_address = address_of("budi");
  const auto alive = std::make_shared<bool>(true);
  const auto store = fleet.table.membership_of(budi.incarnation, alive);
  store->join(budi);
  fleet.shards().give(3, budi.incarnation);
  caf::anon_send(ani.node->membership, ShardsSeen{0, fleet.shards().rows()});
  fleet.run();
  CHECK(fleet.row(3).owner == budi.incarnation);
  // One that the table has forgotten is gone.
  Incarnation forgotten;
  forgotten.uuid.bytes[0] = 8;
  fleet.shards().give(3, forgotten);
  fleet.pass(seconds(4));
  CHECK(fleet.row(3).owner != forgotten);
}

TEST_CASE("a database that does not answer holds up neither membership nor the shards of the others") {
  Fleet fleet(settings(), 2);
  fleet.table.stop(1, true);
  const Fleet::Member& ani = fleet.start("ani", "");
  fleet.pass(seconds(10));
  CHECK(ani.node->lease_holds());
  CHECK(fleet.served_by(ani) == 6);
  fleet.table.stop(1, false);
  fleet.pass(seconds(2));
  CHECK(fleet.served_by(ani) == 12);
  CHECK(ani.node->database_of(11) == 1);
}

TEST_CASE("a node whose lease has run out takes nothing, since it may have been expired") {
  Fleet fleet(settings(), 2);
  fleet.table.stop(1, true);
  const Fleet::Member& ani = fleet.start("ani", "");
  fleet.pass(seconds(2));
  fleet.table.stop(0, true);
  fleet.pass(seconds(5));
  fleet.table.stop(1, false);
  fleet.pass(seconds(5));
  CHECK(ani.node->database_of(11) == 1);
  CHECK(fleet.owned_by(ani) == 6);
  fleet.table.stop(0, false);
  fleet.pass(seconds(2));
  CHECK(fleet.served_by(ani) == 12);
}

TEST_CASE("when another server answers after an outage, the lane trusts its memory no more") {
  Fleet fleet(settings());
  const Fleet::Member& ani = fleet.start("ani", "");
  fleet.pass(seconds(2));
  fleet.table.stop(0, true);
  fleet.pass(seconds(2));
  fleet.table.stop(0, false);
  fleet.pass(seconds(2));
  CHECK(ani.resets == 0);
  fleet.table.stop(0, true);
  fleet.pass(seconds(2));
  fleet.table.promote();
  fleet.table.stop(0, false);
  fleet.pass(seconds(2));
  CHECK(ani.resets == 1);
}

TEST_CASE("nodes are linked with those that live and can be reached") {
  Cluster cluster;
  REQUIRE(cluster.ani.peers.size() == 1);
  CHECK(cluster.ani.peers[0].name == "budi");
  const auto view = cluster.ani.node->view.load();
  REQUIRE(view->nodes.size() == 2);
  CHECK(std::ranges::count(view->nodes, true, &NodeView::linked) == 1);
  CHECK(std::ranges::count(view->shards, true, &ShardView::mine) == 6);
  CHECK(view->lanes.size() == 1);
  cluster.fleet.kill(cluster.budi);
  cluster.fleet.pass(seconds(9));
  CHECK(cluster.ani.peers.empty());
}

TEST_CASE("a node that others cannot reach waits while another one serves, and takes over when that one is gone") {
  for (const bool leaves : {true, false}) {
    Fleet fleet(settings());
    Fleet::Member& first = fleet.start("ani", "");
    fleet.pass(seconds(2));
    Fleet::Member& second = fleet.start("budi", "");
    fleet.pass(seconds(20));
    CHECK(fleet.served_by(first) == 12);
    CHECK(fleet.owned_by(second) == 0);
    if (leaves)
      caf::anon_send(first.node->membership, Leave{});
    else
      fleet.kill(first);
    fleet.pass(leaves ? seconds(2) : seconds(9));
    CHECK(fleet.served_by(second) == 12);
  }
}

TEST_CASE("a node that others cannot reach leaves every shard to those that can be reached") {
  Fleet fleet(settings());
  Fleet::Member& ani = fleet.start("ani", address_of("ani"));
  ani.ownership_hangs = true;
  const Fleet::Member& budi = fleet.start("budi", "");
  fleet.pass(seconds(10));
  CHECK(fleet.owned_by(budi) == 0);
  ani.ownership_hangs = false;
  fleet.pass(seconds(1));
  CHECK(fleet.served_by(ani) == 12);
}

TEST_CASE("what could not be acquired is tried again once a renewal, not at once") {
  Fleet fleet(settings());
  fleet.shards().refuse(true);
  const Fleet::Member& ani = fleet.start("ani", "");
  fleet.pass(seconds(5));
  CHECK(fleet.shards().attempts_to_take() >= 4);
  CHECK(fleet.shards().attempts_to_take() <= 6);
  fleet.shards().refuse(false);
  fleet.pass(seconds(2));
  CHECK(fleet.served_by(ani) == 12);
}

TEST_CASE("of two nodes that cannot reach each other and start at the same time one serves everything") {
  Fleet fleet(settings());
  Fleet::Member& first = fleet.start("ani", "");
  Fleet::Member& second = fleet.start("budi", "");
  first.ownership_hangs = second.ownership_hangs = true;
  fleet.pass(seconds(2));
  first.ownership_hangs = second.ownership_hangs = false;
  fleet.pass(seconds(5));
  CHECK(fleet.served_by(first) + fleet.served_by(second) == 12);
  CHECK((fleet.served_by(first) == 12 || fleet.served_by(second) == 12));
}

}  // namespace dompet::simulated
