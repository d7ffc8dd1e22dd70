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
#include "domain/payment.hpp"
#include "domain/risk.hpp"

namespace dompet {

struct Transfer;
using TransferPtr = std::shared_ptr<Transfer>;

/// Whether the other side is a provider, whose word is the proof, and not a wallet.
constexpr bool asks_provider(TransactionKind kind) {
  return kind == TransactionKind::withdrawal || kind == TransactionKind::topup;
}
/// The wallet that begins and ends a money request, in the coordinator's shard.
inline const WalletId& first_wallet(const Transaction& transaction) {
  return transaction.kind == TransactionKind::topup ? transaction.destination : transaction.source;
}

// --- to a wallet, through its shard ---

/// A top-up: decide to credit yourself, now or once its provider has it.
struct AcceptTopup {
  TransferPtr transfer;
};
/// Begin a transfer: set the amount aside. An act on a payment: do it.
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
  UserId on_behalf_of{};
};
/// Slow path, at the destination: decide on a transfer whose hold is durable (protocol 5.5, CREDIT).
struct DecideCredit {
  TransferPtr transfer;
};
/// Slow path, at the coordinator's wallet: the proof has arrived, capture or release the hold; credit a top-up.
struct FinishSaga {
  TransferPtr transfer;
  SagaState expected = SagaState::reserved;
  SagaState next = SagaState::settled;
  std::optional<Decline> refusal{};
  /// Shared by all times that it is sent, and raised by the wallet that has acted on one: a top-up has no hold that
  /// would tell.
  std::shared_ptr<bool> was_heard{};
};
/// The time of an authorized payment is over: give back what is left of it, if anything is.
struct ExpirePayment {
  TransactionId payment{};
};
/// Say back that everything sent before this has been handled.
struct Probe {
  TransferPtr transfer;
};

using WalletWork = std::variant<AcceptTopup, BeginTransfer, FinishTransfer, ChangeWallet, DecideCredit, FinishSaga,
                                ExpirePayment, Probe>;

// --- to a wallet, directly ---

/// The destination appended the transfer.
struct TransferAppended {
  TransferPtr transfer;
};
/// The entry of a capture or refund is in the lane by now: what this wallet appends from here on stands behind it.
struct TransferInLane {
  TransferPtr transfer;
};
/// What the merchant's wallet may give back of a refund's payment, from records that are durable.
struct RefundableRead {
  TransferPtr transfer;
  Refundable refundable{};
  std::string failure{};
};
/// What the rules must know of what left this wallet, from records that are durable.
struct RecentMovementsRead {
  /// Which reading it was.
  std::uint64_t reading = 0;
  RecentMovements recent{};
  std::int64_t since_ms = 0;
  std::string failure{};
};
/// Whose the other wallet of a movement is.
struct OtherOwnerRead {
  TransferPtr transfer;
  std::string failure{};
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
                     caf::reacts_to<ChangeWallet>, caf::reacts_to<DecideCredit>, caf::reacts_to<FinishSaga>,
                     caf::reacts_to<ExpirePayment>, caf::reacts_to<Probe>, caf::reacts_to<TransferAppended>,
                     caf::reacts_to<TransferInLane>, caf::reacts_to<RefundableRead>,
                     caf::reacts_to<RecentMovementsRead>, caf::reacts_to<OtherOwnerRead>,
                     caf::reacts_to<TransferNotAppended>, caf::reacts_to<ProbeReturned>, caf::reacts_to<PeerCrashed>,
                     caf::reacts_to<Quiesce>, caf::reacts_to<Abandon>>;

/// A money request on its way: made by the source's shard, shared by everyone who handles it, so that the hops
/// carry a pointer. The fields are set before the first send and only read afterwards, but for these: whoever answers
/// takes the asker, and the source's wallet notes what it decided before it sends it on, and takes its own handles back
/// when the destination moved away.
struct Transfer {
  std::shared_ptr<const Transaction> transaction{};
  Stamp stamp{};
  /// Who waits for the answer; zero when nobody does.
  std::atomic<std::uint64_t> correlation{0};
  std::uint64_t generation = 0;
  /// Who must own the first wallet that is asked; nil: nobody in particular.
  UserId on_behalf_of{};
  /// Staff who moves somebody else's money; nil for everybody else.
  UserId asked_by{};
  /// The coordinator's: the source's, or where a top-up goes.
  Shard source_shard = 0;
  Shard destination_shard = 0;
  /// Fast path: where the destination's word goes, and the durable side of the source's leg.
  WalletActor source_actor{};
  DurableWalletPtr source_durable{};
  /// What the source decided: as what the amount counts in its limits; of a final capture what it gives back.
  Spending spending{};
  Minor rest = 0;
  /// What risk rules said, and what they had to know for it: whose the other wallet is.
  std::optional<Assessment> risk{};
  std::optional<UserId> other_owner{};
  /// Slow path: why it was called off, when it was for a reason.
  std::optional<Decline> why_cancelled{};
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
DOMPET_LOCAL_MESSAGE(FinishSaga)
DOMPET_LOCAL_MESSAGE(ExpirePayment)
DOMPET_LOCAL_MESSAGE(Probe)
DOMPET_LOCAL_MESSAGE(TransferAppended)
DOMPET_LOCAL_MESSAGE(TransferInLane)
DOMPET_LOCAL_MESSAGE(RefundableRead)
DOMPET_LOCAL_MESSAGE(RecentMovementsRead)
DOMPET_LOCAL_MESSAGE(OtherOwnerRead)
DOMPET_LOCAL_MESSAGE(TransferNotAppended)
DOMPET_LOCAL_MESSAGE(ProbeReturned)
DOMPET_LOCAL_MESSAGE(PeerCrashed)
DOMPET_LOCAL_MESSAGE(Quiesce)
DOMPET_LOCAL_MESSAGE(Abandon)
#undef DOMPET_LOCAL_MESSAGE
