#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

namespace dompet {

class Engine;
class Reader;

struct RiskWatchSettings {
  /// Database 0: libpq connection string or URL, and what to call the connection that listens.
  std::string database{};
  std::string application_name{};
  std::function<std::unique_ptr<Reader>()> reader{};
};

/// Keeps the engine's risk rules young: reads them when another node says that they changed, and every half second. A
/// thread and two sessions beside everything else. While the database is silent the engine's rules grow old, and then
/// it judges nothing (RiskDesk).
class RiskWatch {
 public:
  RiskWatch(Engine& engine, RiskWatchSettings settings);
  /// Waits for the look under way.
  ~RiskWatch() = default;
  RiskWatch(const RiskWatch&) = delete;

 private:
  void run(const std::stop_token& stop);

  Engine& engine_;
  RiskWatchSettings settings_;
  std::jthread thread_;
};

}  // namespace dompet
