#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/engine.hpp"

namespace dompet::cli {

/// Dompet's own engine inside dompetctl, with a clock that is set by hand: its wallets decide, its lane seals and
/// commits, and what it writes is dated as the clock says. For a ledger that no node serves. Use from one thread.
///
/// Its sessions do not wait for the disk: a power failure while it runs may cost the last commits, never their order.
class PastEngine {
 public:
  /// Takes all shards of the ledger; throws std::runtime_error when a node serves them.
  explicit PastEngine(const std::string& database);
  ~PastEngine();
  PastEngine(const PastEngine&) = delete;

  /// What is asked for from now on happens at this time, milliseconds since 1970; it never goes back.
  void set_time(std::int64_t unix_ms);

  /// Asks all at once and waits for all answers, which come in the order of the requests. Requests that there was no
  /// room for are asked again. Throws std::runtime_error when an answer does not come within a minute.
  std::vector<Result> ask(const std::vector<Request>& requests);

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace dompet::cli
