#include "events/runner.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "config/logging.hpp"
#include "events/journal_tail.hpp"
#include "persistence/event_marks.hpp"
#include "persistence/lane_store.hpp"

namespace dompet::events {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::steady_clock;

/// After a step that failed: the database or the consumer is not there.
constexpr std::chrono::seconds pause_after_failure{2};
/// While nobody wants to hear, only the marks are kept near the end; while there is no room, they stay.
constexpr std::chrono::seconds pause_unwanted{1};
constexpr std::chrono::seconds measure_every{5};

void rest(const std::stop_token& stop, microseconds time) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
}

std::int64_t records_between(const StreamMarks& marks, const StreamMarks& ends) {
  std::int64_t records = 0;
  for (const auto& [shard, end] : ends) {
    const auto mark = marks.find(shard);
    const std::uint64_t from = mark == marks.end() ? 0 : mark->second;
    records += end > from ? static_cast<std::int64_t>(end - from) : 0;
  }
  return records;
}

}  // namespace

/// One transaction of database 0.
struct Runner::Step {
  EventMarks table;
  /// How far the consumer has come.
  StreamMarks marks{};
  bool is_wanted = true;
  bool has_room = true;
  bool has_more = false;
  std::uint64_t told = 0;
  std::string fault{};
};

Runner::Runner(RunnerSettings settings, const std::vector<std::string>& databases, const std::string& node_name,
               Consumer& consumer)
    : settings_(settings), consumer_(consumer),
      database0_({.database = databases.front(),
                  .application_name = "dompet/" + node_name + "/events-" + consumer.name(),
                  .statement_timeout_ms = 15'000,
                  .lock_timeout_ms = 5'000,
                  .read_only = false}),
      tail_(std::make_unique<JournalTail>(databases, database0_.settings().application_name, settings.page_records)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Runner::~Runner() {
  request_stop();
  if (thread_.joinable())
    thread_.join();
}

void Runner::run(const std::stop_token& stop) {
  std::string last_fault;
  while (!stop.stop_requested()) {
    const auto begin = steady_clock::now();
    std::string fault;
    microseconds pause = settings_.interval;
    try {
      const Step done = step(stop);
      fault = done.fault;
      if (done.has_more)
        pause = duration_cast<microseconds>(steady_clock::now() - begin) * (100 - settings_.work_percent) /
                settings_.work_percent;
      else if (!done.is_wanted || !done.has_room)
        pause = pause_unwanted;
    } catch (const std::exception& failure) {
      if (stop.stop_requested())
        return;
      fault = failure.what();
      pause = pause_after_failure;
      ++figures_.failures;
    }
    if (!fault.empty() && fault != last_fault)
      log_event(LogLevel::warning, "events do not go on", {{"consumer", consumer_.name()}, {"reason", fault}});
    last_fault = fault;
    rest(stop, pause);
  }
}

Runner::Step Runner::step(const std::stop_token& stop) {
  Step step{.table = EventMarks(database0_, consumer_.name())};
  database0_.within("BEGIN", [&] {
    if (!step.table.lock()) {
      figures_.lag = -1;
      return;
    }
    // First marks are committed alone: were they undone with a page that nobody took, it would be skipped.
    if (begin(step) && !is_passed_over(step))
      tell_next(step, stop);
  });
  figures_.delivered += step.told;
  return step;
}

bool Runner::begin(Step& step) {
  if (auto marks = step.table.load()) {
    step.marks = std::move(*marks);
    return true;
  }
  if (consumer_.beginning() == Consumer::Beginning::first_event)
    return true;
  step.table.move_to(tail_->ends());
  return false;
}

/// The ends are read before the last word that nobody wants to hear: what is committed after that word lies behind
/// them.
bool Runner::is_passed_over(Step& step) {
  if (consumer_.is_wanted(database0_))
    return false;
  const StreamMarks ends = tail_->ends();
  if (consumer_.is_wanted(database0_))
    return false;
  step.is_wanted = false;
  if (ends != step.marks)
    step.table.move_to(ends);
  figures_.lag = 0;
  return true;
}

void Runner::tell_next(Step& step, const std::stop_token& stop) {
  step.has_room = consumer_.has_room(database0_);
  if (!step.has_room)
    return measure(step.marks);
  const TailPage page = tail_->next(step.marks);
  step.fault = page.fault;
  step.has_more = page.has_more;
  step.told = page.events.size();
  if (!page.events.empty())
    consumer_.take(page.events, database0_, stop);
  step.table.move_to(page.marks);
  for (const auto& [shard, seq] : page.marks)
    step.marks[shard] = seq;
  if (!page.has_more && page.fault.empty())
    figures_.lag = 0;
  else
    measure(step.marks);
}

/// What cannot be measured now is measured later: the page that was taken stays taken.
void Runner::measure(const StreamMarks& marks) {
  const auto now = steady_clock::now();
  if (now - measured_ < measure_every)
    return;
  measured_ = now;
  try {
    figures_.lag = records_between(marks, tail_->ends());
  } catch (const Unavailable&) {
    return;
  }
}

void Runners::add(std::unique_ptr<Consumer> consumer) {
  runners_.push_back(std::make_unique<Runner>(settings_, databases_, node_name_, *consumer));
  consumers_.push_back(std::move(consumer));
}

void Runners::request_stop() {
  for (const auto& runner : runners_)
    runner->request_stop();
}

std::vector<std::pair<std::string, const ConsumerFigures*>> Runners::figures() const {
  std::vector<std::pair<std::string, const ConsumerFigures*>> figures;
  for (const auto& runner : runners_)
    figures.emplace_back(runner->name(), &runner->figures());
  return figures;
}

}  // namespace dompet::events
