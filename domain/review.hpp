#pragma once

#include <cstdint>

#include "domain/record.hpp"

namespace dompet {

/// How long movements wait for an officer. Milliseconds.
struct ReviewBounds {
  std::int64_t most_wait_ms = 0;
  std::int64_t most_rate_age_ms = 0;
};

/// When a review is over although nobody decided, milliseconds since 1970, and what the customer then hears.
struct ReviewEnd {
  std::int64_t at_ms = 0;
  Decline why = Decline::risk_rejected;
};

/// What is to pay a bill waits no longer than the bill can be paid, what was converted no longer than its rate may pay.
/// The rate of a capture was promised for as long as its payment is authorized; its review may outlast that by as much
/// as any rate may grow old.
ReviewEnd end_of_review(const Transaction& transaction, const ReviewBounds& bounds);

}  // namespace dompet
