#include "cli/command.hpp"

#include <CLI/CLI.hpp>

#include <stdexcept>

namespace dompet::cli {

void add_verify(CLI::App& app) {
  app.add_subcommand("verify", "Not built yet.")->callback([] { throw std::runtime_error("verify is not built yet"); });
}

}  // namespace dompet::cli
