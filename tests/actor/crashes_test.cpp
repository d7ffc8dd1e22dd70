// Wallets that crash, wallets that cannot be read, wallets that are let go and come back.

#include <catch2/catch_test_macros.hpp>

#include "persistence/failpoint.hpp"
#include "tests/actor/bank.hpp"

namespace dompet::simulated {

namespace {

/// The wallet's actor crashes at the next message of its kind.
void crash_at(std::string_view place) { arm_failpoint(std::string{place} + ":trip:1"); }

EngineSettings with(auto&& change) {
  EngineSettings settings = small_node();
  change(settings);
  return settings;
}

}  // namespace

TEST_CASE("a wallet that crashes comes back with everything that was durable, and nobody else notices") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(1'000);
  const WalletId other = bank.wallet_with(1'000);
  const WalletId friendly = bank.wallet_with(0);
  crash_at("wallet.begin");
  const std::uint64_t lost = bank.transfer(wallet, friendly, 10, "lost");
  const std::uint64_t fine = bank.transfer(other, friendly, 10, "fine");
  bank.world.run();
  CHECK_FALSE(bank.world.is_answered(lost));
  CHECK(is_done(bank.ask(fine)));
  CHECK(bank.world.node().counters.wallet_crashes == 1);
  CHECK(bank.world.node().counters.quarantined_wallets == 0);
  CHECK(bank.balance(wallet) == 1'000);
  CHECK(is_done(bank.ask_transfer(wallet, friendly, 10, "lost")));
  bank.check_books(2'000);
}

TEST_CASE("a transfer whose destination crashed is given back and told not to be applied") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_beside(source, false);
  crash_at("wallet.finish");
  CHECK(is_not_applied(bank.ask_transfer(source, destination, 300, "k")));
  CHECK(bank.balance(source) == 1'000);
  CHECK(is_done(bank.ask_transfer(source, destination, 1'000, "all of it")));
  CHECK(is_done(bank.ask_topup(source, 300, "again")));
  CHECK(is_done(bank.ask_transfer(source, destination, 300, "k")));
  bank.check_books(1'300);
}

TEST_CASE("a transfer behind the one that crashed its destination still arrives, or is given back") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_beside(source, false);
  crash_at("wallet.finish");
  std::vector<std::uint64_t> sent;
  for (int i = 0; i < 20; ++i)
    sent.push_back(bank.transfer(source, destination, 10, std::to_string(i)));
  bank.world.run();
  Minor moved = 0;
  for (const std::uint64_t correlation : sent) {
    const Result result = bank.ask(correlation);
    CHECK((is_done(result) || is_not_applied(result)));
    moved += is_done(result) ? 10 : 0;
  }
  CHECK(bank.balance(destination) == moved);
  CHECK(bank.balance(source) == 1'000 - moved);
  bank.check_books(1'000);
}

TEST_CASE("a source that crashes while its credit is on the way makes no money") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_beside(source, false);
  REQUIRE(is_done(bank.ask_topup(destination, 1, "loaded")));
  // The destination is let go; until it is read again, what comes for it waits in its shard.
  REQUIRE(
      bank.world.pass_until([&] { return bank.world.node().counters.resident_wallets == 0; }, std::chrono::minutes(3)));
  REQUIRE(is_done(bank.ask_topup(source, 1, "loaded again")));
  bank.world.hold_reads(true);
  const std::uint64_t late = bank.transfer(source, destination, 300, "late");
  bank.world.run();
  crash_at("wallet.begin");
  bank.transfer(source, destination, 1, "crash");
  bank.world.run();
  bank.world.hold_reads(false);
  CHECK(is_not_applied(bank.ask(late)));
  CHECK(bank.world.node().counters.lane_resets == 1);
  CHECK(bank.balance(source) == 1'001);
  CHECK(bank.balance(destination) == 1);
  CHECK(is_done(bank.ask_transfer(source, destination, 300, "late")));
  bank.check_books(1'002);
}

TEST_CASE("a wallet that keeps crashing is put into quarantine, and a new start gives it another chance") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(1'000);
  const WalletId other = bank.wallet_with(0);
  for (int i = 0; i < 4; ++i) {
    CHECK(bank.world.node().counters.quarantined_wallets == 0);
    crash_at("wallet.begin");
    bank.transfer(wallet, other, 10, std::to_string(i));
    bank.world.run();
  }
  CHECK(bank.world.node().counters.wallet_crashes == 4);
  CHECK(bank.world.node().counters.quarantined_wallets == 1);
  CHECK(is_not_applied(bank.ask_transfer(wallet, other, 10, "later")));
  CHECK(is_not_applied(bank.ask(bank.read(wallet))));
  CHECK(is_done(bank.ask_topup(other, 10, "others go on")));
  CHECK(is_not_applied(bank.ask_transfer(other, wallet, 10, "money for it")));
  CHECK(bank.balance(other) == 10);
  bank.restart();
  CHECK(bank.balance(wallet) == 1'000);
  bank.check_books(1'010);
}

TEST_CASE("a wallet that crashes now and then is never put into quarantine") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(1'000);
  const WalletId other = bank.wallet_with(0);
  for (int i = 0; i < 12; ++i) {
    crash_at("wallet.begin");
    bank.transfer(wallet, other, 10, std::to_string(i));
    bank.world.run();
    bank.world.pass(std::chrono::seconds(21));
  }
  CHECK(bank.world.node().counters.wallet_crashes == 12);
  CHECK(bank.world.node().counters.quarantined_wallets == 0);
}

TEST_CASE("a node whose wallets crash by the dozen gives up and leaves the rest to its next start") {
  Bank bank(with([](EngineSettings& settings) {
    settings.crashes_before_quarantine = 0;
    settings.quarantines_before_release = 3;
    settings.shard_count = 1;
  }));
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(bank.world.gave_up());
    const WalletId wallet = bank.wallet_with(100);
    crash_at("wallet.begin");
    bank.transfer(wallet, bank.nobody(), 10, std::to_string(i));
    bank.world.run();
  }
  CHECK(bank.world.gave_up());
}

TEST_CASE("a wallet whose journal is damaged is put into quarantine, and never repaired by guessing") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(100);
  const WalletId other = bank.wallet_with(100);
  bank.ledger.corrupt(wallet);
  bank.restart();
  CHECK(is_not_applied(bank.ask_topup(wallet, 10, "k")));
  CHECK(is_not_applied(bank.ask(bank.read(wallet))));
  CHECK(is_not_applied(bank.ask_transfer(other, wallet, 10, "l")));
  CHECK(bank.world.node().counters.quarantined_wallets == 1);
  CHECK(bank.balance(other) == 100);
  CHECK(is_done(bank.ask_transfer(other, bank.wallet_with(0), 100, "all")));
}

TEST_CASE("a wallet that cannot be read now can be read later") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(100);
  bank.restart();
  bank.world.fail_reads(1);
  CHECK(is_not_applied(bank.ask(bank.read(wallet))));
  bank.world.fill_read_pool(true);
  CHECK(is_not_applied(bank.ask(bank.read(wallet))));
  bank.world.fill_read_pool(false);
  CHECK(bank.balance(wallet) == 100);
  CHECK(bank.world.node().counters.quarantined_wallets == 0);
}

TEST_CASE("work beyond what may wait for a wallet is refused, and what waits is done") {
  Bank bank(with([](EngineSettings& settings) { settings.stash_limit = 3; }));
  const WalletId wallet = bank.wallet_with(100);
  bank.restart();
  bank.world.hold_reads(true);
  std::vector<std::uint64_t> sent;
  for (int i = 0; i < 5; ++i)
    sent.push_back(bank.change(wallet, ChangeName{std::to_string(i)}));
  bank.world.run();
  for (int i = 0; i < 5; ++i)
    CHECK(bank.world.is_answered(sent[static_cast<std::size_t>(i)]) == (i >= 3));
  CHECK(is_not_applied(bank.ask(sent[3])));
  bank.world.hold_reads(false);
  const Result last = bank.ask(sent[2]);
  CHECK(std::get<WalletHistory>(last).wallet.name == "2");
}

TEST_CASE("a crashed destination with a full stash never tells a transfer not applied and applies it") {
  Bank bank(with([](EngineSettings& settings) { settings.stash_limit = 2; }));
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_beside(source, false);
  crash_at("wallet.finish");
  bank.world.hold_reads(true);
  std::vector<std::uint64_t> sent{bank.transfer(source, destination, 10, "crash")};
  bank.world.run_without_lane();
  for (int i = 0; i < 5; ++i)
    sent.push_back(bank.transfer(source, destination, 10, std::to_string(i)));
  bank.world.run();
  bank.world.hold_reads(false);
  Minor moved = 0;
  for (const std::uint64_t correlation : sent)
    moved += is_done(bank.ask(correlation)) ? 10 : 0;
  CHECK(bank.balance(destination) == moved);
  CHECK(bank.balance(source) == 1'000 - moved);
  CHECK(bank.world.node().counters.wallet_crashes == 1);
  bank.check_books(1'000);
}

TEST_CASE("an idle wallet is let go with a snapshot and comes back the same") {
  Bank bank(with([](EngineSettings& settings) { settings.snapshot_every = 1'000; }));
  const WalletId wallet = bank.wallet_with(0);
  for (int i = 0; i < 40; ++i)
    REQUIRE(is_done(bank.ask_topup(wallet, 1, std::to_string(i))));
  const Result before = bank.ask(bank.read(wallet));
  REQUIRE(
      bank.world.pass_until([&] { return bank.world.node().counters.resident_wallets == 0; }, std::chrono::minutes(3)));
  CHECK(bank.world.node().counters.passivated_wallets == 1);
  CHECK(bank.ledger.snapshots_of(wallet) == 1);
  const std::uint64_t loads = bank.world.node().counters.wallet_loads;
  CHECK(std::get<WalletHistory>(bank.ask(bank.read(wallet))) == std::get<WalletHistory>(before));
  CHECK(bank.world.node().counters.wallet_loads == loads + 1);
  bank.check_books(40);
}

TEST_CASE("a damaged snapshot is passed over") {
  Bank bank(with([](EngineSettings& settings) { settings.snapshot_every = 5; }));
  const WalletId wallet = bank.wallet_with(0);
  for (int i = 0; i < 13; ++i)
    REQUIRE(is_done(bank.ask_topup(wallet, 1, std::to_string(i))));
  CHECK(bank.ledger.snapshots_of(wallet) == 2);
  bank.ledger.corrupt_snapshots(wallet);
  bank.restart();
  CHECK(bank.balance(wallet) == 13);
}

TEST_CASE("a wallet that is let go while money is on its way loses none of it") {
  Bank bank(with([](EngineSettings& settings) {
    settings.idle_before_passivation = std::chrono::seconds(0);
    settings.resident_wallets = 1;
  }));
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_beside(source, false);
  for (int i = 0; i < 200; ++i) {
    bank.world.advance(std::chrono::milliseconds(60));
    bank.transfer(source, destination, 1, "out " + std::to_string(i));
    bank.transfer(destination, source, 1, "back " + std::to_string(i));
    for (int step = 0; step < 7; ++step)
      bank.world.step();
    if (i % 4 == 0)
      bank.world.run();
  }
  bank.world.run();
  CHECK(bank.world.node().counters.passivated_wallets > 10);
  CHECK(bank.balance(source) + bank.balance(destination) == 1'000);
  bank.check_books(1'000);
}

TEST_CASE("no more wallets stay in memory than may") {
  Bank bank(with([](EngineSettings& settings) { settings.resident_wallets = 8; }));
  for (int i = 0; i < 100; ++i)
    bank.wallet_with(1);
  CHECK(bank.world.node().counters.resident_wallets <= 12);
  CHECK(bank.world.node().counters.passivated_wallets >= 88);
  bank.check_books(100);
}

TEST_CASE("the last word of a wallet's former actor is not taken for its present one's") {
  Bank bank(with([](EngineSettings& settings) { settings.idle_before_passivation = std::chrono::seconds(1); }));
  const WalletId wallet = bank.wallet_with(100);
  bank.ledger.next_commit(Fate::rejected);
  CHECK(is_not_applied(bank.ask_topup(wallet, 1, "a new generation")));
  CHECK(bank.balance(wallet) == 100);
  const std::uint64_t waits = bank.topup(wallet, 10, "waits in the lane");
  bank.world.run_without_lane();
  bank.world.advance(std::chrono::seconds(2));
  caf::anon_send(bank.world.node().shard_of_wallet(wallet), WalletQuiesced{wallet, true, bank.world.generation() - 1});
  bank.world.run_without_lane();
  const std::uint64_t next = bank.topup(wallet, 5, "next");
  bank.world.run_without_lane();
  CHECK(is_done(bank.ask(waits)));
  CHECK(is_done(bank.ask(next)));
  CHECK(bank.world.node().counters.lane_resets == 1);
  bank.check_books(115);
}

TEST_CASE("a crashed wallet is not read again before everything that it appended is durable") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(100);
  bank.ledger.next_commit(Fate::rejected);
  CHECK(is_not_applied(bank.ask_topup(wallet, 1, "a new generation")));
  CHECK(bank.balance(wallet) == 100);
  const std::uint64_t waits = bank.topup(wallet, 10, "waits in the lane");
  crash_at("wallet.begin");
  bank.transfer(wallet, bank.nobody(), 1, "crash");
  bank.world.run_without_lane();
  REQUIRE(bank.world.node().counters.wallet_crashes == 1);
  const std::uint64_t loads = bank.world.node().counters.wallet_loads;
  caf::anon_send(bank.world.node().shard_of_wallet(wallet), WalletDrained{wallet, bank.world.generation() - 1});
  const std::uint64_t next = bank.topup(wallet, 5, "next");
  bank.world.run_without_lane();
  CHECK(bank.world.node().counters.wallet_loads == loads);
  CHECK(is_done(bank.ask(waits)));
  CHECK(is_done(bank.ask(next)));
  bank.check_books(115);
}

}  // namespace dompet::simulated
