#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/databases.hpp"
#include "persistence/shard_move.hpp"

namespace dompet::cli {

namespace {

struct MoveOptions {
  int shard = 0;
  int to = 0;
};

void list(const Databases& databases) {
  std::printf("%5s  %8s  %8s  %10s  %s\n", "shard", "database", "epoch", "wallets", "owner");
  for (const ShardPlace& place : shard_places(databases.urls())) {
    const std::string database = place.database ? std::to_string(*place.database) : "moving";
    std::printf("%5d  %8s  %8llu  %10lld  %s\n", place.shard, database.c_str(),
                static_cast<unsigned long long>(place.epoch), static_cast<long long>(place.wallets),
                place.owner.empty() ? "-" : place.owner.c_str());
  }
}

void move(const Databases& databases, const MoveOptions& options) {
  move_shard(databases.urls(), static_cast<Shard>(options.shard), options.to, [&](const std::string& step) {
    std::printf("shard %d: %s\n", options.shard, step.c_str());
    std::fflush(stdout);
  });
}

}  // namespace

void add_shard(CLI::App& app) {
  auto databases = std::make_shared<Databases>();
  auto options = std::make_shared<MoveOptions>();
  CLI::App* shard = app.add_subcommand("shard", "Shows in which database each shard lives, or moves one.");
  shard->require_subcommand(1);

  CLI::App* shown = shard->add_subcommand("list", "Lists the shards: database, epoch, wallets, owner.");
  add_databases(*shown, databases);
  shown->callback([databases] { list(*databases); });

  CLI::App* moved = shard->add_subcommand("move-database", "Moves a shard into another database of the ledger.");
  moved->add_option("shard", options->shard, "The shard's number")->required()->check(CLI::Range(0, 4'095));
  moved->add_option("number", options->to, "The database's number; 0 is the first")->required();
  add_databases(*moved, databases);
  moved->footer(
      "The nodes go on serving; the shard's own wallets get 503 until it is there. Every dompetd must know both\n"
      "databases already. A move that was cut off goes on, or back, when it is called again.");
  moved->callback([databases, options] { move(*databases, *options); });
}

}  // namespace dompet::cli
