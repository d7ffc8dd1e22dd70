#pragma once

#include <cstdint>

#include "domain/record.hpp"
#include "domain/wallet.hpp"

namespace dompet {

/// A wallet and its place in its own history: what replaying its legs up to `seq` gives.
struct WalletHistory {
  Wallet wallet{};
  std::uint64_t seq = 0;
  Digest digest{};

  bool operator==(const WalletHistory&) const = default;
};

/// Continues the history by a leg that is being written: numbers the leg, applies its event, notes the balances
/// that it leaves. The digest is the caller's to fill, once he has the leg's bytes.
void extend(WalletHistory& history, Leg& leg);

/// Continues the history by a leg that was read. False when the leg does not follow: a gap in seq, balances
/// other than replay gives, or an event that cannot happen to this wallet.
bool replay(WalletHistory& history, const Leg& leg);

}  // namespace dompet
