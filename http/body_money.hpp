#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/body.hpp"

namespace dompet::http {

// Bodies of the routes that move money. Ids of transactions are the caller's to fill.

/// Whose wallet the money is for, when the body does not name the wallet itself; both empty when it does.
struct NamedDestination {
  /// Sixteen digits, Luhn-valid.
  std::string card_number{};
  std::string username{};

  bool is_given() const { return !card_number.empty() || !username.empty(); }
  /// For the fingerprint: what was asked for, not where it led.
  std::string text() const;
};

/// The destination wallet is nil when one is named otherwise.
struct TransferBody {
  Transaction transaction{};
  NamedDestination destination{};
};

struct BulkItem {
  TransferBody transfer{};
  std::string idempotency_key{};
};

Read<Transaction> read_topup(std::string_view body);
Read<TransferBody> read_transfer(std::string_view body);
/// `payout_account` is "<bank_code>/<account_number>".
Read<Transaction> read_withdrawal(std::string_view body);

/// The items in order, each well or ill on its own; a problem when there is no list of 1 to `most` items.
Read<std::vector<Read<BulkItem>>> read_bulk(std::string_view body, std::size_t most);

/// A card as its holder shows it.
struct CardShown {
  /// Sixteen digits, Luhn-valid.
  std::string number{};
  /// Of the expiry that is printed on it.
  int month = 0;
  int year = 0;
  std::string cvv{};
};

/// A payment with a card or from a wallet, to the merchant that asks or to a named one.
struct PaymentBody {
  /// Without payer, receiver and card.
  Transaction transaction{};
  std::optional<CardShown> card{};
  /// The payer's wallet, without a card.
  WalletId wallet{};
  MerchantId merchant{};
  /// The bill that is paid, from a wallet; then there is no merchant. Empty for none.
  std::string va_number{};
};

Read<PaymentBody> read_payment(std::string_view body);

/// What is done to a payment. Amounts are in the payment's currency, which the body does not know.
struct PaymentAct {
  std::optional<JsonValue> amount{};
  bool is_final = false;
};

/// {amount}
Read<PaymentAct> read_increment(std::string_view body);
/// {amount?, final?}
Read<PaymentAct> read_capture(std::string_view body);
/// {amount?}
Read<PaymentAct> read_refund(std::string_view body);

/// The act's amount in the payment's currency; nothing when it named none.
Read<std::optional<Minor>> amount_of(const PaymentAct& act, const Currency& currency);

}  // namespace dompet::http
