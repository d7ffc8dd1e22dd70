#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/engine.hpp"

namespace dompet::http {

struct Services;

/// The same order to many transfers, at a rate that does not hurt.
struct SagaJob {
  enum class State : std::uint8_t { running, paused, done, aborted };

  Uuid id{};
  SagaOrder order = SagaOrder::retry;
  std::string who{};
  std::string why{};
  int rate_per_s = 20;
  std::deque<TransactionId> waiting{};

  State state = State::running;
  std::size_t total = 0;
  std::size_t done = 0;
  std::size_t refused = 0;
  std::size_t under_way = 0;
  /// What came of the last ones, `most_reported` of them.
  std::deque<std::pair<TransactionId, std::string>> report{};
  /// Orders that may be given now.
  double allowance = 0;
};

std::string_view name_of(SagaJob::State state);

/// The bulk jobs that this node has taken. They live in its memory: when it ends, they end, and the audit has what was
/// done. Io thread only.
class SagaJobs {
 public:
  static constexpr std::size_t most_jobs = 16;
  static constexpr std::size_t most_sagas = 10'000;
  static constexpr std::size_t most_under_way = 16;
  static constexpr std::size_t most_reported = 100;

  /// Nothing when `most_jobs` are not over yet; finished ones make room.
  std::shared_ptr<SagaJob> add(SagaJob job);
  std::shared_ptr<SagaJob> find(const Uuid& id) const;
  /// What is over stays over.
  static void steer(SagaJob& job, SagaJob::State wish);
  void tick(Services& services, std::chrono::steady_clock::time_point now);

 private:
  static void work(Services& services, const std::shared_ptr<SagaJob>& job);

  std::vector<std::shared_ptr<SagaJob>> jobs_{};
  std::chrono::steady_clock::time_point last_tick_{};
};

}  // namespace dompet::http
