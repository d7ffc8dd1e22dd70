#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "domain/ids.hpp"
#include "http/access/caller.hpp"
#include "http/exchange.hpp"
#include "http/problem.hpp"

namespace dompet::http {

struct Services;

/// What a payment must know of a card. Whether it may be used is for the payment to judge; the wallet's own journal
/// says it once more at the moment of the hold (CardBlocked).
struct CardFacts {
  CardId card{};
  UserId user{};
  WalletId wallet{};
  bool is_frozen = false;
  bool is_trashed = false;
  /// Its user was neither locked nor put into the trash.
  bool is_users_to_use = false;
  /// The first moment at which it is no longer valid, milliseconds since 1970.
  std::int64_t expires_at_ms = 0;

  bool is_usable(std::int64_t now_ms) const {
    return !is_frozen && !is_trashed && is_users_to_use && now_ms < expires_at_ms;
  }
};

/// What a payment must know of a merchant.
struct MerchantFacts {
  MerchantId merchant{};
  UserId user{};
  WalletId wallet{};
  /// "pending", "active", "inactive", "rejected".
  std::string status{};
  bool is_trashed = false;
  /// Its user was neither locked nor put into the trash.
  bool is_users_to_use = false;

  bool may_be_paid() const { return status == "active" && !is_trashed && is_users_to_use; }
};

/// Who sends a request with an API key.
struct KeyFacts {
  Caller caller{};
  /// The first moment at which it says nothing any more, milliseconds since 1970; zero for never.
  std::int64_t expires_at_ms = 0;

  bool is_expired(std::int64_t now_ms) const { return expires_at_ms != 0 && expires_at_ms <= now_ms; }
};

/// The facts, nothing when there is no such thing, or why the database could not say.
template <class Facts>
using Looked = std::expected<std::optional<Facts>, Problem>;

/// Cards by number, merchants by id and API keys, for requests that move money: a bounded cache in memory, filled by
/// the query pool. What changes is forgotten as soon as this node hears of it (channel dompet_access: "card:<id>",
/// "merchant:<id>", "api_key:<id>", "user:<id>"), and everything after `longest_life` whether it heard or not. Numbers
/// and keys are not kept: entries are by their hash. What is not there is not remembered, but for API keys that are
/// none: those are asked again and again by whoever tries them. Io thread only.
class Directory {
 public:
  static constexpr std::chrono::seconds longest_life{5};
  static constexpr std::size_t most_entries = 100'000;
  /// Of an API key that is none.
  static constexpr std::chrono::seconds longest_miss{5};
  static constexpr std::size_t most_misses = 10'000;

  /// `number` has been checked for form (domain/card_number.hpp). `then` runs now or later, on the io thread; while it
  /// is awaited the exchange is kept.
  void card(Services& services, const ExchangePtr& exchange, std::string_view number,
            std::function<void(const Looked<CardFacts>& looked)> then);
  void merchant(Services& services, const ExchangePtr& exchange, const MerchantId& merchant,
                std::function<void(const Looked<MerchantFacts>& looked)> then);

  /// It was looked up lately, and was somebody's.
  bool knows_key(std::string_view api_key) const { return known_key(api_key) != nullptr; }
  /// What was looked up lately, until the next call; null when it was not, or was nobody's.
  const KeyFacts* known_key(std::string_view api_key) const;
  /// Nothing for a key that was never given out, or says nothing any more.
  void key(Services& services, const ExchangePtr& exchange, std::string_view api_key,
           std::function<void(const Looked<KeyFacts>& looked)> then);

  /// What was said on the channel: "card:<id>" and the like; others are nothing to it.
  void hear(const std::vector<std::string>& said);
  /// News may have been lost.
  void forget_all();

 private:
  using Clock = std::chrono::steady_clock;
  template <class Facts>
  struct Shelf {
    struct Entry {
      Facts facts{};
      Clock::time_point read{};
    };
    std::unordered_map<std::string, Entry> entries{};
    /// The oldest goes when there are too many.
    std::deque<std::string> order{};
    /// Grows with everything that is forgotten: an answer that was asked for before is not kept.
    std::uint64_t generation = 0;
  };

  template <class Facts>
  const Facts* recall(const Shelf<Facts>& shelf, const std::string& key) const;
  template <class Facts>
  void keep(Shelf<Facts>& shelf, const std::string& key, const Facts& facts, std::uint64_t generation);
  template <class Facts, class Read>
  void look(Services& services, const ExchangePtr& exchange, Shelf<Facts>& shelf, const std::string& key, Read read,
            std::function<void(const Looked<Facts>&)> then);

  Shelf<CardFacts> cards_{};
  Shelf<MerchantFacts> merchants_{};
  Shelf<KeyFacts> api_keys_{};
  /// By hash when it was looked for; all go when there are too many, or when news may have made one good.
  std::unordered_map<std::string, Clock::time_point> missed_keys_{};

  void forget_things_of(const UserId& user);
  void forget_keys(const std::function<bool(const Caller& caller)>& is_meant);
  bool is_missed(const std::string& hash) const;
  void miss(const std::string& hash, std::uint64_t generation);

  /// By card's id the key that its facts are kept under.
  std::unordered_map<Uuid, std::string, UuidHash> keys_of_cards_{};
};

}  // namespace dompet::http
