#include "actors/risk_watch.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "actors/engine.hpp"
#include "config/logging.hpp"
#include "persistence/access_feed.hpp"
#include "persistence/risk_store.hpp"

namespace dompet {

namespace {

constexpr std::chrono::milliseconds look_every{500};

void rest(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, look_every, [&] { return stop.stop_requested(); });
}

}  // namespace

RiskWatch::RiskWatch(Engine& engine, RiskWatchSettings settings)
    : engine_(engine), settings_(std::move(settings)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void RiskWatch::run(const std::stop_token& stop) {
  AccessFeed feed(settings_.database, settings_.application_name, "dompet_risk");
  const std::unique_ptr<Reader> reader = settings_.reader();
  RiskRulesPtr known;
  bool is_silent = false;
  while (!stop.stop_requested()) {
    try {
      RiskRuleStore store(*reader);
      if (!known || store.version() != known->version)
        known = std::make_shared<const RiskRules>(store.rules().rules);
      engine_.set_risk_rules(known);
      is_silent = false;
      feed.wait(look_every);
    } catch (const std::exception& fault) {
      if (!std::exchange(is_silent, true))
        log_event(LogLevel::warning, "the risk rules cannot be read", {{"reason", fault.what()}});
      rest(stop);
    }
  }
}

}  // namespace dompet
