#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "actors/engine.hpp"
#include "actors/projection.hpp"
#include "actors/risk_watch.hpp"
#include "config/logging.hpp"
#include "config/settings.hpp"
#include "config/settings_table.hpp"
#include "config/var_directory.hpp"
#include "config/version.hpp"
#include "events/kafka_outlet.hpp"
#include "events/runner.hpp"
#include "exchange/rate_board.hpp"
#include "exchange/rate_watch.hpp"
#include "http/access/identity.hpp"
#include "http/ask.hpp"
#include "http/front.hpp"
#include "http/rate_document.hpp"
#include "http/render_event.hpp"
#include "notices/money_letters.hpp"
#include "notices/sender.hpp"
#include "persistence/administrator.hpp"
#include "persistence/database_number.hpp"
#include "persistence/lane_store.hpp"
#include "persistence/membership_store.hpp"
#include "persistence/migrator.hpp"
#include "persistence/movement_projector.hpp"
#include "persistence/reader.hpp"
#include "persistence/risk_store.hpp"
#include "persistence/vault.hpp"
#include "providers/bill_sweep.hpp"
#include "providers/simulator.hpp"
#include "webhooks/router.hpp"
#include "webhooks/sender.hpp"

// dompetd: settings → logging → database → directory → engine → HTTP → wait → all of it in reverse. Exit codes: 0
// stopped as asked, 1 could not start (one sentence on stderr says why), 3 did not stop in time.

