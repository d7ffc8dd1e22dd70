#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "events/consumer.hpp"
#include "events/settings.hpp"
#include "persistence/event_journal.hpp"

namespace dompet::events {

class JournalTail;

/// What /metrics shows of a consumer on this node. Read by any thread.
struct ConsumerFigures {
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> failures{0};
  /// Records that it has not read yet, as of a moment ago; -1 while another node runs it.
  std::atomic<std::int64_t> lag{-1};
};

/// Tells one consumer of every event: a thread with a session for each database. On one node at a time: who has the
/// consumer's lock in database 0, for one transaction, which reads the marks, lets the consumer take a page and moves
/// the marks. So whoever dies when, the next one goes on where the last commit was.
class Runner {
 public:
  /// `databases`: libpq connection strings or URLs by number; the first has the marks. The consumer must outlive it.
  Runner(RunnerSettings settings, const std::vector<std::string>& databases, const std::string& node_name,
         Consumer& consumer);
  /// Waits for the step under way.
  ~Runner();
  Runner(const Runner&) = delete;

  /// No step is begun any more, and the one under way waits for nobody outside. Does not wait.
  void request_stop() { thread_.request_stop(); }

  std::string name() const { return consumer_.name(); }
  const ConsumerFigures& figures() const { return figures_; }

 private:
  struct Step;
  void run(const std::stop_token& stop);
  Step step(const std::stop_token& stop);
  /// False when it has only just got its first marks.
  bool begin(Step& step);
  bool is_passed_over(Step& step);
  void tell_next(Step& step, const std::stop_token& stop);
  void measure(const StreamMarks& marks);

  RunnerSettings settings_;
  Consumer& consumer_;
  SqlSession database0_;
  std::unique_ptr<JournalTail> tail_;
  ConsumerFigures figures_{};
  std::chrono::steady_clock::time_point measured_{};
  std::jthread thread_{};
};

/// All consumers of this node, each with its runner.
class Runners {
 public:
  Runners(RunnerSettings settings, std::vector<std::string> databases, std::string node_name)
      : settings_(settings), databases_(std::move(databases)), node_name_(std::move(node_name)) {}

  /// From now on it is told, until this is destroyed. Before other threads look.
  void add(std::unique_ptr<Consumer> consumer);
  /// Of every runner, so that they end at the same time. Does not wait.
  void request_stop();
  /// For /metrics: each consumer's name and figures.
  std::vector<std::pair<std::string, const ConsumerFigures*>> figures() const;

 private:
  RunnerSettings settings_;
  std::vector<std::string> databases_;
  std::string node_name_;
  std::vector<std::unique_ptr<Consumer>> consumers_{};
  std::vector<std::unique_ptr<Runner>> runners_{};
};

}  // namespace dompet::events
