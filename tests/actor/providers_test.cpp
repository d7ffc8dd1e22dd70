// Withdrawals and top-ups that a provider ends: its word is the proof, and nothing else is.

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "tests/actor/bank.hpp"
#include "tests/actor/ledger_checker.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Payout {
  Bank bank{};
  WalletId wallet = bank.wallet_with(1'000);
  std::uint64_t sent = 0;
  TransactionId id{};

  SimulatedProvider& provider() { return bank.world.provider(); }
  static Transaction wanted(const WalletId& wallet, Minor amount) {
    return {.kind = TransactionKind::withdrawal,
            .currency = *find_currency("IDR"),
            .amount = amount,
            .source = wallet,
            .method = "bank",
            .payout_account = "014/123"};
  }
  void send(Minor amount = 300) {
    sent = bank.send(wanted(wallet, amount), "k");
    id = bank.last_transaction();
  }
  Result again() { return bank.ask_send(wanted(wallet, 300), "k"); }
  bool is(SagaState state) {
    return bank.world.pass_until([&] { return bank.ledger.saga(id) == state; }, seconds(100));
  }
  bool comes_to_rest() {
    const bool rests = bank.world.pass_until([&] { return bank.ledger.open_sagas() == 0; });
    LedgerChecker checker(bank.ledger);
    checker.ask_provider([this](const TransactionId& one) { return provider().decided(one); });
    checker.check();
    checker.check_at_rest();
    return rests;
  }
  std::vector<RecordKind> story() const {
    std::vector<RecordKind> kinds;
    for (const JournalRow& row : bank.ledger.journal())
      if (row.id == id.uuid)
        kinds.push_back(static_cast<RecordKind>(row.kind));
    return kinds;
  }
  void order(SagaOrder order) {
    const Result result = bank.ask(bank.world.submit(SagaOrderRequest{id, shard_of(wallet, 4), order}));
    CHECK(std::get<SagaReport>(result).accepted);
  }
};

/// A top-up that waits for its provider.
struct Topup : Payout {
  Topup() { bank.world.node().settings.topups_ask_provider = true; }
  void send_topup() {
    sent = bank.topup(wallet, 300, "t");
    id = bank.last_transaction();
  }
};

}  // namespace

TEST_CASE("a withdrawal holds the money, and takes it off when the provider has paid") {
  Payout payout;
  payout.send();
  REQUIRE(is_done(payout.bank.ask(payout.sent)));
  CHECK(payout.story() == std::vector{RecordKind::hold_placed, RecordKind::hold_captured});
  CHECK(payout.bank.balance(payout.wallet) == 700);
  CHECK(payout.bank.held(payout.wallet) == 0);
  CHECK(payout.provider().times_asked(payout.id) == 1);
  CHECK(payout.comes_to_rest());
  CHECK(money(payout.again()).replayed);
  payout.bank.check_books(700);
}

