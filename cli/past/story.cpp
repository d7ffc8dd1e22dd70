#include "cli/past/story.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string_view>

#include "cli/past/amounts.hpp"

namespace dompet::cli {

namespace {

using namespace std::chrono;

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t day_ms = 24 * hour_ms;

/// How busy each hour of a day is, UTC; Jakarta is seven hours ahead.
constexpr std::array<double, 24> busy_hours{1.2, 1.4, 1.5, 1.6, 1.9, 2.0, 1.6, 1.3, 1.2, 1.3, 1.6, 1.9,
                                            1.8, 1.4, 1.0, 0.6, 0.3, 0.2, 0.1, 0.1, 0.1, 0.2, 0.5, 0.9};
constexpr double busy_sum = 25.7;

constexpr std::array<std::string_view, 4> banks{"bca", "mandiri", "bni", "bri"};
constexpr std::array<std::string_view, 6> small_methods{"gopay", "ovo", "dana", "alfamart", "indomart", "visa"};

year_month_day date_of(std::int64_t unix_ms) {
  return sys_days{floor<days>(sys_time<milliseconds>{milliseconds{unix_ms}})};
}

std::int64_t month_of(std::int64_t unix_ms) {
  const auto date = date_of(unix_ms);
  return (static_cast<int>(date.year()) - 1970) * 12 + static_cast<int>(static_cast<unsigned>(date.month())) - 1;
}

/// Weeks begin on Monday; 1970-01-01 was a Thursday.
std::int64_t week_of(std::int64_t unix_ms) { return (unix_ms / day_ms + 3) / 7; }

}  // namespace

Story::Story(const Cast& cast, std::uint64_t movements, std::int64_t begin_ms, std::int64_t end_ms, std::uint64_t seed)
    : cast_(cast), random_(scatter(seed)), begin_ms_(begin_ms), end_ms_(end_ms),
      movements_a_day_(static_cast<double>(movements) * day_ms / static_cast<double>(end_ms - begin_ms)),
      now_ms_(begin_ms), request_ms_(begin_ms), balances_(cast.people.size()), dollars_(cast.people.size()),
      shop_balances_(cast.shops.size()), paid_until_month_(cast.people.size()) {}

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
  const auto open = [&](const WalletId& wallet, const OpenWallet& command) {
    moment_.requests.emplace_back(OpenWalletRequest{wallet, command});
    asked_.emplace_back();
  };
  for (; joined_people_ < cast_.people.size() && cast_.people[joined_people_].joined_ms < now_ms_; ++joined_people_) {
    const Person& person = cast_.people[joined_people_];
    const std::string name = person.first_name + ' ' + person.last_name;
    open(person.wallet, {cast_.currency, name, person.limits, person.id});
    if (person.has_dollars())
      open(person.dollar_wallet, {cast_.dollars, name, {}, person.id});
    busy_.insert(joined_people_);
  }
  for (; joined_shops_ < cast_.shops.size() && cast_.shops[joined_shops_].joined_ms < now_ms_; ++joined_shops_) {
    const Shop& shop = cast_.shops[joined_shops_];
    open(shop.wallet, {cast_.currency, shop.name, {}, cast_.people[shop.owner].id});
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
  if (cast_.people[*person].has_dollars() && chance(3) == 0)
    return use_dollars(*person);
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

}  // namespace dompet::cli
