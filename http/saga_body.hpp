#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/engine.hpp"
#include "http/body.hpp"

namespace dompet::http {

// Bodies of the inspector's and the cluster's requests. `who` is on whose behalf the caller asks; empty for his own.

inline constexpr std::size_t longest_who = 100;            // characters
inline constexpr std::size_t longest_reason = 500;         // characters
inline constexpr std::size_t longest_note = 4'000;         // characters
inline constexpr std::size_t longest_saga_filter = 2'000;  // bytes
inline constexpr int most_orders_per_s = 200;

struct OrderBody {
  std::string why{};
  std::string who{};
};
Read<OrderBody> read_order(std::string_view body);

struct NoteBody {
  std::string text{};
  std::string who{};
  std::optional<std::string> label{};
  std::optional<std::string> assignee{};
};
Read<NoteBody> read_note(std::string_view body);

struct BulkOrderBody {
  /// As a query (saga_query.hpp).
  std::string filter{};
  SagaOrder order = SagaOrder::retry;
  bool dry_run = true;
  std::string why{};
  std::string who{};
  int rate_per_s = 20;
};
Read<BulkOrderBody> read_bulk_order(std::string_view body);

/// The filter of a view, as JSON, and as the query that it means.
struct ViewBody {
  std::string filter{};
  std::string query{};
};
Read<ViewBody> read_view(std::string_view body);

/// Where a shard shall go: a node's name.
Read<std::string> read_move(std::string_view body);

}  // namespace dompet::http
