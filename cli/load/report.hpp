#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/load/engine.hpp"
#include "cli/load/payments.hpp"
#include "cli/load/replay.hpp"

namespace dompet::cli {

/// What was asked for, to stand beside what was measured.
struct LoadSetting {
  std::string url;
  std::string workload;
  std::optional<double> rate;
  int connections = 0;
  std::uint32_t wallets = 0;
  std::uint32_t hot = 0;
  bool hot_side_pays = false;
  std::uint32_t operations_per_request = 1;
};

/// One line on stderr, drawn over itself: of a run that lasts a time, or of a list that is worked off.
void draw_progress(const Progress& progress);
void draw_count(std::string_view what, std::uint64_t done, std::uint64_t all);
void erase_progress();

/// For people, on standard output.
void print_table(const LoadSetting& setting, const LoadOutcome& outcome, const std::optional<ReplayOutcome>& replayed);

/// For programs; `path` may be "-". The members are described in cli/README.md. Throws when it cannot be written.
void write_json(const std::string& path, const LoadSetting& setting, const LoadOutcome& outcome,
                const std::optional<ReplayOutcome>& replayed);

/// The same for a file of payments: what became of its rows, and how long they took.
void print_payments(const LoadSetting& setting, const PaymentsOutcome& payments);
void write_payments_json(const std::string& path, const LoadSetting& setting, const PaymentsOutcome& payments);

}  // namespace dompet::cli
