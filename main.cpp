#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <random>
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
#include "http/render_event.hpp"
#include "notices/money_letters.hpp"
#include "notices/sender.hpp"
#include "persistence/vault.hpp"
#include "providers/bill_sweep.hpp"
#include "providers/marketplace_counts.hpp"
#include "providers/simulator.hpp"
#include "start/checks.hpp"
#include "start/connections.hpp"
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

void serve(const Settings& settings) {
  const Incarnation incarnation = new_incarnation();
  EngineSettings engine_settings = settings.engine;
  engine_settings.shard_count = check_databases(settings);
  engine_settings.risk_rules = read_risk_rules(settings);
  // A provider that may be slow or say no is asked before a top-up is credited.
  engine_settings.topups_ask_provider = settings.provider.mode == ProviderMode::simulated;
  VarDirectory var_directory(settings.var_directory);
  const std::string predecessor = var_directory.note_start(to_string(incarnation));
  const http::Settings http_settings = placed(settings);
  Vault vault = Vault::open(http_settings.identity.key_file, settings.profile == Profile::production);
  check_administrator(settings);
  http::Identity identity(http_settings.identity, vault, identity_database(settings));

  http::Ask ask(settings.http);
  ProviderSimulator provider(settings.provider, settings.database.url);
  Engine engine(engine_settings, member(settings, incarnation, predecessor), engine_access(settings, incarnation), ask,
                &provider);
  const RiskWatch risk_watch(engine, risk_watch_settings(settings));
  const Projection projection(settings.projection, projector_settings(settings));
  MarketplaceCounts marketplace_counts;
  const BillSweep bills(settings.http.marketplaces, bill_readers(settings), marketplace_counts);
  RateBoard rates;
  const RateWatch rate_watch(settings.exchange, rate_sources(settings), rates);
  WebhookCounts webhook_counts;
  WebhookSender webhooks(settings.webhooks, webhook_database(settings), vault, webhook_counts);
  std::atomic<std::uint64_t> notices_left_out = 0;
  events::Runners runners(settings.events, database_urls(settings), settings.engine.node_name);
  add_consumers(runners, settings, notices_left_out);
  const MailSender mails(mail_settings(settings), mail_database(settings), notices_left_out);
  http::HttpFront front(http_settings, {ask, engine, identity, rates, settings.exchange, runners, mails, webhook_counts,
                                        marketplace_counts});
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
