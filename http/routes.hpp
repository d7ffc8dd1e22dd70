#pragma once

#include "http/exchange.hpp"

namespace dompet::http {

struct Services;

// What the routes of the table in routes.cpp do; one file of http/routes/ for each resource. All run on the io thread
// and answer the exchange exactly once, now or later.

namespace routes {

// graphql.cpp, graphiql_page.cpp
void answer_graphql(Services& services, const ExchangePtr& exchange);
void show_graphiql(Services& services, const ExchangePtr& exchange);
void show_graphiql_asset(Services& services, const ExchangePtr& exchange);

// auth.cpp
void register_user(Services& services, const ExchangePtr& exchange);
void log_in(Services& services, const ExchangePtr& exchange);
void refresh_tokens(Services& services, const ExchangePtr& exchange);
void log_out(Services& services, const ExchangePtr& exchange);
void show_me(Services& services, const ExchangePtr& exchange);
void verify_email(Services& services, const ExchangePtr& exchange);
void resend_verification(Services& services, const ExchangePtr& exchange);
void forgot_password(Services& services, const ExchangePtr& exchange);
void reset_password(Services& services, const ExchangePtr& exchange);
void show_keys(Services& services, const ExchangePtr& exchange);
// wallets.cpp
void open_wallet(Services& services, const ExchangePtr& exchange);
void list_wallets(Services& services, const ExchangePtr& exchange);
void read_wallet(Services& services, const ExchangePtr& exchange);
void change_wallet(Services& services, const ExchangePtr& exchange);
void freeze_wallet(Services& services, const ExchangePtr& exchange);
void unfreeze_wallet(Services& services, const ExchangePtr& exchange);
void close_wallet(Services& services, const ExchangePtr& exchange);
// entries.cpp
void list_entries(Services& services, const ExchangePtr& exchange);
// money.cpp
void top_up(Services& services, const ExchangePtr& exchange);
void list_topup_methods(Services& services, const ExchangePtr& exchange);
void transfer(Services& services, const ExchangePtr& exchange);
void withdraw(Services& services, const ExchangePtr& exchange);
// payments.cpp
void pay(Services& services, const ExchangePtr& exchange);
// payment_acts.cpp
void increment_payment(Services& services, const ExchangePtr& exchange);
void capture_payment(Services& services, const ExchangePtr& exchange);
void void_payment(Services& services, const ExchangePtr& exchange);
void refund(Services& services, const ExchangePtr& exchange);
// bulk.cpp
void transfer_in_bulk(Services& services, const ExchangePtr& exchange);
// transactions.cpp
void list_transactions(Services& services, const ExchangePtr& exchange);
void read_transaction(Services& services, const ExchangePtr& exchange);
// statistics.cpp
void read_statistics(Services& services, const ExchangePtr& exchange);
void read_dashboard(Services& services, const ExchangePtr& exchange);
void read_card_dashboard(Services& services, const ExchangePtr& exchange);
void list_history(Services& services, const ExchangePtr& exchange);
// archive.cpp
void archive_transaction(Services& services, const ExchangePtr& exchange);
void unarchive_transaction(Services& services, const ExchangePtr& exchange);
// sagas.cpp
void list_sagas(Services& services, const ExchangePtr& exchange);
void read_saga(Services& services, const ExchangePtr& exchange);
void count_sagas(Services& services, const ExchangePtr& exchange);
void stream_saga_counts(Services& services, const ExchangePtr& exchange);
void read_timeline(Services& services, const ExchangePtr& exchange);
void prove_saga(Services& services, const ExchangePtr& exchange);
void export_saga(Services& services, const ExchangePtr& exchange);
void list_saga_notes(Services& services, const ExchangePtr& exchange);
// saga_export.cpp
void export_sagas(Services& services, const ExchangePtr& exchange);
// saga_desk.cpp
void retry_saga(Services& services, const ExchangePtr& exchange);
void cancel_saga(Services& services, const ExchangePtr& exchange);
void pause_saga(Services& services, const ExchangePtr& exchange);
void resume_saga(Services& services, const ExchangePtr& exchange);
void add_saga_note(Services& services, const ExchangePtr& exchange);
void list_saga_views(Services& services, const ExchangePtr& exchange);
void save_saga_view(Services& services, const ExchangePtr& exchange);
void delete_saga_view(Services& services, const ExchangePtr& exchange);
// saga_bulk.cpp
void order_sagas_in_bulk(Services& services, const ExchangePtr& exchange);
void read_saga_job(Services& services, const ExchangePtr& exchange);
void pause_saga_job(Services& services, const ExchangePtr& exchange);
void resume_saga_job(Services& services, const ExchangePtr& exchange);
void abort_saga_job(Services& services, const ExchangePtr& exchange);
// providers.cpp
void take_provider_callback(Services& services, const ExchangePtr& exchange);
// cluster.cpp
void read_cluster(Services& services, const ExchangePtr& exchange);
void move_shard(Services& services, const ExchangePtr& exchange);
void drain_node(Services& services, const ExchangePtr& exchange);
void rebalance_cluster(Services& services, const ExchangePtr& exchange);
// ledger.cpp
void read_trial_balance(Services& services, const ExchangePtr& exchange);
// service.cpp
void say_alive(Services& services, const ExchangePtr& exchange);
void say_ready(Services& services, const ExchangePtr& exchange);
void show_metrics(Services& services, const ExchangePtr& exchange);
void show_openapi(Services& services, const ExchangePtr& exchange);
void show_docs(Services& services, const ExchangePtr& exchange);
void show_docs_asset(Services& services, const ExchangePtr& exchange);
void explain_problem(Services& services, const ExchangePtr& exchange);
// inspector_page.cpp
void show_inspector(Services& services, const ExchangePtr& exchange);
void show_inspector_asset(Services& services, const ExchangePtr& exchange);

}  // namespace routes

}  // namespace dompet::http
