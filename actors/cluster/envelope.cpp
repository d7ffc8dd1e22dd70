#include "actors/cluster/envelope.hpp"

#include <limits>
#include <stdexcept>

#include "persistence/bytes.hpp"

namespace dompet {

namespace {

struct MalformedBody : std::runtime_error {
  using std::runtime_error::runtime_error;
};
using Reader = ByteReader<MalformedBody>;

/// The length before a frame.
constexpr std::size_t frame_overhead_bytes = 3;
/// Greeting and number before all of them.
constexpr std::size_t data_overhead_bytes = 18;

int protocol_number(Reader& reader) {
  const std::uint64_t number = reader.varint();
  if (number > std::numeric_limits<std::uint16_t>::max())
    throw MalformedBody("no protocol has such a number");
  return static_cast<int>(number);
}

template <class Build>
std::string body_of(std::uint64_t greeting, Build build) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u64(greeting);
  build(writer);
  return bytes;
}

template <class Body, class Parse>
std::optional<Body> read(std::string_view bytes, Parse parse) {
  try {
    Reader reader(bytes);
    Body body;
    body.greeting = reader.u64();
    parse(reader, body);
    if (!reader.at_end())
      return std::nullopt;
    return body;
  } catch (const MalformedBody&) {
    return std::nullopt;
  }
}

}  // namespace

std::string_view sentence_of(Refusal reason) {
  switch (reason) {
    case Refusal::wrong_secret: return "the cluster's secret is another one there";
    case Refusal::wrong_incarnation: return "another process answers at that address";
    case Refusal::no_common_protocol: return "the two builds have no protocol version in common";
    case Refusal::not_a_member: return "this process is no longer a member of the cluster";
    case Refusal::too_many: return "too many nodes are greeting at the same time";
    case Refusal::malformed: return "what was sent cannot be read";
    case Refusal::out_of_order: return "frames are missing";
  }
  return "of a reason that this build does not know";
}

std::string encode(const Hello& body) {
  return body_of(body.greeting, [&](ByteWriter& writer) {
    writer.varint(static_cast<std::uint64_t>(body.protocol_min));
    writer.varint(static_cast<std::uint64_t>(body.protocol_max));
    writer.raw(body.nonce);
  });
}

std::string encode(const Challenge& body) {
  return body_of(body.greeting, [&](ByteWriter& writer) {
    writer.varint(static_cast<std::uint64_t>(body.protocol));
    writer.raw(body.nonce);
  });
}

std::string encode(const ChallengeAnswer& body) {
  return body_of(body.greeting, [&](ByteWriter& writer) { writer.raw(body.proof); });
}

std::string encode(const Welcome& body) {
  return body_of(body.greeting, [&](ByteWriter& writer) {
    writer.raw(body.proof);
    writer.varint(body.window_messages);
    writer.varint(body.window_bytes);
  });
}

std::string encode(const Refused& body) {
  return body_of(body.greeting, [&](ByteWriter& writer) { writer.u8(static_cast<std::uint8_t>(body.reason)); });
}

std::string encode(const Grant& body) {
  return body_of(body.greeting, [&](ByteWriter& writer) {
    writer.varint(body.messages);
    writer.varint(body.bytes);
  });
}

std::string encode(const Heartbeat& body) {
  return body_of(body.greeting, [](ByteWriter&) {});
}

std::optional<Hello> read_hello(std::string_view body) {
  return read<Hello>(body, [](Reader& reader, Hello& hello) {
    hello.protocol_min = protocol_number(reader);
    hello.protocol_max = protocol_number(reader);
    hello.nonce = reader.raw<std::tuple_size_v<Nonce>>();
  });
}

std::optional<Challenge> read_challenge(std::string_view body) {
  return read<Challenge>(body, [](Reader& reader, Challenge& challenge) {
    challenge.protocol = protocol_number(reader);
    challenge.nonce = reader.raw<std::tuple_size_v<Nonce>>();
  });
}

std::optional<ChallengeAnswer> read_answer(std::string_view body) {
  return read<ChallengeAnswer>(body, [](Reader& reader, ChallengeAnswer& answer) {
    answer.proof = reader.raw<std::tuple_size_v<SecretProof>>();
  });
}

std::optional<Welcome> read_welcome(std::string_view body) {
  return read<Welcome>(body, [](Reader& reader, Welcome& welcome) {
    welcome.proof = reader.raw<std::tuple_size_v<SecretProof>>();
    welcome.window_messages = reader.varint();
    welcome.window_bytes = reader.varint();
  });
}

std::optional<Refused> read_refused(std::string_view body) {
  return read<Refused>(body,
                       [](Reader& reader, Refused& refused) { refused.reason = static_cast<Refusal>(reader.u8()); });
}

std::optional<Data> read_data(std::string_view body) {
  return read<Data>(body, [](Reader& reader, Data& data) {
    data.number = reader.varint();
    while (!reader.at_end())
      data.frames.push_back(reader.text());
  });
}

std::optional<Grant> read_grant(std::string_view body) {
  return read<Grant>(body, [](Reader& reader, Grant& grant) {
    grant.messages = reader.varint();
    grant.bytes = reader.varint();
  });
}

std::optional<Heartbeat> read_heartbeat(std::string_view body) {
  return read<Heartbeat>(body, [](Reader&, Heartbeat&) {});
}

DataPacker::DataPacker(std::uint64_t greeting) : greeting_(greeting) {}

bool DataPacker::fits(std::string_view frame) const {
  return frames_ == 0 || body_.size() + frame_overhead_bytes + frame.size() <= body_limit_bytes;
}

void DataPacker::add(std::string_view frame) {
  ByteWriter writer(body_);
  if (frames_++ == 0) {
    body_.reserve(std::min(body_limit_bytes, data_overhead_bytes + 2 * (frame_overhead_bytes + frame.size())));
    writer.u64(greeting_);
    writer.varint(++number_);
  }
  writer.text(frame);
}

std::string DataPacker::take() {
  frames_ = 0;
  return std::exchange(body_, {});
}

}  // namespace dompet
