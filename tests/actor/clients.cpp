#include "tests/actor/clients.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace dompet::simulated {

void must(bool holds, const std::string& otherwise) {
  if (!holds)
    throw Broken(otherwise);
}

Clients::Clients(std::mt19937_64& random, LedgerChecker& checker, Submit submit, std::function<std::int64_t()> unix_ms,
                 bool commits_take_time, std::chrono::milliseconds authorization_lifetime)
    : random_(random), checker_(checker), submit_(std::move(submit)), unix_ms_(std::move(unix_ms)),
      commits_take_time_(commits_take_time), lifetime_(authorization_lifetime) {}

namespace {

/// Every other wallet is somebody's.
UserId owner_of(const WalletId& wallet) { return wallet.uuid.bytes.back() % 2 == 0 ? UserId{wallet.uuid} : UserId{}; }

/// Amounts are small, so that rounding often leaves something; both currencies have two digits.
constexpr std::array rates{Rate{4, 1}, Rate{65, 2}, Rate{1'333'333, 6}, Rate{27, 1}};

/// Two cards are in use, and now and then blocked.
CardId card(std::size_t number) {
  CardId card;
  card.uuid.bytes.back() = static_cast<std::uint8_t>(number + 1);
  return card;
}

}  // namespace

Uuid Clients::fresh() {
  std::array<std::uint8_t, 10> rest{};
  const std::uint64_t draw = random_();
  std::memcpy(rest.data() + 2, &draw, sizeof draw);
  return make_uuid_v7(unix_ms_(), rest);
}

// --- what they do ---

/// The last one is in another currency; asking again for one that is open does no harm.
void Clients::open_wallets(std::size_t count) {
  const bool is_first_time = wallets_.empty();
  for (std::size_t i = 0; i < count; ++i) {
    if (is_first_time)
      wallets_.push_back({fresh()});
    Limits limits{.maximum_balance = chance(20) ? std::optional<Minor>{60} : std::nullopt};
    if (chance(30))
      limits.out.day = 30 + static_cast<Minor>(below(60));
    const Currency currency = *find_currency(i + 1 == count ? "USD" : "IDR");
    submit_(OpenWalletRequest{wallets_[i], {currency, "a wallet", limits, owner_of(wallets_[i])}});
  }
}

void Clients::top_up_all() {
  for (const WalletId& wallet : wallets_) {
    keys_.emplace_back();
    Wish wish;
    wish.kind = TransactionKind::topup;
    wish.destination = wallet;
    wish.amount = 20 + static_cast<Minor>(below(30));
    ask_money(keys_.size() - 1, wish);
  }
}

Clients::Wish Clients::random_wish() {
  if (!payments_.empty() && chance(30))
    return wish_about(payments_[payments_.size() - 1 - below(std::min<std::size_t>(payments_.size(), 6))]);
  static constexpr std::array kinds{TransactionKind::transfer, TransactionKind::transfer, TransactionKind::transfer,
                                    TransactionKind::transfer, TransactionKind::topup,    TransactionKind::withdrawal,
                                    TransactionKind::payment,  TransactionKind::payment};
  Wish wish;
  wish.kind = kinds[below(kinds.size())];
  if (wish.kind != TransactionKind::withdrawal)
    wish.destination = chance(2) ? WalletId{fresh()} : any_wallet();
  if (wish.kind != TransactionKind::topup)
    wish.source = any_wallet();
  wish.amount = 1 + static_cast<Minor>(below(chance(10) ? 60 : 5));
  wish.is_strangers = chance(2);
  draw_rate(wish);
  if (wish.kind != TransactionKind::payment)
    return wish;
  wish.manual_capture = chance(75);
  if (chance(30))
    wish.card = card(below(2));
  if (!wish.manual_capture && chance(60))
    wish.bill = 1 + static_cast<int>(below(4));
  if (wish.manual_capture)
    wish.amount += 5;
  return wish;
}

