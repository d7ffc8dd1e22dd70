#pragma once

#include "http/exchange.hpp"

namespace dompet::http {

struct Services;

// What the routes of the table in routes.cpp do; one file of http/routes/ for each resource. All run on the io thread
// and answer the exchange exactly once, now or later.

namespace routes {

// graphql.cpp
void answer_graphql(Services& services, const ExchangePtr& exchange);

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
// mails.cpp
void list_mails(Services& services, const ExchangePtr& exchange);
void retry_mail(Services& services, const ExchangePtr& exchange);
void show_notices(Services& services, const ExchangePtr& exchange);
void change_notices(Services& services, const ExchangePtr& exchange);
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
// invoices.cpp
void create_invoice(Services& services, const ExchangePtr& exchange);
void list_invoices(Services& services, const ExchangePtr& exchange);
void read_invoice(Services& services, const ExchangePtr& exchange);
void cancel_invoice(Services& services, const ExchangePtr& exchange);
// virtual_accounts.cpp
void show_virtual_account(Services& services, const ExchangePtr& exchange);
// marketplaces.cpp
void list_marketplace_notices(Services& services, const ExchangePtr& exchange);
void retry_marketplace_notice(Services& services, const ExchangePtr& exchange);
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
// events.cpp
void list_events(Services& services, const ExchangePtr& exchange);
void stream_events(Services& services, const ExchangePtr& exchange);
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
// risk_checks.cpp
void score_risk(Services& services, const ExchangePtr& exchange);
void list_risk_checks(Services& services, const ExchangePtr& exchange);
// risk.cpp
void list_assessments(Services& services, const ExchangePtr& exchange);
void read_assessment(Services& services, const ExchangePtr& exchange);
void read_risk_rules(Services& services, const ExchangePtr& exchange);
void list_risk_rule_versions(Services& services, const ExchangePtr& exchange);
void replace_risk_rules(Services& services, const ExchangePtr& exchange);
// risk_reviews.cpp
void approve_assessment(Services& services, const ExchangePtr& exchange);
void reject_assessment(Services& services, const ExchangePtr& exchange);
// providers.cpp
void take_provider_callback(Services& services, const ExchangePtr& exchange);
// webhooks.cpp
void create_webhook_endpoint(Services& services, const ExchangePtr& exchange);
void list_webhook_endpoints(Services& services, const ExchangePtr& exchange);
void read_webhook_endpoint(Services& services, const ExchangePtr& exchange);
void change_webhook_endpoint(Services& services, const ExchangePtr& exchange);
void delete_webhook_endpoint(Services& services, const ExchangePtr& exchange);
void rotate_webhook_secret(Services& services, const ExchangePtr& exchange);
void enable_webhook_endpoint(Services& services, const ExchangePtr& exchange);
void disable_webhook_endpoint(Services& services, const ExchangePtr& exchange);
// webhook_deliveries.cpp
void test_webhook_endpoint(Services& services, const ExchangePtr& exchange);
void list_webhook_deliveries(Services& services, const ExchangePtr& exchange);
void replay_webhook_span(Services& services, const ExchangePtr& exchange);
void read_webhook_delivery(Services& services, const ExchangePtr& exchange);
void replay_webhook_delivery(Services& services, const ExchangePtr& exchange);
// cluster.cpp
void read_cluster(Services& services, const ExchangePtr& exchange);
void move_shard(Services& services, const ExchangePtr& exchange);
void drain_node(Services& services, const ExchangePtr& exchange);
void rebalance_cluster(Services& services, const ExchangePtr& exchange);
// ledger.cpp
void read_trial_balance(Services& services, const ExchangePtr& exchange);
// fx.cpp
void list_rates(Services& services, const ExchangePtr& exchange);
void set_rates(Services& services, const ExchangePtr& exchange);
void list_rate_history(Services& services, const ExchangePtr& exchange);
void convert_amount(Services& services, const ExchangePtr& exchange);
void read_positions(Services& services, const ExchangePtr& exchange);
// fx_quotes.cpp
void make_quote(Services& services, const ExchangePtr& exchange);
void read_quote(Services& services, const ExchangePtr& exchange);
// service.cpp
void say_alive(Services& services, const ExchangePtr& exchange);
void say_ready(Services& services, const ExchangePtr& exchange);
void show_metrics(Services& services, const ExchangePtr& exchange);
void show_openapi(Services& services, const ExchangePtr& exchange);
void explain_problem(Services& services, const ExchangePtr& exchange);
// pages.cpp
void show_docs(Services& services, const ExchangePtr& exchange);
void show_docs_asset(Services& services, const ExchangePtr& exchange);
void show_inspector(Services& services, const ExchangePtr& exchange);
void show_inspector_asset(Services& services, const ExchangePtr& exchange);
void show_graphiql(Services& services, const ExchangePtr& exchange);
void show_graphiql_asset(Services& services, const ExchangePtr& exchange);

}  // namespace routes

}  // namespace dompet::http
