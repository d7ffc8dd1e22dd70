#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/load/endpoint.hpp"
#include "cli/load/transfers.hpp"

namespace dompet::cli {

/// What came back when acknowledged requests were sent a second time.
struct ReplayOutcome {
  std::uint64_t checked = 0;
  std::uint64_t identical = 0;
  std::string first_difference;  ///< one sentence; empty when all are identical
};

/// Sends every kept request again, byte for byte, and compares status, body and the header
/// `Idempotent-Replayed: true` with the promise of the first answer. Stops after two minutes.
ReplayOutcome replay(const Endpoint& endpoint, const std::vector<Acknowledged>& kept);

}  // namespace dompet::cli
