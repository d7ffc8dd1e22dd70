#pragma once

#include <catch2/catch_test_macros.hpp>

#include <string_view>

#include "tests/actor/bank.hpp"

namespace dompet::simulated {

/// A bank with a payer and a merchant, and the phrases of card payments.
struct Shop {
  explicit Shop(EngineSettings settings = small_node()) : bank(settings) {}

  Bank bank;
  WalletId payer = bank.wallet_with(1'000);
  WalletId merchant = bank.wallet_beside(payer, false);

  Transaction of(TransactionKind kind, Minor amount, const TransactionId& payment = {}) const {
    Transaction wanted{.kind = kind, .currency = *find_currency("IDR"), .amount = amount, .parent = payment};
    const bool refunds = kind == TransactionKind::refund;
    wanted.source = refunds ? merchant : payer;
    if (kind != TransactionKind::increment && kind != TransactionKind::void_payment)
      wanted.destination = refunds ? payer : merchant;
    return wanted;
  }
  /// A payment that is captured later; its id.
  TransactionId authorize(Minor amount, std::string_view key = "authorize", std::int64_t lasts_ms = 1'000'000'000) {
    Transaction wanted = of(TransactionKind::payment, amount);
    wanted.manual_capture = true;
    wanted.expires_at_ms = bank.world.now_ms() + lasts_ms;
    bank.ask_send(wanted, key);
    return bank.last_transaction();
  }
  Transaction capture(const TransactionId& payment, Minor amount, bool is_final = false) const {
    Transaction wanted = of(TransactionKind::capture, amount, payment);
    wanted.final_capture = is_final;
    return wanted;
  }
  Transaction refund(const TransactionId& payment, Minor amount) const {
    return of(TransactionKind::refund, amount, payment);
  }
  Transaction voided(const TransactionId& payment) const { return of(TransactionKind::void_payment, 0, payment); }
  Result pay(Minor amount, std::string_view key) { return bank.ask_send(of(TransactionKind::payment, amount), key); }

  /// How the payment's last record says that it stands.
  PaymentState stands(const TransactionId& payment) const {
    PaymentState last;
    for (const JournalRow& row : bank.ledger.journal()) {
      const Record record = decode(row);
      if (record.payment && (record.id == payment || record.transaction->parent == payment))
        last = *record.payment;
    }
    return last;
  }
  void balances_are(Minor payers, Minor held, Minor merchants) {
    CHECK(bank.balance(payer) == payers);
    CHECK(bank.held(payer) == held);
    CHECK(bank.balance(merchant) == merchants);
    bank.check_books(payers + held + merchants);
  }
};

}  // namespace dompet::simulated
