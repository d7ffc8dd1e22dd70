#pragma once

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "actors/engine.hpp"
#include "actors/projection.hpp"
#include "config/logging.hpp"
#include "events/settings.hpp"
#include "exchange/settings.hpp"
#include "http/settings.hpp"
#include "notices/settings.hpp"
#include "providers/settings.hpp"
#include "webhooks/settings.hpp"

namespace dompet {

enum class Profile : std::uint8_t {
  /// Durable means durable: a database that could lose a commit is refused.
  production,
  /// Such a database is warned about.
  development,
};

struct DatabaseSettings {
  /// libpq connection string or URL.
  std::string url{};
  /// Of further databases, in the order of their numbers from 1 on.
  std::vector<std::string> more{};
  int connect_timeout_s = 2;
  int answer_timeout_ms = 10'000;
  int lock_timeout_ms = 2'000;
  int statement_timeout_ms = 5'000;
};

/// Made at the start when there is no administrator yet; not looked at otherwise.
struct AdministratorSettings {
  std::string email{};
  std::string password{};
};

/// Everything that can be set about a dompetd, read once by main and handed down as plain structs. Units, bounds and
/// reasons stand in settings_table.cpp, once; config/dompet.example.toml is printed from there.
struct Settings {
  Profile profile = Profile::production;
  /// Where the lock, the pid file and what else belongs to this process lie.
  std::filesystem::path var_directory = "var";
  DatabaseSettings database{};
  http::Settings http{};
  AdministratorSettings administrator{};
  EngineSettings engine{};
  ProjectionSettings projection{};
  ProviderSettings provider{};
  ExchangeSettings exchange{};
  MailSettings mail{};
  events::RunnerSettings events{};
  events::KafkaSettings kafka{};
  WebhookSettings webhooks{};
  LoggingSettings logging{};
};

/// All that is wrong with what was set, a whole sentence each.
struct BadSettings : std::runtime_error {
  explicit BadSettings(std::vector<std::string> sentences);
  std::vector<std::string> problems;
};

using Environment = std::map<std::string, std::string>;

/// The process's variables whose names begin with DOMPET_.
Environment process_environment();

/// What a command line asks for.
enum class Wish { serve, show_help, show_version, show_example_config, show_routes };

struct Invocation {
  Wish wish = Wish::serve;
  /// Complete and valid when the wish is to serve.
  Settings settings{};
  /// The help text when that is the wish.
  std::string help{};
};

/// Reads the settings; later wins: defaults, the TOML file named by `--config` or DOMPET_CONFIG, DOMPET_… variables,
/// flags. An empty variable is as none. Throws BadSettings with everything that is wrong in any of them.
Invocation read_invocation(const std::vector<std::string>& arguments, const Environment& environment);

/// The text of config/dompet.example.toml: every setting with its default, unit, bounds and reason.
std::string example_config();

}  // namespace dompet
