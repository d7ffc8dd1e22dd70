#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace dompet {

struct ExchangeSettings {
  /// A rate that is older converts nothing.
  std::chrono::seconds most_rate_age{86'400};
  /// How long a quote is good for.
  std::chrono::seconds quote_lifetime{60};
  /// A JSON document of rates that is read at the start and whenever it changes; empty for none.
  std::filesystem::path rates_file{};
  /// Where such a document is fetched; empty for nowhere.
  std::string rates_url{};
  std::chrono::seconds fetch_interval{300};
};

}  // namespace dompet
