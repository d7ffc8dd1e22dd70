#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <thread>

#include "actors/cluster/envelope.hpp"
#include "tests/links/linked_node.hpp"

namespace dompet {

namespace {

struct LinkedPair {
  explicit LinkedPair(const ClusterSettings& settings = loopback_settings()) : one(settings), other(settings) {
    link_both(one, other);
    REQUIRE(one.gets_linked_with(other));
    REQUIRE(other.gets_linked_with(one));
  }

  LinkedNode one, other;
};

int sent_until_busy(LinkedNode& from, const Incarnation& to, const std::string& frame, int most) {
  int sent = 0;
  while (sent < most && from.links().send(to, frame) == Sent::sent)
    ++sent;
  return sent;
}

}  // namespace

TEST_CASE("a hundred thousand frames arrive complete and in their order") {
  LinkedPair pair;
  constexpr int count = 100'000;
  for (int i = 0; i < count; ++i)
    REQUIRE(pair.one.send_patiently(pair.other.incarnation(), "frame " + std::to_string(i)));
  REQUIRE(becomes_true([&] { return pair.other.arrivals().frame_count() == count; }));
  const std::vector<std::string> frames = pair.other.arrivals().frames_of(pair.one.incarnation());
  int out_of_order = 0;
  for (int i = 0; i < count; ++i)
    out_of_order += frames[static_cast<std::size_t>(i)] != "frame " + std::to_string(i) ? 1 : 0;
  CHECK(out_of_order == 0);
  CHECK(pair.one.arrivals().times_down(pair.other.incarnation()) == 0);
}

TEST_CASE("frames of every size arrive as they were sent, up to the largest") {
  LinkedPair pair;
  const std::vector<std::size_t> sizes{0, 1, 127, 128, 16'383, 16'384, 40'000, 40'000, frame_limit_bytes, 3};
  for (const std::size_t size : sizes)
    CHECK(pair.one.send_patiently(pair.other.incarnation(), std::string(size, 'x')));
  REQUIRE(becomes_true([&] { return pair.other.arrivals().frame_count() == sizes.size(); }));
  const std::vector<std::string> frames = pair.other.arrivals().frames_of(pair.one.incarnation());
  for (std::size_t i = 0; i < sizes.size(); ++i)
    CHECK(frames[i] == std::string(sizes[i], 'x'));
}

TEST_CASE("when the peer's router is stuck, the sender hears 'busy' after a window of frames, and goes on later") {
  ClusterSettings settings = loopback_settings();
  settings.link_window_messages = 100;
  LinkedPair pair(settings);
  const Incarnation to = pair.other.incarnation();
  pair.other.arrivals().stall();
  CHECK(sent_until_busy(pair.one, to, "a frame", 1'000) == 100);
  CHECK(becomes_true([&] { return pair.other.arrivals().frame_count() == 100; }));
  // The link stays: a full window is no silence.
  CHECK_FALSE(becomes_true([&] { return pair.one.links().send(to, "one more") != Sent::busy; }, noticed_within));
  pair.other.arrivals().go_on();
  CHECK(pair.one.send_patiently(to, "one more"));
  CHECK(becomes_true([&] { return pair.other.arrivals().frame_count() == 101; }));
}

TEST_CASE("a window is full by bytes as well") {
  ClusterSettings settings = loopback_settings();
  settings.link_window_bytes = 10'000;
  LinkedPair pair(settings);
  pair.other.arrivals().stall();
  CHECK(sent_until_busy(pair.one, pair.other.incarnation(), std::string(1'000, 'x'), 1'000) == 10);
  pair.other.arrivals().go_on();
  // One frame that is larger than the window travels alone.
  CHECK(pair.one.send_patiently(pair.other.incarnation(), std::string(20'000, 'y')));
  CHECK(becomes_true([&] { return pair.other.arrivals().frame_count() == 11; }));
}

TEST_CASE("a peer that is no longer wanted is left, and nothing of it is taken in any more") {
  LinkedPair pair;
  pair.one.links().set_peers({});
  CHECK_FALSE(pair.one.links().is_up(pair.other.incarnation()));
  CHECK(becomes_true([&] { return !pair.one.arrivals().says_up(pair.other.incarnation()); }));
  // It still wants us, but we do not take it for a member.
  CHECK(becomes_true([&] { return pair.other.links().send(pair.one.incarnation(), "too late") == Sent::down; }));
  CHECK(becomes_true([&] { return pair.other.arrivals().events(LinkEvent::refused) >= 2; }));
  CHECK(pair.one.arrivals().frame_count() == 0);
}

TEST_CASE("telling the same peers again changes nothing") {
  LinkedPair pair;
  for (int i = 0; i < 100; ++i)
    link_both(pair.one, pair.other);
  CHECK(pair.one.send_patiently(pair.other.incarnation(), "still there"));
  CHECK(becomes_true([&] { return pair.other.arrivals().frame_count() == 1; }));
  CHECK(pair.one.arrivals().times_down(pair.other.incarnation()) == 0);
}

TEST_CASE("how many frames a second a link carries", "[.speed]") {
  LinkedPair pair;
  pair.other.arrivals().only_count();
  constexpr std::size_t count = 1'000'000;
  const std::string frame(100, 'x');
  const auto begun = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < count; ++i)
    while (pair.one.links().send(pair.other.incarnation(), frame) == Sent::busy)
      std::this_thread::yield();
  REQUIRE(becomes_true([&] { return pair.other.arrivals().frame_count() == count; }));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  WARN(static_cast<double>(count) / took.count() << " frames of 100 B a second");
}

TEST_CASE("how long a frame takes to a node that waits for it", "[.speed]") {
  LinkedPair pair;
  pair.other.arrivals().only_count();
  constexpr int count = 5'000;
  std::vector<double> microseconds;
  for (std::size_t i = 0; i < count; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    pair.one.links().send(pair.other.incarnation(), "a frame");
    while (pair.other.arrivals().frame_count() <= i)
      std::this_thread::yield();
    microseconds.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begun).count());
  }
  std::ranges::sort(microseconds);
  WARN(microseconds[count / 2] << " µs p50, " << microseconds[count * 99 / 100] << " µs p99");
}

}  // namespace dompet
