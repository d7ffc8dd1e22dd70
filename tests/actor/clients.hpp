#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/actor/ledger_checker.hpp"

namespace dompet::simulated {

/// Throws Broken with the sentence when the rule does not hold.
void must(bool holds, const std::string& otherwise);

/// The clients of a simulated ledger: they move money, repeat themselves, use a key for something else, freeze wallets
/// and ask for balances, all drawn by a seed; and they remember every word that they were given. An answer that breaks
/// a promise is noted in the moment in which it comes.
class Clients {
 public:
  /// Gives a request to a node; returns the number under which it will be answered, if ever.
  using Submit = std::function<std::uint64_t(Request)>;

  /// `commits_take_time`: what is durable may not have been told to anybody yet, so that a balance need only be as new
  /// as what somebody was told.
  Clients(std::mt19937_64& random, LedgerChecker& checker, Submit submit, std::function<std::int64_t()> unix_ms,
          bool commits_take_time, std::chrono::milliseconds authorization_lifetime);

  // --- what they do ---

  void open_wallets(std::size_t count);
  void top_up_all();
  void begin_wish();
  /// Gives up what is left of every payment that is open.
  void void_open_payments();
  /// A key that was used before, with the same request or with another one.
  void repeat_key(bool other_content);
  /// A key that has no final answer yet, if there is one.
  void repeat_unanswered_key();
  void change_status();
  void ask_any_balance();
  std::uint64_t ask_balance(const WalletId& wallet, bool strict);
  /// Once more what a key was used for.
  std::uint64_t ask_again(std::size_t key);

  // --- what they were told ---

  /// For the middle of an actor's work, which is no place to throw.
  void listen(const Answer& answer);
  /// The first promise that was broken.
  const std::optional<Broken>& broken() const { return broken_; }
  /// The last answer; nothing before there was one.
  const Result* answer_to(std::uint64_t correlation) const;
  /// Nobody answers what was asked so far.
  void forget_questions() { asked_.clear(); }
  bool was_everything_answered() const;

  const std::vector<WalletId>& wallets() const { return wallets_; }
  std::size_t keys() const { return keys_.size(); }
  /// Whether the key got a final answer.
  bool was_told(std::size_t key) const { return keys_[key].told.has_value(); }

  struct Tally {
    int done = 0;
    int declined = 0;
    int replayed = 0;
    int not_now = 0;
    int in_doubt = 0;
    int still_open = 0;
    int balances = 0;
    int authorized = 0;
    int captured = 0;
    int refunded = 0;
    int withdrawn = 0;
    int converted = 0;
    /// Invoices that were paid.
    int billed = 0;
  };
  const Tally& tally() const { return tally_; }

 private:
  /// What a client wants, without its key.
  struct Wish {
    TransactionKind kind = TransactionKind::transfer;
    WalletId source{};
    WalletId destination{};
    Minor amount = 0;
    /// Of acts on it and refunds.
    TransactionId payment{};
    bool manual_capture = false;
    bool final_capture = false;
    CardId card{};
    /// Which of the merchant's invoices is paid; zero for none.
    int bill = 0;
    /// He who asks does not own the wallet.
    bool is_strangers = false;
    /// Of a conversion: its rate, by number; less than zero when there is none.
    int rate = -1;
    bool operator==(const Wish&) const = default;
  };
  /// A payment that somebody was told of.
  struct Payment {
    TransactionId id{};
    WalletId payer{};
    WalletId merchant{};
    bool is_open = false;
    int rate = -1;
  };
  /// The final answer that a key got first.
  struct Told {
    TransactionId id{};
    Wish wish{};
    SagaState state = SagaState::none;
    std::optional<Decline> refusal{};
  };
  struct Key {
    std::vector<Wish> wishes{};
    std::optional<Told> told{};
  };
  struct Asked {
    TransactionId id{};
    Wish wish{};
    std::size_t key = 0;
    bool is_money = false;
    bool is_read = false;
    std::uint64_t least_seq = 0;
    int answers = 0;
    bool settled_by_answer = false;
    std::optional<Result> last{};
  };

  void on_answer(const Answer& answer);
  void on_money(Asked& asked, const MoneyAnswer& answer);
  void on_balance(const Asked& asked, const WalletHistory& told);
  std::uint64_t ask_money(std::size_t key, const Wish& wish);
  Wish random_wish();
  Wish wish_about(const Payment& payment);
  Currency currency_of(const WalletId& wallet) const;
  void draw_rate(Wish& wish);
  std::optional<FxLeg> conversion_of(const Wish& wish) const;
  Bill bill_of(const Wish& wish);
  void note_done(const Asked& asked, const Record& record);
  void note_told(const WalletId& wallet, std::uint64_t seq);
  const WalletId& any_wallet() { return wallets_[below(wallets_.size())]; }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_()) % bound; }
  bool chance(int percent) { return static_cast<int>(below(100)) < percent; }
  Uuid fresh();

  std::mt19937_64& random_;
  LedgerChecker& checker_;
  Submit submit_;
  std::function<std::int64_t()> unix_ms_;
  bool commits_take_time_;
  std::vector<WalletId> wallets_{};
  std::vector<Payment> payments_{};
  /// By merchant and number.
  std::map<std::pair<WalletId, int>, InvoiceTerms> invoices_{};
  std::chrono::milliseconds lifetime_{};
  std::vector<Key> keys_{};
  std::map<std::uint64_t, Asked> asked_{};
  /// The newest place of each wallet's history that somebody was told of.
  std::map<WalletId, std::uint64_t> told_seq_{};
  std::optional<Broken> broken_{};
  Tally tally_{};
};

}  // namespace dompet::simulated
