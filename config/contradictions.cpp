#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "config/settings_table.hpp"

namespace dompet {

namespace {

/// One rule between two settings: when it is broken, `sentence` says which and why.
struct Rule {
  bool broken = false;
  const char* sentence = "";
};

void append_broken(std::vector<std::string>& found, std::span<const Rule> rules) {
  for (const Rule& rule : rules)
    if (rule.broken)
      found.emplace_back(rule.sentence);
}

bool names_a_database_twice(const DatabaseSettings& database) {
  std::vector<std::string> urls = database.more;
  urls.push_back(database.url);
  std::ranges::sort(urls);
  return std::ranges::adjacent_find(urls) != urls.end();
}

/// The ratios of protocol 5.2 and 5.13: a lease is over before anybody may expire its holder, and neither a lost
/// renewal nor a lost heartbeat means anything yet.
void append_cluster(std::vector<std::string>& found, const Settings& settings) {
  constexpr std::size_t shortest_secret = 16;
  const ClusterSettings& cluster = settings.engine.cluster;
  const bool any_tls = !cluster.tls_certificate.empty() || !cluster.tls_key.empty() || !cluster.tls_ca.empty();
  const bool all_tls = !cluster.tls_certificate.empty() && !cluster.tls_key.empty() && !cluster.tls_ca.empty();
  const Rule rules[]{
      {!cluster.listen.empty() && cluster.secret.size() < shortest_secret,
       "cluster.listen is set, but cluster.secret has less than 16 characters; whoever reaches that address must not "
       "be "
       "able to guess it."},
      {any_tls && !all_tls, "Of cluster.tls_certificate, cluster.tls_key and cluster.tls_ca only some are set; links "
                            "need all three or none."},
      {cluster.lease_local > cluster.lease_ttl - 2 * cluster.renew,
       "cluster.lease_local_ms is longer than cluster.lease_ttl_ms less twice cluster.renew_ms; a node must stop "
       "reading "
       "balances from memory well before another one may take its shards."},
      {cluster.renew > cluster.lease_local / 3,
       "cluster.renew_ms is longer than a third of cluster.lease_local_ms; a lease must outlast a lost renewal."},
      {cluster.link_timeout < 3 * cluster.link_heartbeat,
       "cluster.link_timeout_ms is shorter than three times cluster.link_heartbeat_ms; a link must outlast a late "
       "heartbeat."},
      {cluster.hand_over_patience >= settings.http.answer_deadline,
       "cluster.hand_over_patience_ms is not shorter than http.answer_deadline_ms; a request that waits for a shard "
       "must "
       "be answered before it is given up."},
      {names_a_database_twice(settings.database),
       "database.url and database.more name a database twice; each must be named once."},
  };
  append_broken(found, rules);
}

void append_provider(std::vector<std::string>& found, const ProviderSettings& provider) {
  if (provider.mode == ProviderMode::simulated && provider.callback_secret.empty())
    found.emplace_back(
        "provider.mode is simulated, but there is no provider.callback_secret; no callback would be accepted.");
}

bool overlap(std::string_view left, std::string_view right) {
  return left.starts_with(right) || right.starts_with(left);
}

/// A number belongs to one of them, whoever made it.
void append_marketplaces(std::vector<std::string>& found, const http::Settings& http) {
  const MarketplaceSettings& marketplaces = http.marketplaces;
  bool is_ambiguous = false;
  for (std::size_t i = 0; i < marketplaces.all.size(); ++i) {
    is_ambiguous = is_ambiguous || overlap(marketplaces.all[i].va_prefix, http.invoices.va_prefix);
    for (std::size_t j = 0; j < i; ++j)
      is_ambiguous = is_ambiguous || overlap(marketplaces.all[i].va_prefix, marketplaces.all[j].va_prefix);
  }
  bool names_a_stranger = false;
  for (const auto* texts : {&marketplaces.secrets, &marketplaces.tokens})
    for (const auto& [name, text] : *texts)
      names_a_stranger =
          names_a_stranger || std::ranges::find(marketplaces.all, name, &Marketplace::name) == marketplaces.all.end();
  const Rule rules[]{
      {is_ambiguous,
       "Of invoices.va_prefix and the prefixes in marketplaces.list one begins with another; it would not "
       "be clear whose a number is."},
      {names_a_stranger, "marketplaces.secrets or marketplaces.tokens names a marketplace that marketplaces.list does "
                         "not."},
      {http.invoices.usual_life > http.invoices.longest_life,
       "invoices.usual_life_hours is longer than invoices.longest_life_hours."},
      {marketplaces.retry_first > marketplaces.retry_most,
       "marketplaces.retry_first_ms is longer than marketplaces.retry_most_ms; the first pause must be the shortest."},
      {!marketplaces.all.empty() && 2 * marketplaces.timeout >= http.request_deadline,
       "Twice marketplaces.timeout_ms is not shorter than http.request_deadline_ms; the payer must hear that a "
       "marketplace does not answer."},
  };
  append_broken(found, rules);
}

void append_webhooks(std::vector<std::string>& found, const WebhookSettings& webhooks) {
  if (webhooks.claim < 2 * webhooks.timeout + std::chrono::seconds{1})
    found.emplace_back(
        "webhooks.claim_ms is shorter than twice webhooks.timeout_ms and a second; a call must end before another node "
        "may send the same.");
}

}  // namespace

std::vector<std::string> contradictions(const Settings& settings) {
  const http::Settings& http = settings.http;
  const EngineSettings& engine = settings.engine;
  std::vector<std::string> found;
  const Rule rules[]{
      {settings.database.url.empty(),
       "database.url is not set; name the PostgreSQL database that keeps the journal, for example with "
       "DOMPET_DATABASE_URL."},
      {settings.administrator.email.empty() != settings.administrator.password.empty(),
       "Of admin.email and admin.password only one is set; the first administrator needs both."},
      {engine.resend_first > engine.resend_most,
       "engine.resend_first_ms is longer than engine.resend_most_ms; the first pause must be the shortest."},
      {http.answer_deadline > http.request_deadline, "http.answer_deadline_ms is longer than http.request_deadline_ms; "
                                                     "the engine must be given up before the request."},
      {http.key_memory < http.answer_deadline, "http.key_memory_ms is shorter than http.answer_deadline_ms; a key must "
                                               "be remembered while its request is waited "
                                               "for."},
      {http.readable_body_bytes < http.body_bytes || http.readable_body_bytes < http.bulk_body_bytes,
       "http.readable_body_bytes is less than http.body_bytes or http.bulk_body_bytes; a body that is allowed must be "
       "readable."},
      {http.max_bulk_items_in_flight < http.bulk_items,
       "http.max_bulk_items_in_flight is less than http.bulk_items; the largest bulk could never be let in."},
  };
  append_broken(found, rules);
  append_cluster(found, settings);
  append_provider(found, settings.provider);
  append_marketplaces(found, http);
  append_webhooks(found, settings.webhooks);
  return found;
}

std::vector<std::string> cautions(const Settings& settings) {
  std::vector<std::string> found;
  if (settings.profile != Profile::production)
    return found;
  if (settings.webhooks.allow_private_addresses || settings.webhooks.allow_plain_http)
    found.emplace_back(
        "webhooks.allow_private_addresses or webhooks.allow_plain_http is set in profile production: whoever makes an "
        "endpoint can have this machine call what is behind the firewall, or be overheard.");
  if (settings.provider.mode == ProviderMode::instant)
    found.emplace_back(
        "provider.mode is instant in profile production: top-ups are credited without asking a provider, and "
        "withdrawals are paid by nobody.");
  else
    found.emplace_back(
        "provider.mode is simulated in profile production: the built-in provider moves no money of its own.");
  return found;
}

}  // namespace dompet
