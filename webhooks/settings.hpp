#pragma once

#include <chrono>
#include <vector>

namespace dompet {

/// Every bound of webhooks. config/ fills it; reasons stand there too.
struct WebhookSettings {
  /// Whether this node sends; another one does what it leaves.
  bool enabled = true;
  /// Calls that are under way at the same time, and how many of them to one endpoint.
  int senders = 8;
  int senders_per_endpoint = 4;
  /// For a whole call: connection, request and answer.
  std::chrono::milliseconds timeout{10'000};
  /// Between two looks for something to send.
  std::chrono::milliseconds poll{250};
  /// After it what a node had begun to send is another's.
  std::chrono::milliseconds claim{60'000};
  /// From an attempt that failed to the next one. The first attempt is made at once; after the last one it is given up.
  std::vector<std::chrono::milliseconds> retry_pauses{
      std::chrono::seconds{5}, std::chrono::minutes{5}, std::chrono::minutes{30},
      std::chrono::hours{2},   std::chrono::hours{5},   std::chrono::hours{10},
      std::chrono::hours{14},  std::chrono::hours{20},  std::chrono::hours{24}};
  /// The most that a receiver's Retry-After can ask for.
  std::chrono::seconds longest_retry_after{3'600};
  /// The most that an endpoint that fails again and again is left alone between two attempts.
  std::chrono::milliseconds longest_quiet{60'000};
  /// An endpoint that only failed for so long is disabled.
  std::chrono::hours disable_after{5 * 24};
  /// Of one merchant, or of one user.
  int most_endpoints = 16;
  /// While more wait for an endpoint it is overfull (WebhookQueue::judge_overfull).
  int most_pending = 100'000;
  /// How long an overfull one that takes what it is sent has to catch up.
  std::chrono::seconds longest_behind{300};
  std::chrono::hours keep_delivered{7 * 24};
  std::chrono::hours keep_failed{30 * 24};
  /// How long a secret that was replaced signs beside the new one.
  std::chrono::seconds secret_overlap{24 * 3'600};
  /// For tests: receivers on this machine, and without TLS.
  bool allow_private_addresses = false;
  bool allow_plain_http = false;
};

}  // namespace dompet
