#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "webhooks/settings.hpp"

namespace dompet {

/// What came of one attempt, and what was before it.
struct WebhookAttempt {
  /// Of the receiver's answer; 0 when there was none.
  int status = 0;
  /// As the receiver sent it; empty without one.
  std::string retry_after{};
  /// Of this delivery.
  int attempts_before = 0;
  /// Of the endpoint, whatever the delivery.
  int failures_in_row = 0;
  std::chrono::seconds failing_for{0};
};

/// What follows from it.
struct WebhookJudgement {
  /// "delivered", "pending", "failed".
  std::string_view state = "delivered";
  /// Of a pending one: until its next attempt.
  std::chrono::milliseconds pause{0};
  /// The endpoint is not asked at all for so long.
  std::chrono::milliseconds quiet{0};
  /// Why the endpoint is disabled; empty when it is not.
  std::string disabled_why{};

  bool has_failed() const { return state != "delivered"; }
};

/// Standard Webhooks 1.0.0, "Deliverability and reliability": 2xx is delivered, 410 ends the endpoint, everything else
/// is tried again after the settings' pauses, each up to a tenth shorter or longer by `chance` (0 to 1); after 429 and
/// 503 not before the receiver's Retry-After. An endpoint that fails five times in a row, whatever it is sent, is then
/// asked at most once in 1, 2, 4, … seconds up to `longest_quiet`, so that a dead one costs the senders little. Pure.
WebhookJudgement judge(const WebhookSettings& settings, const WebhookAttempt& attempt, std::int64_t now_s,
                       double chance);

/// Retry-After of RFC 9110: seconds, or a date; nothing when it is neither.
std::optional<std::chrono::seconds> read_retry_after(std::string_view text, std::int64_t now_s);

}  // namespace dompet
