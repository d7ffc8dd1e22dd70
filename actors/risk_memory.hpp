#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "actors/wallet_messages.hpp"
#include "domain/risk.hpp"

namespace dompet {

/// What a wallet's actor remembers for risk rules that count: what left the wallet, newest last, bounded. Empty, and
/// nothing is kept, while no enabled rule counts. It says what the journal says: whoever loads the wallet next, after
/// whatever end of this actor, reads the same.
struct RiskMemory {
  std::vector<RiskMovement> movements{};
  /// Everything that left since then is among them, unless `is_cut`.
  std::int64_t since_ms = 0;
  bool is_cut = false;
  bool is_known = false;
  /// Those that the request in hand is judged by: what they need is known. None when no rule is enabled.
  RiskRulesPtr rules{};
  /// Numbers the readings; zero while none is under way.
  std::uint64_t reading = 0;
  std::uint64_t last_reading = 0;
  /// Requests that begin again when what they need has come.
  std::vector<TransferPtr> waiting{};

  bool covers(std::int64_t from_ms) const { return is_known && since_ms <= from_ms; }
  bool is_kept() const { return is_known || reading != 0; }

  void note(const RiskMovement& movement) {
    movements.push_back(movement);
    if (movements.size() < most_remembered_movements + forgotten_at_once)
      return;
    movements.erase(movements.begin(), movements.begin() + forgotten_at_once);
    is_cut = true;
  }
  /// The same for what may be known already.
  void merge(const RiskMovement& movement) {
    if (std::ranges::find(movements, movement.id, &RiskMovement::id) == movements.end())
      note(movement);
  }
  /// It was refused in the moment, and no record says that anything was set aside.
  void forget(const TransactionId& id) {
    std::erase_if(movements, [&](const RiskMovement& movement) { return movement.id == id; });
  }
  /// No rule counts any more.
  void drop() {
    movements.clear();
    is_cut = is_known = false;
  }

  static constexpr std::ptrdiff_t forgotten_at_once = 256;
};

}  // namespace dompet
