#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/load/account_wallets.hpp"
#include "cli/load/engine.hpp"
#include "cli/load/errands.hpp"
#include "cli/payments_file.hpp"

namespace dompet::cli {

/// A row whose answer was a no.
struct RefusedRow {
  std::uint64_t line = 0;
  std::string id;
  int status = 0;
  std::string code;  ///< of the problem document
};

/// What became of a file's rows; their sum is `rows`.
struct PaymentsOutcome {
  std::uint64_t rows = 0;
  std::uint64_t completed = 0;      ///< or pending; answered 2xx
  std::uint64_t declined = 0;       ///< 402 and 409
  std::uint64_t failed = 0;         ///< any other answer, 422 for an id that this batch had with other content
  std::uint64_t undecided = 0;      ///< stopped, or given up after too many attempts
  std::vector<RefusedRow> refused;  ///< the first twenty
  LoadOutcome load;
};

/// Sends every row as a transfer between its accounts' wallets, at `plan.rate`, until each has an answer. The
/// idempotency key is made of `batch` and the row's id, so that a file that is sent again moves nothing twice.
PaymentsOutcome send_payments(const PaymentsFile& file, const std::vector<IdText>& wallets, const std::string& batch,
                              const Endpoint& endpoint, const RequestTemplate::Common& common, const ErrandPlan& plan);

}  // namespace dompet::cli
