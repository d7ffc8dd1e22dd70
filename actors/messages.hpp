#pragma once

#include <caf/all.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/durable_wallet.hpp"
#include "actors/engine.hpp"
#include "actors/key_filter.hpp"
#include "actors/lane_entry.hpp"

namespace dompet {

// Every message between the actors of one node. They are values that never leave the process; what goes between
// nodes will be one envelope type of its own (protocol 5.13). Handles below: a line a message.

struct Transfer;
using TransferPtr = std::shared_ptr<Transfer>;

// --- to a wallet, through its shard ---

/// A top-up: decide to credit yourself.
struct AcceptTopup {
  TransferPtr transfer;
};
/// Begin a transfer: set the amount aside.
struct BeginTransfer {
  TransferPtr transfer;
};
/// Fast path, at the destination: decide, and append the whole transfer.
struct FinishTransfer {
  TransferPtr transfer;
};
/// Open or change the wallet.
struct ChangeWallet {
  std::uint64_t correlation = 0;
  std::variant<OpenWallet, std::vector<WalletChange>> change;
};
/// Slow path, at the destination: decide on a transfer whose hold is durable (protocol 5.5, CREDIT).
struct DecideCredit {
  TransferPtr transfer;
};
/// Slow path, at the source: the proof has arrived, capture or release the hold.
struct FinishHold {
  TransferPtr transfer;
  SagaState expected = SagaState::reserved;
  SagaState next = SagaState::settled;
  std::optional<Decline> refusal{};
};
/// Say back that everything sent before this has been handled.
struct Probe {
  TransferPtr transfer;
};

using WalletWork =
    std::variant<AcceptTopup, BeginTransfer, FinishTransfer, ChangeWallet, DecideCredit, FinishHold, Probe>;

// --- to a wallet, directly ---

/// The destination appended the transfer.
struct TransferAppended {
  TransferPtr transfer;
};
/// The destination did not append it and never will. The answer goes to the client unless the destination appended
/// a refusal, which answers by itself.
struct TransferNotAppended {
  TransferPtr transfer;
  std::optional<Result> answer{};
};
/// Everything sent to the destination before the probe has been handled.
struct ProbeReturned {
  TransferPtr transfer;
};
/// A wallet's actor crashed: probe the transfers that you have under way with it.
struct PeerCrashed {
  WalletId wallet;
};
/// Stop when nothing is under way.
struct Quiesce {};
/// The lane was reset: what you know is void. Answer what is under way with "not applied" and stop.
struct Abandon {};

using WalletActor =
    caf::typed_actor<caf::reacts_to<AcceptTopup>, caf::reacts_to<BeginTransfer>, caf::reacts_to<FinishTransfer>,
                     caf::reacts_to<ChangeWallet>, caf::reacts_to<DecideCredit>, caf::reacts_to<FinishHold>,
                     caf::reacts_to<Probe>, caf::reacts_to<TransferAppended>, caf::reacts_to<TransferNotAppended>,
                     caf::reacts_to<ProbeReturned>, caf::reacts_to<PeerCrashed>, caf::reacts_to<Quiesce>,
                     caf::reacts_to<Abandon>>;

/// A money request on its way: made by the source's shard, shared by everyone who handles it, so that the hops
/// carry a pointer. The fields are set before the first send and only read afterwards.
struct Transfer {
  std::shared_ptr<const Transaction> transaction{};
  Stamp stamp{};
  std::uint64_t correlation = 0;
  std::uint64_t generation = 0;
  Shard source_shard = 0;
  Shard destination_shard = 0;
  /// Fast path: where the destination's word goes, and the durable side of the source's leg.
  WalletActor source_actor{};
  DurableWalletPtr source_durable{};
  /// Slow path: the record that holds the request, once it is durable.
  RecordPtr begun{};
};

// --- to a shard ---

struct Submit {
  std::uint64_t correlation = 0;
  Request request;
};
/// Work for one of the shard's wallets, loaded first if need be.
struct Route {
  WalletId wallet;
  WalletWork work;
};
/// CREDIT or CANCEL from a coordinator (protocol 5.5).
struct AskDecision {
  TransferPtr transfer;
  bool cancel = false;
};
struct WalletLoaded {
  WalletId wallet;
  std::uint64_t generation = 0;
  std::optional<WalletHistory> history{};
  /// Why it cannot be loaded now, and whether that is for good.
  std::string failure{};
  bool unreadable = false;
};
/// What the journal knows of a key that came again.
struct KeyLookedUp {
  Submit submit;
  std::optional<MoneyAnswer> stored{};
  std::string failure{};
};
struct DecisionLookedUp {
  AskDecision asked;
  StoredDecision known{};
  std::string failure{};
};
/// A decision of this shard is durable.
struct DecisionDurable {
  TransferPtr transfer;
  Decision outcome = Decision::none;
  std::optional<Decline> reason{};
};
/// The shard's stored keys are known, or could not be read.
struct KeysLoaded {
  bool complete = false;
};
struct WalletQuiesced {
  WalletId wallet;
  bool stopped = false;
  /// The actor's: the word of one that was abandoned must not be taken for its successor's.
  std::uint64_t generation = 0;
};
/// The lane committed everything of a crashed wallet; it can be loaded anew.
struct WalletDrained {
  WalletId wallet;
  /// The shard's generation in which it crashed: of another one it says nothing.
  std::uint64_t generation = 0;
};
/// The lane found that this wallet's memory and journal disagree.
struct QuarantineWallet {
  WalletId wallet;
  std::string reason;
};
/// A wallet of some shard crashed.
struct AnnounceCrash {
  WalletId wallet;
};
/// The lane owns the shards anew: forget everything, begin with this generation.
struct BeginGeneration {
  std::uint64_t generation = 0;
};
struct Tick {};

using ShardActor =
    caf::typed_actor<caf::reacts_to<Submit>, caf::reacts_to<Route>, caf::reacts_to<AskDecision>,
                     caf::reacts_to<WalletLoaded>, caf::reacts_to<KeyLookedUp>, caf::reacts_to<DecisionLookedUp>,
                     caf::reacts_to<DecisionDurable>, caf::reacts_to<KeysLoaded>, caf::reacts_to<WalletQuiesced>,
                     caf::reacts_to<WalletDrained>, caf::reacts_to<QuarantineWallet>, caf::reacts_to<AnnounceCrash>,
                     caf::reacts_to<BeginGeneration>, caf::reacts_to<Tick>>;

// --- to a shard's saga engine ---

/// The hold is durable: the saga is RESERVED.
struct SagaReserved {
  TransferPtr transfer;
};
struct SagaCancelling {
  TransferPtr transfer;
};
/// The destination's durable word.
struct Proof {
  TransferPtr transfer;
  Decision outcome = Decision::none;
  std::optional<Decline> reason{};
};
/// The final record is durable.
struct SagaFinished {
  TransferPtr transfer;
  SagaState state = SagaState::settled;
};
/// Open sagas found by recovery.
struct SagasFound {
  std::uint64_t generation = 0;
  std::vector<TransferPtr> reserved;
  std::vector<TransferPtr> cancelling;
  std::string failure{};
};

using SagaEngineActor =
    caf::typed_actor<caf::reacts_to<SagaReserved>, caf::reacts_to<SagaCancelling>, caf::reacts_to<Proof>,
                     caf::reacts_to<SagaFinished>, caf::reacts_to<SagasFound>, caf::reacts_to<BeginGeneration>,
                     caf::reacts_to<Tick>>;

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
/// Acquire the shards, unless they are owned already.
struct AcquireShards {};
/// Drop all speculative state and begin anew: something above the lane no longer trusts it.
struct ResetLane {
  std::string reason;
};

using LaneActor = caf::typed_actor<caf::reacts_to<Append>, caf::reacts_to<Retire>, caf::reacts_to<Flush>,
                                   caf::reacts_to<AcquireShards>, caf::reacts_to<ResetLane>>;

}  // namespace dompet

