#pragma once

#include <caf/all.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/cluster/wire.hpp"
#include "actors/shard_messages.hpp"
#include "actors/wallet_messages.hpp"

namespace dompet {

// --- to a shard's saga engine ---

/// The hold is durable: the saga is RESERVED.
struct SagaReserved {
  TransferPtr transfer;
};
struct SagaCancelling {
  TransferPtr transfer;
};
/// The hold is durable and waits for an officer.
struct SagaUnderReview {
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
/// A provider's word; proof only when it knows.
struct ProviderWord {
  std::uint64_t correlation = 0;
  ProviderWordRequest word{};
};
/// The wallet cannot take a top-up whose money has come.
struct CannotTake {
  TransferPtr transfer;
  Decline reason = Decline::wallet_closed;
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
  std::vector<TransferPtr> reserved{};
  std::vector<TransferPtr> cancelling{};
  std::vector<TransferPtr> under_review{};
  std::string failure{};
};

using SagaEngineActor =
    caf::typed_actor<caf::reacts_to<SagaReserved>, caf::reacts_to<SagaCancelling>, caf::reacts_to<SagaUnderReview>,
                     caf::reacts_to<Proof>, caf::reacts_to<NoProof>, caf::reacts_to<ProviderWord>,
                     caf::reacts_to<CannotTake>, caf::reacts_to<OrderSaga>, caf::reacts_to<PauseSagas>,
                     caf::reacts_to<SagaFinished>, caf::reacts_to<SagasFound>, caf::reacts_to<BeginGeneration>,
                     caf::reacts_to<EndTenure>, caf::reacts_to<Tick>>;

}  // namespace dompet

#define DOMPET_LOCAL_MESSAGE(Type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::Type)
DOMPET_LOCAL_MESSAGE(SagaReserved)
DOMPET_LOCAL_MESSAGE(SagaCancelling)
DOMPET_LOCAL_MESSAGE(SagaUnderReview)
DOMPET_LOCAL_MESSAGE(Proof)
DOMPET_LOCAL_MESSAGE(NoProof)
DOMPET_LOCAL_MESSAGE(ProviderWord)
DOMPET_LOCAL_MESSAGE(CannotTake)
DOMPET_LOCAL_MESSAGE(OrderSaga)
DOMPET_LOCAL_MESSAGE(PauseSagas)
DOMPET_LOCAL_MESSAGE(SagaFinished)
DOMPET_LOCAL_MESSAGE(SagasFound)
#undef DOMPET_LOCAL_MESSAGE
