// What a card holder sees: top-ups, transfers, declines, keys, balances.

#include <catch2/catch_test_macros.hpp>

#include "tests/actor/bank.hpp"

namespace dompet::simulated {

TEST_CASE("a top-up can be spent at once") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(0);
  const Result result = bank.ask_topup(wallet, 500, "k");
  REQUIRE(is_done(result));
  CHECK(money(result).record->transaction->method == "cash");
  CHECK(bank.balance(wallet) == 500);
  bank.check_books(500);
}

TEST_CASE("a transfer moves money from one wallet to the other, whatever their shards") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  for (const bool same_shard : {true, false}) {
    const WalletId destination = bank.wallet_beside(source, same_shard);
    const Result result = bank.ask_transfer(source, destination, 300, same_shard ? "near" : "far");
    REQUIRE(is_done(result));
    CHECK_FALSE(money(result).replayed);
    CHECK(bank.balance(destination) == 300);
  }
  CHECK(bank.balance(source) == 400);
  CHECK(bank.held(source) == 0);
  bank.check_books(1'000);
}

TEST_CASE("a whole transfer is one record with both wallets' legs") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_beside(source, false);
  const std::size_t rows = bank.ledger.journal().size();
  REQUIRE(is_done(bank.ask_transfer(source, destination, 300, "k")));
  REQUIRE(bank.ledger.journal().size() == rows + 1);
  const Record record = decode(bank.ledger.journal().back());
  CHECK(record.kind == RecordKind::transfer);
  REQUIRE(record.legs == 2);
  CHECK(record.leg[0].available_after == 700);
  CHECK(record.leg[1].available_after == 300);
}

