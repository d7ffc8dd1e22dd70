#include "tests/actor/simulation.hpp"

#include <array>

#include "persistence/failpoint.hpp"
#include "tests/actor/bank_rules.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::milliseconds;

constexpr int actions_a_life = 400;
constexpr int most_rounds = 20;

/// Bounds so tight that a short life meets them.
EngineSettings drawn_settings(std::mt19937_64& random) {
  const auto one_of = [&](std::initializer_list<std::size_t> values) {
    return values.begin()[random() % values.size()];
  };
  EngineSettings settings = small_node();
  settings.batch_rows = one_of({1, 2, 8, 512});
  settings.stash_limit = one_of({2, 5, 1'000});
  settings.snapshot_every = one_of({3, 8, 1'000});
  settings.resident_wallets = one_of({1, 4, 8, 1'000});
  settings.idle_before_passivation = std::chrono::seconds(1);
  settings.transfer_expiry = std::chrono::seconds(2);
  settings.fast_path = one_of({0, 1, 1}) == 1;
  settings.authorization_lifetime = std::chrono::seconds(one_of({2, 5, 3'600}));
  settings.topups_ask_provider = one_of({0, 1}) == 1;
  settings.review_expiry = std::chrono::seconds(one_of({2, 10}));
  if (one_of({0, 0, 1}) == 1)
    settings.risk_rules = rules_of_a_bank();
  return settings;
}

constexpr SimulatedProvider::Manners bad_manners{
    .refuses = 25, .loses = 20, .doubles = 20, .hesitates = 10, .keeps = 30};

}  // namespace

Simulation::Simulation(std::uint64_t seed, Flaw flaw)
    : random_(seed), flaw_(flaw), settings_(drawn_settings(random_)), ledger_(settings_.shard_count), checker_(ledger_),
      world_(ledger_, settings_, random_()),
      fate_percent_(static_cast<int>(std::initializer_list<int>{0, 2, 5, 10, 25}.begin()[below(5)])),
      kill_percent_(chance(50) ? 2 : 0), mixes_paths_(chance(30)),
      clients_(
          random_, checker_, [this](Request request) { return world_.submit(std::move(request)); },
          [this] { return world_.now_ms(); }, /*commits_take_time=*/false, settings_.authorization_lifetime) {
  arm_failpoint("");
  checker_.ask_provider([this](const TransactionId& id) { return world_.provider().decided(id); });
}

std::optional<std::string> Simulation::run() {
  try {
    world_.on_answer([this](const Answer& answer) { clients_.listen(answer); });
    live();
  } catch (const Broken& rule) {
    world_.on_answer({});
    return rule.what();
  } catch (const std::exception& fault) {
    world_.on_answer({});
    return std::string{"the simulation itself failed: "} + fault.what();
  }
  return std::nullopt;
}

void Simulation::live() {
  open_wallets();
  ledger_.break_on_purpose(flaw_);
  world_.provider().behave(chance(70) ? drawn_manners() : SimulatedProvider::Manners{});
  for (int i = 0; i < actions_a_life; ++i) {
    act();
    run_steps(static_cast<int>(below(25)));
  }
  heal();
  come_to_rest();
  ask_all_keys_again();
  come_to_rest();
  end_all_payments();
  come_to_rest();
  checker_.check_at_rest();
  compare_balances();
  check_nothing_is_stuck();
}

Simulation::Tally Simulation::tally() const {
  Tally tally = tally_;
  tally.done = clients_.tally().done;
  tally.declined = clients_.tally().declined;
  tally.replayed = clients_.tally().replayed;
  tally.not_now = clients_.tally().not_now;
  tally.authorized = clients_.tally().authorized;
  tally.captured = clients_.tally().captured;
  tally.refunded = clients_.tally().refunded;
  tally.withdrawn = clients_.tally().withdrawn;
  tally.billed = clients_.tally().billed;
  tally.converted = clients_.tally().converted;
  for (const JournalRow& row : ledger_.journal()) {
    tally.approved += row.kind == static_cast<std::int16_t>(RecordKind::review_approved) ? 1 : 0;
    const std::optional<Decline> decline = decode(row).decline;
    tally.rejected += decline == Decline::risk_rejected && row.wallet_seq ? 1 : 0;
    tally.blocked += decline == Decline::risk_blocked ? 1 : 0;
  }
  return tally;
}

SimulatedProvider::Manners Simulation::drawn_manners() {
  SimulatedProvider::Manners manners = bad_manners;
  static constexpr std::array delays{milliseconds{0}, milliseconds{300}, milliseconds{6'000}};
  manners.delay_most = delays[below(delays.size())];
  return manners;
}

void Simulation::open_wallets() {
  world_.run();
  clients_.open_wallets(6 + below(5));
  world_.run();
  clients_.top_up_all();
  world_.run();
  check_once();
}

void Simulation::check_once() {
  if (clients_.broken())
    throw *clients_.broken();
  checker_.check();
  must(world_.node().counters.integrity_alarms == 0, "the node itself raised an integrity alarm");
}

void Simulation::run_steps(int most) {
  for (int i = 0; i < most && world_.step(); ++i) {
    ++tally_.steps;
    check_once();
  }
  if (world_.gave_up())
    kill_and_start();
}

// --- what happens ---

void Simulation::act() {
  if (chance(fate_percent_ * 2))
    act_as_fate();
  else
    act_as_client();
}

void Simulation::act_as_client() {
  if (mixes_paths_)
    world_.node().settings.fast_path = chance(50);
  const std::size_t draw = below(100);
  if (draw < 62)
    clients_.begin_wish();
  else if (draw < 72)
    clients_.repeat_key(/*other_content=*/false);
  else if (draw < 76)
    clients_.repeat_key(/*other_content=*/true);
  else if (draw < 80)
    clients_.change_status();
  else if (draw < 89)
    clients_.ask_any_balance();
  else if (draw < 92)
    act_as_officer();
  else if (draw < 95)
    vex_by_provider();
  else
    let_time_pass();
}

/// Decides about what waits for him, or about what does not any more.
void Simulation::act_as_officer() {
  static constexpr std::array orders{SagaOrder::approve, SagaOrder::approve, SagaOrder::reject, SagaOrder::cancel};
  for (Shard shard = 0; shard < settings_.shard_count; ++shard)
    for (const SagaListing& saga : ledger_.open_sagas(shard))
      if (chance(70)) {
        world_.submit(SagaOrderRequest{saga.id, shard, orders[below(orders.size())]});
        ++tally_.orders;
      }
}

/// Old words come again; and of what is over the opposite is said.
void Simulation::vex_by_provider() {
  const std::vector<TransactionId> known = world_.provider().known();
  if (known.empty())
    return;
  const TransactionId& id = known[below(known.size())];
  const auto state = ledger_.saga(id);
  if (state && is_final(*state) && chance(50))
    world_.provider().contradict_itself(id);
  else
    world_.provider().repeat(id);
}

void Simulation::act_as_fate() {
  const std::size_t draw = below(100);
  if (draw < 40)
    break_commit();
  else if (draw < 55)
    ledger_.refuse_claims(static_cast<int>(1 + below(4)));
  else if (draw < 65)
    world_.fail_reads(static_cast<int>(1 + below(3)));
  else if (draw < 90)
    crash_wallet();
  else if (kill_percent_ > 0)
    kill_and_start();
}

void Simulation::break_commit() {
  switch (below(5)) {
    case 0: return ledger_.next_commit(Fate::rejected, chance(40) ? "23505" : chance(50) ? "22003" : "XX000");
    case 1: return ledger_.next_commit(Fate::fenced);
    case 2:
    case 3: return ledger_.next_commit(Fate::unknown_committed);
    default: return ledger_.next_commit(Fate::unknown_lost);
  }
}

/// The next wallet that gets such a message crashes with it.
void Simulation::crash_wallet() {
  wallets_may_have_crashed_ = true;
  static constexpr std::array places{"wallet.begin", "wallet.finish", "wallet.finish", "wallet.decide_credit"};
  arm_failpoint(std::string{places[below(places.size())]} + ":trip:" + std::to_string(1 + below(4)));
}

void Simulation::kill_and_start() {
  tally_.crashes += world_.node().counters.wallet_crashes;
  tally_.resets += world_.node().counters.lane_resets;
  tally_.expired += world_.node().counters.expired_payments;
  tally_.contradictions += world_.node().counters.provider_contradictions;
  ++tally_.kills;
  arm_failpoint("");
  wallets_may_have_crashed_ = false;
  clients_.forget_questions();
  world_.start();
}

void Simulation::let_time_pass() {
  static constexpr std::array spans{milliseconds{20}, milliseconds{100}, milliseconds{300}, milliseconds{2'500}};
  world_.advance(spans[below(spans.size())]);
}

// --- the end ---

void Simulation::heal() {
  ledger_.heal();
  world_.provider().behave({});
  world_.fail_reads(0);
  arm_failpoint("");
  world_.run();
  if (flaw_ == Flaw::none && (world_.node().counters.quarantined_wallets > 0 || chance(50)))
    kill_and_start();
}

void Simulation::come_to_rest() {
  const bool rests = world_.pass_until([&] {
    check_once();
    return world_.is_ready() && ledger_.open_sagas() == 0;
  });
  must(!world_.gave_up(), "the node gave up though nothing was broken any more");
  must(rests, "sagas are open a minute after everything was healed");
}

/// By their time, if that is near; else whoever holds them gives them up.
void Simulation::end_all_payments() {
  const auto are_over = [&] {
    check_once();
    return checker_.payments().open().empty();
  };
  const bool end_soon = settings_.authorization_lifetime < std::chrono::seconds(60);
  // A wallet that is busy answers "not now".
  for (int round = 0; !end_soon && !are_over() && round < most_rounds; ++round) {
    clients_.void_open_payments();
    world_.pass_until(are_over, milliseconds(1'000));
  }
  must(world_.pass_until(are_over), end_soon ? "a payment outlives its time" : "a payment cannot be given up");
  tally_.expired += world_.node().counters.expired_payments;
  tally_.contradictions += world_.node().counters.provider_contradictions;
}

void Simulation::ask_all_keys_again() {
  for (std::size_t key = 0; key < clients_.keys(); ++key) {
    const bool was_told = clients_.was_told(key);
    const std::uint64_t correlation = clients_.ask_again(key);
    must(world_.pass_until([&] {
      check_once();
      return world_.is_answered(correlation);
    }),
         "a healthy node does not answer");
    check_once();
    const auto* answer = std::get_if<MoneyAnswer>(&world_.answers(correlation).front());
    must(!was_told || (answer != nullptr && answer->replayed), "an answered request is not remembered");
    if (answer != nullptr && answer->state == SagaState::settled)
      must(checker_.effects_of(answer->record->id) == 1, "an answered transfer does not have one effect");
  }
}

void Simulation::compare_balances() {
  for (const WalletId& wallet : clients_.wallets()) {
    const std::uint64_t correlation = clients_.ask_balance(wallet, true);
    world_.run();
    must(world_.is_answered(correlation), "a healthy node does not tell a balance");
    const auto* told = std::get_if<WalletHistory>(&world_.answers(correlation).front());
    must(told != nullptr && *told == *checker_.wallet(wallet), "a wallet's actor is not what its journal says");
  }
}

/// A wallet with something under way is never let go, so at the end all must be.
void Simulation::check_nothing_is_stuck() {
  const auto& resident = world_.node().counters.resident_wallets;
  must(world_.pass_until([&] { return resident == 0; }), "a wallet has something under way for ever");
  must(clients_.was_everything_answered() || wallets_may_have_crashed_, "a request was never answered");
  tally_.crashes += world_.node().counters.wallet_crashes;
  tally_.resets += world_.node().counters.lane_resets;
  world_.kill();
  must(world_.leaked_actors() == 0, "an actor outlived its node");
}

}  // namespace dompet::simulated