/// Between two currencies most clients have a quote; the others are declined.
void Clients::draw_rate(Wish& wish) {
  const bool has_two = wish.kind == TransactionKind::transfer || wish.kind == TransactionKind::payment;
  if (!has_two || currency_of(wish.source) == currency_of(wish.destination) || chance(10))
    return;
  wish.rate = static_cast<int>(below(rates.size()));
  wish.amount += 3;
}

/// What a merchant may do about a payment, whether it can still be done or not.
Clients::Wish Clients::wish_about(const Payment& payment) {
  const bool refunds = chance(payment.is_open ? 25 : 90);
  static constexpr std::array acts{TransactionKind::capture, TransactionKind::capture, TransactionKind::capture,
                                   TransactionKind::increment, TransactionKind::void_payment};
  Wish wish;
  wish.payment = payment.id;
  wish.rate = payment.rate;
  wish.kind = refunds ? TransactionKind::refund : acts[below(acts.size())];
  wish.source = refunds ? payment.merchant : payment.payer;
  if (wish.kind == TransactionKind::capture || refunds)
    wish.destination = refunds ? payment.payer : payment.merchant;
  const bool takes_all = wish.kind != TransactionKind::increment && chance(25);
  wish.amount = takes_all || wish.kind == TransactionKind::void_payment ? 0 : 1 + static_cast<Minor>(below(6));
  wish.final_capture = wish.kind == TransactionKind::capture && chance(30);
  return wish;
}

void Clients::void_open_payments() {
  for (const auto& [payment, wallet] : checker_.payments().open()) {
    keys_.emplace_back();
    Wish wish;
    wish.kind = TransactionKind::void_payment;
    wish.source = wallet;
    wish.payment = payment;
    ask_money(keys_.size() - 1, wish);
  }
}

void Clients::begin_wish() {
  keys_.emplace_back();
  ask_money(keys_.size() - 1, random_wish());
}

void Clients::repeat_key(bool other_content) {
  const std::size_t key = below(keys_.size());
  ask_money(key, other_content ? random_wish() : keys_[key].wishes[below(keys_[key].wishes.size())]);
}

void Clients::repeat_unanswered_key() {
  const std::size_t first = below(keys_.size());
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const std::size_t key = (first + i) % keys_.size();
    if (!was_told(key)) {
      ask_money(key, keys_[key].wishes.front());
      return;
    }
  }
}

std::uint64_t Clients::ask_again(std::size_t key) {
  return ask_money(key, was_told(key) ? keys_[key].told->wish : keys_[key].wishes.front());
}

Currency Clients::currency_of(const WalletId& wallet) const {
  return *find_currency(wallet == wallets_.back() ? "USD" : "IDR");
}

namespace {
/// Some rates are too old to outlast a review.
constexpr std::int64_t never_too_old_ms = 1LL << 50;
}  // namespace

/// What HTTP makes of a quote, and of the payment that an act is on: of a capture the payer's wallet says what it comes
/// to, of a refund it is what the payer wants back.
std::optional<FxLeg> Clients::conversion_of(const Wish& wish) const {
  const bool is_other_act = wish.kind == TransactionKind::increment || wish.kind == TransactionKind::void_payment;
  if (wish.rate < 0 || is_other_act)
    return std::nullopt;
  FxLeg fx{.rate = rates[static_cast<std::size_t>(wish.rate)],
           .currency = currency_of(wish.destination),
           .rate_at_ms = wish.amount % 8 == 0 ? 0 : never_too_old_ms};
  if (wish.kind == TransactionKind::refund)
    fx.amount = wish.amount;
  else if (wish.kind != TransactionKind::capture)
    fx.amount = convert(wish.amount, fx.rate, currency_of(wish.source), fx.currency).value_or(0);
  return fx;
}

/// An invoice is issued when somebody wants to pay it first.
Bill Clients::bill_of(const Wish& wish) {
  constexpr std::int64_t life_ms = 30'000;
  const auto [invoice, is_new] = invoices_.try_emplace({wish.destination, wish.bill});
  if (is_new)
    invoice->second = {{fresh()}, unix_ms_() + life_ms};
  return {invoice->second, std::to_string(wish.bill)};
}

