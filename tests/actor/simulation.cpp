#include "tests/actor/simulation.hpp"

#include <algorithm>

#include "persistence/failpoint.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::milliseconds;

constexpr int actions_a_life = 400;

void must(bool holds, const std::string& otherwise) {
  if (!holds)
    throw Broken(otherwise);
}

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
  return settings;
}

std::optional<Decline> refusal_of(const MoneyAnswer& answer) { return answer.refusal; }

}  // namespace

Simulation::Simulation(std::uint64_t seed, Flaw flaw)
    : random_(seed), flaw_(flaw), settings_(drawn_settings(random_)), ledger_(settings_.shard_count), checker_(ledger_),
      world_(ledger_, settings_, random_()),
      fate_percent_(static_cast<int>(std::initializer_list<int>{0, 2, 5, 10, 25}.begin()[below(5)])),
      kill_percent_(chance(50) ? 2 : 0), mixes_paths_(chance(30)) {
  arm_failpoint("");
}

std::optional<std::string> Simulation::run() {
  try {
    world_.on_answer([this](const Answer& answer) { listen(answer); });
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
  for (int i = 0; i < actions_a_life; ++i) {
    act();
    run_steps(static_cast<int>(below(25)));
  }
  heal();
  come_to_rest();
  ask_all_keys_again();
  come_to_rest();
  checker_.check_at_rest();
  compare_balances();
  check_nothing_is_stuck();
}

Uuid Simulation::fresh() {
  std::array<std::uint8_t, 10> rest{};
  const std::uint64_t draw = random_();
  std::memcpy(rest.data() + 2, &draw, sizeof draw);
  return make_uuid_v7(world_.now_ms(), rest);
}

void Simulation::open_wallets() {
  world_.run();
  const std::size_t count = 6 + below(5);
  for (std::size_t i = 0; i < count; ++i) {
    wallets_.push_back({fresh()});
    const Currency currency = *find_currency(i + 1 == count ? "USD" : "IDR");
    const Limits limits{.maximum_balance = chance(20) ? std::optional<Minor>{60} : std::nullopt};
    world_.submit(OpenWalletRequest{wallets_.back(), {currency, "a wallet", limits}});
  }
  world_.run();
  for (const WalletId& wallet : wallets_) {
    keys_.emplace_back();
    ask_money(keys_.size() - 1, {TransactionKind::topup, {}, wallet, 20 + static_cast<Minor>(below(30))});
  }
  world_.run();
  check_once();
}

void Simulation::check_once() {
  if (broken_)
    throw *broken_;
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
    begin_wish();
  else if (draw < 72)
    repeat_key(/*other_content=*/false);
  else if (draw < 76)
    repeat_key(/*other_content=*/true);
  else if (draw < 80)
    change_status();
  else if (draw < 92)
    ask_balance(any_wallet(), chance(40));
  else
    let_time_pass();
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

Simulation::Wish Simulation::random_wish() {
  Wish wish;
  wish.kind = chance(12) ? TransactionKind::topup : TransactionKind::transfer;
  wish.destination = chance(2) ? WalletId{fresh()} : any_wallet();
  if (wish.kind == TransactionKind::transfer)
    wish.source = any_wallet();
  wish.amount = 1 + static_cast<Minor>(below(chance(10) ? 60 : 5));
  return wish;
}

void Simulation::begin_wish() {
  keys_.emplace_back();
  ask_money(keys_.size() - 1, random_wish());
}

void Simulation::repeat_key(bool other_content) {
  const std::size_t key = below(keys_.size());
  ask_money(key, other_content ? random_wish() : keys_[key].wishes[below(keys_[key].wishes.size())]);
}

void Simulation::ask_money(std::size_t key, const Wish& wish) {
  if (std::ranges::find(keys_[key].wishes, wish) == keys_[key].wishes.end())
    keys_[key].wishes.push_back(wish);
  auto transaction = std::make_shared<Transaction>();
  transaction->id = {fresh()};
  transaction->kind = wish.kind;
  transaction->currency = *find_currency("IDR");
  const auto last = std::ranges::find(wallets_, wish.kind == TransactionKind::topup ? wish.destination : wish.source);
  if (last != wallets_.end() && last + 1 == wallets_.end())
    transaction->currency = *find_currency("USD");
  transaction->amount = wish.amount;
  transaction->source = wish.source;
  transaction->destination = wish.destination;
  transaction->method = wish.kind == TransactionKind::topup ? "cash" : "";
  const std::string fields = to_string(wish.source) + to_string(wish.destination) + std::to_string(wish.amount);
  const Stamp stamp{key_id("a client", std::to_string(key)), fingerprint(fields)};
  const TransactionId id = transaction->id;
  const std::uint64_t correlation = world_.submit(MoveMoneyRequest{std::move(transaction), stamp});
  asked_[correlation] = {.id = id, .wish = wish, .key = key, .is_money = true};
}

void Simulation::change_status() {
  const WalletId& wallet = any_wallet();
  ChangeWalletRequest request{wallet, {}};
  if (chance(40))
    request.changes.emplace_back(FreezeWallet{});
  else if (chance(80))
    request.changes.emplace_back(UnfreezeWallet{});
  else
    request.changes.emplace_back(ChangeName{"another name"});
  asked_[world_.submit(std::move(request))] = {};
}

void Simulation::ask_balance(const WalletId& wallet, bool strict) {
  Asked asked{.is_read = true, .seq_when_asked = checker_.seq_of(wallet)};
  asked_[world_.submit(ReadWalletRequest{wallet, strict})] = asked;
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
  ++tally_.kills;
  arm_failpoint("");
  wallets_may_have_crashed_ = false;
  asked_.clear();
  world_.start();
}

void Simulation::let_time_pass() {
  static constexpr std::array spans{milliseconds{20}, milliseconds{100}, milliseconds{300}, milliseconds{2'500}};
  world_.advance(spans[below(spans.size())]);
}

// --- what was answered ---

/// Answers come in the middle of an actor's work, which is no place to throw.
void Simulation::listen(const Answer& answer) {
  try {
    on_answer(answer);
  } catch (const Broken& rule) {
    if (!broken_)
      broken_ = rule;
  }
}

void Simulation::on_answer(const Answer& answer) {
  const auto found = asked_.find(answer.correlation);
  if (found == asked_.end())
    return;
  Asked& asked = found->second;
  const bool not_now = std::holds_alternative<NotNow>(answer.result);
  must(++asked.answers == 1 || (not_now && !asked.settled_by_answer), "a request was answered twice");
  asked.settled_by_answer = !not_now;
  tally_.not_now += not_now ? 1 : 0;
  if (asked.is_money)
    checker_.check_answer(asked.id, answer.result);
  if (const auto* history = std::get_if<WalletHistory>(&answer.result)) {
    checker_.check();
    checker_.check_balance(*history, asked.is_read ? asked.seq_when_asked : 0);
  }
  if (const auto* money = std::get_if<MoneyAnswer>(&answer.result))
    on_money(asked, *money);
  if (const auto* reused = std::get_if<KeyReused>(&answer.result)) {
    must(checker_.is_on_record(reused->original), "a key is said to be used by what is not on record");
    const auto& told = keys_[asked.key].told;
    must(!told || told->wish != asked.wish, "the same request with its key was refused as another one");
  }
}

void Simulation::on_money(Asked& asked, const MoneyAnswer& answer) {
  tally_.replayed += answer.replayed ? 1 : 0;
  if (!is_final(answer.state))
    return must(answer.replayed, "a first answer was given before the end");
  (answer.state == SagaState::settled ? tally_.done : tally_.declined) += 1;
  Key& key = keys_[asked.key];
  if (!key.told) {
    key.told = Told{answer.record->id, asked.wish, answer.state, refusal_of(answer)};
    return;
  }
  const Told& told = *key.told;
  must(told.wish == asked.wish, "two requests were accepted with one key");
  must(told.id == answer.record->id, "a key was answered for two transactions");
  must(told.state == answer.state && told.refusal == refusal_of(answer), "a repeated request got another answer");
}

// --- the end ---

void Simulation::heal() {
  ledger_.heal();
  world_.fail_reads(0);
  arm_failpoint("");
  world_.run();
  if (flaw_ == Flaw::none && (world_.node().counters.quarantined_wallets > 0 || chance(50)))
    kill_and_start();
}

void Simulation::come_to_rest() {
  const bool rests = world_.pass_until([&] {
    check_once();
    return world_.node().ready && ledger_.open_sagas() == 0;
  });
  must(!world_.gave_up(), "the node gave up though nothing was broken any more");
  must(rests, "sagas are open a minute after everything was healed");
}

void Simulation::ask_all_keys_again() {
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    const bool was_told = keys_[key].told.has_value();
    const Wish wish = was_told ? keys_[key].told->wish : keys_[key].wishes.front();
    ask_money(key, wish);
    const std::uint64_t correlation = asked_.rbegin()->first;
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
  for (const WalletId& wallet : wallets_) {
    ask_balance(wallet, true);
    const std::uint64_t correlation = asked_.rbegin()->first;
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
  for (const auto& [correlation, asked] : asked_)
    must(asked.answers > 0 || wallets_may_have_crashed_, "a request was never answered");
  tally_.crashes += world_.node().counters.wallet_crashes;
  tally_.resets += world_.node().counters.lane_resets;
  world_.kill();
  must(world_.leaked_actors() == 0, "an actor outlived its node");
}

}  // namespace dompet::simulated
