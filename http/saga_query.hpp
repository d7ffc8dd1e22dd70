#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "http/json.hpp"
#include "http/query.hpp"
#include "http/saga_reason.hpp"
#include "persistence/saga_inspector.hpp"

namespace dompet::http {

/// The list's filters, as they are named in its query, in a bulk request and in a saved view.
inline constexpr std::array<std::string_view, 14> saga_filters{
    "state", "wallet_id", "currency", "min_amount", "max_amount", "source_shard", "destination_shard",
    "owner", "error",     "label",    "assignee",   "min_age_s",  "max_age_s",    "min_attempts"};
/// Filters, order and page.
inline constexpr std::array<std::string_view, 17> saga_list_parameters{
    "state", "wallet_id", "currency", "min_amount", "max_amount", "source_shard", "destination_shard",
    "owner", "error",     "label",    "assignee",   "min_age_s",  "max_age_s",    "min_attempts",
    "sort",  "limit",     "cursor"};

/// Reads filters and `sort`; faults are noted in the parameters. `stuck` asks why each open transfer is where it is.
SagaSearch read_saga_search(QueryParameters& parameters, const std::shared_ptr<const ClusterView>& view,
                            std::int64_t now_ms);

/// A JSON object of filters as the query that means the same; nothing when a member is neither text nor number.
std::optional<std::string> query_of_filter(const JsonValue& filter);

/// What the tables say about why a transfer is where it is.
SagaFacts facts_of(const SagaRow& row, const ClusterView& view, std::int64_t now_ms);
/// An operator's pause, while it is in force.
const SagaPause* pause_of(const SagaRow& row, const ClusterView& view);

Position position_of(const SagaPlace& place);
std::optional<SagaPlace> place_of(const std::optional<Position>& position);

}  // namespace dompet::http
