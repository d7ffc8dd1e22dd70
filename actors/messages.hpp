#pragma once

#include <caf/all.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/cluster/wire.hpp"
#include "actors/durable_wallet.hpp"
#include "actors/engine.hpp"
#include "actors/key_filter.hpp"
#include "actors/lane_entry.hpp"

namespace dompet {

// Every message between the actors of one node. They are values that never leave the process; what goes between
// nodes is encoded by hand (cluster/wire.hpp) and travels in one envelope type (protocol 5.13). Handles below: a line a
// message.

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
  /// The destination's shard left this lane meanwhile: the transfer goes on by single steps.
  bool moved = false;
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
/// carry a pointer. The fields are set before the first send and only read afterwards, but for two things: whoever
/// answers takes the asker, and a source whose destination moved away takes its own handles back before it goes on.
struct Transfer {
  std::shared_ptr<const Transaction> transaction{};
  Stamp stamp{};
  /// Who waits for the answer; zero when nobody does.
  std::atomic<std::uint64_t> correlation{0};
  std::uint64_t generation = 0;
  Shard source_shard = 0;
  Shard destination_shard = 0;
  /// Fast path: where the destination's word goes, and the durable side of the source's leg.
  WalletActor source_actor{};
  DurableWalletPtr source_durable{};
  /// Slow path: the record that holds the request, once it is durable.
  RecordPtr begun{};

  /// Slow path: the coordinator may answer "it goes on", the lane how it ended. Whoever is first takes the asker, so
  /// that he never hears both.
  std::uint64_t take_asker() { return correlation.exchange(0); }
};

// --- to a shard ---

struct Submit {
  std::uint64_t correlation = 0;
  Request request;
  /// How many nodes the request came through.
  std::uint8_t hops = 0;
};
/// Work for one of the shard's wallets, loaded first if need be.
struct Route {
  WalletId wallet;
  WalletWork work;
};
/// CREDIT or CANCEL from a coordinator (protocol 5.5), of this node or another.
struct AskDecision {
  CreditAsk ask;
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
  /// Whether the shard's own database was asked, or other ones only.
  bool asked_own = true;
};
struct DecisionLookedUp {
  AskDecision asked;
  /// The shard's, when it was begun: what was not there in another tenure may be there now.
  std::uint64_t tenure = 0;
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
  /// Which reading it was: one that was begun before the shard left and came back says nothing.
  std::uint64_t reading = 0;
  bool complete = false;
};
/// A money request was refused and leaves no record: its key may be used again at once.
struct KeyFreed {
  KeyId key{};
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
/// The lane owns the shard, or owns it anew: forget everything, begin with this generation.
struct BeginGeneration {
  std::uint64_t generation = 0;
  /// What the lane owns it under.
  std::uint64_t epoch = 0;
};
/// The shard is another's, or nobody's: forget everything.
struct EndTenure {
  /// Which one ends, when another lane may have begun the next by now; zero: whichever there is.
  std::uint64_t generation = 0;
};
/// Let everything go, then ask the lane to hand the shard over (protocol 5.10).
struct ReleaseShard {
  Incarnation to{};
};
struct Tick {};

using ShardActor =
    caf::typed_actor<caf::reacts_to<Submit>, caf::reacts_to<Route>, caf::reacts_to<AskDecision>,
                     caf::reacts_to<WalletLoaded>, caf::reacts_to<KeyLookedUp>, caf::reacts_to<DecisionLookedUp>,
                     caf::reacts_to<DecisionDurable>, caf::reacts_to<KeysLoaded>, caf::reacts_to<KeyFreed>,
                     caf::reacts_to<WalletQuiesced>, caf::reacts_to<WalletDrained>, caf::reacts_to<QuarantineWallet>,
                     caf::reacts_to<AnnounceCrash>, caf::reacts_to<BeginGeneration>, caf::reacts_to<EndTenure>,
                     caf::reacts_to<ReleaseShard>, caf::reacts_to<Tick>>;

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
  TransactionId saga{};
  Decision outcome = Decision::none;
  std::optional<Decline> reason{};
};
/// Why there is none yet.
struct NoProof {
  TransactionId saga{};
  NoProofReason reason = NoProofReason::busy;
};
/// An operator's order or question.
struct OrderSaga {
  std::uint64_t correlation = 0;
  SagaOrderRequest request{};
};
/// The shard is being let go: send nothing more. Nothing of what is on record is lost by it.
struct PauseSagas {};
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
                     caf::reacts_to<NoProof>, caf::reacts_to<OrderSaga>, caf::reacts_to<PauseSagas>,
                     caf::reacts_to<SagaFinished>, caf::reacts_to<SagasFound>, caf::reacts_to<BeginGeneration>,
                     caf::reacts_to<EndTenure>, caf::reacts_to<Tick>>;

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
DOMPET_LOCAL_MESSAGE(KeyFreed)
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
DOMPET_LOCAL_MESSAGE(ClaimShards)
DOMPET_LOCAL_MESSAGE(AdoptShards)
DOMPET_LOCAL_MESSAGE(HandOver)
DOMPET_LOCAL_MESSAGE(ResetLane)
DOMPET_LOCAL_MESSAGE(EndTenure)
DOMPET_LOCAL_MESSAGE(ReleaseShard)
DOMPET_LOCAL_MESSAGE(NoProof)
DOMPET_LOCAL_MESSAGE(OrderSaga)
DOMPET_LOCAL_MESSAGE(PauseSagas)
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
