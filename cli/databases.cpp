#include "cli/databases.hpp"

#include <CLI/CLI.hpp>

#include <stdexcept>

namespace dompet::cli {

namespace {

bool is_url(std::string_view text) { return text.starts_with("postgresql://") || text.starts_with("postgres://"); }

/// Where the first URL of the text ends: a comma may also stand inside of one, between its hosts.
std::size_t end_of_first(std::string_view text) {
  for (std::size_t end = text.find_first_of(", "); end != text.npos; end = text.find_first_of(", ", end + 1))
    if (text[end] == ' ' || end + 1 == text.size() || is_url(text.substr(end + 1)))
      return end;
  return text.size();
}

}  // namespace

std::vector<std::string> Databases::urls() const {
  std::vector<std::string> urls{first};
  for (std::string_view rest = more; !rest.empty();) {
    const std::size_t end = end_of_first(rest);
    if (end > 0 && !is_url(rest.substr(0, end)))
      throw std::runtime_error("--more has a part that is not a PostgreSQL URL: " + std::string{rest.substr(0, end)});
    if (end > 0)
      urls.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  return urls;
}

void add_databases(CLI::App& command, const std::shared_ptr<Databases>& databases) {
  command.add_option("--database", databases->first, "libpq connection string or URL of the first database")
      ->envname("DOMPET_DATABASE_URL")
      ->required();
  command
      .add_option("--more", databases->more,
                  "URLs of the ledger's other databases, in the order of their numbers, with commas or spaces between")
      ->envname("DOMPET_DATABASE_MORE");
}

}  // namespace dompet::cli
