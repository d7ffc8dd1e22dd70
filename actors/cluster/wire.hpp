#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "actors/engine.hpp"

namespace dompet {

// What nodes say to each other, inside the frames of a link. Encoded by hand, versioned as a whole by the link's hello:
// one kind byte first, numbers as in the journal (persistence/bytes.hpp), lengths before bytes. Decoding throws
// Unreadable and never trusts a length. CAF is not known here, so that the format can be tested without actors.

/// The longest frame that a link carries. The largest request, a transfer with 500 characters of description and 4 kB
/// of metadata, takes about 6.5 kB, its answer 7 kB; a sender that still meets a longer one refuses it.
inline constexpr std::size_t largest_frame = 65'536;

/// A request for a wallet or a saga of the receiver's.
struct RemoteRequest {
  std::uint64_t correlation = 0;
  /// How many nodes it came through.
  std::uint8_t hops = 0;
  /// Of the asker's patience.
  std::uint32_t remaining_ms = 0;
  Request request{};
};
/// A wallet's holds stay at home: nobody who asks through another node is shown them, and there may be any number.
struct RemoteAnswer {
  std::uint64_t correlation = 0;
  Result result{};
};
/// "Not mine": nothing was done. Whose it is, as far as the sender knows.
struct RemoteNotOwner {
  std::uint64_t correlation = 0;
  Shard shard = 0;
  Incarnation owner{};
  std::uint64_t epoch = 0;
};

/// CREDIT or CANCEL of a coordinator to the destination's shard (protocol 5.5).
struct CreditAsk {
  std::shared_ptr<const Transaction> transaction{};
  bool cancel = false;
  Shard source_shard = 0;
  Shard destination_shard = 0;
  std::uint64_t source_epoch = 0;
  int attempt = 0;
  /// Who asked; nil when it was this node. Not on the wire: the link knows.
  Incarnation asker{};
};
/// CREDITED or REFUSED: the destination's durable word.
struct RemoteProof {
  Shard source_shard = 0;
  TransactionId saga{};
  Decision outcome = Decision::none;
  std::optional<Decline> reason{};
};
/// Why there is no proof: nothing is known, ask again.
enum class NoProofReason : std::uint8_t { busy = 1, not_owner = 2, unreachable = 3, no_owner = 4 };
std::string_view name_of(NoProofReason reason);
struct RemoteNoProof {
  Shard source_shard = 0;
  TransactionId saga{};
  NoProofReason reason = NoProofReason::busy;
};
/// The map has changed: this shard is this node's from now on.
struct ShardGiven {
  Shard shard = 0;
  Incarnation owner{};
  std::uint64_t epoch = 0;
};

using RemoteMessage =
    std::variant<RemoteRequest, RemoteAnswer, RemoteNotOwner, CreditAsk, RemoteProof, RemoteNoProof, ShardGiven>;

std::string encode(const RemoteMessage& message);
/// Throws Unreadable.
RemoteMessage decode_remote(std::string_view frame);

}  // namespace dompet
