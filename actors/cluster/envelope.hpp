#pragma once

#include <caf/all.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.hpp"

namespace dompet {

// What travels between nodes. CAF drops a message that it cannot decode without telling anybody, so it is given one
// type only, which never changes; everything that may change is inside `body`, encoded by us (protocol 5.13, H8).

/// The layout of the envelope itself.
inline constexpr std::uint8_t envelope_version = 1;

/// A frame of the router's.
inline constexpr std::size_t frame_limit_bytes = 64 * 1024;
/// Frames that wait are sent together up to this; one alone may be as large as a frame can be.
inline constexpr std::size_t body_limit_bytes = 64 * 1024;

/// Between a link actor and the gateway of its peer. Numbers are for ever.
enum class EnvelopeKind : std::uint8_t {
  /// link → gateway: who I am, what I speak, a nonce.
  hello = 1,
  /// gateway → link: what we shall speak, my nonce.
  challenge = 2,
  /// link → gateway: proof that I know the secret. Who dials proves first: a port is easier to find than to take.
  answer = 3,
  /// gateway → link: proof that I know it too. You may send, so much at a time.
  welcome = 4,
  /// gateway → link: no, and why.
  refused = 5,
  /// link → gateway: frames.
  data = 6,
  /// gateway → link: so much has been dealt with since the welcome. Also the gateway's heartbeat.
  grant = 7,
  /// link → gateway: I am here.
  heartbeat = 8,
  /// Either: I do not know this kind.
  unsupported = 9,
};

struct Envelope {
  std::uint8_t version = envelope_version;
  std::uint8_t kind = 0;
  /// Who sent it and for whom it is. CAF's own node ids are hashes that may meet or come again (H5).
  Incarnation source{};
  Incarnation destination{};
  std::string body{};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, Envelope& envelope) {
  return f(caf::meta::type_name("dompet.envelope"), envelope.version, envelope.kind, envelope.source.uuid.bytes,
           envelope.destination.uuid.bytes, envelope.body);
}

using Nonce = std::array<std::uint8_t, 32>;
/// HMAC-SHA256 with the cluster's secret as its key.
using SecretProof = std::array<std::uint8_t, 32>;

// The bodies. Each begins with the number of the greeting that it belongs to, so that what is left of an earlier
// connection is told from today's.

struct Hello {
  std::uint64_t greeting = 0;
  int protocol_min = 1;
  int protocol_max = 1;
  Nonce nonce{};
};
struct Challenge {
  std::uint64_t greeting = 0;
  int protocol = 1;
  Nonce nonce{};
};
struct ChallengeAnswer {
  std::uint64_t greeting = 0;
  SecretProof proof{};
};
struct Welcome {
  std::uint64_t greeting = 0;
  SecretProof proof{};
  std::uint64_t window_messages = 0;
  std::uint64_t window_bytes = 0;
};
enum class Refusal : std::uint8_t {
  wrong_secret = 1,
  wrong_incarnation = 2,
  no_common_protocol = 3,
  not_a_member = 4,
  too_many = 5,
  malformed = 6,
  out_of_order = 7,
};
struct Refused {
  std::uint64_t greeting = 0;
  Refusal reason = Refusal::malformed;
};
struct Data {
  std::uint64_t greeting = 0;
  /// 1, 2, 3 … since the welcome: a gap or a step back shows that frames were lost or came out of order.
  std::uint64_t number = 0;
  std::vector<std::string> frames;
};
/// Counted from the welcome on, so that a grant that is lost is made up for by the next.
struct Grant {
  std::uint64_t greeting = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
};
struct Heartbeat {
  std::uint64_t greeting = 0;
};

/// Completes "refused because…".
std::string_view sentence_of(Refusal reason);

std::string encode(const Hello& body);
std::string encode(const Challenge& body);
std::string encode(const ChallengeAnswer& body);
std::string encode(const Welcome& body);
std::string encode(const Refused& body);
std::string encode(const Grant& body);
std::string encode(const Heartbeat& body);

// Nothing when the bytes are not such a body to the last one. No length is trusted.
std::optional<Hello> read_hello(std::string_view body);
std::optional<Challenge> read_challenge(std::string_view body);
std::optional<ChallengeAnswer> read_answer(std::string_view body);
std::optional<Welcome> read_welcome(std::string_view body);
std::optional<Refused> read_refused(std::string_view body);
std::optional<Data> read_data(std::string_view body);
std::optional<Grant> read_grant(std::string_view body);
std::optional<Heartbeat> read_heartbeat(std::string_view body);

/// Packs frames one by one into a body that is not larger than it may be.
class DataPacker {
 public:
  explicit DataPacker(std::uint64_t greeting);
  bool empty() const { return frames_ == 0; }
  bool fits(std::string_view frame) const;
  void add(std::string_view frame);
  /// The body; the packer is empty again.
  std::string take();

 private:
  std::uint64_t greeting_;
  std::uint64_t number_ = 0;
  std::size_t frames_ = 0;
  std::string body_{};
};

}  // namespace dompet
