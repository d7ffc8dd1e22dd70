#include "http/ask.hpp"

#include <exception>
#include <utility>

#include "config/logging.hpp"
#include "domain/ensure.hpp"

namespace dompet::http {

namespace {

void run(const std::function<void()>& task) {
  try {
    task();
  } catch (const std::exception& error) {
    log_event(LogLevel::error, "a task on the io thread failed", {{"reason", error.what()}});
  }
}

}  // namespace

Ask::Ask(const Settings& settings) : answer_deadline_(settings.answer_deadline), key_memory_(settings.key_memory) {}

void Ask::deliver(std::vector<Answer> answers) {
  const std::lock_guard lock(mutex_);
  if (!wake_)
    return;
  delivered_.push_back(std::move(answers));
  if (!std::exchange(is_woken_, true))
    wake_();
}

void Ask::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (!wake_)
    return;
  posted_.push_back(std::move(task));
  if (!std::exchange(is_woken_, true))
    wake_();
}

void Ask::open(Engine& engine, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  engine_ = &engine;
  wake_ = std::move(wake);
  is_woken_ = false;
}

void Ask::close() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
  engine_ = nullptr;
  delivered_.clear();
  posted_.clear();
  questions_.clear();
  impatient_.clear();
  keys_.clear();
}

void Ask::drain() {
  std::vector<std::vector<Answer>> delivered;
  std::vector<std::function<void()>> posted;
  {
    const std::lock_guard lock(mutex_);
    delivered.swap(delivered_);
    posted.swap(posted_);
    is_woken_ = false;
  }
  for (const auto& answers : delivered)
    for (const Answer& answer : answers)
      take(answer);
  for (const auto& task : posted)
    run(task);
}

void Ask::tick(Clock::time_point now) {
  for (; !impatient_.empty() && impatient_.begin()->first <= now; impatient_.erase(impatient_.begin()))
    if (const auto question = questions_.extract(impatient_.begin()->second); !question.empty())
      for (const Waiter& waiter : question.mapped().waiters)
        say(waiter, {.absence = NoAnswer::outcome_unknown});
  for (auto at = questions_.begin(); at != questions_.end() && at->second.asked + answer_deadline_ <= now;) {
    Question& question = at->second;
    expire(question, now);
    if (question.waiters.empty() && question.asked + key_memory_ <= now) {
      keys_.erase(question.key);
      at = questions_.erase(at);
    } else {
      ++at;
    }
  }
}

void Ask::ask(Request request, Continuation continuation) {
  const std::uint64_t correlation = ++last_correlation_;
  add(correlation, std::move(continuation));
  engine_->submit(correlation, std::move(request));
}

void Ask::ask(Request request, Continuation continuation, std::chrono::milliseconds patience) {
  impatient_.emplace(Clock::now() + patience, last_correlation_ + 1);
  ask(std::move(request), std::move(continuation));
}

bool Ask::join(const MoveMoneyRequest& request, Continuation& continuation) {
  const auto running = keys_.find(request.stamp.key);
  if (running == keys_.end())
    return false;
  Question& question = questions_.at(running->second);
  if (question.fingerprint != request.stamp.fingerprint)
    continuation({.absence = NoAnswer::key_reused});
  else
    question.waiters.push_back({std::move(continuation), Clock::now() + answer_deadline_, true});
  return true;
}

void Ask::known_money(MoveMoneyRequest request, Continuation continuation) {
  if (!join(request, continuation))
    ask(std::move(request), std::move(continuation));
}

void Ask::move_money(MoveMoneyRequest request, Continuation continuation) {
  if (join(request, continuation))
    return;
  const std::uint64_t correlation = ++last_correlation_;
  keys_.emplace(request.stamp.key, correlation);
  Question& question = add(correlation, std::move(continuation));
  question.key = request.stamp.key;
  question.fingerprint = request.stamp.fingerprint;
  engine_->submit(correlation, std::move(request));
}

Ask::Question& Ask::add(std::uint64_t correlation, Continuation continuation) {
  ensure(engine_ != nullptr, "questions are asked while the front is open");
  const auto now = Clock::now();
  Question& question = questions_.emplace_hint(questions_.end(), correlation, Question{})->second;
  question.asked = now;
  question.waiters.push_back({std::move(continuation), now + answer_deadline_, false});
  return question;
}

void Ask::take(const Answer& answer) {
  const auto found = questions_.find(answer.correlation);
  if (found == questions_.end())
    return;
  const Question question = std::move(found->second);
  questions_.erase(found);
  if (question.key != KeyId{})
    keys_.erase(question.key);
  for (const Waiter& waiter : question.waiters)
    say(waiter, {.result = &answer.result, .joined = waiter.has_joined});
}

/// Those whose own deadline has passed leave; the key stays at work.
void Ask::expire(Question& question, Clock::time_point now) {
  std::vector<Waiter> gone;
  for (std::size_t i = 0; i < question.waiters.size();) {
    if (question.waiters[i].deadline > now) {
      ++i;
      continue;
    }
    gone.push_back(std::move(question.waiters[i]));
    question.waiters.erase(question.waiters.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (const Waiter& waiter : gone)
    say(waiter, {.absence = waiter.has_joined ? NoAnswer::in_progress : NoAnswer::outcome_unknown});
}

void Ask::say(const Waiter& waiter, const Reply& reply) {
  run([&] { waiter.continuation(reply); });
}

}  // namespace dompet::http
