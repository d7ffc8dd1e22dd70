#include "cli/load/errands.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "cli/load/report.hpp"

namespace dompet::cli {

namespace {

constexpr auto time_limit = std::chrono::minutes(30);
/// Beyond one for each errand; a server that sheds more than that is not going to do them.
constexpr std::uint64_t spare_retries = 10'000;

/// The first attempt with the same key is still under way: its answer is not known yet, so this is no decision.
bool is_still_running(const Response& response) {
  return response.status == 409 && response.body.find("\"in_progress\"") != std::string_view::npos;
}

}  // namespace

Errands::Errands(std::uint32_t count) : count_(count), retries_left_(count + spare_retries) {}

bool Errands::next(Shot& shot) {
  if (!failure_.empty())
    return false;
  if (!again_.empty()) {
    shot.number = again_.front();
    again_.pop_front();
  } else if (next_ < count_) {
    shot.number = next_++;
  } else {
    return false;
  }
  render(shot);
  return true;
}

void Errands::answered(const Shot& shot, const Response& response, Verdicts& verdicts) {
  const auto verdict = is_still_running(response) ? Verdict::shed : verdict_of(response.status);
  ++verdicts[verdict];
  if (verdict == Verdict::shed && again(shot))
    return;
  ++done_;
  if (verdict == Verdict::ok)
    succeeded(shot, response);
  else
    refused(shot, response);
}

void Errands::lost(const Shot& shot) { again(shot); }

bool Errands::again(const Shot& shot) {
  if (retries_left_ == 0)
    return false;
  --retries_left_;
  again_.push_back(static_cast<std::uint32_t>(shot.number));
  return true;
}

void Errands::refused(const Shot&, const Response& response) {
  if (failure_.empty())
    failure_ = "the server answered " + std::to_string(response.status) + ": " + std::string(response.body);
}

void Errands::check_all_done(std::string_view what) const {
  if (!failure_.empty())
    throw std::runtime_error("cannot " + std::string(what) + ": " + failure_);
  if (done_ < count_)
    throw std::runtime_error("cannot " + std::string(what) + ": only " + std::to_string(done_) + " of " +
                             std::to_string(count_) + " done");
}

LoadOutcome run_errands(const Endpoint& endpoint, Errands& errands, const ErrandPlan& wish, std::string_view what) {
  if (errands.count() == 0)
    return {};
  LoadPlan plan;
  plan.connections = std::clamp(wish.connections, 1, static_cast<int>(errands.count()));
  plan.duration = time_limit;
  plan.rate = wish.rate;
  plan.stop = wish.stop;
  if (wish.talk)
    plan.on_progress = [&](const Progress&) { draw_count(what, errands.done(), errands.count()); };
  auto outcome = run_load(endpoint, plan, errands);
  if (wish.talk)
    erase_progress();
  return outcome;
}

}  // namespace dompet::cli
