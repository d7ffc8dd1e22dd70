#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "actors/engine.hpp"
#include "http/settings.hpp"

namespace dompet::http {

/// Why a question has no answer of the engine.
enum class NoAnswer {
  /// The deadline passed: whether it was done is unknown, the same key finds out.
  outcome_unknown,
  /// The same request, asked before, still has no answer.
  in_progress,
  /// The key is at work for another request.
  key_reused,
};

/// What the asker hears, once.
struct Reply {
  /// The engine's answer, or nothing.
  const Result* result = nullptr;
  NoAnswer absence = NoAnswer::outcome_unknown;
  /// It is the answer to an equal request that was already running.
  bool joined = false;
};

using Continuation = std::function<void(const Reply& reply)>;

/// The one place where HTTP meets the engine. Engine threads deliver batches of answers here; the io thread is woken
/// once per batch and continues each request that waited. Keeps the table of open questions with their deadlines, and
/// the idempotency keys at work: an equal request with the same key joins the first (protocol 5.7).
///
/// Everything runs on the io thread, except what is marked "any thread". Must outlive the engine.
class Ask final : public ReplySink {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Ask(const Settings& settings);

  /// Any thread. Dropped when the front is closed.
  void deliver(std::vector<Answer> answers) override;
  /// Any thread. Runs the task on the io thread; dropped when the front is closed.
  void post(std::function<void()> task);

  /// From now on questions go to `engine`, and `wake` makes the io thread call `drain` soon. Any thread.
  void open(Engine& engine, std::function<void()> wake);
  /// No wake-up follows. Open questions are forgotten, their continuations never called. Any thread, io thread ended.
  void close();

  /// Continues what was delivered and posted.
  void drain();
  /// Answers what waited too long. Call it every hundred milliseconds or so.
  void tick(Clock::time_point now);

  /// Opens, changes or reads a wallet, or speaks to a transfer's coordinator.
  void ask(Request request, Continuation continuation);
  /// The same for who can do without: after `patience` he hears of silence, and a later answer is dropped.
  void ask(Request request, Continuation continuation, std::chrono::milliseconds patience);
  /// Moves money once per key.
  void move_money(MoveMoneyRequest request, Continuation continuation);
  /// What became of a key: joins the request at work with it, or else asks the engine. It makes no key busy.
  void known_money(MoveMoneyRequest request, Continuation continuation);

  /// Whether a request with this key still has no answer.
  bool is_running(const KeyId& key) const { return keys_.contains(key); }
  std::size_t open_questions() const { return questions_.size(); }

 private:
  struct Waiter {
    Continuation continuation;
    Clock::time_point deadline;
    bool has_joined = false;
  };
  struct Question {
    std::vector<Waiter> waiters;
    Clock::time_point asked;
    KeyId key{};
    std::uint64_t fingerprint = 0;
  };
  using Questions = std::map<std::uint64_t, Question>;

  /// Waits with the question that is at work with the same key, if there is one.
  bool join(const MoveMoneyRequest& request, Continuation& continuation);
  Question& add(std::uint64_t correlation, Continuation continuation);
  void take(const Answer& answer);
  void expire(Question& question, Clock::time_point now);
  static void say(const Waiter& waiter, const Reply& reply);

  const std::chrono::milliseconds answer_deadline_;
  const std::chrono::milliseconds key_memory_;

  // Filled by any thread.
  std::mutex mutex_;
  std::vector<std::vector<Answer>> delivered_;
  std::vector<std::function<void()>> posted_;
  std::function<void()> wake_;
  bool is_woken_ = false;

  // The io thread's own. Correlations only grow, so the map's order is the order of asking.
  Engine* engine_ = nullptr;
  std::uint64_t last_correlation_ = 0;
  Questions questions_;
  /// When those run out who can do without an answer.
  std::multimap<Clock::time_point, std::uint64_t> impatient_;
  std::unordered_map<KeyId, std::uint64_t> keys_;
};

}  // namespace dompet::http