std::uint64_t Clients::ask_money(std::size_t key, const Wish& wish) {
  if (std::ranges::find(keys_[key].wishes, wish) == keys_[key].wishes.end())
    keys_[key].wishes.push_back(wish);
  auto transaction = std::make_shared<Transaction>();
  transaction->id = {fresh()};
  transaction->kind = wish.kind;
  transaction->currency = currency_of(wish.kind == TransactionKind::topup ? wish.destination : wish.source);
  transaction->fx = conversion_of(wish);
  transaction->amount = wish.kind == TransactionKind::refund && transaction->fx ? 0 : wish.amount;
  transaction->source = wish.source;
  transaction->destination = wish.destination;
  transaction->method = wish.kind == TransactionKind::topup        ? "cash"
                        : wish.kind == TransactionKind::withdrawal ? "bank"
                                                                   : "";
  transaction->parent = wish.payment;
  transaction->manual_capture = wish.manual_capture;
  transaction->final_capture = wish.final_capture;
  transaction->card = wish.card;
  if (wish.bill != 0)
    transaction->bill = bill_of(wish);
  if (wish.kind == TransactionKind::withdrawal)
    transaction->payout_account = "014/123";
  if (wish.manual_capture)
    transaction->expires_at_ms = unix_ms_() + lifetime_.count();
  const std::string fields = to_string(wish.source) + to_string(wish.destination) + std::to_string(wish.amount) +
                             std::string{name_of(wish.kind)} + to_string(wish.payment) + to_string(wish.card) +
                             (wish.manual_capture ? "manual" : "") + (wish.final_capture ? "final" : "") +
                             (wish.is_strangers ? "stranger" : "") + std::to_string(wish.rate) + '/' +
                             std::to_string(wish.bill);
  const Stamp stamp{key_id("a client", std::to_string(key)), fingerprint(fields)};
  const TransactionId id = transaction->id;
  const WalletId& first = wish.kind == TransactionKind::topup ? wish.destination : wish.source;
  const UserId on_behalf_of = wish.is_strangers ? UserId{fresh()} : chance(30) ? owner_of(first) : UserId{};
  const std::uint64_t correlation = submit_(MoveMoneyRequest{std::move(transaction), stamp, on_behalf_of});
  asked_[correlation] = {.id = id, .wish = wish, .key = key, .is_money = true};
  return correlation;
}

void Clients::change_status() {
  const WalletId& wallet = any_wallet();
  ChangeWalletRequest request{wallet, {}};
  if (chance(40))
    request.changes.emplace_back(FreezeWallet{});
  else if (chance(70))
    request.changes.emplace_back(UnfreezeWallet{});
  else if (chance(30))
    request.changes.emplace_back(BlockCard{card(below(2))});
  else if (chance(50))
    request.changes.emplace_back(AllowCard{card(below(2))});
  else
    request.changes.emplace_back(ChangeName{"another name"});
  asked_[submit_(std::move(request))] = {};
}

void Clients::ask_any_balance() { ask_balance(any_wallet(), chance(40)); }

/// A strict read is answered after a commit that began later than the question, so it sees all that is durable now.
std::uint64_t Clients::ask_balance(const WalletId& wallet, bool strict) {
  const std::uint64_t durable = checker_.seq_of(wallet);
  const std::uint64_t least = strict || !commits_take_time_ ? durable : told_seq_[wallet];
  const std::uint64_t correlation = submit_(ReadWalletRequest{wallet, strict});
  asked_[correlation] = {.is_read = true, .least_seq = least};
  return correlation;
}

// --- what they were told ---

void Clients::listen(const Answer& answer) {
  try {
    on_answer(answer);
  } catch (const Broken& rule) {
    if (!broken_)
      broken_ = rule;
  }
}

