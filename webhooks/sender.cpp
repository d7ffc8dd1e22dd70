#include "webhooks/sender.hpp"

#include <chrono>
#include <condition_variable>
#include <random>
#include <stdexcept>
#include <utility>

#include "config/logging.hpp"
#include "outbound/http_client.hpp"
#include "persistence/vault.hpp"
#include "webhooks/judgement.hpp"
#include "webhooks/message.hpp"

namespace dompet {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Deliveries of one claim: what is sent again, at most, by whoever goes on for a dead node.
constexpr int most_a_claim = 16;
/// After a database that did not answer.
constexpr milliseconds pause_after_failure{2'000};
constexpr milliseconds between_sweeps{5'000};
constexpr milliseconds between_judgements{5'000};
/// While there is more to clear away.
constexpr milliseconds between_sweep_steps{50};
/// What a receiver's answer is read up to; nobody looks at it.
constexpr std::size_t most_answer_bytes = 64 * 1024;

std::int64_t now_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double chance() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>{}(random);
}

void rest(const std::stop_token& stop, milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
}

OutboundSettings outbound(const WebhookSettings& settings) {
  return {.connect_timeout = std::min(settings.timeout, milliseconds{3'000}),
          .timeout = settings.timeout,
          .most_answer_bytes = most_answer_bytes,
          .allow_private_addresses = settings.allow_private_addresses,
          .allow_plain_http = settings.allow_plain_http};
}

}  // namespace

WebhookSender::WebhookSender(WebhookSettings settings, WebhookDatabase database, const Vault& vault,
                             WebhookCounts& counts)
    : settings_(std::move(settings)), database_(std::move(database)), vault_(vault), counts_(counts) {
  if (!settings_.enabled)
    return;
  for (int number = 0; number < settings_.senders; ++number)
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  threads_.emplace_back([this](const std::stop_token& stop) { run_sweeper(stop); });
}

WebhookSender::~WebhookSender() {
  request_stop();
  threads_.clear();
}

void WebhookSender::request_stop() {
  for (std::jthread& thread : threads_)
    thread.request_stop();
}

WebhookQueue WebhookSender::open_queue(const std::string& purpose) const {
  return {database_.url, database_.application_name + purpose, database_.connect_timeout_s};
}

void WebhookSender::run(const std::stop_token& stop) {
  HttpClient client(outbound(settings_));
  WebhookQueue queue = open_queue("");
  std::string last_fault;
  while (!stop.stop_requested()) {
    try {
      if (const auto work = next(stop, queue))
        send(stop, *work, client, queue);
      last_fault.clear();
    } catch (const std::exception& failure) {
      if (last_fault != failure.what())
        log_event(LogLevel::warning, "webhooks do not go on", {{"reason", failure.what()}});
      last_fault = failure.what();
      rest(stop, pause_after_failure);
    }
  }
}

std::optional<WebhookWork> WebhookSender::next(const std::stop_token& stop, WebhookQueue& queue) {
  const std::lock_guard turn(turn_);
  while (!stop.stop_requested()) {
    if (auto work = queue.claim(settings_.claim, settings_.senders_per_endpoint, most_a_claim))
      return work;
    rest(stop, settings_.poll);
  }
  return std::nullopt;
}

std::vector<std::string> WebhookSender::secrets_of(const WebhookWork& work) const {
  std::vector<std::string> secrets;
  for (const std::string* sealed : {&work.secret_sealed, &work.previous_sealed})
    if (auto secret = sealed->empty() ? std::nullopt : vault_.unseal(*sealed))
      secrets.push_back(std::move(*secret));
  // Not the receiver's fault: no attempt is counted, and another node may have the key.
  if (secrets.empty())
    throw std::runtime_error("the secret of webhook endpoint " + to_string(work.endpoint) +
                             " was sealed with a key that this node does not have");
  return secrets;
}

void WebhookSender::send(const std::stop_token& stop, const WebhookWork& work, HttpClient& client,
                         WebhookQueue& queue) {
  // A call that is begun ends before the claim does.
  const auto last_begin = work.claimed_at + settings_.claim - settings_.timeout - milliseconds{1'000};
  const std::vector<std::string> secrets = secrets_of(work);
  std::vector<WebhookOutcome> outcomes;
  WebhookVerdict verdict;
  for (const WaitingWebhook& waiting : work.waiting) {
    if (verdict.has_failed || stop.stop_requested() || (steady_clock::now() > last_begin && !outcomes.empty()))
      break;
    outcomes.push_back(send_one(work, waiting, client, secrets, verdict));
  }
  if (queue.finish(work, outcomes, verdict))
    count(outcomes, verdict);
}

WebhookOutcome WebhookSender::send_one(const WebhookWork& work, const WaitingWebhook& waiting, HttpClient& client,
                                       const std::vector<std::string>& secrets, WebhookVerdict& verdict) const {
  WebhookOutcome outcome{.delivery = waiting.delivery, .at_ms = now_ms()};
  WebhookAttempt attempt{.attempts_before = waiting.attempts};
  if (!verdict.has_delivered) {
    attempt.failures_in_row = work.failures_in_row;
    attempt.failing_for = work.failing_for;
  }
  const std::int64_t now_s = outcome.at_ms / 1'000;
  const auto begin = steady_clock::now();
  const auto answer = client.call(webhook_request(work.url, waiting.event_id, now_s, waiting.body, secrets));
  outcome.took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  outcome.status = answer ? answer->status : 0;
  outcome.error = answer ? "" : answer.error();
  attempt.retry_after = answer ? answer->retry_after : "";
  attempt.status = outcome.status;
  const WebhookJudgement judgement = judge(settings_, attempt, now_s, chance());
  outcome.state = judgement.state;
  outcome.pause = judgement.pause;
  verdict = {judgement.has_failed(), verdict.has_delivered || !judgement.has_failed(), judgement.quiet,
             judgement.disabled_why};
  return outcome;
}

void WebhookSender::count(const std::vector<WebhookOutcome>& outcomes, const WebhookVerdict& verdict) {
  for (const WebhookOutcome& outcome : outcomes) {
    counts_.attempts += 1;
    counts_.delivered += outcome.state == "delivered" ? 1 : 0;
    counts_.given_up += outcome.state == "failed" ? 1 : 0;
  }
  counts_.endpoints_disabled += verdict.disabled_why.empty() ? 0 : 1;
}

void WebhookSender::measure(WebhookQueue& queue) {
  const WebhookBacklog backlog = queue.backlog();
  counts_.pending = backlog.pending;
  counts_.failed = backlog.failed;
  counts_.oldest_s = backlog.oldest.count();
}

void WebhookSender::run_sweeper(const std::stop_token& stop) {
  WebhookQueue queue = open_queue("/sweep");
  const WebhookBounds bounds{.keep_delivered = settings_.keep_delivered,
                             .keep_failed = settings_.keep_failed,
                             .most_pending = settings_.most_pending,
                             .longest_behind = settings_.longest_behind};
  auto next_judgement = steady_clock::now();
  while (!stop.stop_requested()) {
    milliseconds pause = between_sweeps;
    try {
      if (queue.sweep(bounds) > 0)
        pause = between_sweep_steps;
      if (steady_clock::now() >= next_judgement) {
        next_judgement = steady_clock::now() + between_judgements;
        queue.judge_overfull(bounds);
        measure(queue);
      }
    } catch (const std::exception& failure) {
      log_event(LogLevel::warning, "webhooks are not cleared away", {{"reason", failure.what()}});
    }
    rest(stop, pause);
  }
}

}  // namespace dompet
