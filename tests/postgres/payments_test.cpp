#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

/// A shop, a customer with two wallets, and money.
struct Shop {
  UserId customer{make_incarnation().uuid};
  WalletId ayu{};
  WalletId savings{};
  WalletId shop{};
};

Shop shop(TestLedger& ledger) {
  Shop s;
  s.ayu = ledger.open_wallet("Ayu", "IDR", s.customer);
  s.savings = ledger.open_wallet("Savings", "IDR", s.customer);
  s.shop = ledger.open_wallet("Shop");
  ledger.top_up(s.ayu, 100'000);
  ledger.commit();
  return s;
}

std::string status_of_id(TestLedger& ledger, const TransactionId& id) {
  const auto stored = ledger.reader().transaction(id);
  REQUIRE(stored);
  return std::string{status_of(*stored)};
}

PaymentTotals totals(TestLedger& ledger, const TransactionId& id) {
  const auto stored = ledger.reader().transaction(id);
  REQUIRE(stored);
  REQUIRE(stored->payment);
  return *stored->payment;
}

std::vector<TransactionId> all(TestLedger& ledger, const TransactionFilter& filter, int limit) {
  std::vector<TransactionId> ids;
  std::optional<TransactionCursor> before;
  for (;;) {
    const auto page = ledger.reader().transactions(filter, before, limit);
    for (const StoredTransaction& stored : page)
      ids.push_back(stored.record.id);
    if (page.size() < static_cast<std::size_t>(limit))
      return ids;
    before = page.back().place;
  }
}

/// The same whatever the page's size.
std::vector<TransactionId> listed(TestLedger& ledger, const TransactionFilter& filter) {
  const auto whole = all(ledger, filter, 200);
  for (const int limit : {1, 2, 3, 7})
    CHECK(all(ledger, filter, limit) == whole);
  return whole;
}

using Ids = std::vector<TransactionId>;

}  // namespace

