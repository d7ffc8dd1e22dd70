#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include "cli/command.hpp"
#include "cli/reseal.hpp"
#include "persistence/administrator.hpp"
#include "persistence/reader.hpp"
#include "persistence/vault.hpp"

namespace dompet::cli {

namespace {

struct InitOptions {
  std::string database{};
  std::string email = "administrator@dompet.invalid";
};

/// Prints the variables with which whoever runs this can log in, once: the password is nowhere else.
void init(const InitOptions& options) {
  Reader reader({.database = options.database, .application_name = "dompetctl/init"});
  if (has_administrator(reader)) {
    std::fprintf(stderr, "There is an administrator already; nothing was changed.\n");
    return;
  }
  const char* given = std::getenv("DOMPET_ADMIN_PASSWORD");
  const std::string password = given == nullptr || *given == '\0' ? random_password() : given;
  make_administrator(reader, options.email, password);
  std::printf("DOMPET_ADMIN_EMAIL=%s\nDOMPET_ADMIN_PASSWORD=%s\n", options.email.c_str(), password.c_str());
}

}  // namespace

void add_init(CLI::App& app) {
  auto options = std::make_shared<InitOptions>();
  auto& init_command = *app.add_subcommand("init", "Makes the first administrator and prints his password, this once.");
  init_command.add_option("--database", options->database, "The ledger's first database")
      ->envname("DOMPET_DATABASE_URL")
      ->required();
  init_command.add_option("--email", options->email, "His e-mail address")
      ->envname("DOMPET_ADMIN_EMAIL")
      ->capture_default_str();
  init_command.callback([options] { init(*options); });
}

void add_keys(CLI::App& app) {
  auto file = std::make_shared<std::string>("var/keys/dompet.keys");
  auto& keys = *app.add_subcommand("keys", "The file of keys that card numbers and signing keys are sealed with.");
  keys.require_subcommand(1);
  auto& rotate =
      *keys.add_subcommand("rotate", "Adds a key; the earlier ones stay, so that what they sealed can be read.");
  rotate.add_option("--file", *file, "The key file")->envname("DOMPET_IDENTITY_KEY_FILE")->capture_default_str();
  rotate.callback([file] {
    const std::string id = Vault::rotate(*file);
    std::printf("key %s was added to %s. Copy the file to every node, then restart them one after another: each seals "
                "with the new key from its start on, and reads the file again when it meets a key it does not know.\n",
                id.c_str(), file->c_str());
    std::printf("When all of them run with it, `dompetctl keys reseal` seals the card numbers anew.\n");
  });
  add_reseal(keys);
}

}  // namespace dompet::cli
