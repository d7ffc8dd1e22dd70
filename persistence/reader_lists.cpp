#include <algorithm>
#include <chrono>
#include <limits>

#include "persistence/reader.hpp"
#include "persistence/reader_list_statement.hpp"
#include "persistence/reader_payments.hpp"

namespace dompet {

namespace {

/// How many records a statement looks through for a filter that may match few of them: at first, and at most when it
/// found too few.
constexpr int first_window = 1'024;
constexpr int largest_window = 65'536;
/// How many records are fetched at once when only their payload tells whether they match.
constexpr int payloads_a_fetch = 4'096;

/// What a statement found: a record at a place, and the record that began its transaction.
struct Candidate {
  StoredTransaction stored{};
  std::optional<WalletId> wallet{};
  std::uint64_t seq = 0;
  /// A top-up's credit after a provider's word, not in a wallet's list: it stands where the top-up began.
  bool is_confirmation = false;
};

bool in_payload(const TransactionFilter& filter) {
  return !filter.method.empty() || filter.card || filter.merchant || filter.also;
}

/// A card or a merchant is in payments and refunds; of everything else what its wallet pays or receives is its own.
bool belongs(const Transaction& transaction, bool is_named, const std::optional<WalletId>& wallet) {
  if (transaction.kind == TransactionKind::payment || transaction.kind == TransactionKind::refund)
    return is_named;
  return wallet && (transaction.source == *wallet || transaction.destination == *wallet);
}

/// The filter, whole: the statement knows neither what is in the payload nor what is in the saga.
bool matches(const TransactionFilter& filter, const StoredTransaction& stored) {
  const Transaction& transaction = *stored.record.transaction;
  const std::int64_t asked_ms = unix_ms_of(transaction.id.uuid);
  return (!filter.kind || transaction.kind == *filter.kind) &&
         (!filter.currency || transaction.currency == *filter.currency) &&
         (!filter.min_amount || transaction.amount >= *filter.min_amount) &&
         (!filter.max_amount || transaction.amount <= *filter.max_amount) &&
         (!filter.from_ms || asked_ms >= *filter.from_ms) && (!filter.to_ms || asked_ms < *filter.to_ms) &&
         (filter.status.empty() || status_of(stored) == filter.status) &&
         (filter.method.empty() || transaction.method == filter.method) &&
         (!filter.card || belongs(transaction, transaction.card == *filter.card, filter.card_wallet)) &&
         (!filter.merchant || belongs(transaction, transaction.merchant == *filter.merchant, filter.merchant_wallet)) &&
         (!filter.also || filter.also(stored));
}

/// Whether every record that begins a transaction matches, times apart.
bool is_plain(const TransactionFilter& filter) {
  return !filter.kind && filter.status.empty() && !in_payload(filter) && !filter.direction && !filter.currency &&
         !filter.min_amount && !filter.max_amount;
}

TransactionCursor newest() {
  TransactionCursor cursor;
  cursor.id.uuid.bytes.fill(0xFF);
  // As a time it is a moment that PostgreSQL can still add something to, far beyond every record.
  cursor.place = std::uint64_t{1} << 47;
  return cursor;
}

Candidate candidate_of(const Row& row) {
  Candidate candidate{.stored = stored_transaction(row)};
  candidate.stored.place = {{row.uuid(ListStatement::id_column)},
                            static_cast<std::uint64_t>(row.number_if_any(ListStatement::place_column).value_or(0))};
  if (const auto wallet = row.uuid_if_any(ListStatement::wallet_column))
    candidate.wallet = WalletId{*wallet};
  candidate.seq = static_cast<std::uint64_t>(row.number_if_any(ListStatement::seq_column).value_or(0));
  candidate.is_confirmation = candidate.stored.record.kind == RecordKind::topup && has_saga(row);
  return candidate;
}

/// Turns what was found into what is shown: acts on payments are not transactions of their own.
class Showing {
 public:
  Showing(SqlSession& session, const Wallets& wallets, const std::optional<Direction>& direction,
          std::vector<Candidate>& candidates)
      : wallets_(wallets), direction_(direction) {
    std::vector<TransactionId> payments;
    for (const Candidate& candidate : candidates) {
      const Transaction& transaction = *candidate.stored.record.transaction;
      if (transaction.kind == TransactionKind::payment && candidate.stored.record.kind != RecordKind::declined)
        payments.push_back(transaction.id);
      else if (is_income_of_merchant(candidate))
        payments.push_back(transaction.parent);
    }
    families_ = records_of_payments(session, payments);
  }

  /// False for what is shown elsewhere, or not at all.
  bool show(Candidate& candidate) {
    const Transaction& transaction = *candidate.stored.record.transaction;
    if (candidate.is_confirmation || is_other_half(candidate))
      return false;
    if (direction_ && candidate.wallet != side_of(transaction))
      return false;
    if (is_act_on_payment(transaction.kind))
      return is_income_of_merchant(candidate) && show_payment_of(candidate);
    if (const auto family = families_.find(transaction.id);
        family != families_.end() && transaction.kind == TransactionKind::payment)
      fill_payment(candidate.stored, family->second);
    return true;
  }

 private:
  WalletId side_of(const Transaction& transaction) const {
    return direction_ == Direction::in ? transaction.destination : transaction.source;
  }

