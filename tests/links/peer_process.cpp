#include "tests/links/peer_process.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace dompet {

namespace {

// Where the child finds its ends of the pipes.
constexpr int leash_descriptor = 8;
constexpr int port_descriptor = 9;
constexpr auto hidden_test = "a node in a process of its own";

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Incarnation incarnation_of(const std::string& text) { return {parse_uuid(text).value_or(Uuid{})}; }

}  // namespace

PeerProcess::PeerProcess(const LinkedNode& wants, const ClusterSettings& settings) {
  int leash[2], port[2];
  REQUIRE(pipe2(leash, O_CLOEXEC) == 0);
  REQUIRE(pipe2(port, O_CLOEXEC) == 0);
  row_.incarnation = random_incarnation();
  row_.name = "peer-process";
  std::vector<std::string> variables{"DOMPET_PEER_INCARNATION=" + to_string(row_.incarnation),
                                     "DOMPET_PEER_WANTS=" + to_string(wants.incarnation()),
                                     "DOMPET_PEER_WANTS_ADDRESS=" + wants.row().internal_address,
                                     "DOMPET_PEER_WINDOW_MESSAGES=" + std::to_string(settings.link_window_messages),
                                     "DOMPET_PEER_WINDOW_BYTES=" + std::to_string(settings.link_window_bytes)};
  std::vector<char*> pointers;
  for (std::string& variable : variables)
    pointers.push_back(variable.data());
  pointers.push_back(nullptr);
  char program[] = "/proc/self/exe";
  std::string test = hidden_test;
  char* arguments[] = {program, test.data(), nullptr};

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, leash[0], leash_descriptor);
  posix_spawn_file_actions_adddup2(&actions, port[1], port_descriptor);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  REQUIRE(posix_spawn(&process_, program, &actions, nullptr, arguments, pointers.data()) == 0);
  posix_spawn_file_actions_destroy(&actions);
  close(leash[0]);
  close(port[1]);
  leash_ = leash[1];

  pollfd wanted{port[0], POLLIN, 0};
  REQUIRE(poll(&wanted, 1, 20'000) == 1);
  char text[16] = {};
  REQUIRE(read(port[0], text, sizeof text - 1) > 0);
  close(port[0]);
  row_.internal_address = "127.0.0.1:" + std::string{text};
}

PeerProcess::~PeerProcess() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  close(leash_);
}

void PeerProcess::signal(int number) { kill(process_, number); }

TEST_CASE("a node in a process of its own", "[.]") {
  if (environment("DOMPET_PEER_INCARNATION").empty())
    SKIP("other tests start it");
  ClusterSettings settings = loopback_settings();
  settings.link_window_messages = std::stoul(environment("DOMPET_PEER_WINDOW_MESSAGES"));
  settings.link_window_bytes = std::stoul(environment("DOMPET_PEER_WINDOW_BYTES"));
  LinkedNode node(settings, incarnation_of(environment("DOMPET_PEER_INCARNATION")));
  node.arrivals().only_count();
  NodeRow wants;
  wants.incarnation = incarnation_of(environment("DOMPET_PEER_WANTS"));
  wants.name = "the test";
  wants.internal_address = environment("DOMPET_PEER_WANTS_ADDRESS");
  node.links().set_peers({wants});
  const std::string port = std::to_string(node.port());
  REQUIRE(write(port_descriptor, port.data(), port.size()) > 0);
  close(port_descriptor);
  char nothing = 0;
  CHECK(read(leash_descriptor, &nothing, 1) == 0);
}

}  // namespace dompet
