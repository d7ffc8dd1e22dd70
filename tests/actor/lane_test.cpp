// The commit lane's outcomes (protocol 5.3.4), one by one.

#include <catch2/catch_test_macros.hpp>

#include "tests/actor/bank.hpp"

namespace dompet::simulated {

namespace {

/// Two wallets and three requests of different kinds that go into one batch.
struct Waiting {
  Bank bank;
  WalletId source = bank.wallet_with(1'000);
  WalletId destination = bank.wallet_beside(source, false);
  std::vector<std::uint64_t> sent{};

  void send() {
    sent = {bank.transfer(source, destination, 300, "a transfer"), bank.topup(destination, 50, "a top-up"),
            bank.transfer(source, destination, 5'000, "too much"), bank.change(destination, ChangeName{"new name"})};
    bank.world.run_without_lane();
  }
  bool all_not_applied() {
    bool all = true;
    for (const std::uint64_t correlation : sent)
      all = all && is_not_applied(bank.ask(correlation));
    return all;
  }
  void all_can_be_repeated() {
    CHECK(is_done(bank.ask_transfer(source, destination, 300, "a transfer")));
    CHECK(is_done(bank.ask_topup(destination, 50, "a top-up")));
    CHECK(is_declined(bank.ask_transfer(source, destination, 5'000, "too much"), Decline::insufficient_funds));
    CHECK(bank.balance(source) == 700);
    CHECK(bank.balance(destination) == 350);
    bank.check_books(1'050);
  }
};

}  // namespace

TEST_CASE("a batch that the database rejects is applied in no part, and everybody who waits is told so") {
  Waiting waiting;
  waiting.send();
  waiting.bank.ledger.next_commit(Fate::rejected);
  CHECK(waiting.all_not_applied());
  CHECK(waiting.bank.world.node().counters.rejected_commits == 1);
  CHECK(waiting.bank.balance(waiting.source) == 1'000);
  CHECK(waiting.bank.balance(waiting.destination) == 0);
  waiting.all_can_be_repeated();
}

TEST_CASE("a batch whose answer was lost but that is durable is answered as success, once") {
  Waiting waiting;
  waiting.send();
  waiting.bank.ledger.next_commit(Fate::unknown_committed);
  CHECK(is_done(waiting.bank.ask(waiting.sent[0])));
  CHECK(is_done(waiting.bank.ask(waiting.sent[1])));
  CHECK(is_declined(waiting.bank.ask(waiting.sent[2]), Decline::insufficient_funds));
  CHECK(std::holds_alternative<WalletHistory>(waiting.bank.ask(waiting.sent[3])));
  CHECK(waiting.bank.world.node().counters.unknown_commits == 1);
  for (const std::uint64_t correlation : waiting.sent)
    CHECK(waiting.bank.world.answers(correlation).size() == 1);
  waiting.all_can_be_repeated();
}

TEST_CASE("a batch whose answer was lost and that is not durable is told not to be applied") {
  Waiting waiting;
  waiting.send();
  waiting.bank.ledger.next_commit(Fate::unknown_lost);
  CHECK(waiting.all_not_applied());
  CHECK(waiting.bank.balance(waiting.source) == 1'000);
  waiting.all_can_be_repeated();
}

TEST_CASE("a lane whose shards were taken commits nothing, and goes on under a new epoch once they are its own") {
  Waiting waiting;
  waiting.send();
  const std::size_t rows = waiting.bank.ledger.journal().size();
  waiting.bank.ledger.next_commit(Fate::fenced);
  CHECK(waiting.all_not_applied());
  CHECK(waiting.bank.ledger.journal().size() == rows);
  waiting.all_can_be_repeated();
}

TEST_CASE("while the database is away nothing is promised, and afterwards all is as it was") {
  for (const Fate fate : {Fate::unknown_committed, Fate::unknown_lost}) {
    Waiting waiting;
    waiting.send();
    waiting.bank.ledger.next_commit(fate);
    waiting.bank.ledger.refuse_claims(5);
    waiting.bank.world.run();
    CHECK_FALSE(waiting.bank.world.is_answered(waiting.sent[0]));
    CHECK_FALSE(waiting.bank.world.is_ready());
    const std::uint64_t meanwhile = waiting.bank.transfer(waiting.source, waiting.destination, 1, "meanwhile");
    const std::uint64_t balance = waiting.bank.read(waiting.source);
    waiting.bank.world.run();
    CHECK(is_not_applied(waiting.bank.ask(meanwhile)));
    CHECK(is_not_applied(waiting.bank.ask(balance)));
    CHECK(is_done(waiting.bank.ask(waiting.sent[0])) == (fate == Fate::unknown_committed));
    CHECK(waiting.bank.world.is_ready());
    waiting.all_can_be_repeated();
  }
}

TEST_CASE("nothing that was decided on a lost batch is committed after it") {
  EngineSettings settings = small_node();
  settings.batch_rows = 1;
  Bank bank(settings);
  const WalletId first = bank.wallet_with(100);
  const WalletId second = bank.wallet_with(0);
  const WalletId third = bank.wallet_with(0);
  const std::uint64_t received = bank.transfer(first, second, 100, "received");
  bank.world.run_without_lane();
  const std::uint64_t passed_on = bank.transfer(second, third, 100, "passed on");
  bank.world.run_without_lane();
  bank.ledger.next_commit(Fate::rejected);
  CHECK(is_not_applied(bank.ask(received)));
  CHECK(is_not_applied(bank.ask(passed_on)));
  CHECK(bank.balance(first) == 100);
  bank.check_books(100);
}

TEST_CASE("after a rejected batch the next ones take one, two, four entries until the normal size") {
  EngineSettings settings = small_node();
  settings.batch_rows = 8;
  Bank bank(settings);
  const WalletId wallet = bank.wallet_with(0);
  bank.ledger.next_commit(Fate::rejected);
  CHECK(is_not_applied(bank.ask_topup(wallet, 1, "rejected")));
  REQUIRE(bank.balance(wallet) == 0);
  const std::size_t before = bank.ledger.sizes_of_batches().size();
  std::vector<std::uint64_t> sent;
  for (int i = 0; i < 30; ++i)
    sent.push_back(bank.topup(wallet, 1, std::to_string(i)));
  bank.world.run_without_lane();
  for (const std::uint64_t correlation : sent)
    CHECK(is_done(bank.ask(correlation)));
  std::vector<std::size_t> sizes = bank.ledger.sizes_of_batches();
  sizes.erase(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(before));
  CHECK(sizes == std::vector<std::size_t>{1, 2, 4, 8, 8, 7});
}

TEST_CASE("an entry that the database refuses even alone puts its wallet into quarantine, and the rest flows on") {
  Bank bank;
  const WalletId bad = bank.wallet_with(100);
  const WalletId good = bank.wallet_with(100);
  const WalletId other = bank.wallet_with(0);
  bank.ledger.poison(bad);
  const auto round = [&](const std::string& name) {
    std::vector<std::uint64_t> sent{bank.topup(bad, 1, "bad " + name), bank.transfer(good, other, 1, "good " + name)};
    bank.world.run_without_lane();
    bank.world.run();
    return is_done(bank.ask(sent[1]));
  };
  int done = 0;
  for (int i = 0; i < 6; ++i)
    done += round(std::to_string(i)) ? 1 : 0;
  CHECK(done >= 4);
  CHECK(bank.world.node().counters.quarantined_wallets == 1);
  const Result refused = bank.ask_topup(bad, 1, "later");
  REQUIRE(is_not_applied(refused));
  CHECK(in_words(refused).find("quarantined") != std::string::npos);
  CHECK(bank.balance(other) == done);
  CHECK_FALSE(bank.world.gave_up());
}

TEST_CASE("a disk that is full quarantines nobody") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(100);
  for (const char* sqlstate : {"53100", "55P03", "57014", "40001"}) {
    bank.ledger.next_commit(Fate::rejected, sqlstate);
    CHECK(is_not_applied(bank.ask_topup(wallet, 1, sqlstate)));
  }
  CHECK(bank.world.node().counters.quarantined_wallets == 0);
  CHECK(is_done(bank.ask_topup(wallet, 1, "53100")));
}

TEST_CASE("a key that two shards took at the same time is kept by one, and the other is told on its next try") {
  Bank bank;
  const WalletId first = bank.wallet_with(100);
  const WalletId second = bank.wallet_beside(first, false);
  const std::uint64_t one = bank.topup(first, 10, "k");
  const std::uint64_t two = bank.topup(second, 10, "k");
  bank.world.run_without_lane();
  bank.world.run();
  CHECK(is_not_applied(bank.ask(one)));
  CHECK(is_not_applied(bank.ask(two)));
  CHECK(bank.world.node().counters.quarantined_wallets == 0);
  CHECK(is_done(bank.ask_topup(first, 10, "k")));
  CHECK(std::holds_alternative<KeyReused>(bank.ask_topup(second, 10, "k")));
  bank.check_books(110);
}

TEST_CASE("a lane that is asked again to acquire what it owns does not drop what waits") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(100);
  const std::uint64_t sent = bank.topup(wallet, 10, "k");
  bank.world.run_without_lane();
  const std::uint64_t generation = bank.world.generation();
  caf::anon_send(bank.world.node().lanes[0]->actor, ClaimShards{});
  CHECK(is_done(bank.ask(sent)));
  CHECK(bank.world.generation() == generation);
}

}  // namespace dompet::simulated
