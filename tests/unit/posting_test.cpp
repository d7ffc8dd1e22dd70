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
  return given::money_record(kind, kind == RecordKind::topup ? given::topup(1, 500) : given::transfer(1, 500));
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
