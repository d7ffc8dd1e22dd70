#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "actors/provider_port.hpp"
#include "providers/settings.hpp"
#include "providers/simulator_book.hpp"

namespace dompet {

/// A provider for development and tests that pays and collects nothing: it decides, remembers, and answers. What it
/// decided is in its book before anybody hears of it. `instant` answers in this process; `simulated` calls back over
/// HTTP like a real one: late, twice, or not at all, as the settings say. An order that is lost here on the way (the
/// queue is full, the database is silent, the process ends) comes again, and is answered as the book says.
///
/// One thread of its own, which blocks on its database session and on callbacks.
class ProviderSimulator final : public ProviderPort {
 public:
  /// The word on an order: whether the money moved. Called on the simulator's thread.
  using Answer = std::function<void(const TransactionId& id, Shard source_shard, bool moved)>;

  ProviderSimulator(ProviderSettings settings, std::string database);
  /// Stops.
  ~ProviderSimulator() override;

  /// Begins to work. `own_address` is where this process serves HTTP.
  void start(Answer answer, std::string own_address);
  /// Nobody is answered any more once this returns; orders are dropped.
  void stop();

  /// Any thread; never blocks.
  void ask(const ProviderOrder& order) override;

 private:
  using Clock = std::chrono::steady_clock;

  struct Task {
    ProviderOrder order{};
    /// Nothing while it is not decided.
    std::optional<bool> moved{};
  };
  /// An order is at work once, its cancellation beside it.
  using Key = std::pair<TransactionId, bool>;

  void run();
  std::optional<Task> next_task();
  void decide(Task task);
  void deliver(const Task& task);
  void call_back(const Task& task);
  void put(Clock::time_point due, Task task);
  bool happens(int per_mille);

  const ProviderSettings settings_;
  SimulatorBook book_;
  Answer answer_{};
  std::string own_address_{};
  std::minstd_rand random_{std::random_device{}()};

  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::multimap<Clock::time_point, Task> tasks_{};
  std::set<Key> at_work_{};
  bool is_stopped_ = true;
  std::thread thread_{};
};

}  // namespace dompet
