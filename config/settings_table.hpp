#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace dompet {

/// How a setting's value is written in a TOML file.
enum class ValueForm { number, text, boolean };

/// One row of the table of settings: the only place that knows its names, bounds and reason. File, environment,
/// flags, checks and the example file all come from here; a new setting is one more row.
struct Setting {
  /// The TOML section; empty for settings above the first section.
  std::string_view section{};
  /// With its unit last (`lane_age_limit_ms`) where it counts something that could be counted otherwise.
  std::string_view name{};
  ValueForm form = ValueForm::text;
  /// Of numbers: what is counted. Otherwise empty.
  std::string_view unit{};
  /// Completes "it must be …".
  std::string allowed{};
  /// Why it exists and what moving it does.
  std::string_view reason{};
  /// The value as the environment would give it.
  std::function<std::string(const Settings&)> read{};
  /// False, and nothing changed, when the text is not allowed.
  std::function<bool(Settings&, std::string_view text)> write{};
  /// It may hold a password: what was set is not repeated in any sentence or log line.
  bool is_secret = false;

  /// engine.batch_rows
  std::string key() const;
  /// DOMPET_ENGINE_BATCH_ROWS
  std::string variable() const;
  /// --engine-batch-rows
  std::string flag() const;
};

const std::vector<Setting>& settings_table();

/// What no single row can know: settings that do not go together. A whole sentence each.
std::vector<std::string> contradictions(const Settings& settings);

/// What is allowed and yet may not be meant; for the log at the start. A whole sentence each.
std::vector<std::string> cautions(const Settings& settings);

}  // namespace dompet