TEST_CASE("a wallet declines a transfer beyond its available balance, and the decline stays") {
  Bank bank;
  const WalletId source = bank.wallet_with(100);
  const WalletId destination = bank.wallet_with(0);
  CHECK(is_declined(bank.ask_transfer(source, destination, 101, "k"), Decline::insufficient_funds));
  REQUIRE(is_done(bank.ask_topup(source, 900, "more")));
  const Result again = bank.ask_transfer(source, destination, 101, "k");
  CHECK(is_declined(again, Decline::insufficient_funds));
  CHECK(money(again).replayed);
  CHECK(bank.balance(source) == 1'000);
  bank.check_books(1'000);
}

TEST_CASE("a request that breaks several rules is declined for the first of them") {
  Bank bank;
  const WalletId other = bank.wallet_with(0);
  const WalletId limited = bank.wallet_with(100, Limits{.per_transaction = 50});
  CHECK(is_declined(bank.ask_transfer(limited, other, 500, "limit before funds"), Decline::transaction_limit_exceeded));
  CHECK(is_declined(bank.ask(bank.transfer(limited, other, 500, "currency before limit", "USD")),
                    Decline::currency_mismatch));
  REQUIRE(std::holds_alternative<WalletHistory>(bank.ask_change(limited, FreezeWallet{})));
  CHECK(is_declined(bank.ask(bank.transfer(limited, other, 500, "frozen before currency", "USD")),
                    Decline::wallet_frozen));
  bank.check_books(100);
}

TEST_CASE("a destination's refusal gives the money back to the source") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  const WalletId full = bank.wallet_with(90, Limits{.maximum_balance = 100});
  CHECK(is_declined(bank.ask_transfer(source, full, 11, "too much"), Decline::maximum_balance_exceeded));
  CHECK(bank.balance(source) == 1'000);
  CHECK(is_done(bank.ask_transfer(source, full, 10, "fits")));
  const WalletId dollars = bank.wallet_with(0, {}, "USD");
  CHECK(is_declined(bank.ask_transfer(source, dollars, 10, "other currency"), Decline::currency_mismatch));
  CHECK(is_done(bank.ask_transfer(source, bank.wallet_with(0), 990, "all that is left")));
  bank.check_books(1'090);
}

TEST_CASE("a transfer to or from a wallet that does not exist leaves no trace") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  const std::size_t rows = bank.ledger.journal().size();
  CHECK(is_refused(bank.ask_transfer(source, bank.nobody(), 10, "k"), Decline::wallet_not_found));
  CHECK(is_refused(bank.ask_transfer(bank.nobody(), source, 10, "l"), Decline::wallet_not_found));
  CHECK(is_refused(bank.ask_topup(bank.nobody(), 10, "m"), Decline::wallet_not_found));
  CHECK(is_refused(bank.ask(bank.read(bank.nobody())), Decline::wallet_not_found));
  CHECK(bank.ledger.journal().size() == rows);
  CHECK(bank.balance(source) == 1'000);
  CHECK(is_done(bank.ask_transfer(source, bank.wallet_with(0), 1'000, "k")));
}

TEST_CASE("money that reaches a wallet before it is opened leaves no trace either") {
  Bank bank;
  const WalletId late = bank.nobody();
  const std::uint64_t topped_up = bank.topup(late, 10, "before it is open");
  const std::uint64_t opened = bank.open(late);
  const std::size_t rows = bank.ledger.journal().size();
  CHECK(is_refused(bank.ask(topped_up), Decline::wallet_not_found));
  CHECK(std::holds_alternative<WalletHistory>(bank.ask(opened)));
  CHECK(bank.ledger.journal().size() == rows + 1);
  CHECK(is_done(bank.ask_topup(late, 10, "before it is open")));
  bank.check_books(10);
}

TEST_CASE("a transfer to oneself is declined") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(100);
  CHECK(is_declined(bank.ask_transfer(wallet, wallet, 10, "k"), Decline::same_wallet));
  CHECK(bank.balance(wallet) == 100);
}

TEST_CASE("a request that is repeated with its key gets its first answer and moves nothing") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_with(0);
  const Result first = bank.ask_transfer(source, destination, 300, "k");
  for (const bool restarted : {false, true}) {
    if (restarted)
      bank.restart();
    const Result again = bank.ask_transfer(source, destination, 300, "k");
    REQUIRE(is_done(again));
    CHECK(money(again).replayed);
    CHECK(money(again).record->id == money(first).record->id);
    CHECK(money(again).completed_at_ms == money(first).completed_at_ms);
  }
  CHECK(bank.balance(destination) == 300);
  bank.check_books(1'000);
}

TEST_CASE("a key that was used for another request is told so") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_with(0);
  const Result first = bank.ask_transfer(source, destination, 300, "k");
  const Result other = bank.ask_transfer(source, destination, 301, "k");
  REQUIRE(std::holds_alternative<KeyReused>(other));
  CHECK(std::get<KeyReused>(other).original == money(first).record->id);
  CHECK(bank.balance(destination) == 300);
}

TEST_CASE("a key that is older than its lifetime is told so, and moves nothing") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_with(0);
  REQUIRE(is_done(bank.ask_transfer(source, destination, 300, "k")));
  bank.world.pass(std::chrono::hours(24 * 31));
  CHECK(std::holds_alternative<KeyReused>(bank.ask_transfer(source, destination, 300, "k")));
  CHECK(bank.balance(destination) == 300);
}

TEST_CASE("two requests with one key at the same time move money once") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_with(0);
  const std::uint64_t first = bank.transfer(source, destination, 300, "k");
  const std::uint64_t second = bank.transfer(source, destination, 300, "k");
  bank.world.run();
  REQUIRE(bank.world.is_answered(first));
  REQUIRE(bank.world.is_answered(second));
  const Result again = bank.ask_transfer(source, destination, 300, "k");
  CHECK(is_done(again));
  CHECK(bank.balance(destination) == 300);
  bank.check_books(1'000);
}

TEST_CASE("a frozen wallet moves no money until it is unfrozen") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(100);
  const WalletId other = bank.wallet_with(100);
  REQUIRE(std::holds_alternative<WalletHistory>(bank.ask_change(wallet, FreezeWallet{})));
  CHECK(is_declined(bank.ask_transfer(wallet, other, 10, "out"), Decline::wallet_frozen));
  CHECK(is_declined(bank.ask_transfer(other, wallet, 10, "in"), Decline::wallet_frozen));
  CHECK(is_declined(bank.ask_topup(wallet, 10, "topup"), Decline::wallet_frozen));
  REQUIRE(std::holds_alternative<WalletHistory>(bank.ask_change(wallet, UnfreezeWallet{})));
  CHECK(is_done(bank.ask_transfer(wallet, other, 10, "out again")));
  CHECK(bank.ledger.status_of(wallet) == "active");
  bank.check_books(200);
}

TEST_CASE("only an empty wallet can be closed, and a closed one takes nothing") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(100);
  const WalletId other = bank.wallet_with(100);
  CHECK(is_refused(bank.ask_change(wallet, CloseWallet{}), Decline::wallet_not_empty));
  REQUIRE(is_done(bank.ask_transfer(wallet, other, 100, "all")));
  const Result closed = bank.ask_change(wallet, CloseWallet{});
  REQUIRE(std::holds_alternative<WalletHistory>(closed));
  CHECK(std::get<WalletHistory>(closed).wallet.status == WalletStatus::closed);
  CHECK(is_declined(bank.ask_transfer(other, wallet, 10, "in"), Decline::wallet_closed));
  CHECK(is_refused(bank.ask(bank.open(wallet)), Decline::already_exists));
  bank.check_books(200);
}

TEST_CASE("a change of name and limits happens whole or not at all") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(0, Limits{.credit_limit = 100});
  REQUIRE(is_done(bank.ask_transfer(wallet, bank.wallet_with(0), 80, "on credit")));
  const std::size_t rows = bank.ledger.journal().size();
  const auto both = [&](Minor credit_limit) {
    return bank.ask(bank.world.submit(
        ChangeWalletRequest{wallet, {ChangeName{"new name"}, ChangeLimits{{.credit_limit = credit_limit}}}}));
  };
  CHECK(is_refused(both(10), Decline::insufficient_funds));
  CHECK(bank.ledger.journal().size() == rows);
  const Result changed = both(90);
  REQUIRE(std::holds_alternative<WalletHistory>(changed));
  CHECK(std::get<WalletHistory>(changed).wallet.name == "new name");
  CHECK(std::get<WalletHistory>(changed).wallet.limits.credit_limit == 90);
}

