#include "providers/simulator.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "providers/callback_client.hpp"
#include "providers/signature.hpp"

namespace dompet {

namespace {

/// Orders beyond this are dropped and come again.
constexpr std::size_t most_tasks = 10'000;

constexpr const char* callback_path = "/v1/providers/simulator/callbacks";

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

ProviderSimulator::ProviderSimulator(ProviderSettings settings, std::string database)
    : settings_(std::move(settings)), book_(std::move(database)) {}

ProviderSimulator::~ProviderSimulator() { stop(); }

void ProviderSimulator::start(Answer answer, std::string own_address) {
  answer_ = std::move(answer);
  own_address_ = settings_.callback_address.empty() ? std::move(own_address) : settings_.callback_address;
  is_stopped_ = false;
  thread_ = std::thread([this] { run(); });
}

void ProviderSimulator::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable())
    thread_.join();
}

void ProviderSimulator::ask(const ProviderOrder& order) {
  const std::lock_guard lock(mutex_);
  if (is_stopped_ || tasks_.size() >= most_tasks || !at_work_.emplace(order.id, order.cancel).second)
    return;
  tasks_.emplace(Clock::now(), Task{order, {}});
  changed_.notify_all();
}

void ProviderSimulator::put(Clock::time_point due, Task task) {
  const std::lock_guard lock(mutex_);
  at_work_.emplace(task.order.id, task.order.cancel);
  tasks_.emplace(due, std::move(task));
}

std::optional<ProviderSimulator::Task> ProviderSimulator::next_task() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (is_stopped_)
      return std::nullopt;
    if (tasks_.empty())
      changed_.wait(lock);
    else if (const auto due = tasks_.begin()->first; due > Clock::now())
      changed_.wait_until(lock, due);
    else
      break;
  }
  Task task = std::move(tasks_.begin()->second);
  tasks_.erase(tasks_.begin());
  at_work_.erase({task.order.id, task.order.cancel});
  return task;
}

void ProviderSimulator::run() {
  while (std::optional<Task> task = next_task()) {
    try {
      if (task->moved)
        deliver(*task);
      else
        decide(*task);
    } catch (const std::exception& fault) {
      spdlog::warn("the provider simulator could not go on with {}: {}", to_string(task->order.id), fault.what());
    }
  }
}

bool ProviderSimulator::happens(int per_mille) { return static_cast<int>(random_() % 1'000) < per_mille; }

void ProviderSimulator::decide(Task task) {
  task.moved = book_.decide(task.order, happens(settings_.failure_rate));
  if (settings_.mode == ProviderMode::instant)
    return deliver(task);
  if (happens(settings_.lost_answer_rate))
    return;
  const auto due = Clock::now() + settings_.delay;
  if (happens(settings_.doubled_callback_rate))
    put(due + settings_.delay, task);
  put(due, std::move(task));
}

void ProviderSimulator::deliver(const Task& task) {
  if (settings_.mode == ProviderMode::instant)
    answer_(task.order.id, task.order.source_shard, *task.moved);
  else
    call_back(task);
}

void ProviderSimulator::call_back(const Task& task) {
  const std::string id = to_string(task.order.id);
  std::string body;
  body.append(R"({"transaction_id":")").append(id);
  body.append(R"(","outcome":")").append(*task.moved ? "completed" : "refused").append(R"("})");
  std::string message = id;
  message.append("-").append(std::to_string(task.order.attempt));
  const std::int64_t at_s = now_s();
  const int status = post_json(own_address_, callback_path,
                               {{"webhook-id", message},
                                {"webhook-timestamp", std::to_string(at_s)},
                                {"webhook-signature", sign_callback(settings_.callback_secret, message, at_s, body)}},
                               body);
  if (status / 100 != 2)
    spdlog::warn("the callback about {} was answered {}", id, status);
}

}  // namespace dompet
