#include <arpa/inet.h>
#include <caf/io/all.hpp>
#include <caf/io/basp/all.hpp>
#include <catch2/catch_test_macros.hpp>
#include <sys/socket.h>

#include <fstream>
#include <random>

#include "actors/cluster/envelope.hpp"
#include "actors/cluster/guarded_connection.hpp"
#include "actors/cluster/probe.hpp"
#include "tests/links/linked_node.hpp"

namespace dompet {

namespace {

using caf::io::basp::message_type;

constexpr std::size_t mebibyte = 1024 * 1024;

std::size_t peak_resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmHWM:") {
      std::size_t kilobytes = 0;
      status >> kilobytes;
      return kilobytes * 1024;
    }
  return 0;
}

Socket call(const LinkedNode& node) {
  Connected connected = connect_within({"127.0.0.1", node.port()}, std::chrono::seconds(2));
  REQUIRE(connected.socket);
  return std::move(connected.socket);
}

void say(const Socket& socket, const std::string& bytes) {
  static_cast<void>(::send(socket.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

/// Reads away what the other side says; true when it has hung up.
bool has_hung_up(const Socket& socket) {
  char bytes[4096];
  for (;;) {
    const ssize_t got = recv(socket.descriptor(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (got <= 0)
      return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
}

std::string header_bytes(message_type operation, std::uint32_t payload, std::uint64_t data = 0,
                         std::uint64_t source = 0, std::uint64_t destination = 0) {
  std::string bytes{static_cast<char>(operation), 0, 0, 0};
  const auto append = [&bytes](std::uint64_t number, int size) {
    for (int i = size - 1; i >= 0; --i)
      bytes.push_back(static_cast<char>(number >> (8 * i)));
  };
  append(payload, 4);
  append(data, 8);
  append(source, 8);
  append(destination, 8);
  return bytes;
}

std::string random_bytes(std::mt19937_64& random, std::size_t most) {
  std::string bytes(random() % (most + 1), '\0');
  for (char& byte : bytes)
    byte = static_cast<char>(random());
  return bytes;
}

/// Somebody with CAF and the envelope's type, but without the secret.
class Stranger {
 public:
  explicit Stranger(const LinkedNode& node) : config_(loopback_settings()), system_(config_) {
    auto gateway = system_.middleman().remote_actor("127.0.0.1", node.port());
    REQUIRE(gateway);
    gateway_ = *gateway;
  }

  template <class... Values>
  void say(Values... values) {
    caf::scoped_actor self{system_};
    self->send(gateway_, std::move(values)...);
  }
  void say_anonymously(Envelope envelope) { caf::anon_send(gateway_, std::move(envelope)); }
  /// What the gateway answers; nothing when it is silent.
  std::optional<Envelope> ask(Envelope envelope) {
    caf::scoped_actor self{system_};
    self->send(gateway_, std::move(envelope));
    std::optional<Envelope> answer;
    self->receive([&](const Envelope& answered) { answer = answered; }, caf::after(std::chrono::seconds(5)) >> [] {});
    return answer;
  }
  void leave_an_exit_message() {
    caf::scoped_actor self{system_};
    self->send_exit(gateway_, caf::exit_reason::user_shutdown);
  }

 private:
  struct Config : caf::actor_system_config {
    explicit Config(const ClusterSettings& settings) {
      set("logger.console", caf::atom("none"));
      add_links_to(*this, settings);
    }
  };

  Config config_;
  caf::actor_system system_;
  caf::actor gateway_{};
};

void check_alive(LinkedNode& node) {
  LinkedNode healthy;
  link_both(node, healthy);
  CHECK(node.gets_linked_with(healthy));
  REQUIRE(healthy.gets_linked_with(node));
  CHECK(healthy.send_patiently(node.incarnation(), "still there?"));
  CHECK(becomes_true([&] { return node.arrivals().frames_of(healthy.incarnation()).size() == 1; }));
}

Envelope envelope_to(const LinkedNode& node, EnvelopeKind kind, std::string body,
                     Incarnation source = random_incarnation()) {
  return {envelope_version, static_cast<std::uint8_t>(kind), source, node.incarnation(), std::move(body)};
}

}  // namespace

TEST_CASE("random bytes on the port close their connection and do no harm") {
  LinkedNode node;
  std::mt19937_64 random(20'250'101);
  for (int i = 0; i < 500; ++i) {
    const Socket socket = call(node);
    // The first byte is an operation that there is not, so that it surely is garbage and no long announcement.
    say(socket,
        std::string(1, static_cast<char>(7 + random() % 200)) + std::string(31, 'x') + random_bytes(random, 2'000));
    CHECK(becomes_true([&] { return has_hung_up(socket); }));
  }
  for (int i = 0; i < 500; ++i) {
    const Socket socket = call(node);
    say(socket, std::string(1, static_cast<char>(random() % 7)) + random_bytes(random, 4'000));
  }
  check_alive(node);
}

TEST_CASE("a header that announces two gigabytes closes its connection and costs no memory") {
  LinkedNode node;
  const std::size_t before = peak_resident_bytes();
  for (const message_type operation : {message_type::server_handshake, message_type::client_handshake,
                                       message_type::direct_message, message_type::monitor_message})
    for (const std::uint32_t payload : {0x7FFF'FFFFU, 0xFFFF'FFFFU, basp_payload_limit_bytes + 1}) {
      const Socket socket = call(node);
      const bool is_message = operation == message_type::direct_message;
      say(socket, header_bytes(operation, payload, operation == message_type::server_handshake ? 4 : 0, is_message,
                               is_message));
      CHECK(becomes_true([&] { return has_hung_up(socket); }));
    }
  CHECK(peak_resident_bytes() < before + 16 * mebibyte);
  check_alive(node);
}

TEST_CASE("headers that CAF would stumble over never reach it") {
  LinkedNode node;
  const std::string without_payload[] = {
      header_bytes(message_type::client_handshake, 0),
      header_bytes(message_type::server_handshake, 0, 4),
      header_bytes(message_type::routed_message, 100, 0, 1, 1),
  };
  for (const std::string& bytes : without_payload) {
    const Socket socket = call(node);
    say(socket, bytes);
    CHECK(becomes_true([&] { return has_hung_up(socket); }));
  }
  check_alive(node);
}

TEST_CASE("messages that CAF can frame but not read are dropped") {
  LinkedNode node;
  std::mt19937_64 random(20'250'102);
  for (int i = 0; i < 300; ++i) {
    const Socket socket = call(node);
    for (int message = 0; message < 20; ++message) {
      const std::string payload = random_bytes(random, 300) + "x";
      const auto size = static_cast<std::uint32_t>(payload.size());
      // The gateway's number is a small one.
      switch (random() % 4) {
        case 0: say(socket, header_bytes(message_type::client_handshake, size) + payload); break;
        case 1: say(socket, header_bytes(message_type::monitor_message, size, 0, 0, random() % 64) + payload); break;
        case 2: say(socket, header_bytes(message_type::down_message, size, 0, 1 + random() % 64) + payload); break;
        default:
          say(socket, header_bytes(message_type::direct_message, size, 0, random() % 64, 1 + random() % 64) + payload);
      }
    }
  }
  check_alive(node);
}

TEST_CASE("messages that are nearly right, and of CAF's own types, are dropped or understood, but do no harm") {
  LinkedNode node;
  std::mt19937_64 random(20'250'105);
  const std::string types[] = {"dompet.envelope", "@actor",   "@addr",     "@group",      "@message", "@strmap",
                               "@strset",         "@charbuf", "@duration", "@timeout",    "@node",    "@str",
                               "@u16str",         "@error",   "@down",     "@message_id", "@uri",     "@unit"};
  for (int i = 0; i < 100; ++i) {
    const Socket socket = call(node);
    for (int message = 0; message < 50; ++message) {
      // No stages; then a message: 0, its types, its values.
      std::string names = "@<>";
      for (std::size_t count = random() % 4 + 1; count > 0; --count)
        names += "+" + types[random() % std::size(types)];
      std::string payload(3, '\0');
      payload += static_cast<char>(names.size());
      payload += names + random_bytes(random, 200);
      if (random() % 4 == 0)
        payload[random() % payload.size()] = static_cast<char>(random());
      say(socket, header_bytes(message_type::direct_message, static_cast<std::uint32_t>(payload.size()), 0,
                               random() % 16, 1 + random() % 64) +
                      payload);
    }
  }
  check_alive(node);
  CHECK(node.arrivals().frame_count() == 1);
}

TEST_CASE("a caller who says nothing, or only begins, holds up nobody") {
  LinkedNode node;
  std::vector<Socket> callers;
  for (int i = 0; i < 100; ++i) {
    callers.push_back(call(node));
    say(callers.back(), std::string(static_cast<std::size_t>(i) % 32, '\1'));
  }
  check_alive(node);
}

TEST_CASE("random envelopes of a stranger are dropped, and none of their frames arrives") {
  LinkedNode node;
  Stranger stranger(node);
  std::mt19937_64 random(20'250'103);
  for (int i = 0; i < 20'000; ++i) {
    Envelope envelope = envelope_to(node, static_cast<EnvelopeKind>(random() % 12), random_bytes(random, 200));
    envelope.version = random() % 8 == 0 ? static_cast<std::uint8_t>(random()) : envelope_version;
    if (random() % 4 == 0)
      envelope.destination = random_incarnation();
    stranger.say_anonymously(std::move(envelope));
  }
  CHECK(becomes_true([&] { return node.arrivals().events(LinkEvent::dropped) > 10'000; }));
  CHECK(node.arrivals().frame_count() == 0);
  check_alive(node);
}

TEST_CASE("frames of a process that has not greeted do not arrive") {
  LinkedNode node;
  Stranger stranger(node);
  DataPacker packer(1);
  packer.add("a frame");
  stranger.say_anonymously(envelope_to(node, EnvelopeKind::data, packer.take()));
  CHECK(becomes_true([&] { return node.arrivals().events(LinkEvent::dropped) == 1; }));
  CHECK(node.arrivals().frame_count() == 0);
}

TEST_CASE("a kind of envelope that this build does not know is answered as such") {
  LinkedNode node;
  Stranger stranger(node);
  Envelope envelope = envelope_to(node, static_cast<EnvelopeKind>(77), "whatever it means");
  const std::optional<Envelope> answer = stranger.ask(envelope);
  REQUIRE(answer);
  CHECK(answer->kind == static_cast<std::uint8_t>(EnvelopeKind::unsupported));
  CHECK(answer->body == std::string(1, static_cast<char>(77)));
  CHECK(answer->destination == envelope.source);
}

TEST_CASE("who greets without knowing the secret is told that it is wrong, whatever it guesses") {
  LinkedNode node;
  Stranger stranger(node);
  const Incarnation me = random_incarnation();
  const std::optional<Envelope> challenge =
      stranger.ask(envelope_to(node, EnvelopeKind::hello, encode(Hello{5, 1, 1, {}}), me));
  REQUIRE(challenge);
  CHECK(challenge->kind == static_cast<std::uint8_t>(EnvelopeKind::challenge));
  const std::optional<Envelope> answer =
      stranger.ask(envelope_to(node, EnvelopeKind::answer, encode(ChallengeAnswer{5, {}}), me));
  REQUIRE(answer);
  REQUIRE(answer->kind == static_cast<std::uint8_t>(EnvelopeKind::refused));
  CHECK(read_refused(answer->body)->reason == Refusal::wrong_secret);
}

TEST_CASE("a crowd of greeters does not keep out the members for long, and costs a bounded memory") {
  LinkedNode node;
  Stranger stranger(node);
  for (int i = 0; i < 5'000; ++i)
    stranger.say_anonymously(envelope_to(node, EnvelopeKind::hello, encode(Hello{5, 1, 1, {}})));
  CHECK(becomes_true([&] { return node.arrivals().events(LinkEvent::refused) >= 4'000; }));
  check_alive(node);
}

TEST_CASE("messages that are no envelopes do not end the gateway") {
  LinkedNode node;
  Stranger stranger(node);
  stranger.say(1, std::string("two"));
  stranger.say(caf::error{caf::sec::runtime_error});
  stranger.say(caf::make_message());
  stranger.leave_an_exit_message();
  check_alive(node);
  CHECK(node.arrivals().events(LinkEvent::gateway_ended) == 0);
}

TEST_CASE("bodies are read to the last byte or not at all") {
  DataPacker packer(3);
  packer.add("first");
  packer.add("");
  const std::string body = packer.take();
  REQUIRE(read_data(body));
  CHECK(read_data(body)->frames == std::vector<std::string>{"first", ""});
  CHECK(read_data(body)->number == 1);
  for (std::size_t size = 0; size < body.size() - 1; ++size)
    if (const auto cut = read_data(body.substr(0, size)))
      CHECK(cut->frames.size() < 2);
  const std::string welcome = encode(Welcome{1, {}, 1'024, 1'048'576});
  REQUIRE(read_welcome(welcome));
  CHECK(read_welcome(welcome)->window_bytes == 1'048'576);
  CHECK_FALSE(read_welcome(welcome + "x"));
  CHECK_FALSE(read_welcome(welcome.substr(0, welcome.size() - 1)));
  std::mt19937_64 random(20'250'104);
  for (int i = 0; i < 20'000; ++i) {
    const std::string bytes = random_bytes(random, 60);
    read_data(bytes);
    read_hello(bytes);
    read_challenge(bytes);
    read_answer(bytes);
    read_welcome(bytes);
    read_refused(bytes);
    read_grant(bytes);
  }
}

}  // namespace dompet
