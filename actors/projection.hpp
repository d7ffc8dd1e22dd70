#pragma once

#include <chrono>
#include <stop_token>
#include <thread>
#include <vector>

namespace dompet {

struct ProjectedStep;
struct ProjectorSettings;

struct ProjectionSettings {
  /// Whether this node counts at all.
  bool enabled = true;
  int page_records = 2'000;
  /// Between two looks when there is nothing to count, or another node does it.
  std::chrono::milliseconds interval{500};
  /// How much of the time it may be at work while there is more to count; the rest belongs to the commit lanes.
  int work_percent = 10;
};

/// Keeps the statistics of every database up to date: a thread and a session each, beside everything else. What it
/// cannot do now it does later; nobody waits for it.
class Projection {
 public:
  /// `databases` by number, as the projectors connect to them.
  Projection(ProjectionSettings settings, const std::vector<ProjectorSettings>& databases);
  /// Waits for the steps under way.
  ~Projection();
  Projection(const Projection&) = delete;

 private:
  void run(const std::stop_token& stop, const ProjectorSettings& database);
  /// How long to rest after a step that took so long.
  std::chrono::microseconds rest_after(const ProjectedStep& step, std::chrono::microseconds took) const;

  ProjectionSettings settings_;
  std::vector<std::jthread> threads_{};
};

}  // namespace dompet
