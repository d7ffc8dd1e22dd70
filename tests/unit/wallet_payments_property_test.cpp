#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include "domain/spending.hpp"
#include "domain/wallet.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;
using given::transaction_id;

namespace {

/// The order of holds carries no meaning.
Wallet in_order(Wallet wallet) {
  std::ranges::sort(wallet.holds, {}, &Hold::transaction);
  return wallet;
}

auto week_of(std::int32_t day) { return std::chrono::floor<std::chrono::weeks>(std::chrono::days{day + 3}); }
auto month_of(std::int32_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return date.year() / date.month();
}

/// Part of a payment as a plain book has it, with the day on which it counts.
struct Part {
  Minor amount = 0;
  Spending spending{};
};

struct Payment {
  Minor authorized = 0;
  Minor captured = 0;
  Part open{};
};

struct Capture {
  TransactionId payment{};
  Part part{};
  Minor rest = 0;
};

/// One random life of a payer's wallet beside a book that only adds and subtracts.
struct Life {
  explicit Life(std::uint64_t seed) : random(seed) {
    happen(WalletOpened{given::idr(), "Ani", {.credit_limit = 100, .out = {.day = 300, .week = 500, .month = 900}}});
    happen(Credited{transaction_id(0), 5'000});
  }

  given::Random random;
  Wallet wallet{.id = given::wallet_id(1)};
  std::vector<Event> history{};
  Minor left = 0;
  std::map<TransactionId, Payment> payments{};
  std::map<TransactionId, Capture> captures{};
  /// All that left for good, by what it counted as.
  std::vector<Part> gone{};
  std::uint64_t made = 0;
  std::int32_t today = 20'000;

  void happen(const Event& event) {
    dompet::apply(wallet, event);
    history.push_back(event);
  }
  Spending spending() {
    return {static_cast<SpendingKind>(random.upto(counted_spending_kinds)),
            today - static_cast<std::int32_t>(random.upto(9) == 0 ? random.upto(12) : 0)};
  }
  TransactionId any_of(const auto& things) {
    return things.empty()
               ? transaction_id(999'999)
               : std::next(things.begin(), static_cast<std::ptrdiff_t>(random.upto(things.size() - 1)))->first;
  }

  void authorize() {
    const TransactionId id = transaction_id(++made);
    const auto placed = decide(wallet, PlaceHold{.transaction = id,
                                                 .currency = given::idr(),
                                                 .amount = random.amount(90),
                                                 .spending = spending(),
                                                 .authorization = true});
    if (!placed)
      return;
    happen(*placed);
    payments[id] = {placed->amount, 0, {placed->amount, placed->spending}};
  }
  void spend() {
    const TransactionId id = transaction_id(++made);
    const auto placed = decide(
        wallet,
        PlaceHold{.transaction = id, .currency = given::idr(), .amount = random.amount(90), .spending = spending()});
    if (!placed)
      return;
    // A hold and its capture spend what leaving at once does.
    Wallet by_steps = wallet;
    dompet::apply(by_steps, *placed);
    dompet::apply(by_steps, *decide(by_steps, CaptureHold{id, placed->amount}));
    happen(TransferredOut{id, placed->amount, placed->spending});
    CHECK(in_order(by_steps) == in_order(wallet));
    gone.push_back({placed->amount, placed->spending});
    left += placed->amount;
  }
  void increase() {
    const TransactionId id = any_of(payments);
    const auto grown = decide(wallet, IncreaseHold{id, random.amount(40), spending()});
    if (!grown)
      return;
    happen(*grown);
    Payment& payment = payments.at(id);
    REQUIRE(payment.open.amount > 0);
    payment.authorized += grown->amount;
    payment.open = {payment.open.amount + grown->amount, grown->spending};
  }
  void capture() {
    const TransactionId id = any_of(payments);
    const TransactionId capture = transaction_id(++made);
    const auto amount = random.coin() ? std::optional{random.amount(60)} : std::nullopt;
    const auto reserved = decide(wallet, ReserveCapture{id, capture, amount, random.coin()});
    const bool possible = payments.contains(id) && payments[id].open.amount >= amount.value_or(1);
    CHECK(reserved.has_value() == possible);
    if (!reserved)
      return;
    Wallet at_once_wallet = wallet;
    dompet::apply(at_once_wallet, settled_at_once(*reserved));
    Wallet by_steps = wallet;
    dompet::apply(by_steps, *reserved);
    dompet::apply(by_steps, *decide(by_steps, SettleCapture{capture}));
    CHECK(in_order(by_steps) == in_order(at_once_wallet));
    Payment& payment = payments.at(id);
    const Part part{reserved->amount + reserved->rest, payment.open.spending};
    payment.open.amount -= part.amount;
    payment.captured += reserved->amount;
    if (random.coin()) {
      happen(settled_at_once(*reserved));
      gone.push_back({reserved->amount, part.spending});
      left += reserved->amount;
      return;
    }
    happen(*reserved);
    captures[capture] = {id, part, reserved->rest};
  }
  void settle() {
    const TransactionId id = any_of(captures);
    const auto settled = decide(wallet, SettleCapture{id});
    CHECK(settled.has_value() == captures.contains(id));
    if (!settled)
      return;
    happen(*settled);
    gone.push_back({settled->amount, captures[id].part.spending});
    left += settled->amount;
    captures.erase(id);
  }
  void give_back() {
    const TransactionId id = any_of(captures);
    const auto returned = decide(wallet, ReturnCapture{id});
    CHECK(returned.has_value() == captures.contains(id));
    if (!returned)
      return;
    happen(*returned);
    const Capture capture = captures.extract(id).mapped();
    Payment& payment = payments.at(capture.payment);
    if (payment.open.amount == 0)
      payment.open.spending = capture.part.spending;
    payment.open.amount += capture.part.amount;
    payment.captured -= capture.part.amount - capture.rest;
  }
  void void_payment() {
    const TransactionId id = any_of(payments);
    const auto voided = decide(wallet, VoidPayment{id});
    CHECK(voided.has_value() == (payments.contains(id) && payments[id].open.amount > 0));
    if (!voided)
      return;
    happen(*voided);
    CHECK(voided->amount == payments[id].open.amount);
    payments[id].open.amount = 0;
  }

  void step() {
    switch (random.upto(9)) {
      case 0:
      case 1: return authorize();
      case 2: return spend();
      case 3: return increase();
      case 4:
      case 5: return capture();
      case 6: return settle();
      case 7: return give_back();
      case 8: return void_payment();
      default: today += static_cast<std::int32_t>(random.upto(3)); happen(Credited{transaction_id(0), 50});
    }
  }

  std::vector<Part> counted() const {
    std::vector<Part> all = gone;
    for (const auto& [id, payment] : payments)
      all.push_back(payment.open);
    for (const auto& [id, capture] : captures)
      all.push_back(capture.part);
    return all;
  }

  void agree() const {
    CHECK(within_bounds(wallet));
    Minor held = 0;
    for (const auto& [id, payment] : payments) {
      held += payment.open.amount;
      if (payment.open.amount > 0)
        CHECK(payment_state(wallet, id) == PaymentState{payment.authorized, payment.captured, payment.open.amount});
    }
    for (const auto& [id, capture] : captures) {
      held += capture.part.amount;
      if (payments.at(capture.payment).open.amount == 0) {
        const Payment& payment = payments.at(capture.payment);
        CHECK(payment_state(wallet, capture.payment) == PaymentState{payment.authorized, payment.captured, 0});
      }
    }
    CHECK(wallet.held == held);
    agree_on_spent();
  }

  /// What counts in a period is everything dated in it that left or is set aside.
  void agree_on_spent() const {
    Spent spent{.day = wallet.spent.day};
    for (const Part& part : counted()) {
      if (part.spending.kind == SpendingKind::uncounted)
        continue;
      const std::size_t kind = static_cast<std::size_t>(part.spending.kind) - 1;
      spent.in_day[kind] += part.spending.day == spent.day ? part.amount : 0;
      spent.in_week[kind] += week_of(part.spending.day) == week_of(spent.day) ? part.amount : 0;
      spent.in_month[kind] += month_of(part.spending.day) == month_of(spent.day) ? part.amount : 0;
    }
    CHECK(wallet.spent == spent);
  }

  void replays() const {
    Wallet again{.id = wallet.id};
    for (const Event& event : history)
      dompet::apply(again, event);
    CHECK(again == wallet);
  }
};

}  // namespace

TEST_CASE("whatever happens to payments, nothing is captured twice, lost or spent beyond a limit") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    Life life(seed);
    for (std::uint64_t i = 0; i < 5 + seed; ++i) {
      CAPTURE(i);
      life.step();
      life.agree();
    }
    life.replays();
  }
}
