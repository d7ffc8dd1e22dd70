#include <algorithm>
#include <array>
#include <string_view>

#include "cli/past/amounts.hpp"
#include "cli/past/story.hpp"
#include "persistence/codec.hpp"

// What the story asks the wallets for, and what it makes of their answers.

namespace dompet::cli {

namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t day_ms = 24 * hour_ms;
constexpr std::int64_t authorization_ms = 7 * day_ms;
constexpr std::size_t refundable_kept = 2'000;
/// What POST /v1/withdrawals gives a payout; it names the external account.
constexpr std::string_view payout_method = "bank_transfer";

constexpr std::array<std::string_view, 4> banks{"bca", "mandiri", "bni", "bri"};
constexpr std::array<std::string_view, 8> reasons{"makan siang", "patungan", "arisan",      "uang kos",
                                                  "tiket",       "hadiah",   "bayar utang", "belanja"};

}  // namespace

Transaction Story::transaction(TransactionKind kind, Minor amount) {
  Transaction transaction;
  transaction.id = {made_up_id(++request_ms_, random_)};
  transaction.kind = kind;
  transaction.currency = cast_.currency;
  transaction.amount = amount;
  return transaction;
}

void Story::ask(Transaction transaction, Asked asked) {
  const auto shared = std::make_shared<const Transaction>(std::move(transaction));
  asked.transaction = shared;
  asked_.push_back(asked);
  const std::string name = to_string(shared->id);
  moment_.requests.emplace_back(
      MoveMoneyRequest{shared, Stamp{key_id("seed", name), scatter(UuidHash{}(shared->id.uuid))}});
}

void Story::top_up(std::size_t person, Minor amount, std::string_view method, std::string_view description) {
  Transaction asked = transaction(TransactionKind::topup, amount);
  asked.destination = cast_.people[person].wallet;
  asked.method = method;
  asked.description = description;
  busy_.insert(person);
  ask(std::move(asked), {.person = person});
}

