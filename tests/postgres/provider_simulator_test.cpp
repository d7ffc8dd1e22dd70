#include <catch2/catch_test_macros.hpp>

#include <condition_variable>
#include <mutex>

#include "providers/simulator.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

ProviderOrder order(TransactionKind kind = TransactionKind::withdrawal, bool cancel = false) {
  return {.id = {make_incarnation().uuid},
          .kind = kind,
          .cancel = cancel,
          .currency = *find_currency("IDR"),
          .amount = 500,
          .source_shard = 7};
}

ProviderOrder cancelled(ProviderOrder order) {
  order.cancel = true;
  return order;
}

/// Collects the words of a simulator, and waits for them.
struct Words {
  std::mutex mutex{};
  std::condition_variable changed{};
  std::vector<std::pair<TransactionId, bool>> heard{};

  ProviderSimulator::Answer hear() {
    return [this](const TransactionId& id, Shard shard, bool moved) {
      const std::lock_guard lock(mutex);
      CHECK(shard == 7);
      heard.emplace_back(id, moved);
      changed.notify_all();
    };
  }
  void await(std::size_t count) {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, std::chrono::seconds(10), [&] { return heard.size() >= count; }));
  }
};

}  // namespace

TEST_CASE("a provider says of an order what it said before, also after a restart and elsewhere", "[provider]") {
  make_empty_ledger();
  const ProviderOrder paid = order();
  const ProviderOrder refused = order();
  {
    SimulatorBook book(database_url());
    CHECK(book.decide(paid, false));
    CHECK_FALSE(book.decide(refused, true));
  }
  SimulatorBook again(database_url());
  SimulatorBook elsewhere(database_url());
  for (const bool refuses : {true, false}) {
    CHECK(again.decide(paid, refuses));
    CHECK_FALSE(elsewhere.decide(refused, refuses));
  }
}

TEST_CASE("a payout that was made is not undone, a top-up that came goes back once it is cancelled", "[provider]") {
  make_empty_ledger();
  SimulatorBook book(database_url());
  const ProviderOrder payout = order();
  CHECK(book.decide(payout, false));
  CHECK(book.decide(cancelled(payout), false));
  const ProviderOrder topup = order(TransactionKind::topup);
  CHECK(book.decide(topup, false));
  CHECK_FALSE(book.decide(cancelled(topup), false));
  CHECK_FALSE(book.decide(topup, false));
  // What was cancelled before it was done is never done.
  for (const TransactionKind kind : {TransactionKind::withdrawal, TransactionKind::topup}) {
    const ProviderOrder early = order(kind);
    CHECK_FALSE(book.decide(cancelled(early), false));
    CHECK_FALSE(book.decide(early, false));
  }
}

TEST_CASE("the instant provider answers every order, and nobody after it was stopped", "[provider]") {
  make_empty_ledger();
  Words words;
  ProviderSimulator simulator({}, database_url());
  const ProviderOrder early = order();
  simulator.ask(early);
  simulator.start(words.hear(), "");
  for (int i = 0; i < 50; ++i)
    simulator.ask(order());
  words.await(50);
  simulator.stop();
  simulator.ask(order());
  CHECK(words.heard.size() == 50);
  for (const auto& [id, moved] : words.heard) {
    CHECK(moved);
    CHECK(id != early.id);
  }
}

TEST_CASE("a provider whose failure rate is 1000 per mille refuses every order", "[provider]") {
  make_empty_ledger();
  Words words;
  ProviderSimulator simulator({.failure_rate = 1'000}, database_url());
  simulator.start(words.hear(), "");
  for (int i = 0; i < 5; ++i)
    simulator.ask(order());
  words.await(5);
  for (const auto& [id, moved] : words.heard)
    CHECK_FALSE(moved);
}

}  // namespace dompet::testing
