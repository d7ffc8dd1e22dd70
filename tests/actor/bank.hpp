#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/actor/world.hpp"

namespace dompet::simulated {

/// A ledger, a node on it, and the phrases in which the directed tests talk to it. `ask…` waits for the answer, the
/// others return the correlation under which it will come.
class Bank {
 public:
  explicit Bank(EngineSettings settings = small_node());

  SimulatedLedger ledger;
  World world;

  /// A wallet that holds this much.
  WalletId wallet_with(Minor amount, Limits limits = {}, std::string_view currency = "IDR");
  /// One that lives in another shard than `other`, or in the same.
  WalletId wallet_beside(const WalletId& other, bool same_shard);
  /// An id that nobody opened.
  WalletId nobody();

  std::uint64_t open(const WalletId& wallet, Limits limits = {}, std::string_view currency = "IDR");
  std::uint64_t topup(const WalletId& wallet, Minor amount, std::string_view key, std::string_view currency = "IDR");
  std::uint64_t transfer(const WalletId& source, const WalletId& destination, Minor amount, std::string_view key,
                         std::string_view currency = "IDR");
  /// Any money request; the id is made here.
  std::uint64_t send(Transaction transaction, std::string_view key, const UserId& on_behalf_of = {});
  std::uint64_t change(const WalletId& wallet, WalletChange change);
  std::uint64_t read(const WalletId& wallet, bool strict = false);

  /// Runs the world and hands over the one answer; lets time pass when there is none at first.
  Result ask(std::uint64_t correlation);
  Result ask_topup(const WalletId& wallet, Minor amount, std::string_view key) {
    return ask(topup(wallet, amount, key));
  }
  Result ask_transfer(const WalletId& source, const WalletId& destination, Minor amount, std::string_view key) {
    return ask(transfer(source, destination, amount, key));
  }
  Result ask_send(Transaction transaction, std::string_view key, const UserId& on_behalf_of = {}) {
    return ask(send(std::move(transaction), key, on_behalf_of));
  }
  Result ask_change(const WalletId& wallet, WalletChange wish) { return ask(change(wallet, std::move(wish))); }

  /// What the wallet's owner can spend, as the node answers it; -1 when it does not.
  Minor balance(const WalletId& wallet);
  Minor held(const WalletId& wallet);
  /// The transaction of the last transfer or top-up that was sent.
  TransactionId last_transaction() const { return last_; }
  /// Kills the node and starts another one on the ledger.
  void restart();
  /// Every rule about what is durable holds, and the money in all wallets is `amount`.
  void check_books(Minor amount);

 private:
  Uuid fresh();

  std::uint64_t next_id_ = 1;
  TransactionId last_{};
};

// What an answer says, for REQUIRE.
std::string in_words(const Result& result);
bool is_done(const Result& result);
bool is_not_applied(const Result& result);
/// Declined for good, on record.
bool is_declined(const Result& result, Decline why);
/// Refused without a trace.
bool is_refused(const Result& result, Decline why);
const MoneyAnswer& money(const Result& result);

}  // namespace dompet::simulated