TEST_CASE("a payment is authorized while something is left, then completed or cancelled", "[payments]") {
  TestLedger ledger;
  const Shop s = shop(ledger);
  const TransactionId payment = ledger.authorize(s.ayu, s.shop, 500);
  const TransactionId given_up = ledger.authorize(s.ayu, s.shop, 300);
  ledger.commit();
  CHECK(status_of_id(ledger, payment) == "authorized");
  CHECK(totals(ledger, payment) == PaymentTotals{500, 0, 0, 500});
  const TransactionId more = ledger.increase(payment, 100);
  const TransactionId first = ledger.capture_payment(payment, 200);
  ledger.commit();
  CHECK(status_of_id(ledger, payment) == "authorized");
  CHECK(totals(ledger, payment) == PaymentTotals{600, 200, 0, 400});
  const TransactionId last = ledger.reserve_capture(payment, 300, true);
  const TransactionId voided = ledger.void_payment(given_up);
  ledger.commit();
  CHECK(status_of_id(ledger, payment) == "authorized");
  CHECK(totals(ledger, payment) == PaymentTotals{600, 200, 0, 0, 400});
  CHECK(status_of_id(ledger, given_up) == "cancelled");
  ledger.credit(last);
  ledger.commit();
  ledger.capture(last);
  ledger.commit();
  CHECK(status_of_id(ledger, payment) == "completed");
  CHECK(totals(ledger, payment) == PaymentTotals{600, 500, 0, 0});
  CHECK(ledger.reader().transaction(payment)->completed_at_ms == ledger.now_ms() - 1'000);
  // Whoever asks for an act is shown its payment.
  for (const TransactionId& act : {more, first, last})
    CHECK(ledger.reader().shown_transaction(act)->record.id == payment);
  CHECK(ledger.reader().shown_transaction(voided)->record.id == given_up);
  CHECK(ledger.reader().shown_transaction(payment)->record.id == payment);
}

TEST_CASE("a merchant can refund what he got, less what he refunds already", "[payments]") {
  TestLedger ledger;
  const Shop s = shop(ledger);
  const TransactionId automatic = ledger.pay(s.ayu, s.shop, 400);
  const TransactionId manual = ledger.authorize(s.ayu, s.shop, 500);
  ledger.capture_payment(manual, 200);
  const TransactionId by_steps = ledger.reserve_capture(manual, 100);
  ledger.commit();
  const auto refundable = [&](const TransactionId& id) { return ledger.reader().refundable(id, s.shop); };
  CHECK(refundable(automatic) == Refundable{400, 0, 400, 0});
  CHECK(refundable(manual) == Refundable{200, 0, 200, 0});
  ledger.credit(by_steps);
  ledger.refund(manual, 50);
  const TransactionId refund = ledger.refund(automatic, 400);
  ledger.commit();
  CHECK(refundable(manual) == Refundable{300, 50, 300, 50});
  CHECK(refundable(automatic) == Refundable{400, 400, 400, 400});
  CHECK(totals(ledger, automatic) == PaymentTotals{400, 400, 400, 0});
  CHECK(status_of_id(ledger, automatic) == "completed");
  CHECK(ledger.reader().refundable({make_incarnation().uuid}, s.shop) == Refundable{});
  CHECK(ledger.reader().shown_transaction(refund)->record.id == refund);
}

TEST_CASE("authorizations that are still open are found by their age, a few at a time", "[payments]") {
  TestLedger ledger;
  const Shop s = shop(ledger);
  Ids open;
  for (int i = 0; i < 6; ++i) {
    const TransactionId id = ledger.authorize(s.ayu, s.shop, 100, 77 + i);
    if (i % 3 == 0)
      ledger.void_payment(id);
    else if (i % 3 == 1)
      ledger.capture_payment(id, 40), open.push_back(id);
    else
      open.push_back(id);
    ledger.commit();
  }
  const std::int64_t now = ledger.now_ms();
  ledger.authorize(s.ayu, s.shop, 100);
  ledger.commit();
  const Shard shard = ledger.writer().shard_of_wallet(s.ayu);
  const auto found = [&](std::int64_t before, const TransactionId& after, int limit) {
    Ids ids;
    for (const ExpiredPayment& payment : ledger.reader().authorizations_before(shard, before, after, limit))
      ids.push_back(payment.id);
    return ids;
  };
  CHECK(found(now, {}, 100) == open);
  CHECK(found(now, {}, 3) == Ids(open.begin(), open.begin() + 3));
  CHECK(found(now, open[1], 1) == Ids{open[2]});
  CHECK(found(now + 1'000, {}, 100).size() == open.size() + 1);
  CHECK(found(unix_ms_of(open[0].uuid), {}, 100).empty());
  const auto first = ledger.reader().authorizations_before(shard, now, {}, 1).at(0);
  CHECK(first.wallet == s.ayu);
  CHECK(first.expires_at_ms == 78);
  CHECK(first.currency.text() == "IDR");
  CHECK(ledger.reader().authorizations_before(static_cast<Shard>((shard + 1) % 64), now, {}, 9).empty());
}

TEST_CASE("lists show payments and refunds, and no act on a payment", "[payments]") {
  TestLedger ledger;
  const Shop s = shop(ledger);
  const TransactionId topup = ledger.reader().transactions({}, {}, 9).at(0).record.id;
  const TransactionId manual = ledger.authorize(s.ayu, s.shop, 500);
  const TransactionId automatic = ledger.pay(s.ayu, s.shop, 400);
  const TransactionId uncaptured = ledger.authorize(s.ayu, s.shop, 100);
  ledger.capture_payment(manual, 200);
  const TransactionId by_steps = ledger.reserve_capture(manual, 50);
  ledger.increase(manual, 5);
  ledger.commit();
  ledger.credit(by_steps);
  ledger.commit();
  ledger.capture(by_steps);
  const TransactionId transfer = ledger.transfer(s.ayu, s.shop, 7);
  ledger.capture_payment(manual, 10, true);
  ledger.void_payment(uncaptured);
  const TransactionId refund = ledger.refund(manual, 20);
  ledger.commit();
  CHECK(listed(ledger, {}) == Ids{refund, transfer, uncaptured, automatic, manual, topup});
  CHECK(listed(ledger, {.wallet = s.ayu}) == Ids{refund, transfer, uncaptured, automatic, manual, topup});
  // The merchant sees a payment where he was first paid, once.
  CHECK(listed(ledger, {.wallet = s.shop}) == Ids{refund, transfer, manual, automatic});
  CHECK(listed(ledger, {.kind = TransactionKind::payment}) == Ids{uncaptured, automatic, manual});
  CHECK(listed(ledger, {.kind = TransactionKind::refund}) == Ids{refund});
  CHECK(listed(ledger, {.kind = TransactionKind::transfer}) == Ids{transfer});
  CHECK(listed(ledger, {.wallet = s.shop, .kind = TransactionKind::payment}) == Ids{manual, automatic});
  CHECK(listed(ledger, {.status = "cancelled"}) == Ids{uncaptured});
  CHECK(listed(ledger, {.status = "authorized"}).empty());
  CHECK(listed(ledger, {.wallet = s.shop, .status = "completed"}) == Ids{refund, transfer, manual, automatic});
  CHECK(listed(ledger, {.wallet = s.shop, .min_amount = 450}) == Ids{manual});
  CHECK(listed(ledger, {.card = CardId{s.ayu.uuid}}) == Ids{uncaptured, manual});
  CHECK(listed(ledger, {.merchant = MerchantId{s.shop.uuid}}) == Ids{uncaptured, manual});
  CHECK(listed(ledger, {.also = [&](const StoredTransaction& stored) { return stored.record.id != transfer; }}) ==
        Ids{refund, uncaptured, automatic, manual, topup});
  const auto merchants = ledger.reader().transactions({.wallet = s.shop}, {}, 9);
  CHECK(merchants.at(2).payment == PaymentTotals{505, 260, 20, 0});
  CHECK(merchants.at(3).payment == PaymentTotals{400, 400, 0, 0});
}

TEST_CASE("a card's list has its payments, and of everything else what its wallet moved", "[payments]") {
  TestLedger ledger;
  const Shop s = shop(ledger);
  const TransactionId topup = ledger.reader().transactions({}, {}, 9).at(0).record.id;
  const TransactionId with_card = ledger.authorize(s.ayu, s.shop, 500);
  ledger.capture_payment(with_card, 200);
  ledger.pay(s.ayu, s.shop, 400);  // without a card
  const TransactionId sent = ledger.transfer(s.ayu, s.shop, 7);
  const TransactionId received = ledger.transfer(s.shop, s.ayu, 8);
  const TransactionId withdrawal = ledger.withdraw(s.ayu, 9);
  ledger.top_up(s.shop, 1);
  ledger.commit();
  TransactionFilter filter{.wallet = s.ayu, .card = CardId{s.ayu.uuid}, .card_wallet = s.ayu};
  CHECK(listed(ledger, filter) == Ids{withdrawal, received, sent, with_card, topup});
  filter.kind = TransactionKind::transfer;
  CHECK(listed(ledger, filter) == Ids{received, sent});
  filter.direction = Direction::in;
  CHECK(listed(ledger, filter) == Ids{received});
  // In another wallet's list: what the card's wallet had to do with it.
  filter = {.wallet = s.shop, .card = CardId{s.ayu.uuid}, .card_wallet = s.ayu};
  CHECK(listed(ledger, filter) == Ids{received, sent, with_card});
  // Whoever may not see more than the payments gives no wallet.
  filter = {.wallet = s.shop, .card = CardId{s.ayu.uuid}};
  CHECK(listed(ledger, filter) == Ids{with_card});
  CHECK(listed(ledger, {.wallet = s.shop, .merchant = MerchantId{s.shop.uuid}, .merchant_wallet = s.shop}).size() == 4);
}

TEST_CASE("a list by direction has what came in or what went out, each once", "[payments]") {
  TestLedger ledger;
  const Shop s = shop(ledger);
  const TransactionId topup = ledger.reader().transactions({}, {}, 9).at(0).record.id;
  const TransactionId saved = ledger.transfer(s.ayu, s.savings, 50);
  const TransactionId manual = ledger.authorize(s.ayu, s.shop, 500);
  ledger.capture_payment(manual, 200);
  const TransactionId refund = ledger.refund(manual, 20);
  const TransactionId withdrawal = ledger.withdraw(s.ayu, 9);
  const TransactionId confirmed = ledger.begin_topup(s.ayu, 400);
  const TransactionId declined = ledger.decline_transfer(s.ayu, s.shop, 99'999'999, Decline::insufficient_funds);
  const TransactionId by_steps = ledger.place_hold(s.savings, s.ayu, 3);
  ledger.commit();
  ledger.confirm_topup(confirmed);
  ledger.credit(by_steps);
  ledger.commit();
  const auto in = [&](TransactionFilter filter) { return filter.direction = Direction::in, listed(ledger, filter); };
  const auto out = [&](TransactionFilter filter) { return filter.direction = Direction::out, listed(ledger, filter); };
  const auto sorted = [](Ids ids) { return std::ranges::sort(ids), ids; };
  CHECK(sorted(in({.wallet = s.ayu})) == sorted({topup, refund, confirmed, by_steps}));
  CHECK(sorted(out({.wallet = s.ayu})) == sorted({saved, manual, withdrawal, declined}));
  CHECK(in({.wallet = s.shop}) == Ids{manual});
  CHECK(out({.wallet = s.shop}) == Ids{refund});
  CHECK(in({.wallet = s.savings}) == Ids{saved});
  CHECK(out({.wallet = s.savings}) == Ids{by_steps});
  // Of all his wallets what moves between two of them is both.
  CHECK(sorted(in({.owner = s.customer})) == sorted({topup, saved, refund, confirmed, by_steps}));
  CHECK(sorted(out({.owner = s.customer})) == sorted({saved, manual, withdrawal, declined, by_steps}));
  CHECK(out({.owner = s.customer, .kind = TransactionKind::payment}) == Ids{manual});
}

TEST_CASE("a list can be of one currency", "[payments]") {
  TestLedger ledger;
  const Shop s = shop(ledger);
  const WalletId dollars = ledger.open_wallet("Dollars", "USD", s.customer);
  const TransactionId first = ledger.top_up(dollars, 100);
  const TransactionId second = ledger.top_up(dollars, 200);
  ledger.commit();
  const Currency usd = *find_currency("USD");
  for (const TransactionFilter& whose : {TransactionFilter{}, {.wallet = dollars}, {.owner = s.customer}}) {
    TransactionFilter filter = whose;
    filter.currency = usd;
    CHECK(listed(ledger, filter) == Ids{second, first});
    filter.min_amount = 150;
    CHECK(listed(ledger, filter) == Ids{second});
  }
  CHECK(listed(ledger, {.wallet = dollars, .currency = *find_currency("IDR")}).empty());
}

TEST_CASE("what was called off is cancelled in every list, what was refused has failed", "[payments]") {
  TestLedger ledger;
  const Shop s = shop(ledger);
  const TransactionId called_off = ledger.place_hold(s.ayu, s.shop, 1);
  const TransactionId refused = ledger.place_hold(s.ayu, s.shop, 2);
  const TransactionId open = ledger.place_hold(s.ayu, s.shop, 3);
  const TransactionId uncaptured = ledger.authorize(s.ayu, s.shop, 4);
  ledger.void_payment(uncaptured);
  ledger.commit();
  ledger.refuse(called_off, Decline::cancelled);
  ledger.refuse(refused, Decline::wallet_frozen);
  ledger.commit();
  ledger.release(called_off);
  ledger.release(refused);
  ledger.commit();
  CHECK(status_of_id(ledger, called_off) == "cancelled");
  CHECK(status_of_id(ledger, refused) == "failed");
  for (const TransactionFilter& whose : {TransactionFilter{}, {.wallet = s.ayu}, {.owner = s.customer}}) {
    const auto of = [&](const char* status) {
      TransactionFilter filter = whose;
      filter.status = status;
      return listed(ledger, filter);
    };
    CHECK(of("cancelled") == Ids{uncaptured, called_off});
    CHECK(of("failed") == Ids{refused});
    CHECK(of("pending") == Ids{open});
  }
  CHECK(listed(ledger, {.kind = TransactionKind::transfer, .status = "cancelled"}) == Ids{called_off});
}

TEST_CASE("withdrawals and confirmed top-ups stand in lists once, as far as their provider has decided", "[payments]") {
  TestLedger ledger;
  const Shop s = shop(ledger);
  const TransactionId first = ledger.reader().transactions({}, {}, 9).at(0).record.id;
  const TransactionId paid = ledger.withdraw(s.ayu, 100);
  const TransactionId refused = ledger.withdraw(s.ayu, 200);
  const TransactionId open = ledger.withdraw(s.ayu, 300);
  const TransactionId confirmed = ledger.begin_topup(s.ayu, 400);
  const TransactionId rejected = ledger.begin_topup(s.ayu, 500);
  ledger.commit();
  ledger.capture(paid);
  ledger.release(refused);
  ledger.confirm_topup(confirmed);
  ledger.refuse_topup(rejected);
  ledger.commit();
  CHECK(listed(ledger, {}) == Ids{rejected, confirmed, open, refused, paid, first});
  CHECK(listed(ledger, {.kind = TransactionKind::withdrawal}) == Ids{open, refused, paid});
  CHECK(listed(ledger, {.kind = TransactionKind::topup}) == Ids{rejected, confirmed, first});
  CHECK(listed(ledger, {.status = "failed"}) == Ids{rejected, refused});
  CHECK(listed(ledger, {.status = "pending"}) == Ids{open});
  CHECK(listed(ledger, {.wallet = s.ayu}) == Ids{confirmed, open, refused, paid, first});
  CHECK(listed(ledger, {.method = "payout"}) == Ids{open, refused, paid});
  CHECK(status_of_id(ledger, paid) == "completed");
  CHECK(status_of_id(ledger, confirmed) == "completed");
  CHECK(status_of_id(ledger, rejected) == "failed");
  for (const TransactionId& id : {refused, rejected})
    CHECK(ledger.reader().transaction(id)->refusal == Decline::provider_refused);
  const auto sagas = ledger.reader().open_sagas(ledger.writer().shard_of_wallet(s.ayu));
  REQUIRE(sagas.size() == 1);
  CHECK(sagas[0].kind == TransactionKind::withdrawal);
  CHECK(sagas[0].destination == WalletId{});
}

TEST_CASE("an owner sees what moved in all wallets of his, newest first and each once", "[payments]") {
  TestLedger ledger;
  const Shop s = shop(ledger);
  Ids expected{ledger.reader().transactions({}, {}, 9).at(0).record.id};
  for (int i = 0; i < 8; ++i) {
    expected.push_back(ledger.transfer(s.ayu, s.savings, 100 + i));
    expected.push_back(ledger.pay(s.savings, s.shop, 1 + i));
    expected.push_back(ledger.decline_transfer(s.savings, s.shop, 99'999, Decline::insufficient_funds));
    ledger.top_up(s.shop, 5);
    if (i % 2 == 0)
      ledger.commit();
  }
  const TransactionId by_steps = ledger.place_hold(s.ayu, s.savings, 3);
  expected.push_back(by_steps);
  ledger.commit();
  ledger.credit(by_steps);
  ledger.commit();
  ledger.capture(by_steps);
  ledger.commit();
  auto found = listed(ledger, {.owner = s.customer});
  CHECK(found.front() == by_steps);
  // Records of one commit have one time; among them the order is that of their ids.
  std::ranges::reverse(expected);
  CHECK(found == expected);
  CHECK(listed(ledger, {.owner = s.customer, .status = "declined"}).size() == 8);
  CHECK(listed(ledger, {.owner = s.customer, .kind = TransactionKind::payment}).size() == 8);
  CHECK(listed(ledger, {.owner = UserId{make_incarnation().uuid}}).empty());
  CHECK(ledger.reader().wallets({}, "", 9, s.customer).size() == 2);
  CHECK(ledger.reader().wallets({}, "sav", 9, s.customer).size() == 1);
  CHECK(ledger.reader().wallets({}, "", 9, UserId{make_incarnation().uuid}).empty());
}

}  // namespace dompet::testing
