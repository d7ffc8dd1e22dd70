#include "http/destination.hpp"

#include <optional>
#include <utility>

#include "http/directory.hpp"
#include "http/gather.hpp"
#include "http/id_source.hpp"
#include "http/reference/pool.hpp"
#include "persistence/archive_store.hpp"

namespace dompet::http {

namespace {

using Found = std::expected<FoundDestination, Problem>;
using Then = std::function<void(Found found)>;

/// Whoever has more wallets than this in one database and means an older one names the wallet.
constexpr int most_wallets = 200;

/// The user's oldest active wallet in the currency.
std::optional<WalletId> wallet_of(Reader& reader, const UserId& user, const Currency& currency) {
  std::optional<WalletId> oldest;
  for (const WalletListing& row : reader.wallets(std::nullopt, "", most_wallets, user))
    if (row.history.wallet.status == WalletStatus::active && row.history.wallet.currency == currency)
      oldest = row.history.wallet.id;
  return oldest;
}

void find_by_user(Services& services, const ExchangePtr& exchange, const UserId& user, const Currency& currency,
                  std::string text, Then then) {
  gather<std::optional<WalletId>>(
      services, exchange, [user, currency](Reader& reader) { return wallet_of(reader, user, currency); },
      [text = std::move(text), then = std::move(then)](Parts<std::optional<WalletId>> parts) {
        std::optional<WalletId> oldest;
        for (const auto& part : parts)
          if (part && *part && (!oldest || **part < *oldest))
            oldest = *part;
        if (!is_whole(parts))
          return then(std::unexpected(Problem{.code = "unavailable", .applied = Applied::no}));
        then(FoundDestination{oldest.value_or(WalletId{}), text});
      });
}

void find_by_name(Services& services, const ExchangePtr& exchange, const std::string& username,
                  const Currency& currency, Then then) {
  ask_pool<std::optional<UserId>>(
      services, exchange, [username](Reader& reader) { return user_named(reader, username); },
      [&services, exchange, currency, username, then](std::optional<UserId> user) {
        const std::string text = "username:" + username;
        if (!user)
          return then(FoundDestination{{}, text});
        find_by_user(services, exchange, *user, currency, text, then);
      },
      [then](const Problem& problem) { then(std::unexpected(problem)); });
}

void find_by_card(Services& services, const ExchangePtr& exchange, const std::string& number, Then then) {
  services.directory.card(services, exchange, number, [then = std::move(then)](const Looked<CardFacts>& looked) {
    if (!looked)
      return then(std::unexpected(looked.error()));
    if (!*looked)
      return then(FoundDestination{});
    const CardFacts& card = **looked;
    then(FoundDestination{card.is_usable(wall_clock_ms()) ? card.wallet : WalletId{}, "card:" + to_string(card.card)});
  });
}

}  // namespace

void find_destination(Services& services, const ExchangePtr& exchange, const NamedDestination& named,
                      const Currency& currency, Then then) {
  if (named.card_number.empty())
    find_by_name(services, exchange, named.username, currency, std::move(then));
  else
    find_by_card(services, exchange, named.card_number, std::move(then));
}

}  // namespace dompet::http