TEST_CASE("a balance never shows money that is not durable") {
  Bank bank;
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_with(0);
  const std::uint64_t sent = bank.transfer(source, destination, 300, "k");
  bank.world.run_without_lane();
  const std::uint64_t before = bank.read(destination);
  const std::uint64_t strict = bank.read(destination, true);
  bank.world.run_without_lane();
  REQUIRE(bank.world.is_answered(before));
  CHECK(std::get<WalletHistory>(bank.world.answers(before).front()).wallet.available == 0);
  CHECK_FALSE(bank.world.is_answered(sent));
  CHECK_FALSE(bank.world.is_answered(strict));
  CHECK(is_done(bank.ask(sent)));
  CHECK(std::get<WalletHistory>(bank.ask(strict)).wallet.available == 300);
}

TEST_CASE("a strict read of a wallet that does not exist finds none") {
  Bank bank;
  CHECK(is_refused(bank.ask(bank.read(bank.nobody(), true)), Decline::wallet_not_found));
}

TEST_CASE("a thousand transfers out of one wallet and into one wallet leave no cent behind") {
  EngineSettings settings = small_node();
  settings.batch_rows = 64;
  Bank bank(settings);
  const WalletId hot = bank.wallet_with(10'000);
  std::vector<WalletId> others;
  for (int i = 0; i < 10; ++i)
    others.push_back(bank.wallet_with(1'000));
  std::vector<std::uint64_t> sent;
  for (int i = 0; i < 1'000; ++i) {
    const WalletId& other = others[static_cast<std::size_t>(i % 10)];
    const bool pays = i / 10 % 2 == 0;
    sent.push_back(bank.transfer(pays ? hot : other, pays ? other : hot, 1 + i % 3, "k" + std::to_string(i)));
  }
  bank.world.run();
  for (const std::uint64_t correlation : sent)
    CHECK(in_words(bank.ask(correlation)) == "done");
  bank.check_books(20'000);
  Minor sum = bank.balance(hot);
  for (const WalletId& other : others)
    sum += bank.balance(other);
  CHECK(sum == 20'000);
}

TEST_CASE("before the ledger is there, a request is told to come again") {
  SimulatedLedger ledger(4);
  ledger.refuse_claims(10);
  World world(ledger, small_node());
  const std::uint64_t early = world.submit(ReadWalletRequest{});
  REQUIRE(world.pass_until([&] { return world.is_answered(early); }, std::chrono::seconds(1)));
  CHECK(is_not_applied(world.answers(early).front()));
  CHECK_FALSE(world.is_ready());
  CHECK(world.pass_until([&] { return world.is_ready(); }));
}

TEST_CASE("an equal request that comes through another node waits for the first, and gets its answer") {
  EngineSettings settings = small_node();
  settings.cluster.listen = "a node of a cluster";
  Bank bank(settings);
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_with(0);
  const std::uint64_t first = bank.transfer(source, destination, 10, "k");
  const std::uint64_t second = bank.transfer(source, destination, 10, "k");
  bank.world.run_without_lane();
  CHECK(is_done(bank.ask(first)));
  REQUIRE(bank.world.pass_until([&] { return bank.world.is_answered(second); }, std::chrono::seconds(1)));
  const Result again = bank.ask(second);
  REQUIRE(is_done(again));
  CHECK(money(again).replayed);
  CHECK(bank.world.node().counters.rejected_commits == 0);
  CHECK(bank.balance(destination) == 10);
}

TEST_CASE("whoever only asks what became of a key waits for the request under way, and a free key stays free") {
  EngineSettings settings = small_node();
  settings.cluster.listen = "a node of a cluster";
  Bank bank(settings);
  const WalletId source = bank.wallet_with(1'000);
  const WalletId destination = bank.wallet_with(0);
  const auto ask_about = [&](std::string_view key, std::uint64_t print) {
    auto asked = std::make_shared<Transaction>();
    asked->source = source;
    MoveMoneyRequest question{.transaction = asked, .stamp = {key_id("a client", key), print}, .only_if_known = true};
    return bank.world.submit(std::move(question));
  };
  const auto is_free = [](const Result& result) {
    const auto* not_now = std::get_if<NotNow>(&result);
    return not_now != nullptr && not_now->cause == NotNow::Cause::key_is_free && !not_now->may_be_applied;
  };
  for (int i = 0; i < 2; ++i)
    CHECK(is_free(bank.ask(ask_about("k", 1))));
  const std::uint64_t first = bank.transfer(source, destination, 10, "k");
  const std::uint64_t other = ask_about("k", 1);
  bank.world.run_without_lane();
  CHECK_FALSE(bank.world.is_answered(other));
  const Result done = bank.ask(first);
  REQUIRE(is_done(done));
  CHECK(std::holds_alternative<KeyReused>(bank.ask(other)));
  const Result told = bank.ask(ask_about("k", money(done).record->stamp->fingerprint));
  REQUIRE(is_done(told));
  CHECK(money(told).replayed);
  CHECK(bank.balance(destination) == 10);
  bank.restart();
  CHECK(std::holds_alternative<KeyReused>(bank.ask(ask_about("k", 1))));
  CHECK(is_free(bank.ask(ask_about("another", 1))));
}

TEST_CASE("a key whose request left no record can be used again at once") {
  EngineSettings settings = small_node();
  settings.cluster.listen = "a node of a cluster";
  Bank bank(settings);
  const WalletId source = bank.wallet_with(1'000);
  const WalletId nobody{Uuid{{0xEE}}};
  for (int i = 0; i < 2; ++i)
    CHECK(std::get<Decline>(bank.ask_transfer(source, nobody, 10, "k")) == Decline::wallet_not_found);
}

}  // namespace dompet::simulated
