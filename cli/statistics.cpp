#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "cli/command.hpp"
#include "cli/databases.hpp"
#include "persistence/movement_projector.hpp"

namespace dompet::cli {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds look_again_after{20};
/// A record that cannot be read keeps its shard from being counted; the others are tried so often once more.
constexpr int most_idle_steps = 3;

/// Counts until nothing is left; a node that counts meanwhile helps. Returns the records that this process counted.
std::int64_t count_all(const std::string& database) {
  MovementProjector projector({.database = database, .application_name = "dompet/statistics", .page_records = 5'000});
  std::int64_t records = 0;
  for (int idle = 0; idle < most_idle_steps;) {
    const ProjectedStep step = projector.step();
    records += step.records;
    if (!step.was_ours) {
      std::this_thread::sleep_for(look_again_after);
      continue;
    }
    idle = step.has_more ? 0 : idle + 1;
    if (!step.fault.empty() && !step.has_more)
      throw std::runtime_error("a record cannot be counted: " + step.fault + "; see `dompetctl verify`");
  }
  return records;
}

void rebuild(const Databases& databases) {
  const auto begin = steady_clock::now();
  std::int64_t records = 0;
  for (const std::string& url : databases.urls()) {
    MovementProjector({.database = url}).forget();
    records += count_all(url);
  }
  std::printf("%lld records counted in %.1f s\n", static_cast<long long>(records),
              std::chrono::duration<double>(steady_clock::now() - begin).count());
}

}  // namespace

void add_statistics(CLI::App& app) {
  CLI::App* statistics = app.add_subcommand("statistics", "What statistics are read from: made from the journal.");
  statistics->require_subcommand(1);
  auto databases = std::make_shared<Databases>();
  CLI::App* command = statistics->add_subcommand("rebuild", "Throws the counted months away and counts them anew.");
  add_databases(*command, databases);
  command->footer("Balances and the journal are not touched, and a Dompet may serve meanwhile: until it is done, its\n"
                  "statistics say how many records they leave out. `dompetctl verify` compares them with the journal.");
  command->callback([databases] { rebuild(*databases); });
}

}  // namespace dompet::cli
