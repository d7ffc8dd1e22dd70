#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "domain/decline.hpp"
#include "domain/event.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"

namespace dompet {

enum class WalletStatus : std::uint8_t { absent, active, frozen, closed };

std::string_view name_of(WalletStatus status);

/// Money set aside for one transaction.
struct Hold {
  TransactionId transaction;
  Minor amount = 0;
  bool operator==(const Hold&) const = default;
};

/// A wallet as replaying its events gives it. Only `apply` changes one, so that replay and live work agree.
struct Wallet {
  WalletId id{};
  WalletStatus status = WalletStatus::absent;
  Currency currency{};
  Minor available = 0;
  Minor held = 0;
  Limits limits{};
  std::string name{};
  std::vector<Hold> holds{};

  /// All that belongs to the wallet's owner: available and held.
  Minor total() const { return available + held; }
  const Hold* find_hold(const TransactionId& transaction) const;

  bool operator==(const Wallet&) const = default;
};

// What a wallet can be asked. Commands are imperative, a refusal is a Decline.

struct OpenWallet {
  Currency currency;
  std::string name;
  Limits limits;
};
struct ChangeName {
  std::string name;
};
struct ChangeLimits {
  Limits limits;
};
struct FreezeWallet {};
struct UnfreezeWallet {};
struct CloseWallet {};
struct Credit {
  TransactionId transaction;
  Currency currency;
  Minor amount = 0;
};
struct PlaceHold {
  TransactionId transaction;
  Currency currency;
  Minor amount = 0;
};
struct CaptureHold {
  TransactionId transaction;
  Minor amount = 0;
};
struct ReleaseHold {
  TransactionId transaction;
};

template <class Fact>
using Decided = std::expected<Fact, Decline>;

// Pure decisions: state and command in, one event or the first decline by precedence out. Nothing is changed.
Decided<WalletOpened> decide(const Wallet& wallet, const OpenWallet& command);
Decided<NameChanged> decide(const Wallet& wallet, const ChangeName& command);
Decided<LimitsChanged> decide(const Wallet& wallet, const ChangeLimits& command);
/// Freezing a frozen wallet and unfreezing an active one are accepted: saying it twice is no mistake.
Decided<WalletFrozen> decide(const Wallet& wallet, const FreezeWallet& command);
Decided<WalletUnfrozen> decide(const Wallet& wallet, const UnfreezeWallet& command);
/// Only an empty wallet without holds can be closed, and never reopened.
Decided<WalletClosed> decide(const Wallet& wallet, const CloseWallet& command);
/// A frozen wallet takes no money in either.
Decided<Credited> decide(const Wallet& wallet, const Credit& command);
Decided<HoldPlaced> decide(const Wallet& wallet, const PlaceHold& command);
/// Capture and release are always allowed, whatever the wallet's status (protocol 5.4).
Decided<HoldCaptured> decide(const Wallet& wallet, const CaptureHold& command);
Decided<HoldReleased> decide(const Wallet& wallet, const ReleaseHold& command);

/// Makes the event part of the wallet. Total: it throws Bug only when the event cannot belong to this wallet,
/// which means that the journal or the program is broken.
void apply(Wallet& wallet, const Event& event);

/// I2: available covers the credit limit, held is the sum of the holds, nothing is negative that must not be.
bool within_bounds(const Wallet& wallet);

}  // namespace dompet
