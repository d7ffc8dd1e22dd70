#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/saga.hpp"
#include "persistence/codec.hpp"

namespace dompet {

/// A wallet's row in the table of wallets, as it shall be from now on.
struct WalletRow {
  WalletId id{};
  Shard shard = 0;
  Currency currency{};
  std::string name{};
  std::string_view status{};
  /// Nil for a wallet of nobody's.
  UserId owner{};
};

struct TotalChange {
  Shard shard = 0;
  std::string account{};
  Minor amount = 0;
};

struct SnapshotRow {
  WalletId wallet{};
  std::uint64_t seq = 0;
  std::string state{};
};

/// A saga that begins (expected state `none`) or advances from the state that memory expects.
struct SagaChange {
  TransactionId id{};
  SagaState expected = SagaState::none;
  SagaState next = SagaState::none;
  Shard source_shard = 0;
  Shard destination_shard = 0;
  WalletId source{};
  /// Nil for a withdrawal.
  WalletId destination{};
  Minor amount = 0;
  Currency currency{};
  TransactionKind kind = TransactionKind::transfer;
};

struct DecisionRow {
  TransactionId id{};
  Shard shard = 0;
  Decision outcome = Decision::none;
  std::uint8_t reason = 0;
  WalletId wallet{};
  Minor amount = 0;
  Currency currency{};
};

struct TransitChange {
  Shard shard = 0;
  Shard peer_shard = 0;
  Currency currency{};
  Minor out = 0;
  Minor in = 0;
};

/// Everything that becomes durable together, all or nothing. Totals and transit are already summed per key.
struct Batch {
  std::uint64_t id = 0;
  std::int64_t at_ms = 0;
  std::vector<JournalRow> journal{};
  std::vector<WalletRow> wallets{};
  std::vector<TotalChange> totals{};
  std::vector<SnapshotRow> snapshots{};
  std::vector<SagaChange> sagas{};
  std::vector<DecisionRow> decisions{};
  std::vector<TransitChange> transits{};
};

}  // namespace dompet
