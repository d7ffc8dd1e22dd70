#include "http/routes.hpp"

#include "http/router.hpp"

namespace dompet::http {

namespace {

using enum Method;

constexpr bool with_key = true;
constexpr bool no_key = false;

constexpr Route table[]{
    {post, "/v1/wallets", "wallets:write", Load::write, Body::json, no_key, routes::open_wallet},
    {get, "/v1/wallets", "wallets:read", Load::read, Body::none, no_key, routes::list_wallets},
    {get, "/v1/wallets/{id}", "wallets:read", Load::read, Body::none, no_key, routes::read_wallet},
    {patch, "/v1/wallets/{id}", "wallets:write", Load::write, Body::json, no_key, routes::change_wallet},
    {post, "/v1/wallets/{id}/freeze", "wallets:freeze", Load::write, Body::json, no_key, routes::freeze_wallet},
    {post, "/v1/wallets/{id}/unfreeze", "wallets:freeze", Load::write, Body::json, no_key, routes::unfreeze_wallet},
    {post, "/v1/wallets/{id}/close", "wallets:write", Load::write, Body::json, no_key, routes::close_wallet},
    {get, "/v1/wallets/{id}/entries", "wallets:read", Load::read, Body::none, no_key, routes::list_entries},

    {post, "/v1/topups", "topups:write", Load::write, Body::json, with_key, routes::top_up},
    {get, "/v1/topups/methods", "", Load::none, Body::none, no_key, routes::list_topup_methods},
    {post, "/v1/transfers", "transfers:write", Load::write, Body::json, with_key, routes::transfer},
    // Each item has a key of its own.
    {post, "/v1/transfers/bulk", "transfers:write", Load::write, Body::bulk_json, no_key, routes::transfer_in_bulk},

    {get, "/v1/transactions", "transactions:read", Load::read, Body::none, no_key, routes::list_transactions},
    {get, "/v1/transactions/{id}", "transactions:read", Load::read, Body::none, no_key, routes::read_transaction},

    {get, "/v1/sagas", "sagas:read", Load::read, Body::none, no_key, routes::list_sagas},
    {get, "/v1/sagas/{id}", "sagas:read", Load::read, Body::none, no_key, routes::read_saga},
    {get, "/v1/sagas/{id}/timeline", "sagas:read", Load::read, Body::none, no_key, routes::read_timeline},
    {get, "/v1/ledger/trial-balance", "ledger:read", Load::read, Body::none, no_key, routes::read_trial_balance},

    {get, "/healthz", "", Load::none, Body::none, no_key, routes::say_alive},
    {get, "/readyz", "", Load::none, Body::none, no_key, routes::say_ready},
    {get, "/metrics", "", Load::none, Body::none, no_key, routes::show_metrics},
    {get, "/openapi.json", "", Load::none, Body::none, no_key, routes::show_openapi},
    {get, "/docs", "", Load::none, Body::none, no_key, routes::show_docs},
    {get, "/docs/{asset}", "", Load::none, Body::none, no_key, routes::show_docs_asset},
    {get, "/problems/{code}", "", Load::none, Body::none, no_key, routes::explain_problem},
};

}  // namespace

std::span<const Route> all_routes() { return table; }

}  // namespace dompet::http
