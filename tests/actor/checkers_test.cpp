// A checker that never speaks up is not trusted: ledgers that are broken by hand, where the simulation cannot break
// them.

#include <catch2/catch_test_macros.hpp>

#include "tests/actor/bank.hpp"
#include "tests/actor/ledger_checker.hpp"

namespace dompet::simulated {

namespace {

/// A lane that writes what it is told to, whatever the actors think of it.
class ForgedLane {
 public:
  explicit ForgedLane(SimulatedLedger& ledger) : store_(ledger.connect(forger, std::make_shared<bool>(true))) {
    ledger.take(forger, ledger.rows());
    claims_ = store_->claim();
  }

  Record record(RecordKind kind, const TransactionId& id, std::shared_ptr<const Transaction> transaction) {
    Record made;
    made.kind = kind;
    made.id = id;
    made.transaction = std::move(transaction);
    made.shard_seq = ++claims_[0].last_seq;
    made.epoch = claims_[0].epoch;
    return made;
  }
  Outcome commit(const Record& record, std::vector<SagaChange> sagas = {}, std::vector<DecisionRow> decisions = {}) {
    Batch batch;
    batch.journal.push_back(encode(record));
    batch.sagas = std::move(sagas);
    batch.decisions = std::move(decisions);
    return store_->commit(batch).outcome;
  }

 private:
  static constexpr Incarnation forger{Uuid{{0xF}}};

  std::unique_ptr<LaneStore> store_;
  std::vector<Claim> claims_{};
};

std::string complaint(SimulatedLedger& ledger) {
  LedgerChecker checker(ledger);
  try {
    checker.check();
  } catch (const Broken& rule) {
    return rule.what();
  }
  return "none";
}

/// A slow transfer that was credited and settled, by which the register and the saga's row can be forged.
struct Settled {
  Bank bank{slow_node()};
  WalletId source = bank.wallet_with(100);
  WalletId destination = bank.wallet_with(0);
  std::shared_ptr<const Transaction> transaction{};

  Settled() {
    transaction = money(bank.ask_transfer(source, destination, 10, "k")).record->transaction;
    REQUIRE(complaint(bank.ledger) == "none");
  }
};

}  // namespace

TEST_CASE("the checkers catch a decision that was taken twice") {
  Settled settled;
  settled.bank.ledger.break_on_purpose(Flaw::forgets_decisions);
  ForgedLane lane(settled.bank.ledger);
  const TransactionId id = settled.transaction->id;
  const DecisionRow refused{id, 0, Decision::refused, 0, settled.destination, 10, settled.transaction->currency};
  REQUIRE(lane.commit(lane.record(RecordKind::transfer_refused, id, settled.transaction), {}, {refused}) ==
          Outcome::durable);
  CHECK(complaint(settled.bank.ledger) == "I3: a transfer was decided twice");
}

TEST_CASE("the checkers catch a transfer that was released after it was credited") {
  Settled settled;
  settled.bank.ledger.break_on_purpose(Flaw::forgets_saga_states);
  ForgedLane lane(settled.bank.ledger);
  const TransactionId id = settled.transaction->id;
  SagaChange released{id, SagaState::reserved,          SagaState::released, 0, 0, settled.source, settled.destination,
                      10, settled.transaction->currency};
  REQUIRE(lane.commit(lane.record(RecordKind::transfer_cancelling, id, settled.transaction), {released}) ==
          Outcome::durable);
  CHECK(complaint(settled.bank.ledger).starts_with("I4"));
}

TEST_CASE("an honest ledger refuses both forgeries") {
  Settled settled;
  ForgedLane lane(settled.bank.ledger);
  const TransactionId id = settled.transaction->id;
  const DecisionRow refused{id, 0, Decision::refused, 0, settled.destination, 10, settled.transaction->currency};
  const SagaChange released{
      id, SagaState::reserved,          SagaState::released, 0, 0, settled.source, settled.destination,
      10, settled.transaction->currency};
  CHECK(lane.commit(lane.record(RecordKind::transfer_refused, id, settled.transaction), {}, {refused}) ==
        Outcome::rejected);
  CHECK(lane.commit(lane.record(RecordKind::transfer_cancelling, id, settled.transaction), {released}) ==
        Outcome::rejected);
}

TEST_CASE("the checkers catch a credit out of nothing") {
  Bank bank;
  bank.wallet_with(100);
  ForgedLane lane(bank.ledger);
  Record forged = decode(bank.ledger.journal().back());
  forged.id = {bank.nobody().uuid};
  forged.stamp.reset();
  forged.shard = 0;
  forged.shard_seq = lane.record(RecordKind::topup, forged.id, nullptr).shard_seq;
  forged.epoch = 99;
  REQUIRE(lane.commit(forged) == Outcome::rejected);
  forged.leg[0].seq += 1;
  REQUIRE(lane.commit(forged) == Outcome::durable);
  CHECK(complaint(bank.ledger).starts_with("I2"));
}

TEST_CASE("the checkers catch a balance that is not the journal's") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(100);
  LedgerChecker checker(bank.ledger);
  checker.check();
  WalletHistory told = *checker.wallet(wallet);
  CHECK_NOTHROW(checker.check_balance(told, 2));
  CHECK_THROWS_AS(checker.check_balance(told, 3), Broken);
  told.wallet.available += 1;
  CHECK_THROWS_AS(checker.check_balance(told, 2), Broken);
}

