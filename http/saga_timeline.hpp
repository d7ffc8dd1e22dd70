#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/saga_inspector.hpp"

namespace dompet::http {

/// One line of a transfer's timeline. What does not belong to its kind is left empty.
struct TimelineStep {
  std::int64_t at_ms = 0;
  /// event, saga, decision, attempt, action or gap.
  std::string_view what{};
  std::string title{};
  /// The record that the step is from, in the story that was told; of several steps the first one shows all of it.
  const Record* record = nullptr;
  bool is_first_of_record = false;

  std::optional<WalletId> wallet{};
  std::string_view side{};
  std::string_view event{};
  std::uint64_t wallet_seq = 0;
  std::optional<LegBalances> before{};
  std::optional<LegBalances> after{};

  std::optional<Shard> shard{};
  int attempt = 0;
  std::string node{};
  std::optional<std::int64_t> duration_ms{};
  std::string answer{};
  std::optional<std::int64_t> gap_ms{};
  std::string who{};
  std::string why{};
};

/// Longer than this without any step is a gap worth a line.
inline constexpr std::int64_t gap_from_ms = 1'000;

/// Puts the databases' parts of one story together; nothing from those that did not answer.
SagaStory whole_story(std::vector<std::optional<SagaStory>> parts);

/// Everything in the order of cause and effect, and else of time: clocks of nodes differ, so records are never sorted
/// by them alone. Steps point into the story. An open transfer ends with the gap until now, if there is one.
std::vector<TimelineStep> timeline_of(const SagaStory& story, std::int64_t now_ms);

TimelineStep step_of(const SagaAttempt& attempt);

}  // namespace dompet::http
