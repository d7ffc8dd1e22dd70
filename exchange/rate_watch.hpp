#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "domain/rate_table.hpp"
#include "exchange/rate_board.hpp"
#include "exchange/settings.hpp"

namespace dompet {

class FxStore;
class Reader;

/// Where rates are kept, and how their document is read.
struct RateSources {
  /// Of database 0: libpq connection string or URL, what to call the connection, and sessions of its own.
  std::string database{};
  std::string application_name{};
  std::function<std::unique_ptr<Reader>()> reader{};
  /// A document of the file or the provider; otherwise a sentence that says what is wrong with it.
  std::function<std::expected<std::vector<RateRow>, std::string>(std::string_view document)> read{};
};

/// Keeps the board as the database has it, within a second of any change on any node, and puts into the database what
/// the file and the provider say. One thread for the first and the file, and one for the provider, whose answers may
/// take their time. What cannot be had now is tried again; rates then grow old, and are refused when they are too old.
/// The board is filled when the constructor returns, which throws what a reader throws. Ends with its destructor.
class RateWatch {
 public:
  RateWatch(const ExchangeSettings& settings, RateSources sources, RateBoard& board);
  RateWatch(const RateWatch&) = delete;

 private:
  class Complaint;

  void watch(const std::stop_token& stop);
  void fetch(const std::stop_token& stop);
  void look(FxStore& store);
  void look_at_file(FxStore& store, Complaint& complaint);
  void take(FxStore& store, std::string_view document, std::string_view source, const std::string& who) const;

  const ExchangeSettings settings_;
  const RateSources sources_;
  RateBoard& board_;
  // The watching thread's own.
  std::uint64_t known_number_ = 0;
  bool has_looked_ = false;
  std::filesystem::file_time_type file_time_{};
  std::chrono::steady_clock::time_point next_sweep_{};

  std::vector<std::jthread> threads_{};
};

}  // namespace dompet
