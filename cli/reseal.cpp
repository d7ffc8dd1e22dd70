#include "cli/reseal.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "persistence/card_safe.hpp"
#include "persistence/reader.hpp"
#include "persistence/session.hpp"

namespace dompet::cli {

namespace {

struct ResealOptions {
  std::string database{};
  std::string file = "var/keys/dompet.keys";
};

/// Cards a transaction; what is done stays done when a later one fails.
constexpr int cards_a_step = 500;

void reseal(const ResealOptions& options) {
  const Vault vault = Vault::open(options.file);
  const CardSafe safe(vault);
  Reader reader({.database = options.database, .application_name = "dompetctl/reseal"});
  std::int64_t sealed = 0;
  std::optional<Uuid> last;
  bool has_more = true;
  while (has_more)
    reader.session().within("BEGIN READ WRITE", [&] {
      last = safe.seal_again(reader.session(), last, cards_a_step, sealed);
      has_more = last.has_value();
    });
  std::printf("%lld card numbers are sealed with the newest key.\n", static_cast<long long>(sealed));
}

}  // namespace

void add_reseal(CLI::App& keys) {
  auto options = std::make_shared<ResealOptions>();
  auto& command =
      *keys.add_subcommand("reseal", "Seals the card numbers with the newest key; may run while nodes serve.");
  command.add_option("--database", options->database, "The ledger's first database")
      ->envname("DOMPET_DATABASE_URL")
      ->required();
  command.add_option("--file", options->file, "The key file")
      ->envname("DOMPET_IDENTITY_KEY_FILE")
      ->capture_default_str();
  command.callback([options] { reseal(*options); });
}

}  // namespace dompet::cli
