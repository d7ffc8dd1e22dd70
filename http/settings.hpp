#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "domain/money.hpp"
#include "providers/marketplace_settings.hpp"
#include "webhooks/settings.hpp"

namespace dompet::http {

/// Which requests leave a line in the log. Measured on two cores: a line costs two microseconds of the io thread and
/// seven of the logging thread, more than the whole answer to a balance read costs us. So by default every failure of
/// ours (5xx) and every request slower than `slow_request` is logged; `all` is for finding something out, `off` for
/// nobody.
enum class AccessLog : std::uint8_t { off, errors, all };

/// Users, their tokens and passwords.
struct IdentitySettings {
  /// The keys that card numbers and signing keys are sealed with; empty: keys/dompet.keys in the var directory. The
  /// same on every node.
  std::filesystem::path key_file{};
  /// The `iss` of tokens.
  std::string issuer = "dompet";
  std::chrono::seconds access_token{900};
  std::chrono::seconds refresh_token{30 * 86'400};
  std::chrono::seconds code{3'600};
  int key_rotation_days = 30;
  /// Passwords that may wait to be hashed; more logins are turned away with 503.
  std::size_t hash_queue = 64;
  int failures_per_account = 5;
  int failures_per_address = 50;
  std::chrono::seconds lock{900};
  /// Tests only, and only by the environment: every request is an administrator's.
  bool without_access = false;
};

/// What a GraphQL document may ask for, and whether there is GraphQL at all. The reasons are in
/// config/graphql_rows.cpp.
struct GraphqlSettings {
  bool enabled = true;
  bool graphiql = true;
  bool introspection = true;
  std::size_t max_bytes = 65'536;
  std::size_t max_tokens = 4'000;
  std::size_t max_depth = 16;
  std::size_t max_fields = 1'000;
  std::size_t max_roots = 20;
  std::size_t max_cost = 20'000;
  std::size_t max_values = 25'000;
  std::size_t requests_at_once = 8;
  std::size_t max_exchanged_bytes = 32 * 1'048'576;
};

/// The least that a top-up in this currency may be.
struct LeastTopup {
  Currency currency{};
  Minor amount = 0;
};

/// Merchants' invoices.
struct InvoiceSettings {
  /// What the numbers of Dompet's own virtual accounts begin with.
  std::string va_prefix = "88008";
  /// Of an invoice that names no end.
  std::chrono::hours usual_life{24};
  std::chrono::hours longest_life{31 * 24};
};

/// Every bound of the HTTP front end. config/ fills it from file, environment and flags; reasons stand there too.
struct Settings {
  std::string address = "127.0.0.1";
  /// 0 takes any free port; HttpFront::port() says which.
  std::uint16_t port = 8080;

  /// More connections wait in the listen backlog until one closes. Far above any useful number of clients, so that
  /// hundreds of half-sent requests leave room for the others.
  std::size_t max_connections = 4'096;
  /// Request line and header fields together; more is answered 431.
  std::size_t header_bytes = std::size_t{16} * 1024;
  /// More is answered 413.
  std::size_t body_bytes = std::size_t{1} * 1024 * 1024;
  std::size_t bulk_body_bytes = std::size_t{8} * 1024 * 1024;
  /// What is read at all, so that a body that is too large can be answered; above it the connection is closed.
  std::size_t readable_body_bytes = std::size_t{32} * 1024 * 1024;
  std::size_t bulk_items = 1'000;

  /// A currency that is not named has none.
  std::vector<LeastTopup> minimum_topup{};
  /// How long what a payment with manual capture has set aside can be captured; the engine's, main fills it.
  std::chrono::seconds authorization_lifetime{7 * 24 * 3'600};
  /// Payments that are kept in memory for captures, voids and refunds to come; others cost a query.
  std::size_t remembered_payments = 10'000;

  /// For the whole of a request to arrive, its body included; also how long a kept-alive connection may idle (one timer
  /// in RESTinio).
  std::chrono::milliseconds read_limit{5'000};
  /// For one write of a response to be taken by the client.
  std::chrono::milliseconds write_limit{10'000};
  /// After this every request is answered, by us with 503 if nobody else did.
  std::chrono::milliseconds request_deadline{30'000};
  /// How long the engine is waited for before the answer is `outcome_unknown`.
  std::chrono::milliseconds answer_deadline{5'000};
  /// How long a key without an answer is remembered as running.
  std::chrono::milliseconds key_memory{60'000};
  /// How long a stop waits for requests that are under way.
  std::chrono::milliseconds stop_limit{10'000};

  /// Requests at work in engine and database together; more are shed with 503.
  std::size_t max_in_flight = 1'024;
  /// The same per client address; more are shed with 429.
  std::size_t max_in_flight_per_client = 768;
  /// Items of bulk requests at work; a bulk that does not fit is shed with 503.
  std::size_t max_bulk_items_in_flight = 8'000;
  /// A commit lane in which more records wait, or whose oldest one waits longer, gets no new work: 503 (protocol 5.12).
  std::size_t lane_queue_rows = 8'192;
  std::chrono::milliseconds lane_age_limit{250};

  /// Requests a second that a caller may send for long, and how many at once after a pause; 0: no bound. More are
  /// answered 429.
  std::size_t rate_per_client = 2'000;
  std::size_t rate_burst = 10'000;
  /// The same for requests whose token is no good, or whose API key must be looked up first, by address.
  std::size_t rate_per_address = 100;
  /// Logins, registrations and the like a minute from one address.
  std::size_t auth_per_minute = 60;
  /// Addresses whose X-Forwarded-For is believed.
  std::vector<std::string> trusted_proxies{};
  /// Where pages that may call us from a browser come from, such as https://shop.example.
  std::vector<std::string> cors_origins{};

  IdentitySettings identity{};

  InvoiceSettings invoices{};
  MarketplaceSettings marketplaces{};
  /// Where the pages for users are, for the links in mails; main fills it (`mail.link_base`).
  std::string link_base{};
  GraphqlSettings graphql{};

  /// What providers sign their callbacks with; empty: no callback is accepted.
  std::string callback_secret{};

  /// What endpoints may be; main fills it.
  WebhookSettings webhooks{};

  AccessLog access_log = AccessLog::errors;
  std::chrono::milliseconds slow_request{1'000};
};

}  // namespace dompet::http