void Story::transfer(std::size_t person, bool without_money) {
  const std::size_t receiver = (person + 1 + chance(joined_people_ - 1)) % joined_people_;
  const Minor most = balances_[person] / (4 * 1'000 * rupiah);
  const Minor amount = without_money ? std::max<Minor>(balances_[person], 0) + 1'000 * rupiah
                                     : thousands(5, std::max<Minor>(6, most), random_);
  Transaction asked = transaction(TransactionKind::transfer, amount);
  asked.source = cast_.people[person].wallet;
  asked.destination = cast_.people[receiver].wallet;
  asked.description = pick(reasons, random_);
  ask(std::move(asked), {.person = person, .receiver = receiver});
}

void Story::pay(std::size_t person, bool without_money) {
  if (joined_shops_ == 0)
    return transfer(person, without_money);
  const std::size_t shop = chance(joined_shops_);
  const Minor price = thousands(8, 250, random_);
  Transaction asked =
      transaction(TransactionKind::payment,
                  without_money ? std::max<Minor>(balances_[person], 0) + price : std::min(price, balances_[person]));
  asked.source = cast_.people[person].wallet;
  asked.destination = cast_.shops[shop].wallet;
  asked.merchant = cast_.shops[shop].id;
  asked.method = "card";
  asked.card = cast_.people[person].card;
  asked.manual_capture = chance(10) == 0;
  if (asked.manual_capture)
    asked.expires_at_ms = request_ms_ + authorization_ms;
  ask(std::move(asked), {.person = person, .shop = shop});
}

void Story::withdraw(const WalletId& wallet, std::size_t person, std::size_t shop, Minor amount) {
  Transaction asked = transaction(TransactionKind::withdrawal, amount);
  asked.source = wallet;
  to_account(asked);
  ask(std::move(asked), {.person = person, .shop = shop});
}

/// They are bought, sent to others who have some, and paid out.
void Story::use_dollars(std::size_t person) {
  const Person& from = cast_.people[person];
  const std::size_t other = chance(joined_people_);
  const Minor have = dollars_[person];
  const bool is_poor = have < 20 * dollar;
  const bool is_sent = other != person && cast_.people[other].has_dollars();
  const Minor amount =
      is_poor ? static_cast<Minor>(50 + chance(350)) * dollar : have / static_cast<Minor>(2 + chance(6));
  Transaction asked = transaction(is_poor   ? TransactionKind::topup
                                  : is_sent ? TransactionKind::transfer
                                            : TransactionKind::withdrawal,
                                  amount);
  asked.currency = cast_.dollars;
  (is_poor ? asked.destination : asked.source) = from.dollar_wallet;
  if (is_poor)
    asked.method = "paypal";
  else if (is_sent)
    asked.destination = cast_.people[other].dollar_wallet;
  else
    to_account(asked);
  ask(std::move(asked), {.person = person, .receiver = !is_poor && is_sent ? other : nobody, .in_dollars = true});
}

void Story::to_account(Transaction& withdrawal) {
  withdrawal.method = payout_method;
  withdrawal.payout_account =
      pick(banks, random_) + '/' + std::to_string(1'000'000'000ULL + random_.next() % 9'000'000'000ULL);
}

void Story::refund() {
  if (paid_.empty())
    return;
  const std::size_t place = chance(paid_.size());
  const Payment payment = paid_[place];
  paid_.erase(paid_.begin() + static_cast<std::ptrdiff_t>(place));
  const Minor amount = chance(2) == 0 ? payment.transaction->amount : payment.transaction->amount / 2;
  Transaction asked = transaction(TransactionKind::refund, amount);
  asked.source = payment.transaction->destination;
  asked.destination = payment.transaction->source;
  asked.parent = payment.transaction->id;
  asked.merchant = payment.transaction->merchant;
  ask(std::move(asked), {.receiver = payment.person, .shop = payment.shop});
}

void Story::tell(const std::vector<Result>& results) {
  for (std::size_t i = 0; i < results.size(); ++i)
    if (asked_[i].transaction != nullptr)
      if (const auto* answer = std::get_if<MoneyAnswer>(&results[i]))
        take(asked_[i], *answer);
}

void Story::take(const Asked& asked, const MoneyAnswer& answer) {
  const Transaction& done = *asked.transaction;
  if (answer.refusal) {
    ++(answer.refusal == Decline::provider_refused ? counts_.refused_payouts : counts_.declined);
    return;
  }
  std::vector<Minor>& balances = asked.in_dollars ? dollars_ : balances_;
  const auto add = [](std::vector<Minor>& amounts, std::size_t place, Minor amount) {
    if (place != nobody)
      amounts[place] += amount;
  };
  switch (done.kind) {
    case TransactionKind::topup: ++counts_.topups; return add(balances, asked.person, done.amount);
    case TransactionKind::transfer:
      ++counts_.transfers;
      add(balances, asked.person, -done.amount);
      return add(balances, asked.receiver, done.amount);
    case TransactionKind::withdrawal:
      ++counts_.withdrawals;
      add(balances, asked.person, -done.amount);
      return add(shop_balances_, asked.shop, -done.amount);
    case TransactionKind::payment:
      ++counts_.payments;
      add(balances, asked.person, -done.amount);
      if (done.manual_capture)
        return authorized_.push_back({asked.transaction, asked.person, asked.shop,
                                      now_ms_ + hour_ms + static_cast<std::int64_t>(chance(4 * day_ms))});
      paid_.push_back({asked.transaction, asked.person, asked.shop});
      if (paid_.size() > refundable_kept)
        paid_.pop_front();
      return add(shop_balances_, asked.shop, done.amount);
    case TransactionKind::refund:
      ++counts_.refunds;
      add(shop_balances_, asked.shop, -done.amount);
      return add(balances, asked.receiver, done.amount);
    case TransactionKind::capture: ++counts_.captures; return add(shop_balances_, asked.shop, done.amount);
    case TransactionKind::void_payment: ++counts_.voids; return add(balances, asked.person, done.amount);
    case TransactionKind::increment: return;
  }
}

}  // namespace dompet::cli
