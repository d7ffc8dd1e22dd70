#include "tests/actor/world.hpp"

#include <stdexcept>

namespace dompet::simulated {

namespace {

constexpr std::int64_t first_ms = 1'750'000'000'000;
constexpr std::size_t too_many_steps = 1'000'000;

}  // namespace

EngineSettings small_node() {
  EngineSettings settings;
  settings.shard_count = 4;
  return settings;
}

EngineSettings slow_node() {
  EngineSettings settings = small_node();
  settings.fast_path = false;
  return settings;
}

World::World(SimulatedLedger& ledger, EngineSettings settings, std::optional<std::uint64_t> seed)
    : ledger_(ledger), settings_(std::move(settings)), reads_(ledger),
      provider_(seed.value_or(1), [this] { return now_ms_; }), now_ms_(first_ms) {
  if (seed)
    random_.emplace(static_cast<std::minstd_rand::result_type>(*seed % 2'147'483'646 + 1));
  start();
}

World::~World() { kill(); }

void World::start() {
  kill();
  NodeRow me;
  me.incarnation.uuid.bytes.back() = static_cast<std::uint8_t>(++starts_);
  const auto now = [this] { return now_ms_; };
  process_ = std::make_unique<SimulatedNode>(
      Surroundings{ledger_, reads_, *this, now, now, nullptr, has_provider_ ? &provider_ : nullptr}, settings_, me,
      links_);
}

void World::kill() {
  if (!process_)
    return;
  reads_.forget();
  leaked_actors_ += process_->kill();
  reads_.forget();
  process_.reset();
}

std::uint64_t World::submit(Request request) {
  const std::uint64_t correlation = next_correlation_++;
  const Shard shard = shard_of_request(request, settings_.shard_count);
  caf::anon_send(node().shards[shard], Submit{correlation, std::move(request)});
  return correlation;
}

std::size_t World::draw(std::size_t count) { return random_ ? static_cast<std::size_t>((*random_)()) % count : 0; }

bool World::step() {
  const std::size_t jobs = process_ ? process_->jobs() : 0;
  const std::size_t reads = reads_.ready();
  const std::size_t choices = jobs + reads + provider_.due();
  if (choices == 0)
    return false;
  const std::size_t choice = draw(choices);
  if (choice < jobs)
    process_->run_job(choice);
  else if (choice < jobs + reads)
    reads_.run(choice - jobs);
  else
    hear_provider(provider_.take(choice - jobs - reads));
  return true;
}

void World::hear_provider(const ProviderWordRequest& word) {
  if (process_)
    caf::anon_send(node().shards[word.source_shard], Submit{0, word});
}

void World::run() {
  for (std::size_t steps = 0; step(); ++steps)
    if (steps > too_many_steps)
      throw std::runtime_error("the world does not come to rest");
}

void World::run_without_lane() {
  for (;;)
    if (process_->run_job_beside_lane())
      continue;
    else if (reads_.ready() > 0)
      reads_.run(0);
    else
      return;
}

void World::advance(std::chrono::milliseconds time) {
  now_ms_ += time.count();
  process_->advance(time);
}

void World::pass(std::chrono::milliseconds time) {
  advance(time);
  run();
}

bool World::pass_until(const std::function<bool()>& holds, std::chrono::milliseconds limit) {
  constexpr std::chrono::milliseconds piece{50};
  for (auto passed = std::chrono::milliseconds{0}; passed < limit; passed += piece) {
    run();
    if (holds())
      return true;
    advance(piece);
  }
  run();
  return holds();
}

void World::deliver(std::vector<Answer> answers) {
  for (Answer& answer : answers) {
    if (listen_)
      listen_(answer);
    answers_[answer.correlation].push_back(std::move(answer.result));
  }
}

}  // namespace dompet::simulated
