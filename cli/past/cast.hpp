#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/load/random.hpp"
#include "domain/event.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"

namespace dompet::cli {

/// Somebody with a wallet, a card and an income. Amounts in minor units.
struct Person {
  UserId id{};
  std::string first_name{};
  std::string last_name{};
  /// Also the part of the e-mail address before "@example.com".
  std::string username{};
  WalletId wallet{};
  CardId card{};
  /// A second wallet, in dollars; nil for most.
  WalletId dollar_wallet{};
  /// What the wallet is opened with: some are careful, some have a credit card.
  Limits limits{};
  /// Milliseconds since 1970: when user, wallet and card were made.
  std::int64_t joined_ms = 0;
  Minor income = 0;

  bool has_dollars() const { return dollar_wallet != WalletId{}; }
  bool has_credit() const { return limits.credit_limit != 0; }
};

/// A second card that pays nothing any more: its wallet's journal blocks it.
struct OldCard {
  CardId id{};
  std::size_t owner = 0;  ///< place in `Cast::people`
  /// In the trash, because it was replaced; otherwise frozen.
  bool is_replaced = false;
};

/// A merchant; the user that it belongs to is a person of the cast as well.
struct Shop {
  MerchantId id{};
  std::size_t owner = 0;  ///< place in `Cast::people`
  std::string name{};
  WalletId wallet{};
  std::int64_t joined_ms = 0;
};

/// Who takes part in the made-up past. Equal seeds and times give equal casts, ids included. Money is in rupiah, but
/// for the dollars of a few.
struct Cast {
  Currency currency{};
  Currency dollars{};
  std::vector<Person> people{};
  std::vector<Shop> shops{};
  std::vector<OldCard> old_cards{};
  /// Whose wallet is frozen when everything is over; place in `people`.
  std::size_t frozen = 0;
};

struct CastWish {
  std::size_t people = 400;
  std::size_t shops = 40;
  /// Between which they join; half of them at the very beginning. Milliseconds since 1970.
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;
};

Cast make_cast(const CastWish& wish, Random& random);

/// A version 7 UUID of this time whose other bits come from the stream.
Uuid made_up_id(std::int64_t unix_ms, Random& random);

}  // namespace dompet::cli
