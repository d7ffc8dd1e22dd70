#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "domain/record.hpp"

namespace dompet {

// What statistics count. A movement is what one record did to one wallet, or to the ledger as a whole; months and
// totals are made of movements and of nothing else. The numbers of both enumerations are stored.

/// As the wallet sees it. The ledger as a whole also has movements within itself, each counted once.
enum class Direction : std::uint8_t { in = 1, out = 2, within = 3 };

enum class MovementOutcome : std::uint8_t {
  /// The wallet's money changed, in this record: not when it was asked for, and not when it was set aside.
  completed = 1,
  /// It was declined, or given up for good. Its amount never moved.
  failed = 2,
};

struct Movement {
  /// Nil for the ledger as a whole.
  WalletId wallet{};
  /// As clients know it: a capture is a payment.
  TransactionKind kind = TransactionKind::transfer;
  Direction direction = Direction::in;
  MovementOutcome outcome = MovementOutcome::completed;
  /// As the transaction names it; a view of it.
  std::string_view method{};
  /// Of payments and refunds: the merchant on the side that is paid, the card on the side that pays. Nil otherwise.
  Uuid party{};
  Currency currency{};
  /// Always positive. A capture's is what was captured.
  Minor amount = 0;

  bool operator==(const Movement&) const = default;
};

/// The movements of one record: both wallets' at most, and the ledger's in each currency.
class Movements {
 public:
  void add(const Movement& movement) { list_[count_++] = movement; }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.begin() + static_cast<std::ptrdiff_t>(count_); }
  std::size_t size() const { return count_; }

 private:
  std::array<Movement, 4> list_{};
  std::size_t count_ = 0;
};

/// What a record counts as. The views in it live as long as the record. Over all records of a wallet, what came in
/// less what went out is the wallet's total. Who is told that there is no such wallet moved nothing and failed at
/// nothing: otherwise strangers could fill the statistics of others. A conversion leaves the ledger in one currency and
/// comes into it in another: so do what comes in and goes out of the ledger add up to what its wallets have, in each.
Movements movements_of(const Record& record);

/// How clients count an act on a payment.
constexpr TransactionKind counted_kind(TransactionKind kind) {
  return is_act_on_payment(kind) ? TransactionKind::payment : kind;
}

/// The way in which a kind begins, as whoever asks for it sees it: money is topped up and refunded to him, everything
/// else he sends.
constexpr Direction natural_direction(TransactionKind kind) {
  return kind == TransactionKind::topup || kind == TransactionKind::refund ? Direction::in : Direction::out;
}

std::string_view name_of(Direction direction);
std::string_view name_of(MovementOutcome outcome);

}  // namespace dompet
