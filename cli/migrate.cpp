#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "persistence/migrator.hpp"

namespace dompet::cli {

namespace {

struct MigrateOptions {
  std::string database{};
  bool force = false;
};

void up(const MigrateOptions& options) {
  const auto applied = Migrator(options.database).up();
  for (const std::string& name : applied)
    std::printf("applied %s\n", name.c_str());
  if (applied.empty())
    std::printf("nothing to do: the schema is up to date\n");
}

void down(const MigrateOptions& options) {
  if (const auto taken_back = Migrator(options.database).down(options.force))
    std::printf("took back %s\n", taken_back->c_str());
  else
    std::printf("nothing to do: no migration is applied\n");
}

void status(const MigrateOptions& options) {
  bool strange = false;
  for (const MigrationStatus& migration : Migrator(options.database).status()) {
    const char* note = migration.unknown ? "  unknown to this program" : migration.changed ? "  CHANGED since" : "";
    const std::string when = migration.applied_at.empty() ? "not applied" : "applied " + migration.applied_at;
    std::printf("%-32s %s%s\n", migration.name.c_str(), when.c_str(), note);
    strange = strange || migration.unknown || migration.changed;
  }
  if (strange)
    throw Finding{};
}

}  // namespace

void add_migrate(CLI::App& app) {
  auto options = std::make_shared<MigrateOptions>();
  CLI::App* migrate = app.add_subcommand("migrate", "Brings a database to this program's schema, or one step back.");
  migrate->require_subcommand(1);
  const auto add = [&](const char* name, const char* about, void (*work)(const MigrateOptions&)) {
    CLI::App* command = migrate->add_subcommand(name, about);
    command->add_option("--database", options->database, "libpq connection string or URL")
        ->envname("DOMPET_DATABASE_URL")
        ->required();
    command->callback([options, work] { work(*options); });
    return command;
  };
  add("up", "Applies every migration that is missing.", up);
  add("down", "Takes the last migration back; refuses while the journal holds records.", down)
      ->add_flag("--force", options->force, "Destroy the records with it");
  add("status", "Lists the migrations; exit code 2 when one is changed or unknown.", status);
}

}  // namespace dompet::cli
