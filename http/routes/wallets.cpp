#include <utility>

#include "http/across.hpp"
#include "http/answers.hpp"
#include "http/body.hpp"
#include "http/id_source.hpp"
#include "http/list.hpp"
#include "http/query.hpp"
#include "http/render.hpp"
#include "http/routes.hpp"

namespace dompet::http::routes {

namespace {

void change(Services& services, const ExchangePtr& exchange, const WalletId& wallet,
            std::vector<WalletChange> changes) {
  services.ask.ask(ChangeWalletRequest{wallet, std::move(changes)},
                   [exchange](const Reply& reply) { answer_wallet(exchange, reply); });
}

/// Freeze, unfreeze, close: a change without a body.
void change_without_body(Services& services, const ExchangePtr& exchange, WalletChange wish) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  if (const auto id = captured_id(exchange))
    change(services, exchange, {*id}, {std::move(wish)});
}

/// The patch's limits are amounts in the wallet's currency, so the wallet is read first. Of two that change different
/// limits at the same moment, the later wins with all.
void change_limits(Services& services, const ExchangePtr& exchange, const WalletId& wallet, WalletPatch patch) {
  services.ask.ask(ReadWalletRequest{wallet, false},
                   [&services, exchange, patch = std::move(patch)](const Reply& reply) {
                     const auto* history = reply.result == nullptr ? nullptr : std::get_if<WalletHistory>(reply.result);
                     if (history == nullptr)
                       return answer_wallet(exchange, reply);
                     const Wallet& now = history->wallet;
                     const auto limits = read_limits(*patch.limits, now.limits, now.currency);
                     if (!limits)
                       return refuse(exchange, limits.error());
                     std::vector<WalletChange> changes;
                     if (patch.name)
                       changes.emplace_back(ChangeName{*patch.name});
                     changes.emplace_back(ChangeLimits{*limits});
                     change(services, exchange, now.id, std::move(changes));
                   });
}

HttpResponse wallet_or_not(const std::optional<WalletHistory>& history, const HttpRequest& request,
                           std::optional<std::int64_t> as_of_ms = {}) {
  if (!history || history->wallet.status == WalletStatus::absent)
    return respond({.code = "wallet_not_found"}, request);
  return json_response(render_wallet(*history, wall_clock_ms(), as_of_ms));
}

void read_past(Services& services, const ExchangePtr& exchange, const WalletId& wallet, std::int64_t as_of_ms) {
  answer_about_wallet(services, exchange, wallet, [wallet, as_of_ms](Reader& reader, const HttpRequest& request) {
    return wallet_or_not(reader.wallet_as_of(wallet, as_of_ms), request, as_of_ms);
  });
}

void read_stale(Services& services, const ExchangePtr& exchange, const WalletId& wallet) {
  answer_about_wallet(services, exchange, wallet, [wallet](Reader& reader, const HttpRequest& request) {
    return wallet_or_not(reader.load_wallet(wallet), request);
  });
}

}  // namespace

void open_wallet(Services& services, const ExchangePtr& exchange) {
  auto command = read_open_wallet(exchange->request.body);
  if (!command)
    return refuse(exchange, command.error());
  if (command->owner == UserId{})
    command->owner = {exchange->caller.user};
  services.ask.ask(OpenWalletRequest{{exchange->request.id}, std::move(*command)},
                   [exchange](const Reply& reply) { answer_wallet(exchange, reply, 201); });
}

void list_wallets(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "search"});
  const std::string search = parameters.text("search").value_or("");
  if (search.contains('\0'))
    parameters.fault("search", "A text without control characters.");
  const auto page = read_page(parameters, "/v1/wallets");
  if (!page)
    return refuse(exchange, page.error());
  const int most = page->limit + 1;
  answer_list<WalletListing>(
      services, exchange,
      [search, most, after = page->after](Reader& reader) {
        return reader.wallets(after ? std::optional{WalletId{after->id}} : std::nullopt, search, most);
      },
      [](const WalletListing& left, const WalletListing& right) {
        return left.history.wallet.id.uuid > right.history.wallet.id.uuid;
      },
      most,
      [page = *page, now_ms = wall_clock_ms()](const std::vector<WalletListing>& wallets, const HttpRequest&) {
        return render_list(
            page, wallets,
            [now_ms](JsonWriter& json, const WalletListing& row) { append_wallet(json, row.history, now_ms); },
            [](const WalletListing& row) { return Position{row.history.wallet.id.uuid, 0}; });
      });
}

void read_wallet(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  bool is_strict = false;
  if (!exchange->request.query.empty()) {
    QueryParameters parameters(exchange->request.query, {"read", "as_of"});
    const std::string read = parameters.choice("read", {"default", "strict", "stale"});
    const auto as_of_ms = parameters.time_ms("as_of");
    if (const auto problem = parameters.problem())
      return refuse(exchange, *problem);
    if (as_of_ms)
      return read_past(services, exchange, {*id}, *as_of_ms);
    if (read == "stale")
      return read_stale(services, exchange, {*id});
    is_strict = read == "strict";
  }
  services.ask.ask(ReadWalletRequest{{*id}, is_strict},
                   [exchange](const Reply& reply) { answer_wallet(exchange, reply); });
}

void change_wallet(Services& services, const ExchangePtr& exchange) {
  auto patch = read_wallet_patch(exchange->request.body);
  if (!patch)
    return refuse(exchange, patch.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  if (patch->limits)
    change_limits(services, exchange, {*id}, std::move(*patch));
  else
    change(services, exchange, {*id}, {ChangeName{*patch->name}});
}

void freeze_wallet(Services& services, const ExchangePtr& exchange) {
  change_without_body(services, exchange, FreezeWallet{});
}

void unfreeze_wallet(Services& services, const ExchangePtr& exchange) {
  change_without_body(services, exchange, UnfreezeWallet{});
}

void close_wallet(Services& services, const ExchangePtr& exchange) {
  change_without_body(services, exchange, CloseWallet{});
}

}  // namespace dompet::http::routes