void Clients::on_answer(const Answer& answer) {
  const auto found = asked_.find(answer.correlation);
  if (found == asked_.end())
    return;
  Asked& asked = found->second;
  const auto* not_now = std::get_if<NotNow>(&answer.result);
  must(++asked.answers == 1 || (not_now && !asked.settled_by_answer), "a request was answered twice");
  asked.settled_by_answer = not_now == nullptr;
  asked.last = answer.result;
  tally_.not_now += not_now ? 1 : 0;
  tally_.in_doubt += not_now && not_now->may_be_applied ? 1 : 0;
  if (asked.is_money)
    checker_.check_answer(asked.id, answer.result);
  if (const auto* history = std::get_if<WalletHistory>(&answer.result))
    on_balance(asked, *history);
  if (const auto* money = std::get_if<MoneyAnswer>(&answer.result))
    on_money(asked, *money);
  if (const auto* reused = std::get_if<KeyReused>(&answer.result)) {
    must(checker_.is_on_record(reused->original), "a key is said to be used by what is not on record");
    const auto& told = keys_[asked.key].told;
    must(!told || told->wish != asked.wish, "the same request with its key was refused as another one");
  }
}

void Clients::on_balance(const Asked& asked, const WalletHistory& told) {
  checker_.check();
  checker_.check_balance(told, asked.is_read ? asked.least_seq : 0);
  note_told(told.wallet.id, told.seq);
  tally_.balances += asked.is_read ? 1 : 0;
}

void Clients::on_money(Asked& asked, const MoneyAnswer& answer) {
  tally_.replayed += answer.replayed ? 1 : 0;
  must(!asked.wish.is_strangers, "money of a wallet was moved for somebody who does not own it");
  for (const WalletId& wallet : {answer.record->transaction->source, answer.record->transaction->destination})
    if (is_final(answer.state))
      note_told(wallet, checker_.seq_after(answer.record->id, wallet));
  if (!is_final(answer.state)) {
    tally_.still_open += 1;
    return;  // 202: it goes on, and the key finds out how it ended
  }
  (answer.state == SagaState::settled ? tally_.done : tally_.declined) += 1;
  if (answer.state == SagaState::settled && !answer.replayed)
    note_done(asked, *answer.record);
  Key& key = keys_[asked.key];
  if (!key.told) {
    key.told = Told{answer.record->id, asked.wish, answer.state, answer.refusal};
    return;
  }
  const Told& told = *key.told;
  must(told.wish == asked.wish, "two requests were accepted with one key");
  must(told.id == answer.record->id, "a key was answered for two transactions");
  must(told.state == answer.state && told.refusal == answer.refusal, "a repeated request got another answer");
}

void Clients::note_done(const Asked& asked, const Record& record) {
  const Transaction& done = *record.transaction;
  tally_.authorized += record.kind == RecordKind::payment_authorized ? 1 : 0;
  tally_.captured += done.kind == TransactionKind::capture ? 1 : 0;
  tally_.refunded += done.kind == TransactionKind::refund ? 1 : 0;
  tally_.withdrawn += done.kind == TransactionKind::withdrawal ? 1 : 0;
  tally_.converted += done.fx ? 1 : 0;
  tally_.billed += done.bill ? 1 : 0;
  if (done.kind == TransactionKind::payment)
    payments_.push_back({done.id, done.source, done.destination, done.manual_capture, asked.wish.rate});
}

void Clients::note_told(const WalletId& wallet, std::uint64_t seq) {
  std::uint64_t& known = told_seq_[wallet];
  known = std::max(known, seq);
}

const Result* Clients::answer_to(std::uint64_t correlation) const {
  const auto found = asked_.find(correlation);
  return found == asked_.end() || !found->second.last ? nullptr : &*found->second.last;
}

bool Clients::was_everything_answered() const {
  return std::ranges::all_of(asked_, [](const auto& entry) { return entry.second.answers > 0; });
}

}  // namespace dompet::simulated