#define DOMPET_LOCAL_MESSAGE(Type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::Type)
DOMPET_LOCAL_MESSAGE(AcceptTopup)
DOMPET_LOCAL_MESSAGE(BeginTransfer)
DOMPET_LOCAL_MESSAGE(FinishTransfer)
DOMPET_LOCAL_MESSAGE(ChangeWallet)
DOMPET_LOCAL_MESSAGE(DecideCredit)
DOMPET_LOCAL_MESSAGE(FinishHold)
DOMPET_LOCAL_MESSAGE(Probe)
DOMPET_LOCAL_MESSAGE(TransferAppended)
DOMPET_LOCAL_MESSAGE(TransferNotAppended)
DOMPET_LOCAL_MESSAGE(ProbeReturned)
DOMPET_LOCAL_MESSAGE(PeerCrashed)
DOMPET_LOCAL_MESSAGE(Quiesce)
DOMPET_LOCAL_MESSAGE(Abandon)
DOMPET_LOCAL_MESSAGE(Submit)
DOMPET_LOCAL_MESSAGE(Route)
DOMPET_LOCAL_MESSAGE(AskDecision)
DOMPET_LOCAL_MESSAGE(WalletLoaded)
DOMPET_LOCAL_MESSAGE(KeyLookedUp)
DOMPET_LOCAL_MESSAGE(DecisionLookedUp)
DOMPET_LOCAL_MESSAGE(DecisionDurable)
DOMPET_LOCAL_MESSAGE(KeysLoaded)
DOMPET_LOCAL_MESSAGE(WalletQuiesced)
DOMPET_LOCAL_MESSAGE(WalletDrained)
DOMPET_LOCAL_MESSAGE(QuarantineWallet)
DOMPET_LOCAL_MESSAGE(AnnounceCrash)
DOMPET_LOCAL_MESSAGE(BeginGeneration)
DOMPET_LOCAL_MESSAGE(Tick)
DOMPET_LOCAL_MESSAGE(SagaReserved)
DOMPET_LOCAL_MESSAGE(SagaCancelling)
DOMPET_LOCAL_MESSAGE(Proof)
DOMPET_LOCAL_MESSAGE(SagaFinished)
DOMPET_LOCAL_MESSAGE(SagasFound)
DOMPET_LOCAL_MESSAGE(Append)
DOMPET_LOCAL_MESSAGE(Retire)
DOMPET_LOCAL_MESSAGE(Flush)
DOMPET_LOCAL_MESSAGE(AcquireShards)
DOMPET_LOCAL_MESSAGE(ResetLane)
#undef DOMPET_LOCAL_MESSAGE
