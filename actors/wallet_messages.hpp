#pragma once

#include <caf/all.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/durable_wallet.hpp"
#include "actors/lane_entry.hpp"
#include "actors/requests.hpp"

namespace dompet {

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
#undef DOMPET_LOCAL_MESSAGE
