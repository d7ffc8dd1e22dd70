#pragma once

#include <caf/all.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/cluster/wire.hpp"
#include "actors/wallet_messages.hpp"
#include "domain/history.hpp"
#include "persistence/reader.hpp"

namespace dompet {

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
/// A page of payments whose time may be over.
struct ExpiredFound {
  std::uint64_t tenure = 0;
  std::vector<ExpiredPayment> payments{};
  bool failed = false;
};
struct Tick {};

using ShardActor =
    caf::typed_actor<caf::reacts_to<Submit>, caf::reacts_to<Route>, caf::reacts_to<AskDecision>,
                     caf::reacts_to<WalletLoaded>, caf::reacts_to<KeyLookedUp>, caf::reacts_to<DecisionLookedUp>,
                     caf::reacts_to<DecisionDurable>, caf::reacts_to<KeysLoaded>, caf::reacts_to<KeyFreed>,
                     caf::reacts_to<WalletQuiesced>, caf::reacts_to<WalletDrained>, caf::reacts_to<QuarantineWallet>,
                     caf::reacts_to<AnnounceCrash>, caf::reacts_to<BeginGeneration>, caf::reacts_to<EndTenure>,
                     caf::reacts_to<ReleaseShard>, caf::reacts_to<ExpiredFound>, caf::reacts_to<Tick>>;

}  // namespace dompet

#define DOMPET_LOCAL_MESSAGE(Type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::Type)
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
DOMPET_LOCAL_MESSAGE(EndTenure)
DOMPET_LOCAL_MESSAGE(ReleaseShard)
DOMPET_LOCAL_MESSAGE(ExpiredFound)
DOMPET_LOCAL_MESSAGE(Tick)
#undef DOMPET_LOCAL_MESSAGE
