// Transfers that take their steps one by one (protocol 5.5): every state, every place where the process can end.

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "persistence/failpoint.hpp"
#include "tests/actor/bank.hpp"
#include "tests/actor/ledger_checker.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Transfer {
  Bank bank{slow_node()};
  WalletId source = bank.wallet_with(1'000);
  WalletId destination = bank.wallet_beside(source, false);
  std::uint64_t sent = 0;
  TransactionId id{};

  void send(Minor amount = 300) {
    sent = bank.transfer(source, destination, amount, "k");
    id = bank.last_transaction();
  }
  std::size_t records() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(bank.ledger.journal(), [&](const JournalRow& row) { return row.id == id.uuid; }));
  }
  /// Lets the world go on until so many of the transfer's records are durable.
  bool until_records(std::size_t count) {
    for (int tries = 0; tries < 2'000; ++tries) {
      if (records() >= count)
        return true;
      if (!bank.world.step())
        bank.world.advance(milliseconds(50));
    }
    return false;
  }
  bool comes_to_rest() {
    const bool rests = bank.world.pass_until([&] { return bank.ledger.open_sagas() == 0; });
    LedgerChecker checker(bank.ledger);
    checker.check();
    checker.check_at_rest();
    return rests;
  }
  bool is_settled() const { return bank.ledger.saga(id) == SagaState::settled; }
};

std::vector<RecordKind> story(const Transfer& transfer) {
  std::vector<RecordKind> kinds;
  for (const JournalRow& row : transfer.bank.ledger.journal())
    if (row.id == transfer.id.uuid)
      kinds.push_back(static_cast<RecordKind>(row.kind));
  return kinds;
}

}  // namespace

