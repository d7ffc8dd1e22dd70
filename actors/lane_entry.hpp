#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "actors/durable_wallet.hpp"
#include "domain/record.hpp"
#include "persistence/batch.hpp"

namespace dompet {

using RecordPtr = std::shared_ptr<const Record>;

/// One thing that waits in the commit lane (protocol 5.3.1): a record with what is kept beside it, and what is to
/// be said once it is durable. An entry without a record is a barrier: it is released by the next fenced commit.
struct LaneEntry {
  std::shared_ptr<Record> record{};
  /// The durable side of the record's legs, in their order. A declined record may name the wallet that declined.
  std::array<DurableWalletPtr, 2> wallets{};
  /// Also write a snapshot of the first wallet, as it is after this batch.
  bool snapshot = false;
  /// The lane's generation in which the wallets decided; an entry of an older one is refused.
  std::uint64_t generation = 0;

  std::optional<SagaChange> saga{};
  std::optional<DecisionRow> decision{};
  std::optional<TransitChange> transit{};

  /// Who waits for an answer; zero when nobody does.
  std::uint64_t correlation = 0;
  /// What to do once durable, on the lane's thread: send messages, nothing else.
  std::function<void(const RecordPtr&)> when_durable{};
  /// What to do when it surely was not and will not be committed, or its fate stays unknown.
  std::function<void(bool may_be_applied)> when_lost{};

  std::chrono::steady_clock::time_point appended{};
};

using LaneEntryPtr = std::shared_ptr<LaneEntry>;

}  // namespace dompet
