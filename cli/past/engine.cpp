#include "cli/past/engine.hpp"

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>

#include "persistence/lane_store.hpp"
#include "persistence/membership_store.hpp"
#include "persistence/reader.hpp"

namespace dompet::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{60};
constexpr std::chrono::milliseconds before_asking_again{5};
constexpr const char* node_name = "dompetctl-seed";

Incarnation new_incarnation() {
  std::random_device random;
  Uuid uuid;
  for (std::uint8_t& byte : uuid.bytes)
    byte = static_cast<std::uint8_t>(random());
  return {uuid};
}

/// A commit that does not wait for the disk takes a fifth of the time. Both forms of a libpq connection string.
std::string without_waiting_for_disk(const std::string& database) {
  const bool is_url = database.find("://") != std::string::npos;
  if (!is_url)
    return database + " options='-c synchronous_commit=off'";
  return database + (database.find('?') == std::string::npos ? '?' : '&') + "options=-c%20synchronous_commit%3Doff";
}

DatabaseAccess access_to(const std::string& database, const Incarnation& me) {
  const LaneStoreSettings lane{
      .database = without_waiting_for_disk(database), .node_name = node_name, .incarnation = me};
  const MembershipSettings membership{.database = database, .incarnation = me, .node_name = node_name};
  const ReaderSettings reader{.database = database, .application_name = "dompet/seed/reader"};
  return {.lane_store = [lane] { return make_postgres_lane_store(lane); },
          .ownership = [membership] { return make_postgres_ownership_store(membership); },
          .reader = [reader] { return std::make_unique<Reader>(reader); }};
}

Member member_of(const std::string& database, const Incarnation& me) {
  const MembershipSettings store{.database = database, .incarnation = me, .node_name = node_name};
  return {.me = {.incarnation = me, .name = node_name},
          .store = [store] { return make_postgres_membership_store(store); }};
}

/// Of so many payouts the bank refuses one: there is no such account.
constexpr std::uint8_t payouts_a_refusal = 25;

/// The banks of the past: the word comes at once, and is always the same for the same payout.
class PromptProvider : public ProviderPort {
 public:
  /// Before this an order is dropped, and comes again.
  void serve(Engine& engine) { engine_ = &engine; }

  void ask(const ProviderOrder& order) override {
    if (Engine* engine = engine_)
      engine->submit(0, ProviderWordRequest{.saga = order.id,
                                            .source_shard = order.source_shard,
                                            .outcome = refuses(order) ? Decision::refused : Decision::credited,
                                            .known = true});
  }

 private:
  static bool refuses(const ProviderOrder& order) { return order.id.uuid.bytes.back() % payouts_a_refusal == 0; }

  std::atomic<Engine*> engine_{nullptr};
};

/// Collects the answers of one question; the engine's threads bring them.
class Answers : public ReplySink {
 public:
  void expect(std::size_t count) {
    const std::lock_guard lock(mutex_);
    results_.assign(count, Result{NotNow{}});
    missing_ = count;
  }

  void deliver(std::vector<Answer> answers) override {
    const std::lock_guard lock(mutex_);
    for (Answer& answer : answers) {
      // Correlations count on from question to question: one that was given up may still be answered.
      if (answer.correlation < first_ || answer.correlation >= first_ + results_.size())
        continue;
      results_[answer.correlation - first_] = std::move(answer.result);
      --missing_;
    }
    if (missing_ == 0)
      arrived_.notify_one();
  }

  std::uint64_t first() const { return first_; }

  std::vector<Result> wait() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, patience, [this] { return missing_ == 0; }))
      throw std::runtime_error("the engine did not answer within a minute");
    first_ += results_.size();
    return std::exchange(results_, {});
  }

 private:
  std::mutex mutex_{};
  std::condition_variable arrived_{};
  std::vector<Result> results_{};
  std::uint64_t first_ = 1;
  std::size_t missing_ = 0;
};

}  // namespace

class PastEngine::Parts {
 public:
  explicit Parts(const std::string& database)
      : engine_(settings_for(database), me(database), access(database), answers_, &provider_) {
    provider_.serve(engine_);
    const auto deadline = Clock::now() + patience;
    while (!engine_.pressure().ready || owned_shards() < engine_.shard_count()) {
      if (Clock::now() > deadline)
        throw std::runtime_error("not all shards of the ledger can be had; is a node running?");
      std::this_thread::sleep_for(before_asking_again);
    }
  }

  ~Parts() { engine_.leave(std::chrono::seconds(10)); }

  void set_time(std::int64_t unix_ms) { clock_->store(unix_ms, std::memory_order_relaxed); }

  std::vector<Result> ask(const std::vector<Request>& requests) {
    std::vector<Result> results(requests.size(), Result{NotNow{}});
    std::vector<std::size_t> open(requests.size());
    for (std::size_t i = 0; i < open.size(); ++i)
      open[i] = i;
    for (const auto deadline = Clock::now() + patience; !open.empty();) {
      ask_once(requests, open, results);
      std::erase_if(open, [&](std::size_t place) { return !std::holds_alternative<NotNow>(results[place]); });
      if (open.empty())
        break;
      if (Clock::now() > deadline)
        throw std::runtime_error("the engine has no room: " + std::get<NotNow>(results[open.front()]).reason);
      std::this_thread::sleep_for(before_asking_again);
    }
    return results;
  }

 private:
  void ask_once(const std::vector<Request>& requests, const std::vector<std::size_t>& open,
                std::vector<Result>& results) {
    engine_.set_risk_rules(no_rules_);  // what nobody reads again would be too old to go by after a while
    answers_.expect(open.size());
    for (std::size_t i = 0; i < open.size(); ++i)
      engine_.submit(answers_.first() + i, requests[open[i]]);
    std::vector<Result> got = answers_.wait();
    for (std::size_t i = 0; i < open.size(); ++i)
      results[open[i]] = std::move(got[i]);
  }

  std::size_t owned_shards() const {
    std::size_t owned = 0;
    for (const ShardView& shard : engine_.cluster()->shards)
      owned += shard.mine ? 1 : 0;
    return owned;
  }

  EngineSettings settings_for(const std::string& database) const {
    EngineSettings settings;
    settings.node_name = node_name;
    settings.shard_count = Reader({.database = database, .application_name = "dompet/seed/start"}).shard_count();
    settings.wall_clock_ms = [clock = clock_] { return clock->load(std::memory_order_relaxed); };
    return settings;
  }

  Member me(const std::string& database) const { return member_of(database, incarnation_); }
  std::vector<DatabaseAccess> access(const std::string& database) const {
    std::vector<DatabaseAccess> databases;
    databases.push_back(access_to(database, incarnation_));
    return databases;
  }

  Incarnation incarnation_ = new_incarnation();
  std::shared_ptr<std::atomic<std::int64_t>> clock_ = std::make_shared<std::atomic<std::int64_t>>(0);
  Answers answers_{};
  PromptProvider provider_{};
  RiskRulesPtr no_rules_ = std::make_shared<const RiskRules>();
  Engine engine_;
};

PastEngine::PastEngine(const std::string& database) : parts_(std::make_unique<Parts>(database)) {}

PastEngine::~PastEngine() = default;

void PastEngine::set_time(std::int64_t unix_ms) { parts_->set_time(unix_ms); }

std::vector<Result> PastEngine::ask(const std::vector<Request>& requests) { return parts_->ask(requests); }

}  // namespace dompet::cli
