#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "domain/event.hpp"
#include "domain/history.hpp"
#include "domain/record.hpp"
#include "domain/wallet.hpp"

/// What the tests of this ring start from. Everything is a value and repeats exactly.
namespace dompet::given {

inline Uuid uuid(std::uint64_t number) {
  Uuid id;
  id.bytes[6] = 0x70;
  id.bytes[8] = 0x80;
  for (int i = 0; i < 7; ++i)
    id.bytes[15 - static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

inline WalletId wallet_id(std::uint64_t number) { return {uuid(number)}; }
inline TransactionId transaction_id(std::uint64_t number) { return {uuid(1'000'000 + number)}; }

inline CardId card_id(std::uint64_t number) { return {uuid(2'000'000 + number)}; }
inline UserId user_id(std::uint64_t number) { return {uuid(3'000'000 + number)}; }

inline Currency idr() { return *find_currency("IDR"); }
inline Currency jpy() { return *find_currency("JPY"); }

/// An open wallet in rupiah.
inline Wallet wallet(Minor available = 0, Limits limits = {}) {
  Wallet open;
  open.id = wallet_id(1);
  open.status = WalletStatus::active;
  open.currency = idr();
  open.available = available;
  open.limits = limits;
  open.name = "Ani";
  return open;
}

inline Wallet in_status(Wallet wallet, WalletStatus status) {
  wallet.status = status;
  return wallet;
}

/// The wallet with some of its available money set aside for a transaction.
inline Wallet with_hold(Wallet wallet, std::uint64_t transaction, Minor amount) {
  apply(wallet, HoldPlaced{transaction_id(transaction), amount});
  return wallet;
}

inline std::shared_ptr<const Transaction> transfer(std::uint64_t number, Minor amount) {
  auto transaction = std::make_shared<Transaction>();
  transaction->id = transaction_id(number);
  transaction->kind = TransactionKind::transfer;
  transaction->currency = idr();
  transaction->amount = amount;
  transaction->source = wallet_id(1);
  transaction->destination = wallet_id(2);
  return transaction;
}

inline std::shared_ptr<const Transaction> topup(std::uint64_t number, Minor amount) {
  auto transaction = std::make_shared<Transaction>();
  transaction->id = transaction_id(number);
  transaction->kind = TransactionKind::topup;
  transaction->currency = idr();
  transaction->amount = amount;
  transaction->destination = wallet_id(2);
  transaction->method = "bri";
  return transaction;
}

/// An act on a payment of wallet 1 to wallet 2, or a refund of it.
inline std::shared_ptr<const Transaction> act(TransactionKind kind, std::uint64_t number, std::uint64_t payment,
                                              Minor amount) {
  auto transaction = std::make_shared<Transaction>(*transfer(number, amount));
  transaction->kind = kind;
  transaction->parent = transaction_id(payment);
  if (kind == TransactionKind::refund)
    std::swap(transaction->source, transaction->destination);
  return transaction;
}

/// A money record of the kind with the legs that belong to it, not yet numbered.
inline Record money_record(RecordKind kind, std::shared_ptr<const Transaction> transaction) {
  const Transaction& facts = *transaction;
  Record record;
  record.kind = kind;
  record.id = facts.id;
  switch (kind) {
    case RecordKind::topup:
    case RecordKind::transfer_credited: record.add_leg(facts.destination, Credited{facts.id, facts.amount}); break;
    case RecordKind::transfer:
      record.add_leg(facts.source, TransferredOut{facts.id, facts.amount});
      record.add_leg(facts.destination, Credited{facts.id, facts.amount});
      break;
    case RecordKind::hold_placed: record.add_leg(facts.source, HoldPlaced{facts.id, facts.amount}); break;
    case RecordKind::hold_captured: record.add_leg(facts.source, HoldCaptured{facts.id, facts.amount}); break;
    case RecordKind::hold_released: record.add_leg(facts.source, HoldReleased{facts.id, facts.amount}); break;
    case RecordKind::payment_authorized:
      record.add_leg(facts.source, HoldPlaced{facts.id, facts.amount, {}, true});
      break;
    case RecordKind::payment_incremented:
      record.add_leg(facts.source, HoldIncreased{facts.parent, facts.amount});
      break;
    case RecordKind::payment_voided: record.add_leg(facts.source, PaymentVoided{facts.parent, facts.amount}); break;
    default: break;
  }
  record.transaction = std::move(transaction);
  return record;
}

inline constexpr RecordKind record_kinds[]{
    RecordKind::wallet_changed,     RecordKind::topup,
    RecordKind::transfer,           RecordKind::declined,
    RecordKind::hold_placed,        RecordKind::transfer_credited,
    RecordKind::transfer_refused,   RecordKind::transfer_cancelling,
    RecordKind::hold_captured,      RecordKind::hold_released,
    RecordKind::payment_authorized, RecordKind::payment_incremented,
    RecordKind::payment_voided,     RecordKind::topup_begun,
    RecordKind::topup_refused,      RecordKind::review_approved,
};

/// A seeded source of values; a failing test names the seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  /// 0 … most
  std::uint64_t upto(std::uint64_t most) { return most == UINT64_MAX ? engine_() : engine_() % (most + 1); }
  Minor amount(Minor most) { return 1 + static_cast<Minor>(upto(static_cast<std::uint64_t>(most) - 1)); }
  bool coin() { return upto(1) == 1; }
  template <class Range>
  const auto& one_of(const Range& range) {
    return range[upto(std::size(range) - 1)];
  }
  std::string text(std::size_t longest) {
    std::string text(upto(longest), ' ');
    for (char& letter : text)
      letter = static_cast<char>(upto(255));
    return text;
  }
  template <std::size_t Size>
  std::array<std::uint8_t, Size> bytes() {
    std::array<std::uint8_t, Size> bytes{};
    for (std::uint8_t& byte : bytes)
      byte = static_cast<std::uint8_t>(upto(255));
    return bytes;
  }
  Uuid uuid() { return {bytes<16>()}; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace dompet::given
