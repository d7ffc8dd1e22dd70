#include "http/saga_jobs.hpp"

#include <algorithm>

#include "http/saga_orders.hpp"

namespace dompet::http {

namespace {

bool is_over(const SagaJob& job) { return job.state == SagaJob::State::done || job.state == SagaJob::State::aborted; }

}  // namespace

std::string_view name_of(SagaJob::State state) {
  switch (state) {
    case SagaJob::State::running: return "running";
    case SagaJob::State::paused: return "paused";
    case SagaJob::State::done: return "done";
    case SagaJob::State::aborted: return "aborted";
  }
  return "unknown";
}

std::shared_ptr<SagaJob> SagaJobs::add(SagaJob job) {
  if (jobs_.size() >= most_jobs) {
    const auto finished = std::ranges::find_if(jobs_, [](const auto& known) { return is_over(*known); });
    if (finished == jobs_.end())
      return nullptr;
    jobs_.erase(finished);
  }
  job.total = job.waiting.size();
  if (job.total == 0)
    job.state = SagaJob::State::done;
  return jobs_.emplace_back(std::make_shared<SagaJob>(std::move(job)));
}

std::shared_ptr<SagaJob> SagaJobs::find(const Uuid& id) const {
  const auto found = std::ranges::find_if(jobs_, [&id](const auto& job) { return job->id == id; });
  return found == jobs_.end() ? nullptr : *found;
}

void SagaJobs::steer(SagaJob& job, SagaJob::State wish) {
  if (is_over(job))
    return;
  job.state = wish;
  if (wish == SagaJob::State::aborted)
    job.waiting.clear();
}

void SagaJobs::tick(Services& services, std::chrono::steady_clock::time_point now) {
  const std::chrono::duration<double> passed = now - std::exchange(last_tick_, now);
  for (const auto& job : jobs_) {
    // What was not used within a second is lost.
    job->allowance = std::min(job->allowance + passed.count() * job->rate_per_s, static_cast<double>(job->rate_per_s));
    if (job->state == SagaJob::State::running)
      work(services, job);
  }
}

void SagaJobs::work(Services& services, const std::shared_ptr<SagaJob>& job) {
  while (job->allowance >= 1 && !job->waiting.empty() && job->under_way < most_under_way) {
    const TransactionId saga = job->waiting.front();
    job->waiting.pop_front();
    job->allowance -= 1;
    job->under_way += 1;
    give_order(services, {saga, job->order, job->who, job->why, job->id}, [job, saga](const OrderOutcome& outcome) {
      job->under_way -= 1;
      (outcome.accepted ? job->done : job->refused) += 1;
      job->report.emplace_back(saga, outcome.accepted ? "accepted" : std::string{outcome.problem.code});
      if (job->report.size() > most_reported)
        job->report.pop_front();
    });
  }
  if (job->waiting.empty() && job->under_way == 0)
    job->state = SagaJob::State::done;
}

}  // namespace dompet::http