TEST_CASE("a transfer in single steps holds, credits and captures, and is answered at its end") {
  Transfer transfer;
  transfer.send();
  const Result result = transfer.bank.ask(transfer.sent);
  REQUIRE(is_done(result));
  CHECK(story(transfer) ==
        std::vector{RecordKind::hold_placed, RecordKind::transfer_credited, RecordKind::hold_captured});
  CHECK(transfer.bank.balance(transfer.destination) == 300);
  CHECK(transfer.comes_to_rest());
  const Result again = transfer.bank.ask_transfer(transfer.source, transfer.destination, 300, "k");
  REQUIRE(is_done(again));
  CHECK(money(again).replayed);
  CHECK(money(again).completed_at_ms == money(result).completed_at_ms);
  transfer.bank.check_books(1'000);
}

TEST_CASE("money that is held is still the owner's, and not to be spent twice") {
  Transfer transfer;
  transfer.send(900);
  REQUIRE(transfer.until_records(1));
  CHECK(is_declined(transfer.bank.ask_transfer(transfer.source, transfer.destination, 200, "beyond"),
                    Decline::insufficient_funds));
  CHECK(is_done(transfer.bank.ask(transfer.sent)));
  transfer.bank.check_books(1'000);
}

TEST_CASE("a destination that refuses releases the hold") {
  Transfer transfer;
  REQUIRE(std::holds_alternative<WalletHistory>(transfer.bank.ask_change(transfer.destination, FreezeWallet{})));
  transfer.send();
  CHECK(is_declined(transfer.bank.ask(transfer.sent), Decline::wallet_frozen));
  CHECK(story(transfer) ==
        std::vector{RecordKind::hold_placed, RecordKind::transfer_refused, RecordKind::hold_released});
  CHECK(transfer.bank.balance(transfer.source) == 1'000);
  CHECK(transfer.comes_to_rest());
  CHECK(
      is_declined(transfer.bank.ask_transfer(transfer.source, transfer.destination, 300, "k"), Decline::wallet_frozen));
}

TEST_CASE("a destination that does not exist releases the hold") {
  Transfer transfer;
  transfer.destination = transfer.bank.nobody();
  transfer.send();
  CHECK(is_declined(transfer.bank.ask(transfer.sent), Decline::wallet_not_found));
  CHECK(transfer.bank.balance(transfer.source) == 1'000);
  CHECK(transfer.comes_to_rest());
}

TEST_CASE("a transfer goes on after its process was killed, whatever was durable by then") {
  for (const bool refused : {false, true})
    for (std::size_t durable = 1; durable <= 3; ++durable) {
      INFO((refused ? "refused" : "credited") << ", killed after " << durable << " records");
      Transfer transfer;
      if (refused)
        REQUIRE(std::holds_alternative<WalletHistory>(transfer.bank.ask_change(transfer.destination, CloseWallet{})));
      transfer.send();
      REQUIRE(transfer.until_records(durable));
      transfer.bank.restart();
      REQUIRE(transfer.comes_to_rest());
      CHECK(transfer.is_settled() == !refused);
      CHECK(transfer.records() == 3);
      CHECK(transfer.bank.balance(transfer.source) == (refused ? 1'000 : 700));
      const Result again = transfer.bank.ask_transfer(transfer.source, transfer.destination, 300, "k");
      CHECK((refused ? is_declined(again, Decline::wallet_closed) : is_done(again)));
      transfer.bank.check_books(1'000);
    }
}

TEST_CASE("a transfer goes on after each of its commits was lost or came to be known late") {
  for (const Fate fate : {Fate::unknown_committed, Fate::unknown_lost, Fate::rejected, Fate::fenced})
    for (std::size_t before = 0; before < 3; ++before) {
      INFO("fate " << static_cast<int>(fate) << " after " << before << " records");
      Transfer transfer;
      transfer.send();
      REQUIRE(transfer.until_records(before));
      transfer.bank.ledger.next_commit(fate);
      const Result result = transfer.bank.ask(transfer.sent);
      CHECK((is_done(result) || (before == 0 && fate != Fate::unknown_committed && is_not_applied(result))));
      CHECK(transfer.comes_to_rest());
      CHECK(is_done(transfer.bank.ask_transfer(transfer.source, transfer.destination, 300, "k")));
      transfer.bank.check_books(1'000);
    }
}

/// The destination's wallet cannot be read, so that its decision waits.
struct Undecided : Transfer {
  Undecided() {
    bank.restart();
    REQUIRE(is_done(bank.ask_topup(source, 1, "loaded")));
    send();
    REQUIRE(until_records(1));
    bank.world.fill_read_pool(true);
  }
  bool is(SagaState state) {
    return bank.world.pass_until([&] { return bank.ledger.saga(id) == state; }, seconds(120));
  }
};

TEST_CASE("a transfer that nobody decides on is asked for again, less and less often") {
  Undecided transfer;
  transfer.bank.world.pass(seconds(1));
  std::vector<std::uint64_t> resends;
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t before = transfer.bank.world.node().counters.saga_resends;
    for (int step = 0; step < 100; ++step)
      transfer.bank.world.pass(milliseconds(60));
    resends.push_back(transfer.bank.world.node().counters.saga_resends - before);
  }
  CHECK(resends.front() > resends.back());
  CHECK(resends.back() >= 1);
  transfer.bank.world.fill_read_pool(false);
  CHECK(transfer.comes_to_rest());
  CHECK(is_done(transfer.bank.ask_transfer(transfer.source, transfer.destination, 300, "k")));
}

TEST_CASE("a transfer that is not over in time is answered as it stands, once, and its key finds out how it ended") {
  Undecided transfer;
  REQUIRE(transfer.bank.world.pass_until([&] { return transfer.bank.world.is_answered(transfer.sent); }, seconds(5)));
  CHECK(money(transfer.bank.ask(transfer.sent)).state == SagaState::reserved);
  transfer.bank.world.fill_read_pool(false);
  CHECK(transfer.comes_to_rest());
  CHECK(transfer.bank.world.answers(transfer.sent).size() == 1);
  CHECK(is_done(transfer.bank.ask_transfer(transfer.source, transfer.destination, 300, "k")));
}

TEST_CASE("a transfer that takes too long is cancelled by its tombstone, and the money comes back") {
  Undecided transfer;
  REQUIRE(transfer.is(SagaState::cancelling));
  transfer.bank.world.fill_read_pool(false);
  CHECK(transfer.comes_to_rest());
  CHECK(story(transfer) == std::vector{RecordKind::hold_placed, RecordKind::transfer_cancelling,
                                       RecordKind::transfer_refused, RecordKind::hold_released});
  CHECK(transfer.bank.balance(transfer.source) == 1'001);
  CHECK(is_declined(transfer.bank.ask_transfer(transfer.source, transfer.destination, 300, "k"), Decline::cancelled));
}

TEST_CASE("a transfer that was being cancelled is released after its process was killed") {
  for (std::size_t durable = 2; durable <= 4; ++durable) {
    Undecided transfer;
    REQUIRE(transfer.is(SagaState::cancelling));
    transfer.bank.world.fill_read_pool(false);
    REQUIRE(transfer.until_records(durable));
    transfer.bank.restart();
    REQUIRE(transfer.comes_to_rest());
    CHECK(transfer.bank.ledger.saga(transfer.id) == SagaState::released);
    CHECK(transfer.bank.balance(transfer.source) == 1'001);
    transfer.bank.check_books(1'001);
  }
}

TEST_CASE("a cancel that races a credit has one outcome, and it is the destination's") {
  int settled = 0;
  int released = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    EngineSettings settings = slow_node();
    settings.transfer_expiry = seconds(1);
    settings.resend_first = milliseconds(900);
    Bank bank(settings);
    const WalletId source = bank.wallet_with(1'000);
    const WalletId destination = bank.wallet_beside(source, false);
    bank.restart();
    REQUIRE(is_done(bank.ask_topup(source, 1, "loaded")));
    bank.world.hold_reads(true);
    const std::uint64_t sent = bank.transfer(source, destination, 300, "k");
    bank.world.run();
    bank.world.advance(milliseconds(1'100));
    for (std::uint64_t step = 0; step < seed % 40; ++step)
      bank.world.step();
    bank.world.fail_reads(static_cast<int>(seed % 3));
    bank.world.hold_reads(false);
    const Result result = bank.ask(sent);
    settled += is_done(result) ? 1 : 0;
    released += is_declined(result, Decline::cancelled) ? 1 : 0;
    CHECK(bank.balance(source) + bank.balance(destination) == 1'001);
    bank.check_books(1'001);
  }
  CHECK(settled + released == 200);
  CHECK(settled > 0);
  CHECK(released > 0);
}

TEST_CASE("a credit that comes late, or twice, is answered from the register and changes nothing") {
  Transfer transfer;
  transfer.send();
  REQUIRE(is_done(transfer.bank.ask(transfer.sent)));
  const std::size_t rows = transfer.bank.ledger.journal().size();
  Node& node = transfer.bank.world.node();
  CreditAsk duplicate{.transaction = decode(transfer.bank.ledger.journal().back()).transaction,
                      .source_shard = shard_of(transfer.source, 4),
                      .destination_shard = shard_of(transfer.destination, 4)};
  for (const bool cancel : {false, true, false}) {
    duplicate.cancel = cancel;
    caf::anon_send(node.shards[duplicate.destination_shard], AskDecision{duplicate});
    transfer.bank.world.run();
  }
  CHECK(transfer.bank.ledger.journal().size() == rows);
  CHECK(transfer.bank.balance(transfer.destination) == 300);
  transfer.bank.check_books(1'000);
}

TEST_CASE("a credit that asks for other money than was decided raises an alarm and changes nothing") {
  Transfer transfer;
  transfer.send();
  REQUIRE(is_done(transfer.bank.ask(transfer.sent)));
  transfer.bank.restart();
  const std::size_t rows = transfer.bank.ledger.journal().size();
  Transaction other = *decode(transfer.bank.ledger.journal().back()).transaction;
  other.amount += 1;
  Node& node = transfer.bank.world.node();
  const CreditAsk forged{.transaction = std::make_shared<const Transaction>(other),
                         .source_shard = shard_of(transfer.source, 4),
                         .destination_shard = shard_of(transfer.destination, 4)};
  caf::anon_send(node.shards[forged.destination_shard], AskDecision{forged});
  transfer.bank.world.run();
  CHECK(node.counters.integrity_alarms == 1);
  CHECK(transfer.bank.ledger.journal().size() == rows);
}

TEST_CASE("a destination that crashes with the question in its mailbox is asked again") {
  Transfer transfer;
  arm_failpoint("wallet.decide_credit:trip:1");
  transfer.send();
  CHECK(is_done(transfer.bank.ask(transfer.sent)));
  CHECK(transfer.bank.world.node().counters.wallet_crashes == 1);
  CHECK(transfer.comes_to_rest());
}

TEST_CASE("a transfer to a quarantined wallet is cancelled in the end") {
  Transfer transfer;
  transfer.bank.ledger.corrupt(transfer.destination);
  transfer.bank.restart();
  transfer.send();
  const auto is_released = [&] { return transfer.bank.ledger.saga(transfer.id) == SagaState::released; };
  REQUIRE(transfer.bank.world.pass_until(is_released, seconds(120)));
  CHECK(is_declined(transfer.bank.ask_transfer(transfer.source, transfer.destination, 300, "k"), Decline::cancelled));
  CHECK(transfer.bank.balance(transfer.source) == 1'000);
}

TEST_CASE("transfers of both kinds live side by side on the same wallets") {
  Transfer transfer;
  Minor moved = 0;
  for (int i = 0; i < 40; ++i) {
    transfer.bank.world.node().settings.fast_path = i % 3 == 0;
    const bool back = i % 4 == 3;
    transfer.bank.transfer(back ? transfer.destination : transfer.source, back ? transfer.source : transfer.destination,
                           10, std::to_string(i));
    moved += back ? -10 : 10;
    for (int step = 0; step < 5; ++step)
      transfer.bank.world.step();
  }
  CHECK(transfer.comes_to_rest());
  CHECK(transfer.bank.balance(transfer.source) + transfer.bank.balance(transfer.destination) == 1'000);
  transfer.bank.check_books(1'000);
}

}  // namespace dompet::simulated
