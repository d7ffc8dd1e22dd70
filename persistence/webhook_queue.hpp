#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/ids.hpp"
#include "persistence/session.hpp"

namespace dompet {

/// One event for one endpoint, to be written with whatever says that it was taken from the journal.
struct NewWebhookDelivery {
  Uuid id{};
  Uuid endpoint{};
  std::string event_id{};
  std::string event_type{};
  /// Nil for what is about no wallet.
  WalletId wallet{};
  std::optional<std::int64_t> wallet_seq{};
  std::string body{};
};

/// As part of the transaction that is open. Those of a wallet go out in the order in which they are given.
void add_webhook_deliveries(SqlSession& session, const std::vector<NewWebhookDelivery>& deliveries);

/// After its queues were written, in the same transaction: something waits for the endpoint, and is due after the
/// pause.
void make_webhooks_due(SqlSession& session, const Uuid& endpoint, std::chrono::milliseconds pause = {});

struct WaitingWebhook {
  Uuid delivery{};
  std::string event_id{};
  std::string body{};
  int attempts = 0;
};

/// What waits for one endpoint about one wallet, oldest first, and what is needed to send it. Until the claim ends
/// nobody else has it.
struct WebhookWork {
  Uuid claim{};
  Uuid endpoint{};
  WalletId wallet{};
  std::string url{};
  std::string secret_sealed{};
  /// Of the secret before, while it signs too; otherwise empty.
  std::string previous_sealed{};
  int failures_in_row = 0;
  /// By the database's clock: since when the endpoint has only failed.
  std::chrono::seconds failing_for{0};
  std::vector<WaitingWebhook> waiting{};
  /// Read before the claim began, so that by this clock it ends no later than by the database's.
  std::chrono::steady_clock::time_point claimed_at{};
};

/// One attempt and what the delivery is after it.
struct WebhookOutcome {
  Uuid delivery{};
  /// "pending", "delivered", "failed".
  std::string_view state = "delivered";
  std::int64_t at_ms = 0;
  /// Of the receiver's answer; 0 when there was none, and `error` says why.
  int status = 0;
  std::string error{};
  std::chrono::milliseconds took{0};
  /// Of a pending one: until it is tried again.
  std::chrono::milliseconds pause{0};
};

/// What the outcomes mean for the endpoint.
struct WebhookVerdict {
  bool has_failed = false;
  /// Something was taken before, so that its failures begin anew.
  bool has_delivered = false;
  /// It is not asked at all for so long.
  std::chrono::milliseconds quiet{0};
  /// Disables it, when not empty.
  std::string disabled_why{};
};

struct WebhookBacklog {
  std::int64_t pending = 0;
  std::int64_t failed = 0;
  /// Of the oldest pending one.
  std::chrono::seconds oldest{0};
};

/// How long what is over is kept, and how much may wait.
struct WebhookBounds {
  std::chrono::hours keep_delivered{7 * 24};
  std::chrono::hours keep_failed{30 * 24};
  /// An endpoint for which more wait is overfull.
  int most_pending = 100'000;
  /// An overfull endpoint that takes what it is sent has so long to catch up; everybody's new deliveries wait for it.
  std::chrono::seconds longest_behind{300};
};

/// Whether deliveries may be written: no active endpoint is overfull.
bool is_room_for_webhooks(SqlSession& database0);

/// The senders' side of webhooks, in database 0: claims that end by themselves, so that what a dead node had claimed
/// goes on elsewhere; outcomes; and what clears away. Nothing here needs to survive more than the process: what a crash
/// of the database takes back is sent again. One thread at a time; every call may block, and throws Unavailable.
class WebhookQueue {
 public:
  WebhookQueue(std::string database, std::string application_name, int connect_timeout_s);

  /// The next that is due, of an endpoint that is active, not quiet, and has less than `most_at_once` claims; with at
  /// most `most` deliveries. Nothing when nothing is due.
  std::optional<WebhookWork> claim(std::chrono::milliseconds lifetime, int most_at_once, int most);
  /// Ends the claim. False when it had ended before, and somebody else may have sent the same: then the outcomes are
  /// not written.
  bool finish(const WebhookWork& work, const std::vector<WebhookOutcome>& outcomes, const WebhookVerdict& verdict);

  /// Clears away a step of what is over or has nobody to go to; how many rows that were. Zero: all is done.
  int sweep(const WebhookBounds& bounds);
  /// Marks active endpoints for which more wait than may as overfull, and those that caught up as not. Disables an
  /// overfull one that fails again and again, or that was behind for too long. Not when another node is at it.
  void judge_overfull(const WebhookBounds& bounds);
  /// Pending and failed ones are counted up to a hundred thousand each; the oldest is that of a thousand queues.
  WebhookBacklog backlog();

 private:
  std::optional<Uuid> lock_endpoint(int most_at_once);
  bool claim_queue(WebhookWork& work, std::chrono::milliseconds lifetime, int most_at_once);
  void put_due_right(const Uuid& endpoint);
  void put_off_or_wake(const WebhookWork& work, const WebhookVerdict& verdict);
  void put_off_unheard();
  void read_waiting(WebhookWork& work, int most);
  void write_outcomes(const std::vector<WebhookOutcome>& outcomes);
  void free_queue(const WebhookWork& work, std::chrono::milliseconds pause);
  void write_verdict(const WebhookWork& work, const WebhookVerdict& verdict);
  int discard_step();
  int sweep_step(const std::string& sql, Parameters values);
  void disable_overfull(const WebhookBounds& bounds);

  SqlSession session_;
};

}  // namespace dompet
