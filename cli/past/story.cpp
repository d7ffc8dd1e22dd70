#include "cli/past/story.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string_view>

#include "persistence/codec.hpp"

namespace dompet::cli {

namespace {

using namespace std::chrono;

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t day_ms = 24 * hour_ms;
constexpr std::int64_t authorization_ms = 7 * day_ms;
constexpr Minor rupiah = 100;
constexpr std::size_t refundable_kept = 2'000;

/// How busy each hour of a day is, UTC; Jakarta is seven hours ahead.
constexpr std::array<double, 24> busy_hours{1.2, 1.4, 1.5, 1.6, 1.9, 2.0, 1.6, 1.3, 1.2, 1.3, 1.6, 1.9,
                                            1.8, 1.4, 1.0, 0.6, 0.3, 0.2, 0.1, 0.1, 0.1, 0.2, 0.5, 0.9};
constexpr double busy_sum = 25.7;

/// What POST /v1/withdrawals gives a payout; it names the external account.
constexpr std::string_view payout_method = "bank_transfer";
constexpr std::array<std::string_view, 4> banks{"bca", "mandiri", "bni", "bri"};
constexpr std::array<std::string_view, 6> small_methods{"gopay", "ovo", "dana", "alfamart", "indomart", "visa"};
constexpr std::array<std::string_view, 8> reasons{"makan siang", "patungan", "arisan",      "uang kos",
                                                  "tiket",       "hadiah",   "bayar utang", "belanja"};

year_month_day date_of(std::int64_t unix_ms) {
  return sys_days{floor<days>(sys_time<milliseconds>{milliseconds{unix_ms}})};
}

std::int64_t month_of(std::int64_t unix_ms) {
  const auto date = date_of(unix_ms);
  return (static_cast<int>(date.year()) - 1970) * 12 + static_cast<int>(static_cast<unsigned>(date.month())) - 1;
}

/// Weeks begin on Monday; 1970-01-01 was a Thursday.
std::int64_t week_of(std::int64_t unix_ms) { return (unix_ms / day_ms + 3) / 7; }

template <class List>
std::string pick(const List& list, Random& random) {
  return std::string(list[random.below(static_cast<std::uint32_t>(list.size()))]);
}

/// Whole thousands, as prices are.
Minor thousands(Minor least, Minor most, Random& random) {
  return (least + random.below(static_cast<std::uint32_t>(most - least))) * 1'000 * rupiah;
}

}  // namespace

Story::Story(const Cast& cast, std::uint64_t movements, std::int64_t begin_ms, std::int64_t end_ms, std::uint64_t seed)
    : cast_(cast), random_(scatter(seed)), begin_ms_(begin_ms), end_ms_(end_ms),
      movements_a_day_(static_cast<double>(movements) * day_ms / static_cast<double>(end_ms - begin_ms)),
      now_ms_(begin_ms), request_ms_(begin_ms), balances_(cast.people.size()), shop_balances_(cast.shops.size()),
      paid_until_month_(cast.people.size()) {}

double Story::progress() const {
  return static_cast<double>(now_ms_ - begin_ms_) / static_cast<double>(std::max<std::int64_t>(1, end_ms_ - begin_ms_));
}

std::optional<Moment> Story::next() {
  now_ms_ += hour_ms * 3 / 4 + static_cast<std::int64_t>(chance(hour_ms / 2));
  if (now_ms_ >= end_ms_)
    return std::nullopt;
  request_ms_ = now_ms_;
  moment_ = {};
  asked_.clear();
  busy_.clear();
  open_wallets();
  pay_incomes();
  finish_payments();
  pay_out();
  const double share = busy_hours[static_cast<std::size_t>(now_ms_ / hour_ms % 24)] / busy_sum;
  const double growth = 0.5 + progress();
  const auto wanted = static_cast<std::size_t>(std::lround(movements_a_day_ * share * growth));
  while (asked_.size() < wanted && busy_.size() < joined_people_)
    something();
  moment_.at_ms = request_ms_;
  return std::move(moment_);
}

void Story::open_wallets() {
  const auto open = [&](const WalletId& wallet, const std::string& name, const UserId& owner) {
    moment_.requests.emplace_back(OpenWalletRequest{wallet, {cast_.currency, name, {}, owner}});
    asked_.emplace_back();
  };
  for (; joined_people_ < cast_.people.size() && cast_.people[joined_people_].joined_ms < now_ms_; ++joined_people_) {
    const Person& person = cast_.people[joined_people_];
    open(person.wallet, person.first_name + ' ' + person.last_name, person.id);
    busy_.insert(joined_people_);
  }
  for (; joined_shops_ < cast_.shops.size() && cast_.shops[joined_shops_].joined_ms < now_ms_; ++joined_shops_) {
    const Shop& shop = cast_.shops[joined_shops_];
    open(shop.wallet, shop.name, cast_.people[shop.owner].id);
  }
}

/// From the 25th on, a few in every moment; who joins later in the month begins with some money.
void Story::pay_incomes() {
  constexpr std::size_t most_at_once = 40;
  const auto month = month_of(now_ms_);
  const bool is_payday = static_cast<unsigned>(date_of(now_ms_).day()) >= 25;
  std::size_t paid = 0;
  for (std::size_t i = 0; i < joined_people_ && paid < most_at_once; ++i) {
    const bool is_new = paid_until_month_[i] == 0;
    if (busy_.contains(i) || paid_until_month_[i] >= month || (!is_new && !is_payday))
      continue;
    paid_until_month_[i] = is_payday || !is_new ? month : month - 1;
    top_up(i, cast_.people[i].income, pick(banks, random_), is_new ? "" : "gaji");
    ++paid;
  }
}

/// What was authorized is captured, in whole or in part, or given back.
void Story::finish_payments() {
  while (!authorized_.empty() && authorized_.front().due_ms <= now_ms_) {
    const Payment payment = authorized_.front();
    if (busy_.contains(payment.person))
      return;
    authorized_.pop_front();
    busy_.insert(payment.person);
    const bool is_given_up = chance(8) == 0;
    const bool is_partial = chance(4) == 0;
    Transaction act = transaction(is_given_up ? TransactionKind::void_payment : TransactionKind::capture,
                                  is_partial ? payment.transaction->amount / 2 : payment.transaction->amount);
    act.source = payment.transaction->source;
    act.destination = is_given_up ? WalletId{} : payment.transaction->destination;
    act.parent = payment.transaction->id;
    act.merchant = payment.transaction->merchant;
    act.final_capture = !is_given_up;
    if (is_given_up)
      act.amount = payment.transaction->amount;
    ask(std::move(act), {.person = payment.person, .shop = payment.shop});
  }
}

/// Shops take most of their money out on Mondays.
void Story::pay_out() {
  const auto week = week_of(now_ms_);
  if (week <= paid_out_until_week_)
    return;
  paid_out_until_week_ = week;
  for (std::size_t i = 0; i < joined_shops_; ++i)
    if (shop_balances_[i] > 500'000 * rupiah)
      withdraw(cast_.shops[i].wallet, nobody, i, shop_balances_[i] / 10 * 7 / rupiah * rupiah);
}

std::optional<std::size_t> Story::somebody() {
  constexpr int attempts = 20;
  for (int i = 0; i < attempts; ++i)
    if (const auto person = chance(joined_people_); busy_.insert(person).second)
      return person;
  return std::nullopt;
}

void Story::something() {
  const auto person = somebody();
  if (!person) {
    for (std::size_t i = 0; i < joined_people_; ++i)
      busy_.insert(i);
    return;
  }
  const bool without_money = chance(70) == 0;
  const auto what = chance(100);
  if (balances_[*person] < 60'000 * rupiah && !without_money)
    return top_up(*person, thousands(50, 400, random_), pick(small_methods, random_), "");
  if (what < 42)
    return transfer(*person, without_money);
  if (what < 88 || without_money)
    return pay(*person, without_money);
  if (what < 94)
    return withdraw(cast_.people[*person].wallet, *person, nobody,
                    std::min<Minor>(thousands(50, 500, random_), balances_[*person] / rupiah * rupiah));
  if (what < 97)
    return refund();
  top_up(*person, thousands(20, 200, random_), pick(small_methods, random_), "");
}

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
  const Minor amount =
      without_money ? balances_[person] + 1'000 * rupiah : thousands(5, std::max<Minor>(6, most), random_);
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
  Transaction asked = transaction(TransactionKind::payment,
                                  without_money ? balances_[person] + price : std::min(price, balances_[person]));
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
  asked.method = payout_method;
  asked.payout_account =
      pick(banks, random_) + '/' + std::to_string(1'000'000'000ULL + random_.next() % 9'000'000'000ULL);
  ask(std::move(asked), {.person = person, .shop = shop});
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
    ++counts_.declined;
    return;
  }
  const auto add = [](std::vector<Minor>& balances, std::size_t place, Minor amount) {
    if (place != nobody)
      balances[place] += amount;
  };
  switch (done.kind) {
    case TransactionKind::topup: ++counts_.topups; return add(balances_, asked.person, done.amount);
    case TransactionKind::transfer:
      ++counts_.transfers;
      add(balances_, asked.person, -done.amount);
      return add(balances_, asked.receiver, done.amount);
    case TransactionKind::withdrawal:
      ++counts_.withdrawals;
      add(balances_, asked.person, -done.amount);
      return add(shop_balances_, asked.shop, -done.amount);
    case TransactionKind::payment:
      ++counts_.payments;
      add(balances_, asked.person, -done.amount);
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
      return add(balances_, asked.receiver, done.amount);
    case TransactionKind::capture: ++counts_.captures; return add(shop_balances_, asked.shop, done.amount);
    case TransactionKind::void_payment: ++counts_.voids; return add(balances_, asked.person, done.amount);
    case TransactionKind::increment: return;
  }
}

}  // namespace dompet::cli
