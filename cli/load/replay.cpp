#include "cli/load/replay.hpp"

#include <chrono>
#include <thread>

#include "cli/http_client.hpp"

namespace dompet::cli {

namespace {

constexpr auto time_limit = std::chrono::minutes(2);

/// A server that has no room now has not broken its promise: asks again, for a second at most.
Answer ask_again(HttpClient& client, const std::string& request) {
  constexpr int attempts = 20;
  for (int attempt = 1;; ++attempt) {
    auto answer = client.send_raw(request);
    if (verdict_of(answer.status) != Verdict::shed || attempt == attempts)
      return answer;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

/// Empty when the answer keeps the promise.
std::string difference(const Acknowledged& first, const Answer& again) {
  if (again.status != first.status)
    return "status " + std::to_string(first.status) + " became " + std::to_string(again.status) + ": " + again.body;
  if (again.body != first.body)
    return "body " + first.body + " became " + again.body;
  if (!again.replayed)
    return "the header Idempotent-Replayed: true is missing";
  return {};
}

}  // namespace

ReplayOutcome replay(const Endpoint& endpoint, const std::vector<Acknowledged>& kept) {
  ReplayOutcome outcome;
  HttpClient client(endpoint);
  const auto deadline = std::chrono::steady_clock::now() + time_limit;
  for (const auto& first : kept) {
    if (std::chrono::steady_clock::now() > deadline)
      break;
    const auto again = ask_again(client, first.request);
    const auto problem = difference(first, again);
    ++outcome.checked;
    if (problem.empty()) {
      ++outcome.identical;
    } else if (outcome.first_difference.empty()) {
      outcome.first_difference = problem;
    }
  }
  return outcome;
}

}  // namespace dompet::cli
