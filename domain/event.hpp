#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "domain/ids.hpp"
#include "domain/money.hpp"

namespace dompet {

/// What a wallet must obey when it decides. All amounts in minor units of its currency.
struct Limits {
  /// The most that may leave in one transaction.
  std::optional<Minor> per_transaction{};
  /// The most that available and held may come to together.
  std::optional<Minor> maximum_balance{};
  /// How far available may fall below zero.
  Minor credit_limit = 0;

  bool operator==(const Limits&) const = default;
};

// What happened to one wallet. Each is a fact: `apply` never refuses it. A new kind needs one `apply` case in
// wallet.cpp, its postings in posting.cpp and one line in the journal's codec.

struct WalletOpened {
  Currency currency;
  std::string name;
  Limits limits;
  bool operator==(const WalletOpened&) const = default;
};

struct NameChanged {
  std::string name;
  bool operator==(const NameChanged&) const = default;
};

struct LimitsChanged {
  Limits limits;
  bool operator==(const LimitsChanged&) const = default;
};

struct WalletFrozen {
  bool operator==(const WalletFrozen&) const = default;
};

struct WalletUnfrozen {
  bool operator==(const WalletUnfrozen&) const = default;
};

struct WalletClosed {
  bool operator==(const WalletClosed&) const = default;
};

/// Money arrived, spendable at once.
struct Credited {
  TransactionId transaction;
  Minor amount = 0;
  bool operator==(const Credited&) const = default;
};

/// Money left in one step: hold and capture of the same amount whose hold nobody else ever saw (protocol 5.6).
struct TransferredOut {
  TransactionId transaction;
  Minor amount = 0;
  bool operator==(const TransferredOut&) const = default;
};

/// Money was set aside: still the wallet's, no longer available.
struct HoldPlaced {
  TransactionId transaction;
  Minor amount = 0;
  bool operator==(const HoldPlaced&) const = default;
};

/// Held money left. A hold can be captured in several parts.
struct HoldCaptured {
  TransactionId transaction;
  Minor amount = 0;
  bool operator==(const HoldCaptured&) const = default;
};

/// Held money became available again.
struct HoldReleased {
  TransactionId transaction;
  Minor amount = 0;
  bool operator==(const HoldReleased&) const = default;
};

using Event = std::variant<WalletOpened, NameChanged, LimitsChanged, WalletFrozen, WalletUnfrozen, WalletClosed,
                           Credited, TransferredOut, HoldPlaced, HoldCaptured, HoldReleased>;

}  // namespace dompet
