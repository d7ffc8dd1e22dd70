#include "actors/projection.hpp"

#include <condition_variable>
#include <mutex>
#include <string>

#include "config/logging.hpp"
#include "persistence/movement_projector.hpp"

namespace dompet {

namespace {

using std::chrono::steady_clock;

/// After a database that did not answer.
constexpr std::chrono::seconds pause_after_failure{2};

void rest(const std::stop_token& stop, std::chrono::microseconds time) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
}

}  // namespace

Projection::Projection(ProjectionSettings settings, const std::vector<ProjectorSettings>& databases)
    : settings_(settings) {
  if (settings_.enabled)
    for (const ProjectorSettings& database : databases)
      threads_.emplace_back([this, database](const std::stop_token& stop) { run(stop, database); });
}

Projection::~Projection() {
  for (std::jthread& thread : threads_)
    thread.request_stop();
}

void Projection::run(const std::stop_token& stop, const ProjectorSettings& database) {
  ProjectorSettings settings = database;
  settings.page_records = settings_.page_records;
  MovementProjector projector(settings);
  std::string last_fault;
  while (!stop.stop_requested()) {
    const auto begin = steady_clock::now();
    ProjectedStep step;
    std::chrono::microseconds pause{};
    try {
      step = projector.step();
      pause = rest_after(step, std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin));
    } catch (const std::exception& failure) {
      step.fault = failure.what();
      pause = pause_after_failure;
    }
    if (!step.fault.empty() && step.fault != last_fault)
      log_event(LogLevel::warning, "statistics do not go on", {{"reason", step.fault}});
    last_fault = step.fault;
    rest(stop, pause);
  }
}

std::chrono::microseconds Projection::rest_after(const ProjectedStep& step, std::chrono::microseconds took) const {
  return step.has_more ? took * (100 - settings_.work_percent) / settings_.work_percent : settings_.interval;
}

}  // namespace dompet
