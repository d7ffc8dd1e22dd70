#include "start/connections.hpp"

#include "config/version.hpp"
#include "http/rate_document.hpp"
#include "persistence/lane_store.hpp"
#include "persistence/membership_store.hpp"

namespace dompet {

namespace {

/// What the database shows for a session of ours.
std::string session_name(const Settings& settings, const std::string& purpose) {
  return "dompet/" + settings.engine.node_name + '/' + purpose;
}

/// Makes readers of a database, each with a session of its own.
std::function<std::unique_ptr<Reader>()> readers_of(const Settings& settings, const std::string& url,
                                                    const std::string& purpose) {
  return [reader = reader_settings(settings, url, purpose)] { return std::make_unique<Reader>(reader); };
}

DatabaseAccess access(const Settings& settings, const std::string& url, const Incarnation& incarnation) {
  const LaneStoreSettings lane{url,
                               settings.engine.node_name,
                               incarnation,
                               settings.database.connect_timeout_s,
                               settings.database.answer_timeout_ms,
                               settings.database.lock_timeout_ms};
  const MembershipSettings membership{
      .database = url, .incarnation = incarnation, .node_name = settings.engine.node_name};
  return {.lane_store = [lane] { return make_postgres_lane_store(lane); },
          .ownership = [membership] { return make_postgres_ownership_store(membership); },
          .reader = readers_of(settings, url, "reader")};
}

}  // namespace

std::vector<std::string> database_urls(const Settings& settings) {
  std::vector<std::string> urls{settings.database.url};
  urls.insert(urls.end(), settings.database.more.begin(), settings.database.more.end());
  return urls;
}

ReaderSettings reader_settings(const Settings& settings, const std::string& url, const std::string& purpose) {
  return {url, session_name(settings, purpose), settings.database.connect_timeout_s,
          settings.database.statement_timeout_ms, !settings.database.more.empty()};
}

std::vector<DatabaseAccess> engine_access(const Settings& settings, const Incarnation& incarnation) {
  std::vector<DatabaseAccess> databases;
  for (const std::string& url : database_urls(settings))
    databases.push_back(access(settings, url, incarnation));
  return databases;
}

Member member(const Settings& settings, const Incarnation& incarnation, const std::string& predecessor) {
  const MembershipSettings store{
      .database = settings.database.url, .incarnation = incarnation, .node_name = settings.engine.node_name};
  return {.me = {.incarnation = incarnation,
                 .name = settings.engine.node_name,
                 .internal_address = settings.engine.cluster.listen,
                 .http_address = settings.http.address + ':' + std::to_string(settings.http.port),
                 .build = std::string{version}},
          .predecessor = {parse_uuid(predecessor).value_or(Uuid{})},
          .store = [store] { return make_postgres_membership_store(store); }};
}

http::IdentityDatabase identity_database(const Settings& settings) {
  const std::string& url = settings.database.url;
  return {.url = url,
          .application_name = session_name(settings, "access"),
          .reader = readers_of(settings, url, "identity")};
}

RiskWatchSettings risk_watch_settings(const Settings& settings) {
  const std::string& url = settings.database.url;
  return {
      .database = url, .application_name = session_name(settings, "risk"), .reader = readers_of(settings, url, "risk")};
}

std::vector<ProjectorSettings> projector_settings(const Settings& settings) {
  std::vector<ProjectorSettings> projectors;
  for (const std::string& url : database_urls(settings))
    projectors.push_back({.database = url,
                          .application_name = session_name(settings, "statistics"),
                          .connect_timeout_s = settings.database.connect_timeout_s});
  return projectors;
}

std::vector<BillSweep::MakeReader> bill_readers(const Settings& settings) {
  std::vector<BillSweep::MakeReader> readers;
  for (const std::string& url : database_urls(settings))
    readers.emplace_back(readers_of(settings, url, "bills"));
  return readers;
}

RateSources rate_sources(const Settings& settings) {
  const std::string& url = settings.database.url;
  return {.database = url,
          .application_name = session_name(settings, "rates"),
          .reader = readers_of(settings, url, "rates"),
          .read = http::read_rate_document};
}

WebhookDatabase webhook_database(const Settings& settings) {
  return {settings.database.url, session_name(settings, "webhooks"), settings.database.connect_timeout_s};
}

MailDatabase mail_database(const Settings& settings) {
  return {.url = settings.database.url,
          .application_name = session_name(settings, "mail"),
          .connect_timeout_s = settings.database.connect_timeout_s,
          .statement_timeout_ms = settings.database.statement_timeout_ms,
          .lock_timeout_ms = settings.database.lock_timeout_ms};
}

}  // namespace dompet
