#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "actors/engine.hpp"
#include "config/logging.hpp"
#include "config/settings.hpp"
#include "config/var_directory.hpp"
#include "config/version.hpp"
#include "http/ask.hpp"
#include "http/front.hpp"
#include "persistence/lane_store.hpp"
#include "persistence/migrator.hpp"
#include "persistence/reader.hpp"

// dompetd: settings → logging → database → directory → engine → HTTP → wait → all of it in reverse. Exit codes: 0
// stopped as asked, 1 could not start (one sentence on stderr says why), 3 did not stop in time.

namespace {

using namespace dompet;

/// A stop that takes longer is broken off: what is durable is durable, and the next start goes on from there. Longer
/// than http.stop_limit_ms and the lane's ten seconds together.
constexpr std::chrono::seconds stop_limit{30};

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

ReaderSettings reader_settings(const Settings& settings, const std::string& purpose) {
  return {settings.database.url, "dompet/" + settings.engine.node_name + '/' + purpose,
          settings.database.connect_timeout_s, settings.database.statement_timeout_ms};
}

/// What the ledger fixed when it was made; throws when the database cannot be served from.
Shard check_database(const Settings& settings) {
  check_schema(settings.database.url);
  Reader reader(reader_settings(settings, "start"));
  check_durability(reader, settings.profile);
  return reader.shard_count();
}

LaneStoreSettings lane_store_settings(const Settings& settings, const Incarnation& incarnation) {
  return {settings.database.url,
          settings.engine.node_name,
          incarnation,
          settings.database.connect_timeout_s,
          settings.database.answer_timeout_ms,
          settings.database.lock_timeout_ms};
}

/// For people: where it is and a first thing to try.
void greet(const Settings& settings, std::uint16_t port) {
  const std::string& host = settings.http.address;
  const std::string base =
      "http://" + (host.find(':') == host.npos ? host : '[' + host + ']') + ':' + std::to_string(port);
  std::printf("Dompet %s serves %s\n"
              "  API pages  %s/docs\n"
              "  readiness  %s/readyz\n"
              "  first step curl -s %s/v1/wallets -H 'Content-Type: application/json' -d "
              "'{\"name\":\"Ani\",\"currency\":\"IDR\"}'\n",
              std::string{version}.c_str(), base.c_str(), base.c_str(), base.c_str(), base.c_str());
  std::fflush(stdout);
}

void serve(const Settings& settings) {
  const Incarnation incarnation = new_incarnation();
  EngineSettings engine_settings = settings.engine;
  engine_settings.shard_count = check_database(settings);
  const VarDirectory var_directory(settings.var_directory);

  http::Ask ask(settings.http);
  Engine engine(
      engine_settings, [&] { return make_postgres_lane_store(lane_store_settings(settings, incarnation)); },
      [&] { return std::make_unique<Reader>(reader_settings(settings, "reader")); }, ask);
  http::HttpFront front(settings.http, ask, engine);
  front.start();

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
  serve(invocation.settings);
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
