#pragma once

#include <caf/all.hpp>

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "actors/cluster/wire.hpp"
#include "actors/requests.hpp"
#include "actors/shard_messages.hpp"
#include "persistence/membership_store.hpp"

namespace dompet {

// --- to the router ---

/// A request whose shard this node does not serve now.
struct Forward {
  Submit submit;
};
/// Answers to requests that other nodes forwarded.
struct AnswerRemote {
  std::vector<Answer> answers;
};
/// CREDIT or CANCEL for a destination that this node does not serve.
struct AskRemote {
  CreditAsk ask;
};
/// A word of a destination of this node for a coordinator elsewhere.
struct TellRemote {
  Incarnation to{};
  std::variant<RemoteProof, RemoteNoProof> word;
};
struct FrameArrived {
  Incarnation from{};
  std::string frame;
  /// The link's: when it goes, with this message, the peer may send more. So it is not to be kept.
  std::shared_ptr<const void> receipt{};
};
struct LinkChanged {
  Incarnation peer{};
  bool up = false;
};
/// Something about who owns what has changed: look at what waits again.
struct MapChanged {};
/// This node gave the shard away: the others should know before they ask the table.
struct AnnounceShard {
  ShardGiven given;
};

using RouterActor =
    caf::typed_actor<caf::reacts_to<Forward>, caf::reacts_to<AnswerRemote>, caf::reacts_to<AskRemote>,
                     caf::reacts_to<TellRemote>, caf::reacts_to<FrameArrived>, caf::reacts_to<LinkChanged>,
                     caf::reacts_to<MapChanged>, caf::reacts_to<AnnounceShard>, caf::reacts_to<Tick>>;

// --- to membership ---

/// A database's shard table as its ownership actor last read it.
struct ShardsSeen {
  int database = 0;
  std::vector<ShardRow> rows;
};
/// Something changed that the next look should not wait for.
struct LookNow {};
/// Hand everything over, then leave.
struct Leave {};
/// Move shards for balance now, dwell or not.
struct RebalanceNow {};
/// An operator wishes that a node, this one or another, gives its shards away: its state becomes draining.
struct DrainNode {
  Incarnation node{};
};

using MembershipActor = caf::typed_actor<caf::reacts_to<ShardsSeen>, caf::reacts_to<LookNow>, caf::reacts_to<Leave>,
                                         caf::reacts_to<RebalanceNow>, caf::reacts_to<DrainNode>, caf::reacts_to<Tick>>;

// --- to a database's ownership actor ---

/// Take these shards: nobody serves them.
struct AcquireShards {
  std::vector<ShardRow> seen;
};
/// Wish that these shards move.
struct SetTargets {
  /// Each as it was seen, with the target that it shall have.
  std::vector<ShardRow> wishes;
};

using OwnershipActor = caf::typed_actor<caf::reacts_to<AcquireShards>, caf::reacts_to<SetTargets>,
                                        caf::reacts_to<LookNow>, caf::reacts_to<Tick>>;

}  // namespace dompet

#define DOMPET_LOCAL_MESSAGE(Type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::Type)
DOMPET_LOCAL_MESSAGE(Forward)
DOMPET_LOCAL_MESSAGE(AnswerRemote)
DOMPET_LOCAL_MESSAGE(AskRemote)
DOMPET_LOCAL_MESSAGE(TellRemote)
DOMPET_LOCAL_MESSAGE(FrameArrived)
DOMPET_LOCAL_MESSAGE(LinkChanged)
DOMPET_LOCAL_MESSAGE(MapChanged)
DOMPET_LOCAL_MESSAGE(AnnounceShard)
DOMPET_LOCAL_MESSAGE(ShardsSeen)
DOMPET_LOCAL_MESSAGE(LookNow)
DOMPET_LOCAL_MESSAGE(Leave)
DOMPET_LOCAL_MESSAGE(RebalanceNow)
DOMPET_LOCAL_MESSAGE(DrainNode)
DOMPET_LOCAL_MESSAGE(AcquireShards)
DOMPET_LOCAL_MESSAGE(SetTargets)
#undef DOMPET_LOCAL_MESSAGE
