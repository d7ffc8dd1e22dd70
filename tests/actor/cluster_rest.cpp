// The end of the life of a cluster: it comes to rest, and everything that was promised must be there.

#include <algorithm>

#include "tests/actor/cluster_simulation.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds rest_limit{60'000};
constexpr milliseconds answer_limit{8'000};
constexpr milliseconds between_rounds{300};
constexpr int most_rounds = 10;

/// What a node tells another one has no memory of paid invoices: only who decides needs it.
bool is_as_written(const WalletHistory& told, WalletHistory written) {
  if (told.wallet.invoices == PaidInvoices{})
    written.wallet.invoices = {};
  return told == written;
}

}  // namespace

/// The owner that the table names serves it, and nobody else believes that he does.
bool ClusterSimulation::is_every_shard_served() {
  return std::ranges::all_of(cluster_.ledger().rows(), [this](const ShardRow& row) {
    const auto owner = cluster_.machine_of(row.owner);
    for (std::size_t machine = 0; machine < cluster_.machines(); ++machine) {
      const bool serves = is_up(machine) && cluster_.process(machine)->node().serves(row.shard);
      if (serves != (owner == machine))
        return false;
    }
    return owner.has_value();
  });
}

/// Operators that paused a transfer must also let it go on, and officers look at what waits for them.
void ClusterSimulation::resume_all_sagas() {
  for (Shard shard = 0; shard < settings_.shard_count; ++shard)
    for (const SagaListing& saga : cluster_.ledger().open_sagas(shard))
      order_saga(saga.id, shard, saga.state == SagaState::under_review ? SagaOrder::approve : SagaOrder::resume);
}

