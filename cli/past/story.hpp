#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "actors/engine.hpp"
#include "cli/load/random.hpp"
#include "cli/past/cast.hpp"

namespace dompet::cli {

/// A few requests of the same second or two.
struct Moment {
  /// When the last of them was made, milliseconds since 1970.
  std::int64_t at_ms = 0;
  std::vector<Request> requests{};
};

/// How the movements of a story ended, by kind and outcome.
struct StoryCounts {
  std::uint64_t topups = 0, transfers = 0, payments = 0, captures = 0, voids = 0, withdrawals = 0, refunds = 0;
  std::uint64_t declined = 0;
  /// Withdrawals that the bank would not pay out: the money is back.
  std::uint64_t refused_payouts = 0;
  std::uint64_t movements() const {
    return topups + transfers + payments + captures + voids + withdrawals + refunds + declined + refused_payouts;
  }
};

/// The made-up past itself: people join, are paid on the 25th, pay each other and shops by day more than by night,
/// shops pay out on Mondays and give money back now and then; some payments are authorized first and captured days
/// later, and some things are tried without the money for them, or beyond a limit. A few use dollars as well. The story
/// decides nothing: it asks, is told what came of it, and goes on from there. Equal seeds, casts and answers give equal
/// stories, ids included.
class Story {
 public:
  /// About so many movements between the times (milliseconds since 1970), at first fewer a day than at the end.
  Story(const Cast& cast, std::uint64_t movements, std::int64_t begin_ms, std::int64_t end_ms, std::uint64_t seed);

  /// What happens next; nothing when the story is over.
  std::optional<Moment> next();
  /// The answers to the last moment's requests, in their order.
  void tell(const std::vector<Result>& results);

  const StoryCounts& counts() const { return counts_; }
  /// From 0 to 1.
  double progress() const;

 private:
  /// What a request was, for when its answer comes.
  struct Asked {
    std::shared_ptr<const Transaction> transaction{};  ///< null: a wallet was opened
    std::size_t person = nobody;
    std::size_t receiver = nobody;
    std::size_t shop = nobody;
    bool in_dollars = false;
  };
  struct Payment {
    std::shared_ptr<const Transaction> transaction{};
    std::size_t person = nobody;
    std::size_t shop = nobody;
    std::int64_t due_ms = 0;
  };
  static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

  void open_wallets();
  void pay_incomes();
  void finish_payments();
  void pay_out();
  void something();
  void transfer(std::size_t person, bool without_money);
  void pay(std::size_t person, bool without_money);
  void top_up(std::size_t person, Minor amount, std::string_view method, std::string_view description);
  void withdraw(const WalletId& wallet, std::size_t person, std::size_t shop, Minor amount);
  void use_dollars(std::size_t person);
  void to_account(Transaction& withdrawal);
  void refund();
  void ask(Transaction transaction, Asked asked);
  void take(const Asked& asked, const MoneyAnswer& answer);
  Transaction transaction(TransactionKind kind, Minor amount);
  std::optional<std::size_t> somebody();
  std::size_t chance(std::size_t below) { return random_.below(static_cast<std::uint32_t>(below)); }

  const Cast& cast_;
  Random random_;
  std::int64_t begin_ms_;
  std::int64_t end_ms_;
  double movements_a_day_;
  StoryCounts counts_{};

  std::int64_t now_ms_;      ///< of the moment
  std::int64_t request_ms_;  ///< of its last request
  Moment moment_{};
  std::vector<Asked> asked_{};
  std::set<std::size_t> busy_{};  ///< people who did something in this moment already
  std::size_t joined_people_ = 0;
  std::size_t joined_shops_ = 0;
  std::vector<Minor> balances_;
  std::vector<Minor> dollars_;
  std::vector<Minor> shop_balances_;
  std::vector<std::int64_t> paid_until_month_;  ///< of each person, months since 1970
  std::int64_t paid_out_until_week_ = 0;
  std::deque<Payment> paid_{};        ///< what can be refunded, the latest only
  std::deque<Payment> authorized_{};  ///< what waits for its capture
};

}  // namespace dompet::cli
