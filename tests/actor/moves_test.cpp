// Shards that change hands although both nodes live: balance, wishes, leaving (protocol 5.10, 5.11).

#include <catch2/catch_test_macros.hpp>

#include "tests/actor/fleet.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

EngineSettings settings() {
  EngineSettings engine;
  engine.shard_count = 24;
  return engine;
}

/// A cluster of two that has come to rest, and for long enough that every shard may move again.
struct Cluster {
  Fleet fleet{settings()};
  Fleet::Member& ani = fleet.start("ani", "ani:7000");
  Fleet::Member& budi = fleet.start("budi", "budi:7000");

  Cluster() {
    REQUIRE(settles());
    fleet.pass(seconds(40));
    REQUIRE(settles());
  }
  bool settles() {
    return fleet.pass_until([&] { return fleet.served_by(ani) == 12 && fleet.served_by(budi) == 12; });
  }
  std::vector<Shard> some_of(const Fleet::Member& member, std::size_t count) const {
    std::vector<Shard> some;
    for (Shard shard = 0; shard < fleet.shard_count() && some.size() < count; ++shard)
      if (fleet.row(shard).owner == member.id())
        some.push_back(shard);
    return some;
  }
};

}  // namespace

TEST_CASE("a node that joins gets its share at once, a few shards at a time, and then nothing moves any more") {
  Cluster cluster;
  Fleet& fleet = cluster.fleet;
  const Fleet::Member& citra = fleet.start("citra", "citra:7000");
  const auto is_even = [&] {
    return fleet.served_by(cluster.ani) == 8 && fleet.served_by(cluster.budi) == 8 && fleet.served_by(citra) == 8;
  };
  REQUIRE(fleet.pass_until(is_even, seconds(15)));
  CHECK(fleet.shards().most_open_wishes() <= 4);
  const int hand_overs = fleet.shards().hand_overs();
  fleet.pass(seconds(120));
  CHECK(is_even());
  CHECK(fleet.shards().hand_overs() == hand_overs);
}

TEST_CASE("a node that comes back gets its share again, from the shards that did not just move") {
  Cluster cluster;
  Fleet& fleet = cluster.fleet;
  fleet.kill(cluster.budi);
  REQUIRE(fleet.pass_until([&] { return fleet.served_by(cluster.ani) == 24; }, seconds(9)));
  const Fleet::Member& again = fleet.start("budi", "budi:7000", cluster.budi.id());
  CHECK(fleet.pass_until([&] { return fleet.served_by(cluster.ani) == 12 && fleet.served_by(again) == 12; },
                         seconds(15)));
}

TEST_CASE("a shard that is wished elsewhere is let go, once, and only so many at a time") {
  Cluster cluster;
  Fleet& fleet = cluster.fleet;
  cluster.ani.shards_hold_on = true;
  cluster.ani.told_to_release.clear();
  for (const Shard shard : cluster.some_of(cluster.ani, 7))
    fleet.shards().wish(shard, cluster.budi.id());
  fleet.pass(seconds(4));
  CHECK(cluster.ani.told_to_release.size() == 4);
  // Those that did not let go are asked again, and nothing more is begun meanwhile.
  fleet.pass(seconds(4));
  CHECK(cluster.ani.told_to_release.size() == 8);
  cluster.ani.shards_hold_on = false;
  const int hand_overs = fleet.shards().hand_overs();
  CHECK(fleet.pass_until([&] { return fleet.shards().hand_overs() >= hand_overs + 7; }, seconds(15)));
}

TEST_CASE("a wish for a node that is gone is taken back") {
  Cluster cluster;
  const Shard shard = cluster.some_of(cluster.ani, 1)[0];
  Incarnation nobody;
  nobody.uuid.bytes[0] = 7;
  cluster.fleet.shards().wish(shard, nobody);
  cluster.fleet.pass(seconds(2));
  CHECK(cluster.fleet.row(shard).target == Incarnation{});
  CHECK(cluster.fleet.row(shard).owner == cluster.ani.id());
}

TEST_CASE("a node that joins gets its share also when the others have just been started anew") {
  Fleet fleet(settings());
  Fleet::Member& before = fleet.start("ani", "ani:7000");
  fleet.pass(seconds(2));
  fleet.kill(before);
  const Fleet::Member& again = fleet.start("ani", "ani:7000", before.id());
  fleet.pass(seconds(2));
  const Fleet::Member& budi = fleet.start("budi", "budi:7000");
  CHECK(fleet.pass_until([&] { return fleet.served_by(again) == 12 && fleet.served_by(budi) == 12; }, seconds(10)));
}

TEST_CASE("a slight unevenness stays until somebody asks for balance") {
  Cluster cluster;
  Fleet& fleet = cluster.fleet;
  for (const Shard shard : cluster.some_of(cluster.ani, 2))
    fleet.shards().wish(shard, cluster.budi.id());
  REQUIRE(fleet.pass_until([&] { return fleet.served_by(cluster.budi) == 14; }, seconds(5)));
  fleet.pass(seconds(60));
  CHECK(fleet.served_by(cluster.budi) == 14);
  caf::anon_send(cluster.budi.node->membership, RebalanceNow{});
  CHECK(fleet.pass_until([&] { return fleet.served_by(cluster.budi) == 12; }, seconds(5)));
}

