#pragma once

#include <caf/all.hpp>

#include <string>
#include <vector>

#include "actors/durable_wallet.hpp"
#include "actors/lane_entry.hpp"
#include "domain/ids.hpp"
#include "domain/shard.hpp"

namespace dompet {

// --- to the lane ---

struct Append {
  LaneEntryPtr entry;
};
/// A wallet's actor crashed: let what it appended become durable, refuse what comes later, then call back.
struct Retire {
  DurableWalletPtr wallet;
  LaneEntryPtr then;
};
/// Commit what waits.
struct Flush {};
/// Claim what this node owns in the lane's database, unless the lane works already.
struct ClaimShards {};
/// These shards are this node's by the table: begin to serve them.
struct AdoptShards {
  std::vector<Shard> shards;
};
/// The shard has let everything go: commit what waits, then give it away.
struct HandOver {
  Shard shard = 0;
  Incarnation to{};
};
/// Drop all speculative state and begin anew: something above the lane no longer trusts it.
struct ResetLane {
  std::string reason;
};

using LaneActor =
    caf::typed_actor<caf::reacts_to<Append>, caf::reacts_to<Retire>, caf::reacts_to<Flush>, caf::reacts_to<ClaimShards>,
                     caf::reacts_to<AdoptShards>, caf::reacts_to<HandOver>, caf::reacts_to<ResetLane>>;

}  // namespace dompet

#define DOMPET_LOCAL_MESSAGE(Type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::Type)
DOMPET_LOCAL_MESSAGE(Append)
DOMPET_LOCAL_MESSAGE(Retire)
DOMPET_LOCAL_MESSAGE(Flush)
DOMPET_LOCAL_MESSAGE(ClaimShards)
DOMPET_LOCAL_MESSAGE(AdoptShards)
DOMPET_LOCAL_MESSAGE(HandOver)
DOMPET_LOCAL_MESSAGE(ResetLane)
#undef DOMPET_LOCAL_MESSAGE
