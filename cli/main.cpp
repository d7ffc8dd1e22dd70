#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <exception>

#include "cli/command.hpp"

/// dompetctl: what an operator does to a Dompet from outside. Exit codes: 0 done, 1 could not be done,
/// 2 done and the finding is bad; CLI11 has its own (100 and up) for a command line that it cannot read. The commands
/// that speak to a running Dompet have no findings: their 2 is a command line that cannot be read.
int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"Operates a Dompet: migrations, demo data, load, verification of the ledger."};
  app.name("dompetctl");
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  try {
    dompet::cli::add_migrate(app);
    dompet::cli::add_init(app);
    dompet::cli::add_keys(app);
    dompet::cli::add_login_command(app);
    dompet::cli::add_seed(app);
    dompet::cli::add_generate(app);
    dompet::cli::add_load(app);
    dompet::cli::add_verify(app);
    dompet::cli::add_generate_journal(app);
    dompet::cli::add_saga(app);
    dompet::cli::add_cluster(app);
    dompet::cli::add_shard(app);
    dompet::cli::add_statistics(app);
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    const bool has_findings = !app.got_subcommand("saga") && !app.got_subcommand("cluster");
    const int code = app.exit(error);
    return code == 0 || has_findings ? code : 2;
  } catch (const dompet::cli::Finding& finding) {
    return finding.exit_code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dompetctl: %s\n", error.what());
    return 1;
  }
}
