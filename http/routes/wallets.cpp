#include <utility>

#include "http/access/access.hpp"
#include "http/across.hpp"
#include "http/answers.hpp"
#include "http/body.hpp"
#include "http/id_source.hpp"
#include "http/list.hpp"
#include "http/ownership.hpp"
#include "http/query.hpp"
#include "http/reference/wallet_of.hpp"
#include "http/render.hpp"
#include "http/routes.hpp"

namespace dompet::http::routes {

namespace {

/// Freeze, unfreeze, close: a change without a body.
void change_without_body(Services& services, const ExchangePtr& exchange, WalletChange wish) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  if (const auto id = captured_id(exchange))
    http::change_wallet(services, exchange, {*id}, {std::move(wish)});
}

/// How far a wallet may be overdrawn is the house's to say.
Problem no_credit() {
  return {.code = "forbidden", .detail = "Setting limits.credit_limit needs the permission wallets:limits:any."};
}

/// What the record says of a change of limits.
std::string evidence_of(const Limits& before, const Limits& after, const Currency& currency) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("before").begin_object();
  append_limits(json, before, currency);
  json.end_object().key("after").begin_object();
  append_limits(json, after, currency);
  json.end_object().end_object();
  return text;
}

/// The patch's limits are amounts in the wallet's currency, so the wallet is read first. Of two that change different
/// limits at the same moment, the later wins with all; but whoever may only tighten loses when one of them became
/// tighter since: the wallet itself compares, in the moment of the change.
void change_limits(Services& services, const ExchangePtr& exchange, const WalletId& wallet, WalletPatch patch) {
  with_wallet(services, exchange, {wallet, false},
              [&services, exchange, patch = std::move(patch)](const WalletHistory& history) {
                const Wallet& now = history.wallet;
                const auto limits = read_limits(*patch.limits, now.limits, now.currency);
                if (!limits)
                  return refuse(exchange, limits.error());
                exchange->evidence = evidence_of(now.limits, *limits, now.currency);
                std::vector<WalletChange> changes;
                if (patch.name)
                  changes.emplace_back(ChangeName{*patch.name});
                changes.emplace_back(ChangeLimits{*limits, !holds(*exchange, "wallets:limits")});
                http::change_wallet(services, exchange, now.id, std::move(changes));
              });
}

HttpResponse wallet_or_not(const std::optional<WalletHistory>& history, const Viewer& viewer,
                           const HttpRequest& request, std::optional<std::int64_t> as_of_ms = {}) {
  if (!history || history->wallet.status == WalletStatus::absent || !viewer.may_see(history->wallet))
    return respond({.code = "wallet_not_found"}, request);
  return json_response(render_wallet(*history, wall_clock_ms(), as_of_ms));
}

void read_past(Services& services, const ExchangePtr& exchange, const WalletId& wallet, std::int64_t as_of_ms) {
  answer_about_wallet(services, exchange, wallet,
                      [wallet, as_of_ms, viewer = viewer_of(*exchange)](Reader& reader, const HttpRequest& request) {
                        return wallet_or_not(reader.wallet_as_of(wallet, as_of_ms), viewer, request, as_of_ms);
                      });
}

void read_stale(Services& services, const ExchangePtr& exchange, const WalletId& wallet) {
  answer_about_wallet(services, exchange, wallet,
                      [wallet, viewer = viewer_of(*exchange)](Reader& reader, const HttpRequest& request) {
                        return wallet_or_not(reader.load_wallet(wallet), viewer, request);
                      });
}

/// The list of one who may see one.
void list_only(Services& services, const ExchangePtr& exchange, const WalletId& wallet, const std::string& search) {
  with_wallet(services, exchange, {wallet, false}, [exchange, search](const WalletHistory& history) {
    std::string text;
    JsonWriter json(text);
    json.begin_object().key("data").begin_array();
    if (history.wallet.name.contains(search))
      append_wallet(json, history, wall_clock_ms());
    json.end_array().key("next_cursor").null().end_object();
    exchange->answer(json_response(std::move(text)));
  });
}

}  // namespace

void open_wallet(Services& services, const ExchangePtr& exchange) {
  auto command = read_open_wallet(exchange->request.body);
  if (!command)
    return refuse(exchange, command.error());
  const UserId caller{exchange->caller.user};
  const bool is_for_another = command->owner != UserId{} && command->owner != caller;
  if (is_for_another && exchange->grant != Grant::any)
    return refuse(exchange, {.code = "forbidden", .detail = "Opening a wallet for another needs wallets:write:any."});
  if (command->limits.credit_limit != 0 && !holds(*exchange, "wallets:limits"))
    return refuse(exchange, no_credit());
  if (!is_for_another)
    command->owner = caller;
  exchange->evidence = std::string{R"({"user_id":")"}.append(to_string(command->owner)).append(R"("})");
  const auto open = [&services, exchange, command = *command] {
    services.ask.ask(OpenWalletRequest{{exchange->request.id}, command},
                     [exchange](const Reply& reply) { answer_wallet(exchange, reply, 201); });
  };
  if (is_for_another)
    with_user(services, exchange, command->owner, open);
  else
    open();
}

void list_wallets(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "search", "user_id"});
  const std::string search = parameters.text("search").value_or("");
  if (search.contains('\0'))
    parameters.fault("search", "A text without control characters.");
  const Viewer viewer = viewer_of(*exchange);
  std::optional<UserId> owner = viewer.owner;
  if (const auto user = parameters.id("user_id"); user && (!owner || owner->uuid != *user)) {
    if (owner)
      parameters.fault("user_id", "You may list your own wallets only.");
    owner = UserId{*user};
  }
  const auto page = read_page(parameters, "/v1/wallets");
  if (!page)
    return refuse(exchange, page.error());
  if (viewer.wallet)
    return list_only(services, exchange, *viewer.wallet, search);
  const int most = page->limit + 1;
  answer_list<WalletListing>(
      services, exchange,
      [search, most, after = page->after, owner](Reader& reader) {
        return reader.wallets(after ? std::optional{WalletId{after->id}} : std::nullopt, search, most, owner);
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
  with_wallet(services, exchange, {{*id}, is_strict}, [exchange](const WalletHistory& history) {
    exchange->answer(json_response(render_wallet(history, wall_clock_ms())));
  });
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
    http::change_wallet(services, exchange, {*id}, {ChangeName{*patch->name}});
}

void freeze_wallet(Services& services, const ExchangePtr& exchange) {
  change_without_body(services, exchange, FreezeWallet{});
}

/// Whoever froze it had a reason; a thief of the owner's session must not undo it.
void unfreeze_wallet(Services& services, const ExchangePtr& exchange) {
  if (exchange->grant != Grant::any)
    return refuse(exchange, {.code = "forbidden", .detail = "Unfreezing needs the permission wallets:freeze:any."});
  change_without_body(services, exchange, UnfreezeWallet{});
}

void close_wallet(Services& services, const ExchangePtr& exchange) {
  change_without_body(services, exchange, CloseWallet{});
}

}  // namespace dompet::http::routes
