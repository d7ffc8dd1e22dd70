#include "tests/actor/ledger_checker.hpp"

#include <array>

#include "domain/invariants.hpp"

namespace dompet::simulated {

namespace {

void must(bool holds, const std::string& otherwise) {
  if (!holds)
    throw Broken(otherwise);
}

void must_not(const invariants::Violation& violation) {
  if (violation)
    throw Broken(*violation);
}

}  // namespace

void LedgerChecker::check() {
  std::set<TransactionId> touched;
  for (; seen_ < ledger_.journal().size(); ++seen_) {
    Record record;
    try {
      record = decode(ledger_.journal()[seen_]);
    } catch (const Unreadable& damage) {
      throw Broken(damage.what());
    }
    take(record, seen_);
    if (record.transaction)
      touched.insert(record.id);
  }
  for (const TransactionId& id : touched)
    check_transaction(id);
  if (!touched.empty())
    for (const auto& [currency, money] : money_)
      must_not(invariants::conserved(money.available, money.held, money.in_transit, money.came_in, money.position));
}

void LedgerChecker::take(const Record& record, std::size_t place) {
  take_stream(record, place);
  must_not(invariants::record_balances(record));
  for (const Leg& leg : record.all_legs())
    take_leg(record, leg);
  payments_.take(record);
  if (!record.transaction)
    return;
  if (record.stamp) {
    const auto [known, is_new] = keys_.try_emplace(record.stamp->key, record.id);
    must(is_new || known->second == record.id, "I8: two transactions have one idempotency key");
  }
  must(!told_not_applied_.contains(record.id),
       "I6: transaction " + to_string(record.id) + " was told not to be applied, and is");
  take_money(record);
}

/// I1, also against the moment of each bump: no row of an older epoch comes after it.
void LedgerChecker::take_stream(const Record& record, std::size_t place) {
  const auto& bumps = ledger_.bumps();
  for (; bumps_seen_ < bumps.size() && bumps[bumps_seen_].rows <= place; ++bumps_seen_)
    least_epoch_[bumps[bumps_seen_].shard] = bumps[bumps_seen_].epoch;
  must(record.epoch >= least_epoch_[record.shard], "I1: a row of an epoch that had ended");
  const auto last = last_of_shard_.find(record.shard);
  if (last == last_of_shard_.end())
    must(record.shard_seq == 1, "I1: a gap at the begin of a stream");
  else
    must_not(invariants::epochs_never_fall(std::array{last->second, record}));
  Record& kept = last_of_shard_[record.shard];
  kept.shard = record.shard;
  kept.shard_seq = record.shard_seq;
  kept.epoch = record.epoch;
}

/// I2: the journal's order is also each wallet's.
void LedgerChecker::take_leg(const Record& record, const Leg& leg) {
  Book& book = wallets_[leg.wallet];
  book.now.wallet.id = leg.wallet;
  const Wallet before = book.now.wallet;
  const Digest expected = link(book.now.digest, record, leg);
  const std::string where = "wallet " + to_string(leg.wallet) + " at seq " + std::to_string(leg.seq);
  must(replay(book.now, leg), "I2: " + where + " does not replay");
  must(book.now.digest == expected, "I2: " + where + " breaks its hash chain");
  book.legs.push_back(leg);
  Money& money = money_[book.now.wallet.currency.numeric];
  money.available += book.now.wallet.available - before.available;
  money.held += book.now.wallet.held - before.held;
}

void LedgerChecker::take_money(const Record& record) {
  Facts& facts = transactions_[record.id];
  Money& money = money_[record.transaction->currency.numeric];
  facts.kind = record.transaction->kind;
  facts.batch = record.batch;
  for (const Leg& leg : record.all_legs()) {
    facts.credits += std::holds_alternative<Credited>(leg.event) ? 1 : 0;
    facts.last_legs[leg.wallet] = leg.seq;
    if (const auto* credited = std::get_if<Credited>(&leg.event); credited != nullptr && credited->invoice)
      must(paid_invoices_.insert(credited->invoice->terms.invoice).second, "an invoice was paid twice");
  }
  const Minor amount = record.transaction->amount;
  const bool converts = record.transaction->fx.has_value();
  if (converts)
    take_exchange(record);
  const bool is_withdrawal = facts.kind == TransactionKind::withdrawal;
  if (record.kind == RecordKind::topup)
    money.came_in += amount;
  if (record.kind == RecordKind::transfer_credited && !converts)
    money.in_transit += amount;
  if (record.kind == RecordKind::hold_captured && !converts)
    (is_withdrawal ? money.came_in : money.in_transit) -= amount;
  facts.payouts += record.kind == RecordKind::hold_captured && is_withdrawal ? 1 : 0;
  facts.acts += record.kind == RecordKind::payment_authorized || record.kind == RecordKind::payment_incremented ||
                        record.kind == RecordKind::payment_voided
                    ? 1
                    : 0;
  facts.is_act = record.transaction->manual_capture || facts.kind == TransactionKind::increment ||
                 facts.kind == TransactionKind::void_payment;
  facts.is_to_be_reviewed |= awaits_review(record.risk) && record.kind != RecordKind::payment_authorized &&
                             record.kind != RecordKind::payment_incremented;
  facts.approvals += record.kind == RecordKind::review_approved ? 1 : 0;
  must_not(invariants::review_is_kept(facts.is_to_be_reviewed, facts.approvals, facts.credits + facts.payouts > 0));
  facts.in_one_record |= record.kind == RecordKind::transfer;
  facts.declined |= record.kind == RecordKind::declined;
}

/// What the house gained and gave by a conversion, in the record that moved the wallet's side of it.
void LedgerChecker::take_exchange(const Record& record) {
  const Transaction& transaction = *record.transaction;
  const bool at_once = record.kind == RecordKind::transfer;
  if (at_once || record.kind == RecordKind::hold_captured)
    money_[transaction.currency.numeric].position += transaction.amount;
  if (at_once || record.kind == RecordKind::transfer_credited)
    money_[transaction.fx->currency.numeric].position -= transaction.fx->amount;
}

SagaState LedgerChecker::state_of(const TransactionId& id, const Facts& facts) const {
  if (facts.in_one_record)
    return SagaState::settled;
  return facts.declined ? SagaState::declined : ledger_.saga(id).value_or(SagaState::none);
}

Decision LedgerChecker::decision_of(const Facts& facts) const {
  return facts.decisions.empty() ? Decision::none : facts.decisions.front();
}

/// I3, I4 and I5.
void LedgerChecker::check_transaction(const TransactionId& id) {
  Facts& facts = transactions_[id];
  const int declined = facts.declined ? 1 : 0;
  if (facts.is_act)
    return must(facts.acts + declined == 1, "an act on a payment was done more than once");
  const bool asks_provider = facts.kind == TransactionKind::topup && ledger_.saga(id).has_value();
  if (facts.kind == TransactionKind::withdrawal || asks_provider)
    return check_by_provider(id, facts);
  if (facts.kind == TransactionKind::topup)
    return must(facts.credits + declined == 1, "a top-up was booked more than once");
  const Decision known = decision_of(facts);
  facts.decisions = ledger_.decisions(id);
  if (facts.in_one_record)
    facts.decisions.push_back(Decision::credited);
  must(known == Decision::none || known == decision_of(facts), "I3: a decision changed");
  must_not(invariants::one_decision(facts.decisions, facts.credits));
  must_not(invariants::saga_agrees(state_of(id, facts), decision_of(facts)));
}

/// Withdrawals and top-ups that a provider ends: done once, exactly when the provider did its part.
void LedgerChecker::check_by_provider(const TransactionId& id, const Facts& facts) const {
  const bool is_withdrawal = facts.kind == TransactionKind::withdrawal;
  const std::string which = is_withdrawal ? "a withdrawal" : "a top-up";
  const SagaState state = state_of(id, facts);
  const int effects = is_withdrawal ? facts.payouts : facts.credits;
  must(effects == (state == SagaState::settled ? 1 : 0), which + " was booked other than its saga says");
  if (decided_ && (state == SagaState::settled || state == SagaState::released))
    must((state == SagaState::settled) == (decided_(id) == Decision::credited),
         which + " ended otherwise than the provider said");
}

void LedgerChecker::check_at_rest() const {
  for (const auto& [id, facts] : transactions_)
    if (facts.kind == TransactionKind::withdrawal ||
        (facts.kind == TransactionKind::topup && ledger_.saga(id).has_value()))
      check_by_provider(id, facts);
  must(ledger_.open_sagas() == 0, "a saga is open though nothing is under way");
  for (const auto& [id, book] : wallets_)
    must(book.now.wallet.holds.empty() && book.now.wallet.held == 0, "a hold is left though nothing is under way");
  for (const auto& [key, transit] : ledger_.transits()) {
    const auto& [shard, peer, currency] = key;
    const auto back = ledger_.transits().find({peer, shard, currency});
    must(back != ledger_.transits().end() && back->second.in == transit.out && back->second.out == transit.in,
         "I7: two shards do not agree on what went between them");
  }
  std::map<std::string, Minor> sums;
  for (const auto& [key, total] : ledger_.totals())
    sums[key.second.substr(key.second.size() - 3)] += total;
  for (const auto& [currency, sum] : sums)
    must(sum == 0, "the trial balance of " + currency + " is off");
  for (const auto& [currency, money] : money_)
    must(money.in_transit == 0, "money is in transit though nothing is under way");
}

void LedgerChecker::check_answer(const TransactionId& id, const Result& result) {
  check();
  if (const auto* answer = std::get_if<MoneyAnswer>(&result)) {
    const TransactionId& told = answer->record->id;
    const auto facts = transactions_.find(told);
    must(facts != transactions_.end(), "I6: an answer was given that is not durable");
    const bool is_settled = answer->state == SagaState::settled;
    if (facts->second.kind == TransactionKind::topup || facts->second.kind == TransactionKind::withdrawal)
      must(!is_final(answer->state) || is_settled == (effects_of(told) == 1),
           "I6: a top-up or withdrawal is not as told");
    else if (facts->second.is_act)
      must(is_settled == (facts->second.acts == 1), "I6: an act on a payment is not as was told");
    else if (is_final(answer->state))
      must_not(invariants::reply_is_backed(answer->state == SagaState::settled, state_of(told, facts->second),
                                           decision_of(facts->second)));
    must(answer->replayed || told == id, "I6: the answer is about another transaction");
  }
  const auto* not_now = std::get_if<NotNow>(&result);
  if ((not_now == nullptr || not_now->may_be_applied) && !std::holds_alternative<Decline>(result))
    return;
  if (doubled_.contains(id))
    return;
  must(!transactions_.contains(id), "I6: a request was told not to be applied, and it is");
  told_not_applied_.insert(id);
}

void LedgerChecker::expect_again(const TransactionId& id) {
  doubled_.insert(id);
  told_not_applied_.erase(id);
}

void LedgerChecker::check_balance(const WalletHistory& told, std::uint64_t at_least_seq) const {
  const std::string which = "the balance of wallet " + to_string(told.wallet.id);
  const auto found = wallets_.find(told.wallet.id);
  must(found != wallets_.end() && told.seq > 0 && told.seq <= found->second.legs.size(), which + " is not durable");
  must(told.seq >= at_least_seq,
       which + " is older than the question: " + std::to_string(told.seq) + ", not " + std::to_string(at_least_seq));
  const Leg& leg = found->second.legs[told.seq - 1];
  must(leg.available_after == told.wallet.available && leg.held_after == told.wallet.held && leg.digest == told.digest,
       which + " is not what the journal says");
}

Minor LedgerChecker::money_in_wallets() const {
  Minor sum = 0;
  for (const auto& [currency, money] : money_)
    sum += money.available + money.held;
  return sum;
}

const WalletHistory* LedgerChecker::wallet(const WalletId& id) const {
  const auto found = wallets_.find(id);
  return found == wallets_.end() ? nullptr : &found->second.now;
}

std::uint64_t LedgerChecker::seq_of(const WalletId& id) const {
  const WalletHistory* history = wallet(id);
  return history == nullptr ? 0 : history->seq;
}

std::uint64_t LedgerChecker::seq_after(const TransactionId& id, const WalletId& wallet) const {
  const auto found = transactions_.find(id);
  if (found == transactions_.end())
    return 0;
  const auto leg = found->second.last_legs.find(wallet);
  return leg == found->second.last_legs.end() ? 0 : leg->second;
}

int LedgerChecker::effects_of(const TransactionId& id) const {
  const auto found = transactions_.find(id);
  return found == transactions_.end() ? 0 : found->second.credits + found->second.acts + found->second.payouts;
}

}  // namespace dompet::simulated