namespace {

using namespace dompet;

/// A stop that takes longer is broken off: what is durable is durable, and the next start goes on from there. As long
/// as leaving the cluster, http.stop_limit_ms and the lane's ten seconds together.
constexpr std::chrono::seconds stop_limit{30};
/// Of which so much for giving shards to other nodes; those that are left go to whoever takes them.
constexpr std::chrono::milliseconds leave_limit{10'000};

/// Why the server cannot start, as a whole sentence.
struct CannotStart : std::runtime_error {
  using std::runtime_error::runtime_error;
};

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

/// Before any thread is made, so that every thread inherits it and only `wait_for_stop` ever sees these signals.
void block_signals() {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int wait_for_stop() {
  const sigset_t signals = stop_signals();
  int signal = 0;
  sigwait(&signals, &signal);
  return signal;
}

/// From now on the process ends within the limit, whatever hangs.
void start_watchdog() {
  std::thread([] {
    std::this_thread::sleep_for(stop_limit);
    constexpr char words[] = "dompetd: did not stop within 30 seconds; ends now, what is durable stays durable.\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, words, sizeof words - 1);
    ::_exit(3);
  }).detach();
}

Incarnation new_incarnation() {
  std::random_device random;
  Uuid uuid;
  for (std::uint8_t& byte : uuid.bytes)
    byte = static_cast<std::uint8_t>(random());
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);  // version 4: random (RFC 9562 5.4)
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return {uuid};
}

void check_schema(const std::string& database) {
  for (const MigrationStatus& migration : Migrator(database).status()) {
    if (migration.unknown)
      throw CannotStart("The database has migration " + migration.name +
                        ", which this program does not know; run a newer dompetd.");
    if (migration.changed)
      throw CannotStart("The database has another text of migration " + migration.name +
                        " than this program; find out which of the two is right (`dompetctl migrate status`).");
    if (migration.applied_at.empty())
      throw CannotStart("The database lacks migration " + migration.name + "; run `dompetctl migrate up`.");
  }
}

void check_durability(Reader& reader, Profile profile) {
  for (const std::string& fault : reader.durability_faults()) {
    if (profile == Profile::production)
      throw CannotStart("The database could lose a commit: " + fault +
                        ". Set it right, or set profile to development where money does not matter.");
    log_event(LogLevel::warning, "the database could lose a commit", {{"fault", fault}});
  }
}

/// By number: the first holds the table of nodes.
std::vector<std::string> database_urls(const Settings& settings) {
  std::vector<std::string> urls{settings.database.url};
  urls.insert(urls.end(), settings.database.more.begin(), settings.database.more.end());
  return urls;
}

ReaderSettings reader_settings(const Settings& settings, const std::string& url, const std::string& purpose) {
  return {url, "dompet/" + settings.engine.node_name + '/' + purpose, settings.database.connect_timeout_s,
          settings.database.statement_timeout_ms, !settings.database.more.empty()};
}

/// Makes readers of a database, each with a session of its own.
std::function<std::unique_ptr<Reader>()> readers_of(const Settings& settings, const std::string& url,
                                                    const std::string& purpose) {
  return [reader = reader_settings(settings, url, purpose)] { return std::make_unique<Reader>(reader); };
}

/// What the ledger fixed when it was made; throws when one of the databases cannot be served from.
Shard check_databases(const Settings& settings) {
  const std::vector<std::string> urls = database_urls(settings);
  for (const std::string& url : urls) {
    check_schema(url);
    Reader reader(reader_settings(settings, url, "start"));
    check_durability(reader, settings.profile);
  }
  const Shard shard_count = Reader(reader_settings(settings, urls.front(), "start")).shard_count();
  for (std::size_t number = urls.size(); number-- > 0;)
    number_database(urls[number], static_cast<int>(number), shard_count);
  return shard_count;
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

/// Nobody could do anything without one.
void check_administrator(const Settings& settings) {
  Reader reader(reader_settings(settings, settings.database.url, "start"));
  const AdministratorSettings& wanted = settings.administrator;
  if (has_administrator(reader))
    return;
  if (!wanted.email.empty()) {
    make_administrator(reader, wanted.email, wanted.password);
    log_event(LogLevel::info, "made the first administrator", {{"email", wanted.email}});
    return;
  }
  constexpr const char* advice = "There is no administrator; run `dompetctl init`, or set DOMPET_ADMIN_EMAIL and "
                                 "DOMPET_ADMIN_PASSWORD for the first start.";
  if (settings.profile == Profile::production && !settings.http.identity.without_access)
    throw CannotStart(advice);
  log_event(LogLevel::warning, advice, {});
}

/// What belongs to this process lies in its directory unless it is said to be elsewhere.
http::Settings placed(const Settings& settings) {
  http::Settings http = settings.http;
  http.authorization_lifetime = settings.engine.authorization_lifetime;
  http::IdentitySettings& identity = http.identity;
  if (identity.key_file.empty())
    identity.key_file = settings.var_directory / "keys" / "dompet.keys";
  http.callback_secret = settings.provider.callback_secret;
  http.link_base = settings.mail.link_base;
  http.webhooks = settings.webhooks;
  return http;
}

MailSettings mail_settings(const Settings& settings) {
  MailSettings mail = settings.mail;
  mail.spool = settings.var_directory / "mail";
  return mail;
}

MailDatabase mail_database(const Settings& settings) {
  return {.url = settings.database.url,
          .application_name = "dompet/" + settings.engine.node_name + "/mail",
          .connect_timeout_s = settings.database.connect_timeout_s,
          .statement_timeout_ms = settings.database.statement_timeout_ms,
          .lock_timeout_ms = settings.database.lock_timeout_ms};
}

/// A switch for measurements: every request is an administrator's.
void read_test_switch(Settings& settings) {
  const Environment environment = process_environment();
  const auto found = environment.find("DOMPET_TEST_WITHOUT_ACCESS");
  if (found == environment.end() || found->second != "1")
    return;
  if (settings.profile == Profile::production)
    throw CannotStart("DOMPET_TEST_WITHOUT_ACCESS opens everything to everybody; profile production does not know it.");
  settings.http.identity.without_access = true;
  log_event(LogLevel::warning, "every request is an administrator's: DOMPET_TEST_WITHOUT_ACCESS is set", {});
}

std::vector<ProjectorSettings> projectors(const Settings& settings) {
  std::vector<ProjectorSettings> projectors;
  for (const std::string& url : database_urls(settings))
    projectors.push_back({.database = url,
                          .application_name = "dompet/" + settings.engine.node_name + "/statistics",
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
          .application_name = "dompet/" + settings.engine.node_name + "/rates",
          .reader = readers_of(settings, url, "rates"),
          .read = http::read_rate_document};
}

WebhookDatabase webhook_database(const Settings& settings) {
  return {settings.database.url, "dompet/" + settings.engine.node_name + "/webhooks",
          settings.database.connect_timeout_s};
}

/// Everybody who is told of every event.
void add_consumers(events::Runners& runners, const Settings& settings, std::atomic<std::uint64_t>& notices_left_out) {
  if (!settings.kafka.brokers.empty())
    runners.add(std::make_unique<events::KafkaOutlet>(settings.kafka, http::render_event));
  if (settings.mail.writes_money_notices())
    runners.add(std::make_unique<MoneyLetters>(settings.mail.link_base, std::chrono::days(settings.mail.give_up_days),
                                               settings.mail.most_waiting, notices_left_out));
  runners.add(std::make_unique<WebhookRouter>(http::render_event));
}

/// host:port, an IPv6 host in brackets.
std::string own_address(const Settings& settings, std::uint16_t port) {
  const std::string& host = settings.http.address;
  return (host.find(':') == host.npos ? host : '[' + host + ']') + ':' + std::to_string(port);
}

/// For people: where it is and a first thing to try.
void greet(const Settings& settings, std::uint16_t port) {
  const std::string base = "http://" + own_address(settings, port);
  std::printf("Dompet %s serves %s\n"
              "  API pages  %s/docs\n"
              "  readiness  %s/readyz\n"
              "  first step DOMPET_ADMIN_EMAIL=… DOMPET_ADMIN_PASSWORD=… dompetctl login --url %s\n",
              std::string{version}.c_str(), base.c_str(), base.c_str(), base.c_str(), base.c_str());
  std::fflush(stdout);
}

/// What the provider says goes to the coordinator of the transfer.
ProviderSimulator::Answer words_for(Engine& engine) {
  return [&engine](const TransactionId& id, Shard source_shard, bool moved) {
    engine.submit(0, ProviderWordRequest{.saga = id,
                                         .source_shard = source_shard,
                                         .outcome = moved ? Decision::credited : Decision::refused,
                                         .known = true});
  };
}

/// Nothing is moved before it is known by which rules.
RiskRulesPtr risk_rules(const Settings& settings) {
  Reader reader(reader_settings(settings, settings.database.url, "start"));
  return std::make_shared<const RiskRules>(RiskRuleStore(reader).rules().rules);
}

void serve(const Settings& settings) {
  const Incarnation incarnation = new_incarnation();
  EngineSettings engine_settings = settings.engine;
  engine_settings.shard_count = check_databases(settings);
  engine_settings.risk_rules = risk_rules(settings);
  // A provider that may be slow or say no is asked before a top-up is credited.
  engine_settings.topups_ask_provider = settings.provider.mode == ProviderMode::simulated;
  VarDirectory var_directory(settings.var_directory);
  const std::string predecessor = var_directory.note_start(to_string(incarnation));
  const http::Settings http_settings = placed(settings);
  Vault vault = Vault::open(http_settings.identity.key_file, settings.profile == Profile::production);
  check_administrator(settings);
  const std::string users = settings.database.url;
  http::Identity identity(http_settings.identity, vault,
                          {.url = users,
                           .application_name = "dompet/" + settings.engine.node_name + "/access",
                           .reader = readers_of(settings, users, "identity")});

  http::Ask ask(settings.http);
  std::vector<DatabaseAccess> databases;
  for (const std::string& url : database_urls(settings))
    databases.push_back(access(settings, url, incarnation));
  ProviderSimulator provider(settings.provider, users);
  Engine engine(engine_settings, member(settings, incarnation, predecessor), std::move(databases), ask, &provider);
  const RiskWatch risk_watch(engine, {.database = users,
                                      .application_name = "dompet/" + settings.engine.node_name + "/risk",
                                      .reader = readers_of(settings, users, "risk")});
  const Projection projection(settings.projection, projectors(settings));
  const BillSweep bills(settings.http.marketplaces, bill_readers(settings));
  RateBoard rates;
  const RateWatch rate_watch(settings.exchange, rate_sources(settings), rates);
  WebhookCounts webhook_counts;
  WebhookSender webhooks(settings.webhooks, webhook_database(settings), vault, webhook_counts);
  std::atomic<std::uint64_t> notices_left_out = 0;
  events::Runners runners(settings.events, database_urls(settings), settings.engine.node_name);
  add_consumers(runners, settings, notices_left_out);
  const MailSender mails(mail_settings(settings), mail_database(settings), notices_left_out);
  http::HttpFront front(http_settings,
                        {ask, engine, identity, rates, settings.exchange, runners, mails, webhook_counts});
  front.start();
  provider.start(words_for(engine), own_address(settings, front.port()));

  log_event(LogLevel::info, "started",
            {{"version", version},
             {"node", engine_settings.node_name},
             {"incarnation", to_string(incarnation)},
             {"address", settings.http.address},
             {"port", front.port()}});
  greet(settings, front.port());
  const int signal = wait_for_stop();
  log_event(LogLevel::info, "stopping", {{"signal", ::strsignal(signal)}});
  start_watchdog();
  webhooks.request_stop();
  runners.request_stop();
  engine.leave(leave_limit);
  provider.stop();
  front.stop();
}

int run(const Invocation& invocation) {
  switch (invocation.wish) {
    case Wish::show_help: std::fputs(invocation.help.c_str(), stdout); return 0;
    case Wish::show_version: std::printf("dompetd %s\n", std::string{version}.c_str()); return 0;
    case Wish::show_example_config: std::fputs(example_config().c_str(), stdout); return 0;
    case Wish::show_routes: http::print_routes(); return 0;
    case Wish::serve: break;
  }
  block_signals();
  start_logging(invocation.settings.logging);
  Settings settings = invocation.settings;
  read_test_switch(settings);
  for (const std::string& sentence : cautions(settings))
    log_event(LogLevel::warning, sentence, {});
  serve(settings);
  log_event(LogLevel::info, "stopped", {{"lost_log_lines", lost_log_lines()}});
  stop_logging();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(read_invocation({argv + 1, argv + argc}, process_environment()));
  } catch (const BadSettings& bad) {
    for (const std::string& problem : bad.problems)
      std::fprintf(stderr, "dompetd: %s\n", problem.c_str());
  } catch (const std::exception& fault) {
    stop_logging();
    std::fprintf(stderr, "dompetd: %s\n", fault.what());
  }
  return 1;
}
