#pragma once

#include <string>

#include "domain/record.hpp"

namespace dompet {

/// What a provider outside the ledger is asked to do: pay a withdrawal out, collect a top-up, or undo either. The same
/// order comes again and again until there is a word, after a restart from another node too; its id is the provider's
/// idempotency key.
struct ProviderOrder {
  TransactionId id{};
  TransactionKind kind = TransactionKind::withdrawal;
  /// Do not do it. A withdrawal that was paid cannot be undone: the word says again that it was. The money of a top-up
  /// that came already goes back, and the word is `refused` then: until it is, the order comes again.
  bool cancel = false;
  Currency currency{};
  /// Minor units.
  Minor amount = 0;
  WalletId wallet{};
  std::string method{};
  /// Where a withdrawal goes: `<bank_code>/<account_number>`.
  std::string account{};
  /// To be said in the word.
  Shard source_shard = 0;
  /// From 1, in this tenure of the shard.
  int attempt = 0;
};

/// Where the engine meets the providers (protocol 5.5, external legs). Whoever implements it must never change his word
/// on a withdrawal: what was paid stays paid, what was refused stays refused.
class ProviderPort {
 public:
  virtual ~ProviderPort() = default;
  /// Takes the order and returns at once; called on the engine's threads. The word comes as a ProviderWordRequest. An
  /// order that there is no room for may be dropped: it comes again.
  virtual void ask(const ProviderOrder& order) = 0;
};

}  // namespace dompet
