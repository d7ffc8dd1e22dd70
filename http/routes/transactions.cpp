#include <algorithm>
#include <unordered_set>
#include <utility>

#include "http/access/access.hpp"
#include "http/across.hpp"
#include "http/answers.hpp"
#include "http/list.hpp"
#include "http/ownership.hpp"
#include "http/party.hpp"
#include "http/query.hpp"
#include "http/reference/pool.hpp"
#include "http/render.hpp"
#include "http/routes.hpp"
#include "http/shown_transaction.hpp"
#include "http/topup_methods.hpp"
#include "persistence/archive_store.hpp"

namespace dompet::http::routes {

namespace {

using Archived = std::unordered_set<TransactionId>;

constexpr TransactionKind kinds[]{TransactionKind::topup, TransactionKind::transfer, TransactionKind::withdrawal,
                                  TransactionKind::payment, TransactionKind::refund};

/// One page of what somebody may see.
struct Wish {
  TransactionFilter filter{};
  Page page{};
  /// The parameters, while there are amounts in them that are in a currency yet to be found.
  std::optional<QueryParameters> amounts{};
  /// Whether what the caller has put away is wanted, or what he has not, or both when nothing is said.
  std::optional<bool> archived = false;
};

void read_kind(QueryParameters& parameters, TransactionFilter& filter) {
  const std::string name = parameters.choice("kind", {"topup", "transfer", "withdrawal", "payment", "refund"});
  for (const TransactionKind kind : kinds)
    if (name_of(kind) == name)
      filter.kind = kind;
}

/// Staff may name anybody, everybody else himself only. A merchant's servers see one wallet, whoever is named.
std::optional<UserId> read_user(QueryParameters& parameters, const Exchange& exchange) {
  const auto user = parameters.id("user_id");
  if (!user)
    return std::nullopt;
  if (exchange.grant != Grant::any && *user != exchange.caller.user)
    parameters.fault("user_id", "You may list your own transactions only.");
  if (parameters.has("wallet_id"))
    parameters.fault("user_id", "At most one of wallet_id and user_id: a wallet has one owner.");
  return exchange.caller.kind == Caller::Kind::merchant ? std::nullopt : std::optional{UserId{*user}};
}

/// A direction is seen from a wallet: the ledger as a whole has none.
void read_direction(QueryParameters& parameters, const Exchange& exchange, TransactionFilter& filter) {
  const std::string direction = parameters.choice("direction", {"in", "out"});
  if (direction.empty())
    return;
  filter.direction = direction == "in" ? Direction::in : Direction::out;
  if (exchange.grant == Grant::any && !filter.wallet && !filter.owner && !filter.card && !filter.merchant)
    parameters.fault("direction", "Money comes in or goes out for somebody: give wallet_id, user_id, card_id or "
                                  "merchant_id too.");
}

void read_amounts(QueryParameters& parameters, const Currency& currency, TransactionFilter& filter) {
  filter.min_amount = parameters.amount("min_amount", currency);
  filter.max_amount = parameters.amount("max_amount", currency);
}

TransactionFilter read_filter(QueryParameters& parameters, const Exchange& exchange) {
  TransactionFilter filter;
  if (const auto wallet = parameters.id("wallet_id"))
    filter.wallet = WalletId{*wallet};
  if (const auto card = parameters.id("card_id"))
    filter.card = CardId{*card};
  if (const auto merchant = parameters.id("merchant_id"))
    filter.merchant = MerchantId{*merchant};
  filter.owner = read_user(parameters, exchange);
  read_direction(parameters, exchange, filter);
  read_kind(parameters, filter);
  filter.status =
      parameters.choice("status", {"pending", "authorized", "completed", "declined", "cancelled", "failed"});
  filter.method = parameters.text("method").value_or("");
  if (!filter.method.empty() && !is_payment_method(filter.method) && filter.method != payout_method &&
      filter.method != va_method)
    parameters.fault("method", "One of GET /v1/topups/methods, card, wallet or bank_transfer.");
  filter.from_ms = parameters.time_ms("from");
  filter.to_ms = parameters.time_ms("to");
  filter.currency = parameters.currency("currency");
  if (filter.currency)
    read_amounts(parameters, *filter.currency, filter);
  return filter;
}

std::optional<bool> read_archived(QueryParameters& parameters) {
  const std::string archived = parameters.choice("archived", {"false", "true", "all"});
  if (archived == "all")
    return std::nullopt;
  return archived == "true";
}

Position position_of(const StoredTransaction& stored) { return {stored.place.id.uuid, stored.place.place}; }

bool comes_before(const StoredTransaction& left, const StoredTransaction& right) {
  if (left.place.place != right.place.place)
    return left.place.place > right.place.place;
  return left.place.id > right.place.id;
}

void hide_archived(Wish& wish, Archived archived) {
  if (!wish.archived || (!*wish.archived && archived.empty()))
    return;
  wish.filter.also = [archived = std::move(archived), is_wanted = *wish.archived](const StoredTransaction& stored) {
    return archived.contains(shown_id(stored.record)) == is_wanted;
  };
}

void answer_page(Services& services, const ExchangePtr& exchange, const Wish& wish) {
  const int most = wish.page.limit + 1;
  const auto read = [filter = wish.filter, most, after = wish.page.after](Reader& reader) {
    const auto before = after ? std::optional{TransactionCursor{{after->id}, after->seq}} : std::nullopt;
    return reader.transactions(filter, before, most);
  };
  const auto render = [page = wish.page](const std::vector<StoredTransaction>& transactions, const HttpRequest&) {
    return render_list(
        page, transactions,
        [](JsonWriter& json, const StoredTransaction& stored) { append_transaction(json, view_of(stored)); },
        position_of);
  };
  if (wish.filter.wallet && !wish.filter.owner)
    return answer_about_wallet(
        services, exchange, *wish.filter.wallet,
        [read, render](Reader& reader, const HttpRequest& request) { return render(read(reader), request); });
  answer_list<StoredTransaction>(services, exchange, read, comes_before, most, render);
}

/// Only users put things away.
void list(Services& services, const ExchangePtr& exchange, Wish wish) {
  if (!wish.archived || exchange->caller.kind != Caller::Kind::user)
    return answer_page(services, exchange, wish);
  ask_pool<Archived>(
      services, exchange,
      [user = UserId{exchange->caller.user}](Reader& reader) { return ArchiveStore(reader).archived(user); },
      [&services, exchange, wish = std::move(wish)](Archived archived) mutable {
        hide_archived(wish, std::move(archived));
        answer_page(services, exchange, wish);
      });
}

/// A merchant's servers: what was paid to it and what it gave back, and everything else of its wallet.
void restrict_to_merchant(const Caller& caller, TransactionFilter& filter) {
  filter.merchant = MerchantId{caller.merchant};
  filter.merchant_wallet = caller.wallet;
  if (!filter.wallet)
    filter.wallet = caller.wallet;
}

/// A customer sees what is in his wallets, a merchant's servers what is the merchant's, staff everything.
void restrict(const Exchange& exchange, TransactionFilter& filter) {
  if (exchange.grant == Grant::any)
    return;
  if (exchange.caller.kind == Caller::Kind::merchant)
    restrict_to_merchant(exchange.caller, filter);
  else if (!filter.wallet && !filter.owner)
    filter.owner = UserId{exchange.caller.user};
}

/// With the amounts in the wallet's currency, when none was named.
void list_in_currency_of(Services& services, const ExchangePtr& exchange, Wish wish, const Currency& currency) {
  if (wish.amounts) {
    wish.filter.currency = currency;
    read_amounts(*wish.amounts, currency, wish.filter);
    if (const auto problem = wish.amounts->problem())
      return refuse(exchange, *problem);
  }
  list(services, exchange, std::move(wish));
}

/// When it is known which wallet it is about, if it is about one: asks that for its owner and its currency.
void list_restricted(Services& services, const ExchangePtr& exchange, Wish wish) {
  restrict(*exchange, wish.filter);
  if (!wish.filter.wallet && wish.amounts) {
    wish.amounts->fault(wish.amounts->has("min_amount") ? "min_amount" : "max_amount",
                        "An amount of which currency? Give currency too, or the wallet_id whose currency is meant.",
                        "invalid_amount");
    return refuse(exchange, *wish.amounts->problem());
  }
  if (!wish.filter.wallet || (exchange->grant == Grant::any && !wish.amounts))
    return list(services, exchange, std::move(wish));
  const ReadWalletRequest wallet{*wish.filter.wallet, false};
  with_wallet(services, exchange, wallet,
              [&services, exchange, wish = std::move(wish)](const WalletHistory& history) mutable {
                list_in_currency_of(services, exchange, std::move(wish), history.wallet.currency);
              });
}

/// Its wallet's list is short and served by an index; the whole ledger's is neither.
void look_into(TransactionFilter& filter, const WalletId& wallet) {
  if (!filter.wallet && !filter.owner)
    filter.wallet = wallet;
}

/// Of a merchant that is not his a customer sees what he paid it himself.
void list_of_merchant(Services& services, const ExchangePtr& exchange, Wish wish) {
  if (!wish.filter.merchant || exchange->caller.kind == Caller::Kind::merchant)
    return list_restricted(services, exchange, std::move(wish));
  const Uuid merchant = wish.filter.merchant->uuid;
  with_merchant(services, exchange, merchant,
                [&services, exchange, wish = std::move(wish)](const std::optional<MovementParty>& party) mutable {
                  if (!party && exchange->grant == Grant::any)
                    return refuse(exchange, {.code = "merchant_not_found"});
                  if (party && may_touch(*exchange, party->user)) {
                    wish.filter.merchant_wallet = party->wallet;
                    look_into(wish.filter, party->wallet);
                  }
                  list_restricted(services, exchange, std::move(wish));
                });
}

/// A merchant's servers see what was paid with the card, and not what else its owner does.
void list_of_card(Services& services, const ExchangePtr& exchange, Wish wish) {
  if (!wish.filter.card || exchange->caller.kind == Caller::Kind::merchant)
    return list_of_merchant(services, exchange, std::move(wish));
  const Uuid card = wish.filter.card->uuid;
  with_card(services, exchange, card,
            [&services, exchange, wish = std::move(wish)](const std::optional<MovementParty>& party) mutable {
              if (!party || !may_touch(*exchange, party->user))
                return refuse(exchange, {.code = "card_not_found"});
              wish.filter.card_wallet = party->wallet;
              look_into(wish.filter, party->wallet);
              list_of_merchant(services, exchange, std::move(wish));
            });
}

}  // namespace

void list_transactions(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query,
                             {"limit", "cursor", "wallet_id", "user_id", "card_id", "merchant_id", "direction", "kind",
                              "status", "method", "from", "to", "currency", "min_amount", "max_amount", "archived"});
  Wish wish{.filter = read_filter(parameters, *exchange), .archived = read_archived(parameters)};
  const auto page = read_page(parameters, "/v1/transactions");
  if (!page)
    return refuse(exchange, page.error());
  wish.page = *page;
  if (!wish.filter.currency && (parameters.has("min_amount") || parameters.has("max_amount")))
    wish.amounts = std::move(parameters);
  list_of_card(services, exchange, std::move(wish));
}

/// The caller's own movements, whoever he is.
void list_history(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "kind", "from", "to", "archived"});
  Wish wish;
  read_kind(parameters, wish.filter);
  wish.filter.from_ms = parameters.time_ms("from");
  wish.filter.to_ms = parameters.time_ms("to");
  wish.archived = read_archived(parameters);
  const auto page = read_page(parameters, "/v1/history/" + to_string(exchange->caller.user));
  if (!page)
    return refuse(exchange, page.error());
  wish.page = *page;
  if (exchange->caller.kind == Caller::Kind::merchant)
    restrict_to_merchant(exchange->caller, wish.filter);
  else
    wish.filter.owner = UserId{exchange->caller.user};
  list(services, exchange, std::move(wish));
}

void read_transaction(Services& services, const ExchangePtr& exchange) {
  with_shown_transaction(services, exchange, [exchange](const StoredTransaction& stored) {
    exchange->answer(json_response(render_transaction(view_of(stored))));
  });
}

}  // namespace dompet::http::routes
