#include <catch2/catch_test_macros.hpp>

#include "actors/cluster/greeting.hpp"
#include "tests/links/linked_node.hpp"

namespace dompet {

namespace {

/// Long enough for several attempts.
constexpr auto several_attempts = std::chrono::milliseconds(1'500);

void never_get_linked(LinkedNode& one, LinkedNode& other) {
  link_both(one, other);
  CHECK(becomes_true([&] { return one.arrivals().events(LinkEvent::refused) >= 2; }));
  CHECK_FALSE(one.gets_linked_with(other, several_attempts));
  CHECK_FALSE(other.links().is_up(one.incarnation()));
  CHECK(one.links().send(other.incarnation(), "a frame") == Sent::down);
  CHECK(one.arrivals().frame_count() + other.arrivals().frame_count() == 0);
}

}  // namespace

TEST_CASE("two nodes that know of each other get linked in both directions and exchange frames") {
  LinkedNode one, other;
  link_both(one, other);
  REQUIRE(one.gets_linked_with(other));
  REQUIRE(other.gets_linked_with(one));
  CHECK(one.send_patiently(other.incarnation(), "to the other"));
  CHECK(other.send_patiently(one.incarnation(), "to the one"));
  CHECK(becomes_true([&] { return other.arrivals().frames_of(one.incarnation()).size() == 1; }));
  CHECK(becomes_true([&] { return one.arrivals().frames_of(other.incarnation()).size() == 1; }));
  CHECK(other.arrivals().frames_of(one.incarnation()).front() == "to the other");
  CHECK(one.arrivals().frames_of(other.incarnation()).front() == "to the one");
}

TEST_CASE("it does not matter which of two nodes begins to link") {
  for (const bool smaller_first : {true, false}) {
    Incarnation low, high;
    low.uuid.bytes[0] = 1;
    high.uuid.bytes[0] = 2;
    LinkedNode first(loopback_settings(), smaller_first ? low : high);
    LinkedNode second(loopback_settings(), smaller_first ? high : low);
    first.links().set_peers({second.row()});
    REQUIRE(first.gets_linked_with(second));
    second.links().set_peers({first.row()});
    REQUIRE(second.gets_linked_with(first));
    CHECK(first.arrivals().times_down(second.incarnation()) == 0);
  }
}

TEST_CASE("three nodes get linked each with each") {
  LinkedNode nodes[3];
  const std::vector<NodeRow> rows{nodes[0].row(), nodes[1].row(), nodes[2].row()};
  for (LinkedNode& node : nodes)
    node.links().set_peers(rows);
  for (LinkedNode& node : nodes)
    for (LinkedNode& peer : nodes)
      if (&node != &peer)
        CHECK(node.gets_linked_with(peer));
}

TEST_CASE("a link that has nothing to carry stays up") {
  LinkedNode one, other;
  link_both(one, other);
  REQUIRE(one.gets_linked_with(other));
  REQUIRE(other.gets_linked_with(one));
  CHECK_FALSE(becomes_true([&] { return !one.links().is_up(other.incarnation()); }, std::chrono::seconds(4)));
  CHECK(one.send_patiently(other.incarnation(), "after a silence"));
  CHECK(becomes_true([&] { return other.arrivals().frame_count() == 1; }));
}

TEST_CASE("a node that has another secret is refused") {
  ClusterSettings settings = loopback_settings();
  settings.secret = "another secret";
  LinkedNode one, other(settings);
  never_get_linked(one, other);
}

TEST_CASE("nodes of builds that have no protocol in common are refused") {
  LinkedNode one(loopback_settings(), random_incarnation(), 1, 1);
  LinkedNode other(loopback_settings(), random_incarnation(), 2, 3);
  never_get_linked(one, other);
}

TEST_CASE("nodes of neighbouring builds speak the newest protocol that both know") {
  CHECK(common_protocol(1, 2, 2, 3) == 2);
  CHECK(common_protocol(1, 3, 1, 3) == 3);
  CHECK(common_protocol(1, 1, 2, 3) == std::nullopt);
  LinkedNode one(loopback_settings(), random_incarnation(), 1, 2);
  LinkedNode other(loopback_settings(), random_incarnation(), 2, 3);
  link_both(one, other);
  CHECK(one.gets_linked_with(other));
  CHECK(other.gets_linked_with(one));
}

TEST_CASE("a process is not taken for an earlier one at the same address") {
  LinkedNode one, other;
  NodeRow earlier = other.row();
  earlier.incarnation = random_incarnation();
  one.links().set_peers({earlier});
  CHECK(becomes_true([&] { return one.arrivals().events(LinkEvent::refused) >= 2; }));
  CHECK_FALSE(one.links().is_up(earlier.incarnation));
}

TEST_CASE("a proof is good for one greeting, one direction and two processes only") {
  const GreetingFacts facts{7, 1, random_incarnation(), random_incarnation(), fresh_nonce(), fresh_nonce()};
  const SecretProof proof = prove("secret", ProofBy::link, facts);
  CHECK(proves(proof, "secret", ProofBy::link, facts));
  CHECK_FALSE(proves(proof, "secret", ProofBy::gateway, facts));
  CHECK_FALSE(proves(proof, "Secret", ProofBy::link, facts));
  GreetingFacts other = facts;
  other.greeting += 1;
  CHECK_FALSE(proves(proof, "secret", ProofBy::link, other));
  other = facts;
  std::swap(other.link, other.gateway);
  CHECK_FALSE(proves(proof, "secret", ProofBy::link, other));
}

TEST_CASE("links need a secret and an address that can be had, and say so") {
  const auto complaint = [](const ClusterSettings& settings) -> std::string {
    try {
      LinkedNode node(settings);
    } catch (const std::runtime_error& failure) {
      return failure.what();
    }
    return {};
  };
  ClusterSettings settings = loopback_settings();
  settings.secret.clear();
  CHECK(complaint(settings).find("cluster.secret") != std::string::npos);

  const LinkedNode owner;
  settings = loopback_settings();
  settings.listen = owner.row().internal_address;
  CHECK(complaint(settings).find(settings.listen) != std::string::npos);
  CHECK(complaint(settings).find("cluster.listen") != std::string::npos);
  settings.listen = "nowhere";
  CHECK(complaint(settings).find("host:port") != std::string::npos);
}

TEST_CASE("a node that serves alone has no port and no peers") {
  ClusterSettings settings = loopback_settings();
  settings.listen.clear();
  LinkedNode alone(settings), other;
  CHECK(alone.port() == 0);
  alone.links().set_peers({other.row()});
  CHECK(alone.links().send(other.incarnation(), "a frame") == Sent::down);
  CHECK_FALSE(alone.links().is_up(other.incarnation()));
}

}  // namespace dompet
