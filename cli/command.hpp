#pragma once

namespace CLI {
class App;
}

/// The subcommands of `dompetctl`. Each lives in a file of its own name, adds itself to the application with its
/// options, and does its work in its callback. A command that fails throws; `main` prints the sentence and exits
/// with 1. A command whose *finding* is bad (a ledger that does not verify, a replay that differs) throws `Finding`.
namespace dompet::cli {

/// The command ran to its end and what it found is not well. Its report is printed already.
struct Finding {
  int exit_code = 2;
};

void add_migrate(CLI::App& app);
void add_init(CLI::App& app);
void add_keys(CLI::App& app);
void add_login_command(CLI::App& app);
void add_seed(CLI::App& app);
void add_generate(CLI::App& app);
void add_load(CLI::App& app);
void add_verify(CLI::App& app);
void add_generate_journal(CLI::App& app);
void add_saga(CLI::App& app);
void add_cluster(CLI::App& app);
void add_shard(CLI::App& app);
void add_statistics(CLI::App& app);

}  // namespace dompet::cli