TEST_CASE("a withdrawal that the provider refuses gives the money back, and says why") {
  Payout payout;
  payout.provider().behave({.refuses = 100});
  payout.send();
  CHECK(is_declined(payout.bank.ask(payout.sent), Decline::provider_refused));
  CHECK(payout.story() == std::vector{RecordKind::hold_placed, RecordKind::hold_released});
  CHECK(payout.comes_to_rest());
  CHECK(is_declined(payout.again(), Decline::provider_refused));
  payout.bank.check_books(1'000);
}

TEST_CASE("a withdrawal waits for its provider's word as long as it takes, and is never released for being late") {
  Payout payout;
  payout.provider().behave({.loses = 100});
  payout.send();
  payout.bank.world.pass(seconds(5));
  CHECK(money(payout.bank.ask(payout.sent)).state == SagaState::reserved);
  for (int i = 0; i < 200; ++i)
    payout.bank.world.pass(seconds(3));
  CHECK(payout.bank.ledger.saga(payout.id) == SagaState::reserved);
  CHECK(payout.bank.held(payout.wallet) == 300);
  payout.provider().behave({});
  CHECK(payout.comes_to_rest());
  CHECK(is_done(payout.again()));
  payout.bank.check_books(700);
}

TEST_CASE("a provider that does not know yet is asked again") {
  Payout payout;
  payout.provider().behave({.hesitates = 100});
  payout.send();
  REQUIRE(payout.bank.world.pass_until([&] { return payout.provider().times_asked(payout.id) > 2; }, seconds(5)));
  CHECK(payout.bank.ledger.saga(payout.id) == SagaState::reserved);
  payout.provider().behave({});
  CHECK(is_done(payout.bank.ask(payout.sent)));
  CHECK(payout.comes_to_rest());
}

TEST_CASE("a withdrawal goes on after its process was killed, and the provider pays once") {
  for (const bool refused : {false, true})
    for (const bool heard : {false, true}) {
      Payout payout;
      payout.provider().behave({.refuses = refused ? 100 : 0, .delay_most = milliseconds(heard ? 0 : 60'000)});
      payout.send();
      while (payout.bank.ledger.saga(payout.id) != SagaState::reserved)
        payout.bank.world.step();
      for (int i = 0; i < (heard ? 4 : 40); ++i)
        payout.bank.world.step();
      payout.bank.restart();
      payout.provider().behave({.refuses = refused ? 100 : 0});
      CHECK(payout.comes_to_rest());
      CHECK((payout.bank.ledger.saga(payout.id) == SagaState::settled) == !refused);
      payout.bank.check_books(refused ? 1'000 : 700);
    }
}

TEST_CASE("a withdrawal that is cancelled is released only when the provider has not paid and never will") {
  for (const bool paid : {false, true}) {
    Payout payout;
    payout.provider().behave(paid ? SimulatedProvider::Manners{.delay_most = milliseconds(100'000)}
                                  : SimulatedProvider::Manners{.loses = 100});
    payout.send();
    payout.bank.world.pass(milliseconds(500));
    payout.order(SagaOrder::cancel);
    REQUIRE(payout.is(SagaState::cancelling));
    payout.provider().behave({});
    CHECK(payout.comes_to_rest());
    CHECK(payout.bank.ledger.saga(payout.id) == (paid ? SagaState::settled : SagaState::released));
    payout.bank.check_books(paid ? 700 : 1'000);
  }
}

TEST_CASE("a provider that says something else afterwards changes nothing, is counted, and stops nobody") {
  for (const int refuses : {0, 100}) {
    Payout payout;
    payout.provider().behave({.refuses = refuses, .doubles = 100});
    payout.send();
    payout.bank.ask(payout.sent);
    CHECK(payout.comes_to_rest());
    CHECK(payout.bank.world.node().counters.provider_contradictions == 0);
    const std::size_t rows = payout.bank.ledger.journal().size();
    payout.provider().contradict_itself(payout.id);
    payout.bank.world.run();
    CHECK(payout.bank.world.node().counters.provider_contradictions == 1);
    payout.bank.restart();
    payout.provider().contradict_itself(payout.id);
    payout.bank.world.run();
    CHECK(payout.bank.world.node().counters.provider_contradictions == 1);
    CHECK(payout.bank.ledger.journal().size() == rows);
    payout.bank.check_books(refuses == 0 ? 700 : 1'000);
    payout.provider().behave({});
    CHECK(is_done(payout.bank.ask_send(Payout::wanted(payout.wallet, 10), "another")));
  }
}

TEST_CASE("a provider's word about a transfer between wallets is no proof") {
  Bank bank(slow_node());
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_beside(source, false);
  bank.restart();
  REQUIRE(is_done(bank.ask_topup(source, 1, "loaded")));
  bank.world.hold_reads(true);
  const std::uint64_t sent = bank.transfer(source, destination, 300, "k");
  bank.world.run();
  const TransactionId id = bank.last_transaction();
  REQUIRE(bank.ledger.saga(id) == SagaState::reserved);
  for (const Decision word : {Decision::credited, Decision::refused}) {
    bank.world.submit(ProviderWordRequest{id, shard_of(source, 4), word, Decline::provider_refused, true});
    bank.world.run();
    CHECK(bank.ledger.saga(id) == SagaState::reserved);
  }
  bank.world.hold_reads(false);
  CHECK(is_done(bank.ask(sent)));
  bank.check_books(1'001);
}

TEST_CASE("without a provider nothing is begun that needs one") {
  Payout payout;
  payout.bank.world.take_provider_away();
  payout.bank.restart();
  payout.send();
  CHECK(is_not_applied(payout.bank.ask(payout.sent)));
  CHECK(payout.story().empty());
  CHECK(is_done(payout.bank.ask_topup(payout.wallet, 10, "at once")));
}

TEST_CASE("a top-up that waits for its provider is credited once, when the money has come") {
  for (const int doubles : {0, 100}) {
    Topup topup;
    topup.provider().behave({.doubles = doubles, .delay_most = milliseconds(3'000)});
    topup.send_topup();
    topup.bank.world.run();
    CHECK(topup.bank.balance(topup.wallet) == 1'000);
    CHECK(is_done(topup.bank.ask(topup.sent)));
    CHECK(topup.story() == std::vector{RecordKind::topup_begun, RecordKind::topup});
    CHECK(topup.comes_to_rest());
    const Result again = topup.bank.ask_topup(topup.wallet, 300, "t");
    CHECK(is_done(again));
    CHECK(money(again).replayed);
    topup.bank.check_books(1'300);
  }
}

TEST_CASE("a top-up that the provider refuses leaves the wallet as it was") {
  Topup topup;
  topup.provider().behave({.refuses = 100});
  topup.send_topup();
  CHECK(is_declined(topup.bank.ask(topup.sent), Decline::provider_refused));
  CHECK(topup.story() == std::vector{RecordKind::topup_begun, RecordKind::topup_refused});
  CHECK(topup.comes_to_rest());
  CHECK(is_declined(topup.bank.ask_topup(topup.wallet, 300, "t"), Decline::provider_refused));
  topup.bank.check_books(1'000);
}

TEST_CASE("a top-up that the wallet cannot take when it comes goes back, and old news does not bring it again") {
  Topup topup;
  topup.provider().behave({.keeps = 100, .delay_most = milliseconds(2'000)});
  topup.send_topup();
  topup.bank.world.run();
  topup.bank.ask_change(topup.wallet, FreezeWallet{});
  REQUIRE(topup.is(SagaState::cancelling));
  topup.bank.ask_change(topup.wallet, UnfreezeWallet{});
  for (int i = 0; i < 20; ++i) {
    topup.provider().repeat(topup.id);
    topup.bank.world.pass(milliseconds(200));
  }
  CHECK(topup.bank.balance(topup.wallet) == 1'000);
  topup.provider().behave({});
  CHECK(topup.comes_to_rest());
  CHECK(topup.bank.ledger.saga(topup.id) == SagaState::released);
  CHECK(is_declined(topup.bank.ask_topup(topup.wallet, 300, "t"), Decline::wallet_frozen));
  topup.bank.check_books(1'000);
}

TEST_CASE("a top-up is credited once after each of its commits was lost or came to be known late") {
  for (const Fate fate : {Fate::unknown_committed, Fate::unknown_lost, Fate::rejected, Fate::fenced})
    for (std::size_t before = 0; before < 2; ++before) {
      Topup topup;
      topup.send_topup();
      while (topup.story().size() < before)
        if (!topup.bank.world.step())
          topup.bank.world.advance(milliseconds(50));
      topup.bank.ledger.next_commit(fate);
      topup.bank.ask(topup.sent);
      CHECK(topup.comes_to_rest());
      CHECK(is_done(topup.bank.ask_topup(topup.wallet, 300, "t")));
      CHECK(topup.comes_to_rest());
      topup.bank.check_books(1'300);
    }
}

}  // namespace dompet::simulated
