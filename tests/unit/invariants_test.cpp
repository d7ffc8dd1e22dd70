#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

#include "domain/invariants.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;
using namespace dompet::invariants;

namespace {

/// An invariant holds, or it is broken and the sentence names it.
void holds(const Violation& violation) { CHECK(violation.value_or("") == ""); }
void broken(const Violation& violation, std::string_view name) {
  REQUIRE(violation);
  INFO(*violation);
  CHECK(violation->starts_with(name));
}

std::vector<Record> stream(std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> places) {
  std::vector<Record> records;
  for (const auto& [seq, epoch] : places) {
    records.emplace_back();
    records.back().shard = 7;
    records.back().shard_seq = seq;
    records.back().epoch = epoch;
  }
  return records;
}

/// The legs of a wallet that these events happened to.
std::vector<Leg> legs_of(const std::vector<Event>& events) {
  WalletHistory history;
  history.wallet.id = given::wallet_id(1);
  std::vector<Leg> legs;
  for (const Event& event : events) {
    Leg leg;
    leg.wallet = given::wallet_id(1);
    leg.event = event;
    extend(history, leg);
    legs.push_back(leg);
  }
  return legs;
}

std::vector<Leg> some_legs() {
  return legs_of({WalletOpened{given::idr(), "Ani", {}}, Credited{given::transaction_id(1), 100},
                  HoldPlaced{given::transaction_id(2), 40}, HoldCaptured{given::transaction_id(2), 40},
                  TransferredOut{given::transaction_id(3), 10}});
}

Violation replays(const std::vector<Leg>& legs) { return wallet_replays(given::wallet_id(1), legs); }

}  // namespace

TEST_CASE("I1: a shard's stream has no gaps and its epochs never fall") {
  holds(epochs_never_fall({}));
  holds(epochs_never_fall(stream({{5, 1}, {6, 1}, {7, 3}})));
  broken(epochs_never_fall(stream({{5, 1}, {7, 1}})), "I1");
  broken(epochs_never_fall(stream({{5, 1}, {5, 1}})), "I1");
  broken(epochs_never_fall(stream({{5, 2}, {6, 1}})), "I1");
}

TEST_CASE("I2: a wallet's statement replays to the balances that it states") {
  holds(replays({}));
  holds(replays(some_legs()));
}

TEST_CASE("I2: a statement that was tampered with does not replay") {
  for (std::size_t at = 0; at < some_legs().size(); ++at) {
    CAPTURE(at);
    const auto tampered = [at](auto change) {
      std::vector<Leg> legs = some_legs();
      change(legs, legs[at]);
      return replays(legs);
    };
    broken(tampered([](auto&, Leg& leg) { ++leg.available_after; }), "I2");
    broken(tampered([](auto&, Leg& leg) { --leg.held_after; }), "I2");
    broken(tampered([](auto&, Leg& leg) { ++leg.seq; }), "I2");
    broken(tampered([](auto&, Leg& leg) { leg.wallet = given::wallet_id(2); }), "I2");
    broken(tampered([](auto& legs, Leg& leg) { legs.push_back(leg); }), "I2");
    broken(tampered([](auto&, Leg& leg) { leg.event = Credited{given::transaction_id(9), 1'000}; }), "I2");
  }
  std::vector<Leg> without_first = some_legs();
  without_first.erase(without_first.begin());
  broken(replays(without_first), "I2");
}

TEST_CASE("I2: a wallet that falls below what it may has a broken statement, even if the sums agree") {
  holds(
      replays(legs_of({WalletOpened{given::idr(), "Ani", {{}, {}, 5}}, TransferredOut{given::transaction_id(1), 5}})));
  broken(replays(legs_of({WalletOpened{given::idr(), "Ani", {}}, TransferredOut{given::transaction_id(1), 5}})), "I2");
}

TEST_CASE("I3: a transfer is decided at most once, and credited exactly when the decision says so") {
  const auto check = [](std::vector<Decision> decisions, int credits) { return one_decision(decisions, credits); };
  holds(check({}, 0));
  holds(check({Decision::credited}, 1));
  holds(check({Decision::refused}, 0));
  broken(check({Decision::credited, Decision::credited}, 1), "I3");
  broken(check({Decision::credited, Decision::refused}, 1), "I3");
  broken(check({Decision::credited}, 0), "I3");
  broken(check({Decision::credited}, 2), "I3");
  broken(check({Decision::refused}, 1), "I3");
  broken(check({}, 1), "I3");
}

TEST_CASE("I4 and I5: how a transfer ended at its source agrees with what its destination decided") {
  using enum SagaState;
  struct Row {
    SagaState state;
    const char* undecided;
    const char* credited;
    const char* refused;
  };
  for (const Row& row : {Row{none, "", "I5", ""}, Row{reserved, "", "", ""}, Row{cancelling, "", "", ""},
                         Row{settled, "I4", "", "I4"}, Row{released, "I4", "I4", ""}, Row{declined, "", "I5", ""}}) {
    INFO(name_of(row.state));
    const auto check = [&](Decision decision, std::string_view expected) {
      const Violation found = saga_agrees(row.state, decision);
      expected.empty() ? holds(found) : broken(found, expected);
    };
    check(Decision::none, row.undecided);
    check(Decision::credited, row.credited);
    check(Decision::refused, row.refused);
  }
}

TEST_CASE("I6: what a client was told is true for good") {
  using enum SagaState;
  holds(reply_is_backed(true, settled, Decision::credited));
  holds(reply_is_backed(true, reserved, Decision::credited));
  holds(reply_is_backed(false, released, Decision::refused));
  holds(reply_is_backed(false, declined, Decision::none));
  broken(reply_is_backed(true, reserved, Decision::none), "I6");
  broken(reply_is_backed(true, released, Decision::refused), "I6");
  broken(reply_is_backed(false, reserved, Decision::none), "I6");
  broken(reply_is_backed(false, cancelling, Decision::refused), "I6");
  broken(reply_is_backed(false, settled, Decision::credited), "I6");
}

TEST_CASE("I7: all the money in wallets came from outside") {
  holds(conserved(0, 0, 0, 0));
  holds(conserved(70, 30, 0, 100));
  holds(conserved(100, 30, 30, 100));  // credited already, not yet captured
  broken(conserved(71, 30, 0, 100), "I7");
  broken(conserved(69, 30, 0, 100), "I7");
  broken(conserved(70, 0, -30, 100), "I7");
}

TEST_CASE("I8: an idempotency key belongs to one transaction") {
  std::vector<Record> records(2);
  records[0].id = records[1].id = given::transaction_id(1);
  holds(one_transaction_per_key({}));
  holds(one_transaction_per_key(records));
  records[1].id = given::transaction_id(2);
  broken(one_transaction_per_key(records), "I8");
}
