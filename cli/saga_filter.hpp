#pragma once

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>

namespace CLI {
class App;
}

namespace dompet::cli {

/// The filters of the list of transfers, by their names in the API.
using SagaFilter = std::map<std::string, std::string>;

/// Adds an option for each filter.
void add_saga_filter(CLI::App& app, SagaFilter& filter);

/// "state=stuck&min_age_s=60"; empty when nothing was asked for.
std::string query_of(const SagaFilter& filter);
/// The same as the member `filter` of a request.
nlohmann::json json_of(const SagaFilter& filter);

}  // namespace dompet::cli
