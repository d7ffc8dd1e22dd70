#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "domain/record.hpp"

namespace dompet::simulated {

/// Books of payments, kept from the records alone: what was authorized, captured and refunded of each, and what every
/// wallet spent on each day. It adds up events and knows nothing of how wallets decide. Throws Broken.
class PaymentBooks {
 public:
  void take(const Record& record);

  struct Open {
    TransactionId payment{};
    WalletId wallet{};
  };
  /// Payments that have something left to capture.
  std::vector<Open> open() const;
  Minor captured(const TransactionId& payment) const;
  Minor refunded(const TransactionId& payment, const WalletId& merchant) const;

 private:
  struct Payment {
    WalletId wallet{};
    Minor authorized = 0;
    Minor captured = 0;
    /// Set aside for captures under way, and what final ones of them will give back.
    Minor reserved = 0;
    Minor remaining = 0;
  };
  struct Held {
    Spending spending{};
    Minor amount = 0;
  };
  struct Spender {
    Limits limits{};
    std::map<TransactionId, Held> holds{};
    std::map<std::int32_t, Minor> in_day{};
  };
  struct Merchant {
    Minor got = 0;
    Minor refunded = 0;
    /// The same as the payer paid and got it back.
    Minor paid = 0;
    Minor paid_back = 0;
  };

  void take_payment(const Record& record, const Leg& leg);
  void take_merchant(const Record& record, const Leg& leg);
  void take_spending(const Record& record, const Leg& leg);
  static void take_paid(Merchant& merchant, const Transaction& request, Minor credited);
  void spend(const WalletId& wallet, Spender& spender, const Spending& spending, Minor amount);

  std::map<TransactionId, Payment> payments_{};
  std::map<std::pair<TransactionId, WalletId>, Merchant> merchants_{};
  std::map<WalletId, Spender> spenders_{};
};

}  // namespace dompet::simulated
