#include <arpa/inet.h>
#include <catch2/catch_test_macros.hpp>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "actors/cluster/probe.hpp"
#include "tests/links/linked_node.hpp"
#include "tests/links/peer_process.hpp"

namespace dompet {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t mebibyte = 1024 * 1024;

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

std::ptrdiff_t entries_of(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}

/// Takes connections into its backlog until that is full, and never answers anybody again: packets to it are swallowed.
class BlackHole {
 public:
  BlackHole() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener_ = Socket{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    REQUIRE(bind(listener_.descriptor(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listener_.descriptor(), 0) == 0);
    socklen_t size = sizeof address;
    getsockname(listener_.descriptor(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    for (bool full = false; !full;) {
      Connected connected = connect_within({"127.0.0.1", port_}, milliseconds(100));
      full = !connected.socket;
      callers_.push_back(std::move(connected.socket));
    }
  }

  NodeRow row() const {
    NodeRow row;
    row.incarnation = random_incarnation();
    row.name = "black-hole";
    row.internal_address = "127.0.0.1:" + std::to_string(port_);
    return row;
  }

 private:
  Socket listener_{};
  std::uint16_t port_ = 0;
  std::vector<Socket> callers_{};
};

struct Flood {
  int taken = 0;
  std::size_t peak_resident_bytes = 0;
};

/// Frames of 1 kB at this rate, until the time is over or the link is no longer up.
Flood flood(LinkedNode& from, const Incarnation& to, int frames_per_ms, milliseconds time) {
  Flood flood;
  const auto begun = steady_clock::now();
  int offered = 0;
  becomes_true(
      [&] {
        const auto due = frames_per_ms * std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun).count();
        for (; offered < due; ++offered)
          flood.taken += from.links().send(to, std::string(1'000, 'x')) == Sent::sent ? 1 : 0;
        flood.peak_resident_bytes = std::max(flood.peak_resident_bytes, resident_bytes());
        return !from.links().is_up(to);
      },
      time);
  return flood;
}

}  // namespace

TEST_CASE("a peer that is stopped under load costs a window of memory, is left within the time-out, and comes back") {
  LinkedNode node;
  PeerProcess peer(node);
  const Incarnation to = peer.row().incarnation;
  node.links().set_peers({peer.row()});
  REQUIRE(becomes_true([&] { return node.links().is_up(to); }));
  CHECK(flood(node, to, 40, milliseconds(1'000)).taken > 1'000);

  const std::size_t before = resident_bytes();
  const auto stopped = steady_clock::now();
  peer.signal(SIGSTOP);
  // 40 MB a second, which would be some 90 MB until the link is given up.
  const Flood while_stopped = flood(node, to, 40, milliseconds(10'000));
  CHECK(while_stopped.peak_resident_bytes < before + 16 * mebibyte);
  CHECK_FALSE(node.links().is_up(to));
  CHECK(steady_clock::now() - stopped < noticed_within);
  CHECK(becomes_true([&] { return node.arrivals().times_down(to) == 1; }));

  peer.signal(SIGCONT);
  REQUIRE(becomes_true([&] { return node.links().is_up(to); }));
  CHECK(flood(node, to, 10, milliseconds(500)).taken > 500);
}

TEST_CASE("a node can end while a stopped peer leaves megabytes unread") {
  for (const bool after_the_link : {false, true}) {
    ClusterSettings settings = loopback_settings();
    settings.link_window_messages = 100'000;
    settings.link_window_bytes = 64 * mebibyte;
    auto node = std::make_unique<LinkedNode>(settings);
    PeerProcess peer(*node, settings);
    const Incarnation to = peer.row().incarnation;
    node->links().set_peers({peer.row()});
    REQUIRE(becomes_true([&] { return node->links().is_up(to); }));
    peer.signal(SIGSTOP);
    flood(*node, to, 20, milliseconds(1'000));
    if (after_the_link)
      CHECK(becomes_true([&] { return !node->links().is_up(to); }));
    const auto begun = steady_clock::now();
    node.reset();
    CHECK(steady_clock::now() - begun < milliseconds(5'000));
  }
}

TEST_CASE("a peer that is killed is left at once") {
  LinkedNode node;
  PeerProcess peer(node);
  node.links().set_peers({peer.row()});
  REQUIRE(becomes_true([&] { return node.links().is_up(peer.row().incarnation); }));
  peer.signal(SIGKILL);
  CHECK(becomes_true([&] { return !node.links().is_up(peer.row().incarnation); }, milliseconds(1'000)));
}

TEST_CASE("a peer that starts again at the same address is another peer, and nothing of the former one arrives") {
  LinkedNode node;
  ClusterSettings settings = loopback_settings();
  auto former = std::make_unique<LinkedNode>(settings);
  settings.listen = former->row().internal_address;
  const NodeRow former_row = former->row();
  link_both(node, *former);
  REQUIRE(node.gets_linked_with(*former));
  REQUIRE(former->gets_linked_with(node));
  former.reset();

  LinkedNode next(settings);
  REQUIRE(next.row().internal_address == former_row.internal_address);
  node.links().set_peers({next.row()});
  next.links().set_peers({node.row()});
  REQUIRE(node.gets_linked_with(next));
  REQUIRE(next.gets_linked_with(node));
  CHECK_FALSE(node.links().is_up(former_row.incarnation));
  CHECK_FALSE(node.arrivals().says_up(former_row.incarnation));
  CHECK(node.links().send(former_row.incarnation, "to the dead") == Sent::down);
  CHECK(node.send_patiently(next.incarnation(), "to the living"));
  CHECK(becomes_true([&] { return next.arrivals().frame_count() == 1; }));
  CHECK(next.arrivals().frames_of(node.incarnation()).front() == "to the living");
}

TEST_CASE("peers that swallow every packet do not delay the link to a healthy one") {
  const BlackHole holes[3];
  LinkedNode node, healthy;
  const std::vector<NodeRow> rows{holes[0].row(), holes[1].row(), healthy.row(), holes[2].row()};
  const auto begun = steady_clock::now();
  node.links().set_peers(rows);
  CHECK(node.gets_linked_with(healthy));
  CHECK(steady_clock::now() - begun < milliseconds(1'000));
  CHECK_FALSE(node.links().is_up(rows[0].incarnation));
  // Nor its return, after the others have been tried for a while.
  node.links().set_peers({rows[0], rows[1], rows[3]});
  CHECK_FALSE(becomes_true([&] { return node.links().is_up(rows[0].incarnation); }, milliseconds(1'500)));
  LinkedNode late;
  const auto again = steady_clock::now();
  node.links().set_peers({rows[0], rows[1], rows[3], late.row()});
  CHECK(node.gets_linked_with(late));
  CHECK(steady_clock::now() - again < milliseconds(1'000));
}

TEST_CASE("links leave nothing behind: fifty lives in one process") {
  const auto live = [] {
    LinkedNode one, other;
    link_both(one, other);
    CHECK(one.gets_linked_with(other));
    CHECK(one.links().send(other.incarnation(), "a frame") == Sent::sent);
  };
  live();
  const std::ptrdiff_t threads = entries_of("/proc/self/task");
  const std::ptrdiff_t files = entries_of("/proc/self/fd");
  for (int life = 0; life < 50; ++life)
    live();
  CHECK(becomes_true([&] { return entries_of("/proc/self/task") <= threads; }));
  CHECK(entries_of("/proc/self/fd") <= files);
}

TEST_CASE("links can end at any moment of their beginning") {
  for (int i = 0; i < 30; ++i) {
    LinkedNode one, other;
    link_both(one, other);
    becomes_true([&] { return one.links().is_up(other.incarnation()); }, milliseconds(5 * i));
  }
}

}  // namespace dompet
