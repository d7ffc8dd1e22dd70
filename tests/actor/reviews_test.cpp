// Risk rules in the moment of the decision, and what an officer must look at: held until he decides, whatever happens.

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>

#include "tests/actor/bank.hpp"
#include "tests/actor/ledger_checker.hpp"

namespace dompet::simulated {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

RiskRule over(Minor amount, RiskAction action) {
  return {.id = "over-" + std::to_string(amount),
          .name = "Over " + std::to_string(amount),
          .enabled = true,
          .currency = find_currency("IDR"),
          .kinds = {TransactionKind::transfer, TransactionKind::withdrawal, TransactionKind::payment},
          .amount = amount,
          .score = 50,
          .action = action};
}

RiskRule at_most(std::int64_t count, milliseconds window) {
  return {.id = "often",
          .name = "Often",
          .kind = RiskRuleKind::velocity_count,
          .enabled = true,
          .count = count,
          .window_ms = window.count(),
          .score = 80,
          .action = RiskAction::block};
}

EngineSettings with(EngineSettings settings, std::vector<RiskRule> rules) {
  settings.risk_rules = std::make_shared<const RiskRules>(RiskRules{1, std::move(rules)});
  return settings;
}

/// Flags from 50 on, looks at what is over 100, blocks what is over 500.
EngineSettings careful(EngineSettings settings) {
  return with(std::move(settings),
              {over(50, RiskAction::allow), over(100, RiskAction::review), over(500, RiskAction::block)});
}

struct Review {
  explicit Review(EngineSettings settings = careful(small_node())) : bank(std::move(settings)) {}

