#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

#include "cli/saga_filter.hpp"
#include "cli/service.hpp"

namespace dompet::cli {

/// Pages of the list until `limit` rows are together: {"data": […]}.
nlohmann::json list_sagas(const ServiceOptions& options, const SagaFilter& filter, const std::string& sort, int limit);

// What the server says about transfers, for people.
void print_sagas(const nlohmann::json& list);
void print_saga(const nlohmann::json& saga);
void print_reason(const nlohmann::json& saga);
void print_timeline(const nlohmann::json& timeline);
void print_proof(const nlohmann::json& proof);
void print_notes(const nlohmann::json& notes);
void print_counts(const nlohmann::json& counts);

}  // namespace dompet::cli
