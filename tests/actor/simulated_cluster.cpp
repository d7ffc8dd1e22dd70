#include "tests/actor/simulated_cluster.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace dompet::simulated {

namespace {

constexpr std::int64_t first_ms = 1'750'000'000'000;
constexpr std::int64_t most_drift_ppm = 10'000;
constexpr std::int64_t most_offset_ms = 10LL * 24 * 3600 * 1000;
constexpr std::int64_t most_uptime_us = 1'000'000'000'000;
/// Processes that wait for the database at the same time: each is a recursion here.
constexpr int most_waiting = 3;
constexpr std::size_t most_steps_meanwhile = 40;
constexpr std::array<const char*, 4> names{"ani", "budi", "citra", "dewi"};

}  // namespace

SimulatedCluster::SimulatedCluster(std::uint64_t seed, EngineSettings settings, std::size_t machines)
    : random_(static_cast<std::minstd_rand::result_type>(seed % 2'147'483'646 + 1)), settings_(std::move(settings)),
      ledger_(settings_.shard_count), network_(seed ^ 0x5DEECE66D, machines, settings_.cluster.link_timeout),
      provider_(seed ^ 0x9E3779B9, [this] { return now_ms_; }), now_ms_(first_ms) {
  const auto drawn = [&](std::int64_t most) {
    return static_cast<std::int64_t>(below(static_cast<std::size_t>(2 * most))) - most;
  };
  for (std::size_t i = 0; i < machines; ++i) {
    Machine& machine = *machines_.emplace_back(std::make_unique<Machine>(ledger_));
    machine.boottime_us = drawn(most_uptime_us) + most_uptime_us;
    machine.drift_ppm = drawn(most_drift_ppm);
    machine.unix_offset_ms = drawn(most_offset_ms);
  }
  const auto pass = [this](const Incarnation& blocked) { live_meanwhile(blocked); };
  ledger_.on_call(pass);
  membership_.on_call(pass);
  membership_.on_done(pass);
  ledger_.ask_who_is_up([this](const Incarnation& node) {
    const NodeRow* row = membership_.find(node);
    return row != nullptr && row->state == NodeState::up;
  });
}

SimulatedCluster::~SimulatedCluster() {
  for (std::size_t machine = 0; machine < machines_.size(); ++machine)
    kill(machine);
}

// --- machines and their processes ---

void SimulatedCluster::start(std::size_t index, bool knows_predecessor) {
  kill(index);
  Machine& machine = *machines_[index];
  machine.starts += 1;
  machine.is_frozen = false;
  NodeRow me;
  me.name = names[index];
  me.internal_address = me.name + ":7700";
  for (std::size_t i = 0; i < 8; ++i)
    me.incarnation.uuid.bytes[i] = static_cast<std::uint8_t>(random_());
  me.incarnation.uuid.bytes[14] = static_cast<std::uint8_t>(index);
  me.incarnation.uuid.bytes[15] = static_cast<std::uint8_t>(machine.starts);
  Links& links = network_.connect(me.incarnation, index,
                                  {[&machine](FrameArrived frame) {
                                     if (machine.process)
                                       caf::anon_send(machine.process->node().router, std::move(frame));
                                   },
                                   [&machine](LinkChanged changed) {
                                     if (machine.process)
                                       caf::anon_send(machine.process->node().router, changed);
                                   }});
  const Surroundings around{ledger_,
                            machine.reads,
                            *this,
                            [this, &machine] { return now_ms_ + machine.unix_offset_ms; },
                            [&machine] { return machine.boottime_us / 1'000; },
                            &membership_,
                            &provider_};
  const Incarnation predecessor = knows_predecessor ? machine.last_start : Incarnation{};
  machine.last_start = me.incarnation;
  machine.process = std::make_unique<SimulatedNode>(around, settings_, std::move(me), links, predecessor);
}

void SimulatedCluster::kill(std::size_t index) {
  Machine& machine = *machines_[index];
  if (!machine.process)
    return;
  const Incarnation ended = machine.process->id();
  reconnect(index);
  machine.reads.forget();
  network_.silence(ended);
  leaked_actors_ += machine.process->kill();
  machine.reads.forget();
  network_.disconnect(ended);
  machine.process.reset();
  machine.is_frozen = false;
  machine.unnoticed = {};
  network_.freeze(index, false);
}

void SimulatedCluster::freeze(std::size_t index) {
  machines_[index]->is_frozen = true;
  network_.freeze(index, true);
}

void SimulatedCluster::thaw(std::size_t index) {
  Machine& machine = *machines_[index];
  machine.is_frozen = false;
  network_.freeze(index, false);
  const auto unnoticed = std::exchange(machine.unnoticed, {});
  if (machine.process)
    machine.process->advance(unnoticed);
}

void SimulatedCluster::cut_off(std::size_t index, Fate first) {
  Machine& machine = *machines_[index];
  if (!machine.process)
    return;
  machine.is_cut_off = true;
  machine.reads.cut_off(true);
  ledger_.cut_off(machine.process->id(), first);
  membership_.cut_off(machine.process->id(), true);
}

void SimulatedCluster::reconnect(std::size_t index) {
  Machine& machine = *machines_[index];
  machine.is_cut_off = false;
  machine.reads.cut_off(false);
  ledger_.reconnect(machine.last_start);
  membership_.cut_off(machine.last_start, false);
}

bool SimulatedCluster::has_ended(std::size_t index) const {
  const auto& process = machines_[index]->process;
  return process && (process->gave_up() || process->stepped_down() || process->node().left);
}

std::optional<std::size_t> SimulatedCluster::machine_of(const Incarnation& process) const {
  for (std::size_t index = 0; index < machines_.size(); ++index)
    if (machines_[index]->process && machines_[index]->process->id() == process)
      return index;
  return std::nullopt;
}

std::string SimulatedCluster::name_of(const Incarnation& process) const {
  const auto& bytes = process.uuid.bytes;
  return process == Incarnation{} ? "nobody" : names.at(bytes[14]) + std::string{"-"} + std::to_string(bytes[15]);
}

// --- asking ---

std::uint64_t SimulatedCluster::submit(std::size_t machine, Request request) {
  const std::uint64_t correlation = next_correlation_++;
  if (SimulatedNode* asked = process(machine))
    asked->submit(correlation, std::move(request));
  return correlation;
}

void SimulatedCluster::deliver(std::vector<Answer> answers) {
  if (listen_)
    std::ranges::for_each(answers, listen_);
}

// --- letting things happen ---

/// Whoever ended by itself ends in the middle of what it does; the step is over first, that is all.
bool SimulatedCluster::may_run(const Machine& machine) const {
  const SimulatedNode* process = machine.process.get();
  return process != nullptr && !machine.is_frozen && !process->gave_up() && !process->stepped_down();
}

/// Through whichever node; when that one is down, nobody hears it.
void SimulatedCluster::hear_provider(const ProviderWordRequest& word) {
  if (SimulatedNode* node = process(below(machines_.size())))
    node->submit(0, word);
}

bool SimulatedCluster::step() {
  const std::size_t words = provider_.due();
  std::size_t choices = network_.due() + words;
  for (const auto& machine : machines_)
    choices += may_run(*machine) ? machine->process->jobs() + machine->reads.ready() : 0;
  if (choices == 0)
    return false;
  ++steps_;
  std::size_t choice = below(choices);
  const auto run = [&](Machine& machine) {
    const std::size_t jobs = machine.process->jobs();
    choice < jobs ? machine.process->run_job(choice) : machine.reads.run(choice - jobs);
  };
  const auto place = std::ranges::find_if(machines_, [&](const auto& machine) {
    const std::size_t ready = may_run(*machine) ? machine->process->jobs() + machine->reads.ready() : 0;
    const bool is_here = choice < ready;
    choice -= is_here ? 0 : ready;
    return is_here;
  });
  if (place != machines_.end())
    run(**place);
  else if (choice < words)
    hear_provider(provider_.take(choice));
  else
    network_.deliver(choice - words);
  if (after_step_)
    after_step_();
  return true;
}

void SimulatedCluster::advance(std::chrono::milliseconds time) {
  now_ms_ += time.count();
  for (const auto& machine : machines_) {
    const std::chrono::microseconds passed{time.count() * 1'000 + time.count() * machine->drift_ppm / 1'000};
    machine->boottime_us += passed.count();
    if (machine->is_frozen)
      machine->unnoticed += passed;
    else if (machine->process)
      machine->process->advance(passed);
  }
  network_.pass(now_ms_);
}

/// A call that waits in the database: everything else goes on for a while, unless the whole process is stopped.
void SimulatedCluster::live_meanwhile(const Incarnation& blocked) {
  const auto machine = machine_of(blocked);
  if (waiting_depth_ >= most_waiting || !machine || !chance(waiting_.percent))
    return;
  ++waiting_depth_;
  const bool is_stopped = chance(waiting_.stopped_percent) && !is_frozen(*machine);
  const std::chrono::milliseconds most = is_stopped ? 2 * settings_.cluster.lease_ttl : waiting_.most;
  auto left = static_cast<std::int64_t>(below(static_cast<std::size_t>(most.count()) + 1));
  if (is_stopped)
    freeze(*machine);
  do {
    if (meanwhile_ && chance(5))
      meanwhile_();
    for (std::size_t steps = below(most_steps_meanwhile); steps > 0 && step();)
      --steps;
    const std::int64_t piece = std::min<std::int64_t>(left, 20);
    advance(std::chrono::milliseconds(piece));
    left -= piece;
  } while (left > 0);
  if (is_stopped)
    thaw(*machine);
  --waiting_depth_;
}

}  // namespace dompet::simulated