  /// A movement between two wallets of one owner stands where it left the first, unless it is asked for what came in.
  bool is_other_half(const Candidate& candidate) const {
    const Transaction& transaction = *candidate.stored.record.transaction;
    return !direction_ && wallets_.size() > 1 && candidate.wallet == transaction.destination &&
           candidate.stored.record.kind != RecordKind::declined &&
           std::ranges::find(wallets_, transaction.source) != wallets_.end();
  }

  static bool is_income_of_merchant(const Candidate& candidate) {
    const Transaction& transaction = *candidate.stored.record.transaction;
    return transaction.kind == TransactionKind::capture && candidate.wallet == transaction.destination &&
           candidate.stored.record.kind != RecordKind::declined;
  }

  /// In the merchant's list a payment stands at its first capture.
  bool show_payment_of(Candidate& candidate) {
    const TransactionId payment = candidate.stored.record.transaction->parent;
    const std::vector<Record>& family = families_[payment];
    for (const Record& record : family)
      if (const Leg* leg = leg_of(record, *candidate.wallet);
          leg != nullptr && leg->seq < candidate.seq && std::holds_alternative<Credited>(leg->event))
        return false;
    const auto begun = std::ranges::find(family, payment, &Record::id);
    const TransactionCursor place = candidate.stored.place;
    candidate.stored = begun != family.end() ? StoredTransaction{.record = *begun} : from_elsewhere(candidate, family);
    candidate.stored.place = place;
    if (begun != family.end())
      fill_payment(candidate.stored, family);
    return true;
  }

  /// Of a payment whose payer lives in another database nothing is here but what the merchant got.
  static StoredTransaction from_elsewhere(const Candidate& candidate, const std::vector<Record>& family) {
    StoredTransaction stored = candidate.stored;
    const Refundable got = refundable_of(*candidate.wallet, family);
    Transaction payment = *stored.record.transaction;
    payment.id = stored.record.id = std::exchange(payment.parent, {});
    payment.kind = TransactionKind::payment;
    payment.amount = got.paid;
    if (payment.fx)
      payment.fx->amount = got.captured;
    stored.record.transaction = std::make_shared<const Transaction>(std::move(payment));
    stored.payment = PaymentTotals{.authorized = got.paid,
                                   .captured = got.paid,
                                   .refunded = got.paid_back,
                                   .converted = stored.record.transaction->fx ? got.captured : 0};
    return stored;
  }

  const Wallets& wallets_;
  const std::optional<Direction> direction_;
  std::map<TransactionId, std::vector<Record>> families_{};
};

}  // namespace

Wallets Reader::wallets_of(const TransactionFilter& filter) {
  if (!filter.owner)
    return filter.wallet ? Wallets{*filter.wallet} : Wallets{};
  Wallets wallets;
  session_
      ->ask_prepared("SELECT id FROM wallet WHERE owner = $1" + session_->only_here("shard") + " ORDER BY id",
                     Parameters{}.add(filter.owner->uuid))
      .each([&](const Row& row) { wallets.push_back({row.uuid(0)}); });
  return wallets;
}

std::vector<StoredTransaction> Reader::transactions(const TransactionFilter& filter,
                                                    const std::optional<TransactionCursor>& before, int limit) {
  const auto patience = std::chrono::milliseconds(session_->settings().statement_timeout_ms);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const Wallets wallets = wallets_of(filter);
  const bool of_some = filter.wallet || filter.owner;
  const bool by_window = !of_some && !in_few_sagas(filter);
  // One more than asked for, since a window's last row is told even when it does not match. In a wallet's list most
  // match of what is there, and when they do not the next statement fetches more.
  const int most_fetched =
      in_payload(filter) || (of_some && !filter.status.empty()) ? std::max(limit + 1, payloads_a_fetch) : limit + 1;
  int fetch = of_some ? limit + 1 : most_fetched;
  const int narrow = is_plain(filter) ? fetch : std::max(fetch, first_window);
  int window = narrow;
  TransactionCursor cursor = before.value_or(newest());
  std::vector<StoredTransaction> page;
  if (kinds_of(filter).empty() || (of_some && wallets.empty()))
    return page;
  for (;;) {
    ListStatement statement(filter, wallets, cursor, fetch, window,
                            [this](const std::string& column) { return session_->only_here(column); });
    const std::string sql = statement.sql();
    const Rows rows = session_->ask(sql, statement.parameters());
    std::vector<Candidate> candidates;
    rows.each([&](const Row& row) { candidates.push_back(candidate_of(row)); });
    const auto looked_through =
        candidates.empty() ? 0 : static_cast<std::int64_t>(candidates.back().stored.place.place);
    if (!candidates.empty())
      cursor = candidates.back().stored.place;
    Showing showing(*session_, wallets, filter.direction, candidates);
    for (Candidate& candidate : candidates) {
      if (!showing.show(candidate))
        continue;
      find_refusal(candidate.stored);
      if (!of_some)
        candidate.stored.place.place = 0;
      if (matches(filter, candidate.stored))
        page.push_back(std::move(candidate.stored));
      if (page.size() == static_cast<std::size_t>(limit))
        return page;
    }
    const bool cut = rows.size() == fetch;
    if (!cut && (!by_window || looked_through < window))
      return page;
    fetch = std::min(4 * fetch, most_fetched);
    window = cut ? narrow : std::max(window, std::min(4 * window, largest_window));
    if (patience.count() > 0 && std::chrono::steady_clock::now() > deadline)
      throw Unavailable("the filter matches too few transactions to find them in time");
  }
}

}  // namespace dompet
