#include "http/routes.hpp"

#include "http/router.hpp"

namespace dompet::http {

namespace {

using enum Method;

constexpr bool with_key = true;
constexpr bool no_key = false;

constexpr Route table[]{
    {post, "/v1/auth/register", "", Load::read, Body::json, no_key, routes::register_user},
    {post, "/v1/auth/login", "", Load::read, Body::json, no_key, routes::log_in},
    {post, "/v1/auth/refresh", "", Load::read, Body::json, no_key, routes::refresh_tokens},
    {post, "/v1/auth/logout", "account:use", Load::read, Body::json, no_key, routes::log_out},
    {get, "/v1/auth/me", "account:use", Load::read, Body::none, no_key, routes::show_me},
    {post, "/v1/auth/verify-email", "", Load::read, Body::json, no_key, routes::verify_email},
    {post, "/v1/auth/forgot-password", "", Load::read, Body::json, no_key, routes::forgot_password},
    {post, "/v1/auth/reset-password", "", Load::read, Body::json, no_key, routes::reset_password},
    {get, "/.well-known/jwks.json", "", Load::none, Body::none, no_key, routes::show_keys},

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

    {post, "/v1/withdrawals", "withdrawals:write", Load::write, Body::json, with_key, routes::withdraw},

    {post, "/v1/payments", "payments:write", Load::write, Body::json, with_key, routes::pay},
    {post, "/v1/payments/{id}/increment", "payments:write", Load::write, Body::json, with_key,
     routes::increment_payment},
    {post, "/v1/payments/{id}/capture", "payments:write", Load::write, Body::json, with_key, routes::capture_payment},
    {post, "/v1/payments/{id}/void", "payments:write", Load::write, Body::json, with_key, routes::void_payment},
    {post, "/v1/transactions/{id}/refunds", "refunds:write", Load::write, Body::json, with_key, routes::refund},

    {get, "/v1/transactions", "transactions:read", Load::read, Body::none, no_key, routes::list_transactions},
    {get, "/v1/transactions/{id}", "transactions:read", Load::read, Body::none, no_key, routes::read_transaction},
    {post, "/v1/transactions/{id}/archive", "transactions:archive", Load::read, Body::json, no_key,
     routes::archive_transaction},
    {post, "/v1/transactions/{id}/unarchive", "transactions:archive", Load::read, Body::json, no_key,
     routes::unarchive_transaction},
    {get, "/v1/history", "transactions:read", Load::read, Body::none, no_key, routes::list_history},

    {get, "/v1/statistics", "statistics:read", Load::read, Body::none, no_key, routes::read_statistics},
    {get, "/v1/dashboard", "statistics:read", Load::read, Body::none, no_key, routes::read_dashboard},

    {get, "/v1/sagas", "sagas:read", Load::read, Body::none, no_key, routes::list_sagas},
    {get, "/v1/sagas/counts", "sagas:read", Load::read, Body::none, no_key, routes::count_sagas},
    {get, "/v1/sagas/events", "sagas:read", Load::read, Body::none, no_key, routes::stream_saga_counts},
    {get, "/v1/sagas/export", "sagas:read", Load::read, Body::none, no_key, routes::export_sagas},
    {get, "/v1/sagas/views", "sagas:read", Load::read, Body::none, no_key, routes::list_saga_views},
    {put, "/v1/sagas/views/{name}", "sagas:operate", Load::read, Body::json, no_key, routes::save_saga_view},
    {delete_, "/v1/sagas/views/{name}", "sagas:operate", Load::read, Body::none, no_key, routes::delete_saga_view},
    // Orders are a read's load: they must come through when the lane does not.
    {post, "/v1/sagas/bulk", "sagas:operate", Load::read, Body::json, no_key, routes::order_sagas_in_bulk},
    {get, "/v1/sagas/bulk/{id}", "sagas:read", Load::read, Body::none, no_key, routes::read_saga_job},
    {post, "/v1/sagas/bulk/{id}/pause", "sagas:operate", Load::read, Body::json, no_key, routes::pause_saga_job},
    {post, "/v1/sagas/bulk/{id}/resume", "sagas:operate", Load::read, Body::json, no_key, routes::resume_saga_job},
    {post, "/v1/sagas/bulk/{id}/abort", "sagas:operate", Load::read, Body::json, no_key, routes::abort_saga_job},
    {get, "/v1/sagas/{id}", "sagas:read", Load::read, Body::none, no_key, routes::read_saga},
    {get, "/v1/sagas/{id}/timeline", "sagas:read", Load::read, Body::none, no_key, routes::read_timeline},
    {get, "/v1/sagas/{id}/proof", "sagas:read", Load::read, Body::none, no_key, routes::prove_saga},
    {get, "/v1/sagas/{id}/export", "sagas:read", Load::read, Body::none, no_key, routes::export_saga},
    {get, "/v1/sagas/{id}/notes", "sagas:read", Load::read, Body::none, no_key, routes::list_saga_notes},
    {post, "/v1/sagas/{id}/notes", "sagas:operate", Load::read, Body::json, no_key, routes::add_saga_note},
    {post, "/v1/sagas/{id}/retry", "sagas:operate", Load::read, Body::json, no_key, routes::retry_saga},
    {post, "/v1/sagas/{id}/cancel", "sagas:operate", Load::read, Body::json, no_key, routes::cancel_saga},
    {post, "/v1/sagas/{id}/pause", "sagas:operate", Load::read, Body::json, no_key, routes::pause_saga},
    {post, "/v1/sagas/{id}/resume", "sagas:operate", Load::read, Body::json, no_key, routes::resume_saga},

    {get, "/v1/cluster", "cluster:read", Load::read, Body::none, no_key, routes::read_cluster},
    {post, "/v1/cluster/shards/{shard}/move", "cluster:operate", Load::read, Body::json, no_key, routes::move_shard},
    {post, "/v1/cluster/nodes/{name}/drain", "cluster:approve", Load::read, Body::json, no_key, routes::drain_node},
    {post, "/v1/cluster/rebalance", "cluster:approve", Load::read, Body::json, no_key, routes::rebalance_cluster},
    {get, "/v1/ledger/trial-balance", "ledger:read", Load::read, Body::none, no_key, routes::read_trial_balance},

    {get, "/healthz", "", Load::none, Body::none, no_key, routes::say_alive},
    {get, "/readyz", "", Load::none, Body::none, no_key, routes::say_ready},
    {get, "/metrics", "", Load::none, Body::none, no_key, routes::show_metrics},
    {get, "/openapi.json", "", Load::none, Body::none, no_key, routes::show_openapi},
    {get, "/docs", "", Load::none, Body::none, no_key, routes::show_docs},
    {get, "/docs/{asset}", "", Load::none, Body::none, no_key, routes::show_docs_asset},
    {get, "/inspector", "", Load::none, Body::none, no_key, routes::show_inspector},
    {get, "/inspector/{asset}", "", Load::none, Body::none, no_key, routes::show_inspector_asset},
    {get, "/problems/{code}", "", Load::none, Body::none, no_key, routes::explain_problem},
};

}  // namespace

std::span<const Route> all_routes() { return table; }

}  // namespace dompet::http
