#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace dompet {

enum class ProviderMode : std::uint8_t {
  /// Decides at once, and its answers arrive. A top-up is credited without asking.
  instant,
  /// Answers late, not at all or twice, by callbacks over HTTP, as a real one may.
  simulated,
};

/// How the built-in provider behaves. Rates are per mille.
struct ProviderSettings {
  ProviderMode mode = ProviderMode::instant;
  /// Between an order and its callback.
  std::chrono::milliseconds delay{500};
  /// Orders that it refuses; top-ups are orders of `simulated` only.
  int failure_rate = 0;
  /// Orders whose callback never comes. They are given again, and each time this is decided anew.
  int lost_answer_rate = 0;
  /// Callbacks that come twice.
  int doubled_callback_rate = 0;
  /// What callbacks are signed with; without one no callback is accepted.
  std::string callback_secret{};
  /// Where callbacks go, host:port; empty for this process's own.
  std::string callback_address{};
};

}  // namespace dompet
