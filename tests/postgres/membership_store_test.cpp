#include <catch2/catch_test_macros.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

NodeRow make_row(const std::string& name) {
  return {.incarnation = make_incarnation(),
          .name = name,
          .internal_address = "10.0.0.1:7000",
          .http_address = "http://10.0.0.1:8080",
          .protocol_min = 1,
          .protocol_max = 2,
          .build = "1.2.3"};
}

/// An empty ledger with a member.
struct Member {
  Member() {
    make_empty_ledger();
    store->join(row);
  }

  NodeRow row = make_row("a");
  std::unique_ptr<MembershipStore> store = make_membership_store(row.incarnation);
  SqlSession sql = open_session();
};

/// A port of this machine where connections are taken and nobody ever says anything.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    REQUIRE(socket_ >= 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket_, 8) == 0);
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;

  std::string url() const { return "postgresql://dompet@127.0.0.1:" + std::to_string(port_) + "/dompet"; }

 private:
  int socket_;
  int port_ = 0;
};

}  // namespace

TEST_CASE("a node that joins is seen as it said, and counts its renewals", "[membership]") {
  Member me;
  CHECK(me.store->nodes() == std::vector{me.row});
  CHECK(me.store->renew());
  CHECK(me.store->renew());
  me.row.heartbeat = 2;
  CHECK(me.store->nodes() == std::vector{me.row});
  const NodeRow other = make_row("b");
  make_membership_store(other.incarnation)->join(other);
  CHECK(me.store->nodes() == std::vector{me.row, other});
}

TEST_CASE("joining twice changes nothing but what the node says of itself", "[membership]") {
  Member me;
  me.store->renew();
  me.row.http_address = "http://10.0.0.1:9090";
  me.store->join(me.row);
  me.row.heartbeat = 1;
  CHECK(me.store->nodes() == std::vector{me.row});
  me.store->bury(me.row.incarnation);
  me.store->join(me.row);
  CHECK_FALSE(me.store->renew());
}

TEST_CASE("a node is expired only while its heartbeat stands still, and then never renews again", "[membership]") {
  Member me;
  me.store->renew();
  CHECK_FALSE(me.store->expire(me.row.incarnation, 0));
  CHECK(me.store->renew());
  CHECK(me.store->expire(me.row.incarnation, 2));
  CHECK_FALSE(me.store->renew());
  CHECK_FALSE(me.store->expire(me.row.incarnation, 2));
  CHECK(me.store->nodes().at(0).state == NodeState::expired);
  CHECK(me.store->nodes().at(0).heartbeat == 2);
}

TEST_CASE("a start that surely is dead is buried whatever its heartbeat", "[membership]") {
  Member me;
  const NodeRow next = make_row("a");
  const auto store = make_membership_store(next.incarnation);
  store->join(next);
  me.store->renew();
  store->bury(me.row.incarnation);
  CHECK_FALSE(me.store->renew());
  CHECK(store->renew());
}

TEST_CASE("a node that drains is a member until it has left", "[membership]") {
  Member me;
  CHECK(me.store->set_state(me.row.incarnation, NodeState::draining));
  CHECK(me.store->renew());
  CHECK(me.store->nodes().at(0).state == NodeState::draining);
  CHECK(me.store->set_state(me.row.incarnation, NodeState::left));
  CHECK_FALSE(me.store->renew());
  CHECK_FALSE(me.store->set_state(me.row.incarnation, NodeState::draining));
  CHECK_FALSE(me.store->set_state(make_incarnation(), NodeState::draining));
  CHECK(me.store->nodes().at(0).state == NodeState::left);
}

TEST_CASE("who ended is seen for some hours, and a crowd of them does not hide the members", "[membership]") {
  Member me;
  me.sql.run("INSERT INTO node (incarnation, name, state, ended_at)"
             " SELECT gen_random_uuid(), 'unlucky', 'expired', now() - n * interval '1 second'"
             " FROM generate_series(1, 500) AS n");
  me.sql.run("INSERT INTO node (incarnation, name, state, ended_at)"
             " SELECT gen_random_uuid(), 'yesterday', 'left', now() - interval '1 day' FROM generate_series(1, 3)");
  const std::vector<NodeRow> nodes = me.store->nodes();
  CHECK(nodes.size() == 51);
  CHECK(nodes.at(0) == me.row);
  CHECK(std::ranges::none_of(nodes, [](const NodeRow& row) { return row.name == "yesterday"; }));
}

TEST_CASE("a renewal on a broken connection is missed, and the next one comes through", "[membership]") {
  Member me;
  terminate(me.sql, "dompet/test/%/membership");
  CHECK_THROWS_AS(me.store->renew(), Unavailable);
  CHECK(me.store->renew());
}

TEST_CASE("a database that does not answer costs a renewal its time-out and no more", "[membership]") {
  Member me;
  const auto hurried = make_postgres_membership_store({.database = database_url(),
                                                       .incarnation = me.row.incarnation,
                                                       .node_name = "test",
                                                       .connect_timeout_s = 5,
                                                       .answer_timeout_ms = 200});
  CHECK(hurried->renew());
  me.sql.within("BEGIN", [&] {
    me.sql.run("LOCK TABLE node");
    const auto begun = std::chrono::steady_clock::now();
    CHECK_THROWS_AS(hurried->renew(), Unavailable);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(2));
  });
  CHECK(hurried->renew());
}

TEST_CASE("a server that is reached and says nothing costs a connection its time-out and no more", "[membership]") {
  const SilentServer server;
  const auto store = make_postgres_membership_store(
      {.database = server.url(), .incarnation = make_incarnation(), .node_name = "test", .connect_timeout_s = 1});
  const auto begun = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(store->renew(), Unavailable);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(1'800));
}

}  // namespace dompet::testing