void ClusterSimulation::come_to_rest() {
  const std::int64_t end_ms = cluster_.now_ms() + rest_limit.count();
  const auto rests = [&] { return cluster_.ledger().open_sagas() == 0 && is_every_shard_served(); };
  bool is_at_rest = false;
  while (!is_at_rest && cluster_.now_ms() < end_ms) {
    resume_all_sagas();
    is_at_rest = pass_until(rests, milliseconds(3'000));
  }
  must(is_every_shard_served(), "a shard is not served a minute after everything was healed");
  must(cluster_.ledger().open_sagas() == 0, "sagas are open a minute after everything was healed");
}

/// The clocks of the nodes differ by days, so that some payments are over at once and others in a week: those that are
/// left are given up.
void ClusterSimulation::end_all_payments() {
  const auto are_over = [&] { return checker_.payments().open().empty(); };
  const std::int64_t end_ms = cluster_.now_ms() + rest_limit.count();
  while (!are_over() && cluster_.now_ms() < end_ms) {
    clients_.void_open_payments();
    pass_until(are_over, milliseconds(3'000));
    come_to_rest();
  }
  must(are_over(), "a payment cannot be given up");
}

/// Whoever hears "not now", or nothing, asks again.
void ClusterSimulation::ask_all_keys_again() {
  std::vector<std::size_t> open;
  for (std::size_t key = 0; key < clients_.keys(); ++key)
    open.push_back(key);
  const std::int64_t end_ms = cluster_.now_ms() + rest_limit.count();
  while (!open.empty() && cluster_.now_ms() < end_ms) {
    std::vector<std::pair<std::size_t, std::uint64_t>> asked;
    std::vector<bool> was_told;
    for (const std::size_t key : open) {
      was_told.push_back(clients_.was_told(key));
      asked.emplace_back(key, clients_.ask_again(key));
    }
    const auto is_answered = [&](const auto& one) { return clients_.answer_to(one.second) != nullptr; };
    pass_until([&] { return std::ranges::all_of(asked, is_answered); }, answer_limit);
    // A key that had not been used moves money now, which officers may want to see.
    resume_all_sagas();
    pass(between_rounds);
    open.clear();
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const Result* answer = clients_.answer_to(asked[i].second);
      const auto* money = answer == nullptr ? nullptr : std::get_if<MoneyAnswer>(answer);
      const bool is_no_answer = answer == nullptr || std::holds_alternative<NotNow>(*answer);
      if (is_no_answer || (money != nullptr && !is_final(money->state))) {
        open.push_back(asked[i].first);
        continue;
      }
      must(!was_told[i] || (money != nullptr && money->replayed), "an answered request is not remembered");
      if (money != nullptr && money->state == SagaState::settled)
        must(checker_.effects_of(money->record->id) == 1, "an answered transfer does not have one effect");
    }
  }
  must(open.empty(), "a healthy cluster does not answer");
}

/// What was asked long ago may still be on its way and change a wallet, so that one question is not always enough.
void ClusterSimulation::compare_balances() {
  for (const bool strict : {true, false})
    for (const WalletId& wallet : clients_.wallets()) {
      bool agrees = false;
      for (int round = 0; round < most_rounds && !agrees; ++round) {
        const std::uint64_t correlation = clients_.ask_balance(wallet, strict);
        pass_until([&] { return clients_.answer_to(correlation) != nullptr; }, answer_limit);
        const Result* answer = clients_.answer_to(correlation);
        const auto* told = answer == nullptr ? nullptr : std::get_if<WalletHistory>(answer);
        agrees = told != nullptr && is_as_written(*told, *checker_.wallet(wallet));
        if (!agrees)
          pass(between_rounds);
      }
      must(agrees, "a wallet's actor is not what its journal says");
    }
}

/// A wallet with something under way is never let go, so at the end all must be.
void ClusterSimulation::check_nothing_is_stuck() {
  const auto are_gone = [this] {
    for (std::size_t machine = 0; machine < cluster_.machines(); ++machine)
      if (is_up(machine) && cluster_.process(machine)->node().counters.resident_wallets != 0)
        return false;
    return true;
  };
  must(pass_until(are_gone, milliseconds(10'000)), "a wallet has something under way for ever");
  for (std::size_t machine = 0; machine < cluster_.machines(); ++machine)
    if (is_up(machine))
      end_process(machine);
  must(cluster_.leaked_actors() == 0, "an actor outlived its node");
}

ClusterSimulation::Tally& ClusterSimulation::Tally::operator+=(const Tally& other) {
  steps += other.steps, virtual_ms += other.virtual_ms, kills += other.kills, freezes += other.freezes;
  partitions += other.partitions, cuts += other.cuts, step_downs += other.step_downs, resets += other.resets;
  crashes += other.crashes, forwarded += other.forwarded, handed_over += other.handed_over;
  acquired += other.acquired, slow_transfers += other.slow_transfers;
  clients.done += other.clients.done, clients.declined += other.clients.declined;
  clients.replayed += other.clients.replayed, clients.not_now += other.clients.not_now;
  clients.in_doubt += other.clients.in_doubt, clients.still_open += other.clients.still_open;
  clients.balances += other.clients.balances;
  clients.authorized += other.clients.authorized, clients.captured += other.clients.captured;
  clients.refunded += other.clients.refunded, clients.withdrawn += other.clients.withdrawn;
  clients.converted += other.clients.converted;
  clients.billed += other.clients.billed;
  return *this;
}

std::string ClusterSimulation::Tally::in_words() const {
  std::string words;
  const auto add = [&](auto count, const char* what) {
    words += (words.empty() ? "" : ", ") + std::to_string(count) + what;
  };
  add(steps, " steps"), add(virtual_ms / 1'000, " virtual seconds"), add(kills, " kills"), add(freezes, " freezes");
  add(partitions, " partitions"), add(cuts, " cuts from the database"), add(step_downs, " expired"),
      add(resets, " resets");
  add(crashes, " wallet crashes"), add(forwarded, " forwarded"), add(handed_over, " shards handed over");
  add(acquired, " acquired"), add(slow_transfers, " slow transfers"), add(clients.done, " done");
  add(clients.declined, " declined"), add(clients.replayed, " replayed"), add(clients.not_now, " not now");
  add(clients.in_doubt, " of them in doubt"), add(clients.still_open, " still open"),
      add(clients.balances, " balances"), add(clients.authorized, " authorized");
  add(clients.captured, " captures"), add(clients.refunded, " refunds"), add(clients.withdrawn, " withdrawn");
  add(clients.converted, " converted");
  add(clients.billed, " invoices paid");
  return words;
}

}  // namespace dompet::simulated
