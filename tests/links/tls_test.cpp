#include <catch2/catch_test_macros.hpp>
#include <sys/socket.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "actors/cluster/probe.hpp"
#include "tests/links/linked_node.hpp"

namespace dompet {

namespace {

/// Two authorities and a certificate of each, made anew by each run of the tests.
class Certificates {
 public:
  Certificates() {
    std::string made = std::filesystem::temp_directory_path() / "dompet-certificates-XXXXXX";
    REQUIRE(mkdtemp(made.data()) != nullptr);
    folder_ = made;
    const std::string script = std::filesystem::path(__FILE__).parent_path() / "make_certificates";
    REQUIRE(std::system((script + " " + made).c_str()) == 0);
  }
  ~Certificates() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Certificates(const Certificates&) = delete;

  std::string operator/(const std::string& file) const { return folder_ / file; }

 private:
  std::filesystem::path folder_{};
};

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

ClusterSettings tls_settings(const std::string& whose_certificate, const std::string& trusts) {
  ClusterSettings settings = loopback_settings();
  settings.tls_certificate = certificates() / (whose_certificate + ".pem");
  settings.tls_key = certificates() / (whose_certificate + ".key");
  settings.tls_ca = certificates() / (trusts + "-ca.pem");
  return settings;
}

constexpr auto several_attempts = std::chrono::milliseconds(2'000);

void check_refused(const ClusterSettings& ours, const ClusterSettings& stranger) {
  LinkedNode node(ours), healthy(ours), other(stranger);
  link_both(node, healthy);
  REQUIRE(node.gets_linked_with(healthy));
  REQUIRE(healthy.gets_linked_with(node));
  node.links().set_peers({healthy.row(), other.row()});
  other.links().set_peers({node.row()});
  CHECK_FALSE(node.gets_linked_with(other, several_attempts));
  CHECK_FALSE(other.links().is_up(node.incarnation()));
  // Whoever was refused again and again has not disturbed the others.
  CHECK(node.arrivals().times_down(healthy.incarnation()) == 0);
  CHECK(healthy.arrivals().times_down(node.incarnation()) == 0);
  CHECK(healthy.send_patiently(node.incarnation(), "still there"));
  CHECK(becomes_true([&] { return node.arrivals().frame_count() == 1; }));
}

}  // namespace

TEST_CASE("nodes with certificates of the cluster's authority get linked over TLS") {
  const ClusterSettings settings = tls_settings("ours", "ours");
  LinkedNode one(settings), other(settings);
  link_both(one, other);
  REQUIRE(one.gets_linked_with(other));
  REQUIRE(other.gets_linked_with(one));
  constexpr int count = 10'000;
  for (int i = 0; i < count; ++i)
    REQUIRE(one.send_patiently(other.incarnation(), std::to_string(i)));
  REQUIRE(becomes_true([&] { return other.arrivals().frame_count() == count; }));
  const std::vector<std::string> frames = other.arrivals().frames_of(one.incarnation());
  for (int i = 0; i < count; ++i)
    REQUIRE(frames[static_cast<std::size_t>(i)] == std::to_string(i));
}

TEST_CASE("a node whose certificate is of another authority is refused, whomever it trusts itself") {
  const ClusterSettings ours = tls_settings("ours", "ours");
  check_refused(ours, tls_settings("other", "ours"));
  check_refused(ours, tls_settings("other", "other"));
}

TEST_CASE("a node does not link with one that it cannot verify") {
  check_refused(tls_settings("ours", "ours"), tls_settings("ours", "other"));
}

TEST_CASE("a node without TLS does not get linked with one that has it") {
  check_refused(tls_settings("ours", "ours"), loopback_settings());
}

TEST_CASE("who says nothing or nonsense to a port with TLS disturbs nobody") {
  const ClusterSettings settings = tls_settings("ours", "ours");
  LinkedNode one(settings), other(settings);
  std::vector<Socket> callers;
  for (int i = 0; i < 100; ++i) {
    callers.push_back(connect_within({"127.0.0.1", one.port()}, std::chrono::seconds(2)).socket);
    REQUIRE(callers.back());
    const std::string nonsense(static_cast<std::size_t>(i % 50), 'x');
    static_cast<void>(::send(callers.back().descriptor(), nonsense.data(), nonsense.size(), MSG_NOSIGNAL));
  }
  link_both(one, other);
  CHECK(one.gets_linked_with(other));
  CHECK(other.gets_linked_with(one));
  // Waiting for somebody to speak costs no time of the processor.
  const std::clock_t before = std::clock();
  CHECK_FALSE(becomes_true([&] { return !one.links().is_up(other.incarnation()); }, std::chrono::seconds(2)));
  CHECK(std::clock() - before < CLOCKS_PER_SEC);
  CHECK(one.arrivals().times_down(other.incarnation()) == 0);
}

TEST_CASE("TLS files that cannot be used keep a node from starting, and are named") {
  const auto complaint = [](const ClusterSettings& settings) -> std::string {
    try {
      LinkedNode node(settings);
    } catch (const std::runtime_error& failure) {
      return failure.what();
    }
    return {};
  };
  ClusterSettings settings = tls_settings("ours", "ours");
  settings.tls_key = certificates() / "other.key";
  CHECK(complaint(settings).find(settings.tls_key) != std::string::npos);
  settings.tls_key = certificates() / "missing.key";
  CHECK(complaint(settings).find(settings.tls_key) != std::string::npos);
  settings.tls_key.clear();
  CHECK(complaint(settings).find("cluster.tls_key") != std::string::npos);
}

}  // namespace dompet