TEST_CASE("when somebody asks for balance, shards move however short they were where they are") {
  for (const bool asks_the_first : {true, false}) {
    Fleet fleet(settings());
    Fleet::Member& ani = fleet.start("ani", "ani:7000");
    fleet.run();
    Fleet::Member& budi = fleet.start("budi", "budi:7000");
    REQUIRE(fleet.pass_until([&] { return fleet.served_by(budi) == 12; }, seconds(10)));
    fleet.pass(seconds(2));
    // Everything that budi has has just moved.
    int wished = 0;
    for (Shard shard = 0; shard < 24 && wished < 2; ++shard)
      if (fleet.row(shard).owner == ani.id()) {
        fleet.shards().wish(shard, budi.id());
        wished += 1;
      }
    REQUIRE(fleet.pass_until([&] { return fleet.served_by(budi) == 14; }, seconds(5)));
    caf::anon_send((asks_the_first ? ani : budi).node->membership, RebalanceNow{});
    CHECK(fleet.pass_until([&] { return fleet.served_by(budi) == 12; }, seconds(5)));
  }
}

TEST_CASE("a node that leaves gives everything away first, a few shards at a time") {
  Cluster cluster;
  Fleet& fleet = cluster.fleet;
  const Fleet::Member& citra = fleet.start("citra", "citra:7000");
  REQUIRE(fleet.pass_until([&] { return fleet.served_by(citra) == 8 && fleet.served_by(cluster.ani) == 8; }));
  caf::anon_send(cluster.budi.node->membership, Leave{});
  fleet.run();
  CHECK(cluster.budi.node->leaving);
  REQUIRE(fleet.pass_until([&] { return cluster.budi.node->left.load(); }, seconds(10)));
  CHECK(fleet.owned_by(cluster.budi) == 0);
  CHECK(fleet.state_of(cluster.budi) == NodeState::left);
  CHECK(fleet.shards().most_open_wishes() <= 8);  // four of its own, four for balance
  fleet.pass(seconds(2));
  CHECK(fleet.served_by(cluster.ani) == 12);
  CHECK(fleet.served_by(citra) == 12);
  CHECK_FALSE(cluster.budi.stepped_down);
}

TEST_CASE("a node that an operator drains anywhere in the cluster gives everything away and stays a member") {
  Cluster cluster;
  Fleet& fleet = cluster.fleet;
  caf::anon_send(cluster.ani.node->membership, DrainNode{cluster.budi.id()});
  REQUIRE(fleet.pass_until([&] { return fleet.served_by(cluster.ani) == 24; }, seconds(15)));
  fleet.pass(seconds(60));
  CHECK(fleet.owned_by(cluster.budi) == 0);
  CHECK(fleet.state_of(cluster.budi) == NodeState::draining);
  CHECK(cluster.budi.node->lease_holds());
  CHECK_FALSE(cluster.budi.node->left);
}

TEST_CASE("a database that does not answer does not keep a node that leaves from giving away what is in the others") {
  for (const int silent : {0, 1}) {
    Fleet fleet(settings(), 3);
    Fleet::Member& ani = fleet.start("ani", "ani:7000");
    Fleet::Member& budi = fleet.start("budi", "budi:7000");
    REQUIRE(fleet.pass_until([&] { return fleet.served_by(ani) == 12 && fleet.served_by(budi) == 12; }));
    fleet.table.stop(1 + silent, true);
    fleet.pass(seconds(2));
    caf::anon_send(budi.node->membership, Leave{});
    fleet.pass(seconds(15));
    for (Shard shard = 0; shard < 24; ++shard)
      if (shard / 8 != 1 + silent)
        CHECK(fleet.row(shard).owner == ani.id());
    CHECK_FALSE(budi.node->left);
    fleet.table.stop(1 + silent, false);
    CHECK(fleet.pass_until([&] { return budi.node->left.load(); }, seconds(15)));
    CHECK(fleet.owned_by(budi) == 0);
  }
}

TEST_CASE("a node that cannot hand its shards over because nobody else lives leaves at once") {
  Cluster cluster;
  Fleet& fleet = cluster.fleet;
  fleet.kill(cluster.budi);
  REQUIRE(fleet.pass_until([&] { return fleet.served_by(cluster.ani) == 24; }, seconds(9)));
  caf::anon_send(cluster.ani.node->membership, Leave{});
  fleet.run();
  CHECK(cluster.ani.node->left);
  CHECK(fleet.state_of(cluster.ani) == NodeState::left);
}

TEST_CASE("a node that does not hear that it has left takes that for an end, not for an expiry") {
  Cluster cluster;
  Fleet& fleet = cluster.fleet;
  caf::anon_send(cluster.budi.node->membership, Leave{});
  fleet.table.on_call([&](const Incarnation& caller) {
    fleet.table.lose_answers(caller == cluster.budi.id() && fleet.owned_by(cluster.budi) == 0 ? 1 : 0);
  });
  REQUIRE(fleet.pass_until([&] { return fleet.state_of(cluster.budi) == NodeState::left; }, seconds(15)));
  CHECK_FALSE(cluster.budi.node->left);
  // Whoever reads that it has left takes what remains at once.
  CHECK_FALSE(cluster.budi.node->lease_holds());
  fleet.table.on_call({});
  fleet.table.lose_answers(0);
  CHECK(fleet.pass_until([&] { return cluster.budi.node->left.load(); }, seconds(2)));
  CHECK_FALSE(cluster.budi.stepped_down);
}

}  // namespace dompet::simulated
