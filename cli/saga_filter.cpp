#include "cli/saga_filter.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/service.hpp"

namespace dompet::cli {

void add_saga_filter(CLI::App& app, SagaFilter& filter) {
  struct Option {
    const char* flag;
    const char* name;
    const char* help;
  };
  constexpr Option options[]{
      {"--state", "state", "reserved, cancelling, under_review, settled, released, declined, open, stuck"},
      {"--wallet", "wallet_id", "Source or destination"},
      {"--currency", "currency", ""},
      {"--min-amount", "min_amount", ""},
      {"--max-amount", "max_amount", ""},
      {"--source-shard", "source_shard", ""},
      {"--destination-shard", "destination_shard", ""},
      {"--owner", "owner", "The node that owns the source's shard"},
      {"--error", "error", "The last error, such as busy"},
      {"--label", "label", ""},
      {"--assignee", "assignee", ""},
      {"--min-age", "min_age_s", "Seconds"},
      {"--max-age", "max_age_s", "Seconds"},
      {"--min-attempts", "min_attempts", ""},
  };
  for (const Option& option : options)
    app.add_option_function<std::string>(
           option.flag, [&filter, name = option.name](const std::string& value) { filter[name] = value; }, option.help)
        ->group("Filters");
}

std::string query_of(const SagaFilter& filter) {
  std::string query;
  for (const auto& [name, value] : filter)
    query += (query.empty() ? "" : "&") + name + "=" + percent_encoded(value);
  return query;
}

nlohmann::json json_of(const SagaFilter& filter) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [name, value] : filter)
    object[name] = value;
  return object;
}

}  // namespace dompet::cli
