#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/engine.hpp"
#include "http/json.hpp"

namespace dompet::http {

// Domain values become JSON here. All functions are pure: the same value gives the same bytes, which is what makes a
// replayed answer equal to the first one.

/// A transaction and how it stands, from an answer of the engine or from the journal.
struct TransactionView {
  const Record& record;
  SagaState state = SagaState::settled;
  std::int64_t completed_at_ms = 0;
  std::optional<Decline> refusal{};
  /// Of a payment with manual capture: how it stood after the record, or stands now.
  std::optional<PaymentState> payment{};
  /// Of a payment that was looked up: what came back to the payer.
  std::optional<Minor> refunded{};
};

TransactionView view_of(const MoneyAnswer& answer);
TransactionView view_of(const StoredTransaction& stored);

enum class TransactionStatus : std::uint8_t { pending, authorized, completed, declined, cancelled, failed };

TransactionStatus status_of(const TransactionView& view);
std::string_view name_of(TransactionStatus status);
/// Whether something is still to come of what the record began.
bool is_under_way(const TransactionView& view);
/// Why it was declined or failed, when it was.
std::optional<Decline> decline_of(const TransactionView& view);
/// What clients know it by: an act on a payment is a chapter of the payment.
TransactionId shown_id(const Record& record);

void append_transaction(JsonWriter& json, const TransactionView& view);
std::string render_transaction(const TransactionView& view);

/// The member `limits`.
void append_limits(JsonWriter& json, const Limits& limits, const Currency& currency);
/// `now_ms` decides what was spent today, this week and this month; `as_of_ms`: the moment for which the past was
/// asked.
void append_wallet(JsonWriter& json, const WalletHistory& history, std::int64_t now_ms,
                   std::optional<std::int64_t> as_of_ms = {});
std::string render_wallet(const WalletHistory& history, std::int64_t now_ms, std::optional<std::int64_t> as_of_ms = {});

/// The name of an event in statements and timelines.
std::string_view kind_of(const Event& event);

/// One line of a statement, as JSON and CSV write it. The views in it live as long as the line.
struct EntryView {
  std::uint64_t seq;
  std::string_view kind;
  /// What the entry did to the available balance; the sum over all entries is the balance.
  std::string amount;
  std::string balance_after;
  std::string held_after;
  /// Empty for entries that move no money, and for the counterparty of a top-up.
  std::string transaction_id;
  std::string counterparty_wallet_id;
  std::string hash;
  std::string at;
  std::string currency;
  /// As the transaction has them; empty where it has none.
  std::string_view method;
  std::string_view description;
};

EntryView entry_of(const StatementLine& line, const Currency& currency);
void append_entry(JsonWriter& json, const EntryView& entry);
std::string_view csv_header();
void append_csv(std::string& out, const EntryView& entry);
/// A comma and the text in quotes, in which a spreadsheet sees no formula.
void append_quoted_csv(std::string& out, std::string_view text);

std::string render_trial_balance(const std::vector<TrialBalanceLine>& lines);

}  // namespace dompet::http