  Bank bank;
  WalletId source = bank.wallet_with(1'000);
  WalletId destination = bank.wallet_beside(source, false);
  TransactionId id{};

  Result send(Minor amount, std::string_view key = "k") {
    const Result result = bank.ask_transfer(source, destination, amount, key);
    id = bank.last_transaction();
    return result;
  }
  std::uint64_t give(SagaOrder order) {
    const Shard shard = shard_of(source, bank.world.node().settings.shard_count);
    return bank.world.submit(SagaOrderRequest{id, shard, order, {"dewi", "looked"}});
  }
  /// What officers said, in the order of its records.
  std::vector<Verdict> verdicts() const {
    std::vector<Verdict> said;
    for (const JournalRow& row : bank.ledger.journal())
      if (const Record record = decode(row); record.id == id && record.verdict)
        said.push_back(*record.verdict);
    return said;
  }
  SagaReport order(SagaOrder wish) { return std::get<SagaReport>(bank.ask(give(wish))); }
  std::vector<RecordKind> story() const {
    std::vector<RecordKind> kinds;
    for (const JournalRow& row : bank.ledger.journal())
      if (row.id == id.uuid)
        kinds.push_back(static_cast<RecordKind>(row.kind));
    return kinds;
  }
  bool comes_to_rest() {
    const bool rests = bank.world.pass_until([&] { return bank.ledger.open_sagas() == 0; });
    LedgerChecker checker(bank.ledger);
    checker.check();
    checker.check_at_rest();
    return rests;
  }
  std::optional<Assessment> assessment() const {
    for (const JournalRow& row : bank.ledger.journal())
      if (row.id == id.uuid)
        return decode(row).risk;
    return std::nullopt;
  }
};

bool waits(const Result& result) {
  const auto* answer = std::get_if<MoneyAnswer>(&result);
  return answer != nullptr && answer->state == SagaState::under_review;
}

}  // namespace

TEST_CASE("without a rule nothing is judged, and nothing is stored about it") {
  Review review(small_node());
  REQUIRE(is_done(review.send(900)));
  CHECK_FALSE(review.assessment());
}

TEST_CASE("a flagged transfer goes on, and its record says why it looked odd") {
  for (const bool fast : {true, false}) {
    Review review(careful(fast ? small_node() : slow_node()));
    REQUIRE(is_done(review.send(60)));
    const auto said = review.assessment();
    REQUIRE(said);
    CHECK((said->score == 50 && said->action == RiskAction::allow));
    REQUIRE(said->reasons.size() == 1);
    CHECK(said->reasons[0].text == "Over 50");
    REQUIRE(is_done(review.send(10, "small")));
    CHECK(review.assessment() == Assessment{.rules_version = 1});
    CHECK(review.comes_to_rest());
    review.bank.check_books(1'000);
  }
}

TEST_CASE("a blocked transfer is declined for good, without a hold, and the key says so again") {
  Review review;
  CHECK(is_declined(review.send(501), Decline::risk_blocked));
  CHECK(review.story() == std::vector{RecordKind::declined});
  CHECK(review.assessment()->action == RiskAction::block);
  CHECK(review.bank.held(review.source) == 0);
  CHECK(is_declined(review.bank.ask_transfer(review.source, review.destination, 501, "k"), Decline::risk_blocked));
  review.bank.check_books(1'000);
}

TEST_CASE("a transfer under review is answered at once, held, and asked of nobody for as long as it takes") {
  Review review;
  REQUIRE(waits(review.send(200)));
  CHECK(review.bank.balance(review.source) == 800);
  CHECK(review.bank.held(review.source) == 200);
  review.bank.world.pass(seconds(3'600));
  CHECK(review.story() == std::vector{RecordKind::hold_placed});
  CHECK(review.bank.ledger.saga(review.id) == SagaState::under_review);
  CHECK(review.bank.ledger.decisions(review.id).empty());
  const SagaReport report = review.order(SagaOrder::inspect);
  CHECK(report.waits_for == "an officer's decision");
  CHECK_FALSE(report.next_attempt_in_ms);
  review.bank.check_books(1'000);
}

TEST_CASE("an approved transfer goes on by steps, and its key is answered with its end") {
  Review review;
  REQUIRE(waits(review.send(200)));
  const SagaReport answer = review.order(SagaOrder::approve);
  CHECK((answer.accepted && answer.state == SagaState::reserved));
  CHECK(review.comes_to_rest());
  CHECK(review.story() == std::vector{RecordKind::hold_placed, RecordKind::review_approved,
                                      RecordKind::transfer_credited, RecordKind::hold_captured});
  CHECK(review.bank.balance(review.destination) == 200);
  CHECK(is_done(review.bank.ask_transfer(review.source, review.destination, 200, "k")));
  CHECK_FALSE(review.order(SagaOrder::reject).open);
  review.bank.check_books(1'000);
}

TEST_CASE("a rejected transfer comes back with the destination's word, and says that it was rejected") {
  Review review;
  REQUIRE(waits(review.send(200)));
  CHECK(review.order(SagaOrder::reject).accepted);
  CHECK(review.comes_to_rest());
  CHECK(review.story() == std::vector{RecordKind::hold_placed, RecordKind::transfer_cancelling,
                                      RecordKind::transfer_refused, RecordKind::hold_released});
  CHECK(review.bank.balance(review.source) == 1'000);
  CHECK(is_declined(review.bank.ask_transfer(review.source, review.destination, 200, "k"), Decline::risk_rejected));
  review.bank.check_books(1'000);
}

TEST_CASE("an operator does not cancel what is under review, and the record of its end says who decided") {
  for (const SagaOrder wish : {SagaOrder::approve, SagaOrder::reject}) {
    Review review;
    REQUIRE(waits(review.send(200)));
    CHECK_FALSE(review.order(SagaOrder::cancel).accepted);
    CHECK(review.bank.ledger.saga(review.id) == SagaState::under_review);
    CHECK(review.order(wish).accepted);
    CHECK_FALSE(review.order(SagaOrder::approve).accepted);
    CHECK(review.comes_to_rest());
    CHECK(review.verdicts() == std::vector{Verdict{"dewi", "looked"}});
  }
}

TEST_CASE("what staff asked for with another's money says so in its assessment") {
  Review review;
  Transaction wish{.kind = TransactionKind::transfer,
                   .currency = *find_currency("IDR"),
                   .amount = 200,
                   .source = review.source,
                   .destination = review.destination};
  const UserId staff{review.bank.nobody().uuid};
  wish.id = review.id = {make_uuid_v7(review.bank.world.now_ms(), {})};
  REQUIRE(waits(review.bank.ask(review.bank.world.submit(
      MoveMoneyRequest{std::make_shared<const Transaction>(wish), {key_id("staff", "k"), 1}, {}, staff}))));
  CHECK(review.assessment()->asked_by == staff);
  CHECK(review.assessment()->rules_version == 1);
}

TEST_CASE("a conversion waits for an officer only as long as its rate is good, and then comes back") {
  EngineSettings settings = careful(small_node());
  settings.review_rate_age = seconds(100);
  Review review(settings);
  review.destination = review.bank.wallet_with(50, {}, "USD");
  const Currency dollars = *find_currency("USD");
  const auto send = [&](std::string_view key) {
    Transaction wish{.kind = TransactionKind::transfer,
                     .currency = *find_currency("IDR"),
                     .amount = 200,
                     .source = review.source,
                     .destination = review.destination};
    wish.fx =
        FxLeg{.rate = {1, 1}, .currency = dollars, .amount = 20, .rate_at_ms = review.bank.world.now_ms() - 40'000};
    const Result result = review.bank.ask_send(wish, key);
    review.id = review.bank.last_transaction();
    return result;
  };
  REQUIRE(waits(send("in time")));
  review.bank.world.pass(seconds(50));
  CHECK(review.order(SagaOrder::approve).accepted);
  CHECK(review.comes_to_rest());
  CHECK(review.bank.balance(review.destination) == 70);
  REQUIRE(waits(send("late")));
  review.bank.world.pass(seconds(50));
  review.bank.restart();
  review.bank.world.pass(seconds(15));
  CHECK_FALSE(review.order(SagaOrder::approve).accepted);
  CHECK(review.comes_to_rest());
  CHECK(review.bank.balance(review.source) == 800);
  CHECK(review.bank.balance(review.destination) == 70);
  CHECK(review.verdicts().empty());
  for (const JournalRow& row : review.bank.ledger.journal())
    if (row.id == review.id.uuid && row.kind == static_cast<std::int16_t>(RecordKind::hold_released))
      CHECK(decode(row).decline == Decline::rate_expired);
}

TEST_CASE("only what is under review can be approved or rejected, and only once") {
  Review review(careful(slow_node()));
  REQUIRE(waits(review.send(200)));
  const std::uint64_t first = review.give(SagaOrder::approve);
  const std::uint64_t second = review.give(SagaOrder::reject);
  const std::uint64_t third = review.give(SagaOrder::cancel);
  CHECK(std::get<SagaReport>(review.bank.ask(first)).accepted);
  CHECK_FALSE(std::get<SagaReport>(review.bank.ask(second)).accepted);
  CHECK_FALSE(std::get<SagaReport>(review.bank.ask(third)).accepted);
  CHECK(review.comes_to_rest());
  CHECK(review.bank.ledger.saga(review.id) == SagaState::settled);
}

TEST_CASE("a review outlives kill -9 in each of its steps") {
  for (const SagaOrder wish : {SagaOrder::approve, SagaOrder::reject})
    for (std::size_t durable = 1; durable <= 4; ++durable) {
      INFO((wish == SagaOrder::approve ? "approved" : "rejected") << ", killed after " << durable << " records");
      Review review;
      REQUIRE(waits(review.send(200)));
      if (durable > 1)
        review.give(wish);
      for (int tries = 0; tries < 5'000 && review.story().size() < durable; ++tries)
        if (!review.bank.world.step())
          review.bank.world.advance(milliseconds(50));
      REQUIRE(review.story().size() == durable);
      review.bank.restart();
      if (durable == 1) {
        CHECK(review.bank.ledger.saga(review.id) == SagaState::under_review);
        CHECK(review.bank.held(review.source) == 200);
        CHECK(review.order(wish).accepted);
      }
      CHECK(review.comes_to_rest());
      const bool approved = wish == SagaOrder::approve;
      CHECK(review.bank.ledger.saga(review.id) == (approved ? SagaState::settled : SagaState::released));
      CHECK(review.bank.balance(review.destination) == (approved ? 200 : 0));
      const Result again = review.bank.ask_transfer(review.source, review.destination, 200, "k");
      CHECK((approved ? is_done(again) : is_declined(again, Decline::risk_rejected)));
      review.bank.check_books(1'000);
    }
}

TEST_CASE("an officer whose decision was lost with its batch hears so, and the review goes on") {
  Review review;
  REQUIRE(waits(review.send(200)));
  review.bank.ledger.next_commit(Fate::unknown_lost);
  CHECK(is_not_applied(review.bank.ask(review.give(SagaOrder::approve))));
  CHECK(review.bank.ledger.saga(review.id) == SagaState::under_review);
  CHECK(review.order(SagaOrder::approve).accepted);
  CHECK(review.comes_to_rest());
  review.bank.check_books(1'000);
}

TEST_CASE("what nobody decides is rejected in the end, also when the process began anew meanwhile") {
  EngineSettings settings = careful(small_node());
  settings.review_expiry = seconds(100);
  Review review(settings);
  REQUIRE(waits(review.send(200)));
  review.bank.world.pass(seconds(60));
  review.bank.restart();
  review.bank.world.pass(seconds(30));
  CHECK(review.bank.ledger.saga(review.id) == SagaState::under_review);
  review.bank.world.pass(seconds(15));
  CHECK(review.comes_to_rest());
  CHECK(is_declined(review.bank.ask_transfer(review.source, review.destination, 200, "k"), Decline::risk_rejected));
}

TEST_CASE("a provider is asked for a withdrawal under review only after the approval") {
  for (const SagaOrder wish : {SagaOrder::approve, SagaOrder::reject}) {
    Review review;
    const Result result = review.bank.ask_send({.kind = TransactionKind::withdrawal,
                                                .currency = *find_currency("IDR"),
                                                .amount = 200,
                                                .source = review.source,
                                                .method = "bank",
                                                .payout_account = "014/123"},
                                               "w");
    review.id = review.bank.last_transaction();
    REQUIRE(waits(result));
    review.bank.world.pass(seconds(120));
    CHECK(review.bank.world.provider().times_asked(review.id) == 0);
    CHECK(review.order(wish).accepted);
    CHECK(review.comes_to_rest());
    CHECK(review.bank.world.provider().times_asked(review.id) >= 1);
    review.bank.check_books(wish == SagaOrder::approve ? 800 : 1'000);
  }
}

TEST_CASE("a top-up under review is asked of its provider after the approval, also where others are credited at once") {
  for (const bool asks : {true, false}) {
    EngineSettings settings = small_node();
    settings.topups_ask_provider = asks;
    RiskRule large = over(2'000, RiskAction::review);
    large.kinds = {TransactionKind::topup};
    Review review(with(settings, {large}));
    review.source = review.bank.wallet_with(50);
    const Result result = review.bank.ask_topup(review.source, 3'000, "t");
    review.id = review.bank.last_transaction();
    REQUIRE(waits(result));
    CHECK(review.bank.balance(review.source) == 50);
    CHECK(review.bank.world.provider().times_asked(review.id) == 0);
    CHECK(review.order(SagaOrder::approve).accepted);
    CHECK(review.comes_to_rest());
    CHECK(review.bank.balance(review.source) == 3'050);
  }
}

TEST_CASE("a payment that is authorized for review is held, and each of its captures waits for an officer") {
  for (const bool fast : {true, false}) {
    Review review(careful(fast ? small_node() : slow_node()));
    Bank& bank = review.bank;
    const auto pay = [&](TransactionKind kind, Minor amount, std::string_view key, const TransactionId& payment) {
      Transaction wish{.kind = kind,
                       .currency = *find_currency("IDR"),
                       .amount = amount,
                       .source = review.source,
                       .destination = review.destination,
                       .parent = payment,
                       .manual_capture = kind == TransactionKind::payment};
      const Result result = bank.ask_send(wish, key);
      review.id = bank.last_transaction();
      return result;
    };
    REQUIRE(is_done(pay(TransactionKind::payment, 200, "p", {})));
    const TransactionId payment = review.id;
    CHECK(review.assessment()->action == RiskAction::review);
    CHECK(bank.held(review.source) == 200);
    bank.restart();
    REQUIRE(waits(pay(TransactionKind::capture, 120, "c1", payment)));
    CHECK(bank.balance(review.destination) == 0);
    CHECK(review.order(SagaOrder::reject).accepted);
    REQUIRE(bank.world.pass_until([&] { return bank.ledger.open_sagas() == 0; }));
    CHECK(bank.held(review.source) == 200);
    REQUIRE(waits(pay(TransactionKind::capture, 200, "c2", payment)));
    CHECK(review.order(SagaOrder::approve).accepted);
    REQUIRE(bank.world.pass_until([&] { return bank.ledger.open_sagas() == 0; }));
    CHECK(bank.balance(review.destination) == 200);
    bank.check_books(1'000);
  }
}

TEST_CASE("a payment does not pass under a threshold in parts") {
  for (const bool fast : {true, false}) {
    Review review(careful(fast ? small_node() : slow_node()));
    Bank& bank = review.bank;
    const auto set_aside = [&](TransactionKind kind, Minor amount, std::string_view key, const TransactionId& payment) {
      Transaction wish{.kind = kind,
                       .currency = *find_currency("IDR"),
                       .amount = amount,
                       .source = review.source,
                       .destination = review.destination,
                       .parent = payment,
                       .manual_capture = kind == TransactionKind::payment};
      const Result result = bank.ask_send(wish, key);
      review.id = bank.last_transaction();
      return result;
    };
    REQUIRE(is_done(set_aside(TransactionKind::payment, 60, "p", {})));
    const TransactionId payment = review.id;
    CHECK(review.assessment()->action == RiskAction::allow);
    REQUIRE(is_done(set_aside(TransactionKind::increment, 30, "i1", payment)));
    REQUIRE(is_done(set_aside(TransactionKind::increment, 30, "i2", payment)));
    CHECK(review.assessment()->action == RiskAction::review);
    REQUIRE(waits(set_aside(TransactionKind::capture, 120, "c", payment)));
    CHECK(review.order(SagaOrder::approve).accepted);
    REQUIRE(bank.world.pass_until([&] { return bank.ledger.open_sagas() == 0; }));
    bank.check_books(1'000);
  }
}

TEST_CASE("rules that were read too long ago judge nothing: money is not moved, and the key is free again") {
  Review review;
  Node& node = review.bank.world.node();
  node.risk.set(nullptr, node.boottime_ms() - node.settings.risk_rules_max_age.count() - 1);
  const Result result = review.send(10);
  REQUIRE(is_not_applied(result));
  CHECK(std::get<NotNow>(result).cause == NotNow::Cause::risk);
  CHECK(review.story().empty());
  node.risk.set(nullptr, node.boottime_ms());
  CHECK(is_done(review.send(10)));
  review.bank.check_books(1'000);
}

TEST_CASE("rules that were none are believed for longer, but not for ever, and an enabled one is not") {
  Review review(small_node());
  Node& node = review.bank.world.node();
  const std::int64_t most_ms = node.settings.risk_no_rules_max_age.count();
  REQUIRE(most_ms > node.settings.risk_rules_max_age.count());
  node.risk.set(nullptr, node.boottime_ms() - most_ms / 2);
  CHECK(is_done(review.send(10, "in time")));
  node.risk.set(nullptr, node.boottime_ms() - most_ms - 1);
  const Result result = review.send(10, "late");
  REQUIRE(is_not_applied(result));
  CHECK(std::get<NotNow>(result).cause == NotNow::Cause::risk);
  node.risk.set(nullptr, node.boottime_ms());
  CHECK(is_done(review.send(10, "late")));
  // The first rule: from then on the short bound holds, whatever the rules were before.
  node.risk.set(std::make_shared<const RiskRules>(RiskRules{2, {over(500, RiskAction::block)}}),
                node.boottime_ms() - node.settings.risk_rules_max_age.count() - 1);
  CHECK(is_not_applied(review.send(20, "judged by old rules")));
  review.bank.check_books(1'000);
}

TEST_CASE("what left a wallet counts on after kill -9, and after the wallet was let go") {
  for (const bool fast : {true, false}) {
    EngineSettings settings = with(fast ? small_node() : slow_node(), {at_most(3, seconds(60))});
    settings.idle_before_passivation = seconds(1);
    Review review(settings);
    for (int i = 0; i < 3; ++i) {
      REQUIRE(is_done(review.send(10, "k" + std::to_string(i))));
      if (i == 1)
        review.bank.restart();
    }
    CHECK(is_declined(review.send(10, "one too many"), Decline::risk_blocked));
    review.bank.world.pass(seconds(3));
    CHECK(review.bank.world.node().counters.passivated_wallets > 0);
    CHECK(is_declined(review.send(10, "after a rest"), Decline::risk_blocked));
    review.bank.restart();
    CHECK(is_declined(review.send(10, "still"), Decline::risk_blocked));
    review.bank.world.pass(seconds(61));
    CHECK(is_done(review.send(10, "later")));
    review.bank.check_books(1'000);
  }
}

TEST_CASE("rules that begin to count find what left before, also what is on its way to the journal") {
  for (const bool fast : {true, false}) {
    Review review(fast ? small_node() : slow_node());
    Bank& bank = review.bank;
    std::vector<std::uint64_t> sent;
    for (int i = 0; i < 3; ++i)
      sent.push_back(bank.transfer(review.source, review.destination, 10, "k" + std::to_string(i)));
    bank.world.run_without_lane();
    bank.world.node().risk.begin_with(std::make_shared<const RiskRules>(RiskRules{2, {at_most(3, seconds(60))}}));
    const std::uint64_t fourth = bank.transfer(review.source, review.destination, 10, "fourth");
    CHECK(is_declined(bank.ask(fourth), Decline::risk_blocked));
    for (const std::uint64_t correlation : sent)
      CHECK(is_done(bank.ask(correlation)));
    bank.check_books(1'000);
  }
}

TEST_CASE("a transfer that its destination refuses at once is not counted") {
  Review review(with(small_node(), {at_most(1, seconds(60))}));
  REQUIRE(std::holds_alternative<WalletHistory>(review.bank.ask_change(review.destination, FreezeWallet{})));
  CHECK(is_declined(review.send(10, "a"), Decline::wallet_frozen));
  REQUIRE(std::holds_alternative<WalletHistory>(review.bank.ask_change(review.destination, UnfreezeWallet{})));
  CHECK(is_done(review.send(10, "b")));
  CHECK(is_declined(review.send(10, "c"), Decline::risk_blocked));
}

TEST_CASE("without the journal's word nothing that rules count is moved") {
  Review review(with(small_node(), {at_most(3, seconds(60))}));
  REQUIRE(is_done(review.send(10, "a")));
  review.bank.restart();
  REQUIRE(review.bank.balance(review.source) == 990);
  review.bank.world.fail_reads(1);
  const Result result = review.send(10, "b");
  REQUIRE(is_not_applied(result));
  CHECK(std::get<NotNow>(result).cause == NotNow::Cause::risk);
  CHECK(is_done(review.send(10, "b")));
  review.bank.check_books(1'000);
}

TEST_CASE("an owner who pays himself is found on the other side of the ledger") {
  RiskRule same{
      .id = "same", .name = "Same", .kind = RiskRuleKind::same_party, .enabled = true, .action = RiskAction::block};
  Review review(with(small_node(), {same}));
  Bank& bank = review.bank;
  const UserId ani{bank.nobody().uuid};
  const auto open = [&](const UserId& owner) {
    const WalletId wallet = bank.nobody();
    REQUIRE(std::holds_alternative<WalletHistory>(bank.ask(
        bank.world.submit(OpenWalletRequest{wallet, OpenWallet{*find_currency("IDR"), "a wallet", {}, owner}}))));
    return wallet;
  };
  review.source = open(ani);
  REQUIRE(is_done(bank.ask_topup(review.source, 100, "first")));
  review.destination = open(ani);
  CHECK(is_declined(review.send(10, "to himself"), Decline::risk_blocked));
  review.destination = open({bank.nobody().uuid});
  CHECK(is_done(review.send(10, "to another")));
  review.destination = open(ani);
  bank.world.fail_reads(1);
  CHECK(is_not_applied(review.send(10, "unknown")));
}

}  // namespace dompet::simulated