TEST_CASE("the checkers catch an answer that says not applied about a transfer that was") {
  Bank bank;
  const WalletId source = bank.wallet_with(100);
  REQUIRE(is_done(bank.ask_transfer(source, bank.wallet_with(0), 10, "k")));
  LedgerChecker checker(bank.ledger);
  CHECK_THROWS_AS(checker.check_answer(bank.last_transaction(), NotNow{false, "nothing was done"}), Broken);
  CHECK_NOTHROW(checker.check_answer(bank.last_transaction(), NotNow{true, "who knows"}));
}

namespace {

/// What the books say once they have seen these events of one wallet, each a record of a transaction like this.
std::string books_say(const Transaction& transaction, const std::vector<Event>& events, Limits limits = {}) {
  PaymentBooks books;
  try {
    Record opened;
    opened.add_leg(transaction.source, WalletOpened{transaction.currency, "a wallet", limits});
    books.take(opened);
    Wallet before;
    before.id = transaction.source;
    dompet::apply(before, opened.leg[0].event);
    dompet::apply(before, Credited{{}, 1'000'000});
    for (const Event& event : events) {
      Record record;
      record.id = transaction.id;
      record.transaction = std::make_shared<const Transaction>(transaction);
      record.payment = payment_after(before, event);
      record.add_leg(transaction.source, event);
      books.take(record);
      if (!std::holds_alternative<Credited>(event))
        dompet::apply(before, event);
    }
  } catch (const Broken& rule) {
    return rule.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("the books catch more that was captured than authorized, and more that was refunded than captured") {
  Transaction capture{.id = {Uuid{{7}}}, .kind = TransactionKind::capture, .parent = {Uuid{{7}}}};
  capture.source = {Uuid{{1}}};
  const TransactionId payment = capture.parent;
  const HoldPlaced authorized{payment, 100, {}, true};
  CHECK(books_say(capture, {authorized, AuthorizationCaptured{payment, 60}, AuthorizationCaptured{payment, 40}}) ==
        "nothing");
  Transaction refund{.id = {Uuid{{8}}}, .kind = TransactionKind::refund, .parent = payment};
  refund.source = capture.source;
  CHECK(books_say(refund, {TransferredOut{refund.id, 1}}).starts_with("more was refunded of payment"));

  PaymentBooks books;
  const auto take = [&books](const Transaction& of, const Event& event, PaymentState says) {
    Record record;
    record.id = of.id;
    record.transaction = std::make_shared<const Transaction>(of);
    record.payment = says;
    record.add_leg(of.source, event);
    books.take(record);
  };
  take(capture, authorized, {100, 0, 100});
  CHECK_THROWS_AS(take(capture, AuthorizationCaptured{payment, 101}, {100, 101, -1}), Broken);
}

TEST_CASE("the books catch a wallet that spent more in a day than its limit") {
  const Transaction transfer{.id = {Uuid{{7}}}, .source = {Uuid{{1}}}};
  const Limits limits{.out = {.day = 100}};
  const Spending today{SpendingKind::transfer, 5};
  const Spending tomorrow{SpendingKind::transfer, 6};
  const TransferredOut some{transfer.id, 60, today};
  CHECK(books_say(transfer, {some, TransferredOut{transfer.id, 40, today}}, limits) == "nothing");
  CHECK(books_say(transfer, {some, TransferredOut{transfer.id, 60, tomorrow}}, limits) == "nothing");
  CHECK(books_say(transfer, {some, TransferredOut{transfer.id, 41, today}}, limits).ends_with("than its limit"));
}

TEST_CASE("the checkers catch a withdrawal that was released though the provider paid") {
  Bank bank;
  const WalletId wallet = bank.wallet_with(100);
  bank.world.provider().behave({.refuses = 100});
  bank.ask_send({.kind = TransactionKind::withdrawal,
                 .currency = *find_currency("IDR"),
                 .amount = 10,
                 .source = wallet,
                 .method = "bank"},
                "k");
  for (const Decision did : {Decision::refused, Decision::credited}) {
    LedgerChecker checker(bank.ledger);
    checker.ask_provider([did](const TransactionId&) { return did; });
    if (did == Decision::refused)
      CHECK_NOTHROW(checker.check());
    else
      CHECK_THROWS_AS(checker.check(), Broken);
  }
}

}  // namespace dompet::simulated
