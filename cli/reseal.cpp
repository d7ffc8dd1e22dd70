#include "cli/reseal.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "persistence/card_safe.hpp"
#include "persistence/reader.hpp"
#include "persistence/session.hpp"
#include "persistence/webhook_endpoints.hpp"

namespace dompet::cli {

namespace {

struct ResealOptions {
  std::string database{};
  std::string file = "var/keys/dompet.keys";
};

/// Cards or endpoints a transaction; what is done stays done when a later one fails.
constexpr int rows_a_step = 500;

/// A transaction each, from where the last one ended.
void step_by_step(SqlSession& session,
                  const std::function<std::optional<Uuid>(const std::optional<Uuid>& last)>& step) {
  std::optional<Uuid> last;
  bool has_more = true;
  while (has_more)
    session.within("BEGIN READ WRITE", [&] {
      last = step(last);
      has_more = last.has_value();
    });
}

void reseal(const ResealOptions& options) {
  const Vault vault = Vault::open(options.file);
  const CardSafe safe(vault);
  Reader reader({.database = options.database, .application_name = "dompetctl/reseal"});
  std::int64_t cards = 0;
  step_by_step(reader.session(), [&](const std::optional<Uuid>& last) {
    return safe.seal_again(reader.session(), last, rows_a_step, cards);
  });
  std::int64_t endpoints = 0;
  step_by_step(reader.session(), [&](const std::optional<Uuid>& last) {
    return seal_webhook_secrets_again(reader.session(), vault, last, rows_a_step, endpoints);
  });
  std::printf("%lld card numbers and the secrets of %lld webhook endpoints are sealed with the newest key.\n",
              static_cast<long long>(cards), static_cast<long long>(endpoints));
}

}  // namespace

void add_reseal(CLI::App& keys) {
  auto options = std::make_shared<ResealOptions>();
  auto& command = *keys.add_subcommand(
      "reseal", "Seals card numbers and webhook secrets with the newest key; may run while nodes serve.");
  command.add_option("--database", options->database, "The ledger's first database")
      ->envname("DOMPET_DATABASE_URL")
      ->required();
  command.add_option("--file", options->file, "The key file")
      ->envname("DOMPET_IDENTITY_KEY_FILE")
      ->capture_default_str();
  command.callback([options] { reseal(*options); });
}

}  // namespace dompet::cli
