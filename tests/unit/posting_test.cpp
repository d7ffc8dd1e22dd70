#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

#include "domain/ensure.hpp"
#include "domain/invariants.hpp"
#include "domain/posting.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;

namespace {

std::string words(const std::vector<Entry>& entries) {
  std::string text;
  for (const Entry& entry : entries)
    text += (text.empty() ? "" : ", ") + entry.account + ' ' + std::to_string(entry.amount);
  return text;
}

const std::string payer = "wallet:" + to_string(given::wallet_id(1));
const std::string held = "held:" + to_string(given::wallet_id(1));
const std::string payee = "wallet:" + to_string(given::wallet_id(2));

Record record_of(RecordKind kind) {
  if (kind == RecordKind::wallet_changed) {
    Record record;
    record.add_leg(given::wallet_id(1), WalletOpened{given::idr(), "Ani", {}});
    return record;
  }
  const bool is_topup =
      kind == RecordKind::topup || kind == RecordKind::topup_begun || kind == RecordKind::topup_refused;
  return given::money_record(kind, is_topup ? given::topup(1, 500) : given::transfer(1, 500));
}

/// What a record moves, account by account, and what it adds to the totals kept beside the journal.
void check(RecordKind kind, const std::string& entries, const std::string& totals) {
  const Record record = record_of(kind);
  INFO("record kind " << static_cast<int>(kind));
  CHECK(words(postings(record)) == entries);
  CHECK(words(system_entries(record)) == totals);
  CHECK(is_balanced(postings(record)));
}

}  // namespace

TEST_CASE("every record's money comes from somewhere and goes somewhere") {
  check(RecordKind::topup, payee + " 500, external:bri:IDR -500", "external:bri:IDR -500, wallets:IDR 500");
  check(RecordKind::transfer, payer + " -500, " + payee + " 500", "");
  check(RecordKind::hold_placed, payer + " -500, " + held + " 500", "");
  check(RecordKind::transfer_credited, payee + " 500, transit:IDR -500", "transit:IDR -500, wallets:IDR 500");
  check(RecordKind::hold_captured, held + " -500, transit:IDR 500", "transit:IDR 500, wallets:IDR -500");
  check(RecordKind::hold_released, payer + " 500, " + held + " -500", "");
  check(RecordKind::wallet_changed, "", "");
  check(RecordKind::declined, "", "");
  check(RecordKind::transfer_refused, "", "");
  check(RecordKind::transfer_cancelling, "", "");
}

TEST_CASE("the totals beside the journal balance for every kind of record") {
  for (RecordKind kind : given::record_kinds) {
    INFO("record kind " << static_cast<int>(kind));
    CHECK_FALSE(invariants::record_balances(record_of(kind)));
    CHECK(is_balanced(system_entries(record_of(kind))));
  }
}

TEST_CASE("a transfer that gives more than it takes does not balance") {
  Record record = record_of(RecordKind::transfer);
  record.leg[1].event = Credited{record.id, 600};
  CHECK(invariants::record_balances(record));
  CHECK_FALSE(is_balanced(system_entries(record)));
}

TEST_CASE("a top-up that gives more than was paid does not balance") {
  Record record = record_of(RecordKind::topup);
  record.leg[0].event = Credited{record.id, 600};
  CHECK(invariants::record_balances(record));
  CHECK_FALSE(is_balanced(system_entries(record)));
}

TEST_CASE("money that no transaction moves does not balance") {
  Record record = record_of(RecordKind::wallet_changed);
  record.leg[0].event = Credited{{}, 5};
  CHECK(invariants::record_balances(record));
  CHECK_THROWS_AS(system_entries(record), Bug);
  Record topup = record_of(RecordKind::topup);
  topup.transaction.reset();
  CHECK(invariants::record_balances(topup));
}

TEST_CASE("entries balance when they add up to nothing, and not when that cannot be counted") {
  CHECK(is_balanced({}));
  CHECK(is_balanced({{"a", 5}, {"b", -2}, {"c", -3}}));
  CHECK_FALSE(is_balanced({{"a", 5}, {"b", -4}}));
  CHECK_FALSE(is_balanced({{"a", INT64_MAX}, {"b", 1}, {"c", INT64_MIN}, {"d", 0}}));
}

namespace {

/// A payment's act with these legs.
Record act_record(RecordKind kind, TransactionKind transaction, Minor amount, Event payer_event, bool credits) {
  const auto act = given::act(transaction, 2, 1, amount);
  Record record{.kind = kind, .id = act->id, .transaction = act};
  record.add_leg(given::wallet_id(1), std::move(payer_event));
  if (credits)
    record.add_leg(given::wallet_id(2), Credited{act->id, amount});
  return record;
}

void check(const Record& record, const std::string& entries, const std::string& totals) {
  CHECK(words(postings(record)) == entries);
  CHECK(words(system_entries(record)) == totals);
  CHECK_FALSE(invariants::record_balances(record));
}

}  // namespace

TEST_CASE("what is set aside for a payment stays the payer's until it is captured") {
  check(RecordKind::payment_authorized, payer + " -500, " + held + " 500", "");
  check(RecordKind::payment_incremented, payer + " -500, " + held + " 500", "");
  check(RecordKind::payment_voided, payer + " 500, " + held + " -500", "");
  check(RecordKind::topup_begun, "", "");
  check(RecordKind::topup_refused, "", "");
}

TEST_CASE("a capture moves its amount to the merchant and a final one gives the rest back") {
  const TransactionId payment = given::transaction_id(1);
  const TransactionId capture = given::transaction_id(2);
  check(act_record(RecordKind::transfer, TransactionKind::capture, 300, AuthorizationCaptured{payment, 300, 200}, true),
        payer + " 200, " + held + " -500, " + payee + " 300", "");
  check(act_record(RecordKind::hold_placed, TransactionKind::capture, 300, CaptureReserved{payment, capture, 300, 200},
                   false),
        "", "");
  check(act_record(RecordKind::hold_captured, TransactionKind::capture, 300, CaptureSettled{capture, 300, 200}, false),
        payer + " 200, " + held + " -500, transit:IDR 300", "transit:IDR 300, wallets:IDR -300");
  check(act_record(RecordKind::hold_released, TransactionKind::capture, 300, CaptureReturned{payment, capture, 500},
                   false),
        "", "");
}

TEST_CASE("a capture that takes another amount than it gives does not balance") {
  CHECK(invariants::record_balances(act_record(RecordKind::transfer, TransactionKind::capture, 300,
                                               AuthorizationCaptured{given::transaction_id(1), 200, 300}, true)));
  CHECK(invariants::record_balances(act_record(RecordKind::hold_captured, TransactionKind::capture, 300,
                                               CaptureSettled{given::transaction_id(2), 200, 300}, false)));
}

TEST_CASE("a withdrawal leaves to its provider, and only when it is captured") {
  auto withdrawal = std::make_shared<Transaction>(*given::transfer(1, 500));
  withdrawal->kind = TransactionKind::withdrawal;
  withdrawal->destination = {};
  withdrawal->method = "payout";
  check(given::money_record(RecordKind::hold_placed, withdrawal), payer + " -500, " + held + " 500", "");
  check(given::money_record(RecordKind::hold_captured, withdrawal), held + " -500, external:payout:IDR 500",
        "external:payout:IDR 500, wallets:IDR -500");
  check(given::money_record(RecordKind::hold_released, withdrawal), payer + " 500, " + held + " -500", "");
}
