#pragma once

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace dompet::cli {

/// The databases of one ledger, as `--database` and `--more` name them.
struct Databases {
  std::string first{};
  std::string more{};

  /// By number. Throws when `more` is not a list of URLs.
  std::vector<std::string> urls() const;
};

/// Adds the two options to a command.
void add_databases(CLI::App& command, const std::shared_ptr<Databases>& databases);

}  // namespace dompet::cli
