#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "persistence/webhook_queue.hpp"
#include "webhooks/counts.hpp"
#include "webhooks/settings.hpp"

namespace dompet {

class HttpClient;
class Vault;

/// How the database that keeps the deliveries is reached.
struct WebhookDatabase {
  /// libpq connection string or URL of database 0.
  std::string url{};
  std::string application_name = "dompet/webhooks";
  int connect_timeout_s = 2;
};

/// Sends what waits: a bounded number of threads, each with a connection to the database and kept-alive ones to
/// receivers, and one that clears away. They share nothing with money but the database: nobody waits for them, and a
/// receiver that sleeps holds up its own deliveries and a few of these threads.
///
/// A thread claims what waits for an endpoint about one wallet, sends it event by event until one is not taken, and
/// writes what came of it. A process that dies in between has its claim end by itself; then another sends the same
/// again, so every event arrives at least once, in the order of its wallet.
class WebhookSender {
 public:
  WebhookSender(WebhookSettings settings, WebhookDatabase database, const Vault& vault, WebhookCounts& counts);
  /// Waits for the calls under way, each at most the time-out of one.
  ~WebhookSender();
  WebhookSender(const WebhookSender&) = delete;

  /// No call is begun any more. Does not wait.
  void request_stop();

 private:
  void run(const std::stop_token& stop);
  void run_sweeper(const std::stop_token& stop);
  void measure(WebhookQueue& queue);
  /// Only one thread at a time looks, so that an idle process asks the database once a while and not once a thread.
  std::optional<WebhookWork> next(const std::stop_token& stop, WebhookQueue& queue);
  void send(const std::stop_token& stop, const WebhookWork& work, HttpClient& client, WebhookQueue& queue);
  /// Adds to the verdict what the attempt means for the endpoint.
  WebhookOutcome send_one(const WebhookWork& work, const WaitingWebhook& waiting, HttpClient& client,
                          const std::vector<std::string>& secrets, WebhookVerdict& verdict) const;
  std::vector<std::string> secrets_of(const WebhookWork& work) const;
  void count(const std::vector<WebhookOutcome>& outcomes, const WebhookVerdict& verdict);
  WebhookQueue open_queue(const std::string& purpose) const;

  const WebhookSettings settings_;
  const WebhookDatabase database_;
  const Vault& vault_;
  WebhookCounts& counts_;
  std::mutex turn_;
  std::vector<std::jthread> threads_{};
};

}  // namespace dompet
