#include "http/render_statistics.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "http/json.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

struct Sum {
  std::int64_t count = 0;
  /// Of what completed; a balance.
  Total amount{};
  Total failed{};

  void add(const MovementRow& row) {
    count += row.count;
    (row.outcome == MovementOutcome::failed ? failed : amount) += row.amount;
  }
  void add(const Sum& other) {
    count += other.count;
    amount += other.amount;
    failed += other.failed;
  }
};

/// What one row of the answer is about. Method and status are empty where the question does not tell them apart.
struct Place {
  std::uint16_t currency = 0;
  std::size_t period = 0;
  std::string method{};
  std::optional<MovementOutcome> status{};

  auto operator<=>(const Place&) const = default;
};

using Sums = std::map<Place, Sum>;

std::vector<Currency> currencies_of(const std::optional<Currency>& asked, const MovementAnswer& answer) {
  return asked ? std::vector{*asked} : answer.currencies;
}

/// By currency, so that a method that one currency never saw is not in its list.
std::set<std::string> methods_of(const StatisticsQuery& query, const MovementAnswer& answer, const Currency& currency) {
  std::set<std::string> methods;
  if (!query.by_method)
    return {""};
  for (const MovementRow& row : answer.rows)
    if (row.currency == currency && row.month)
      methods.insert(row.method);
  return methods;
}

std::vector<std::optional<MovementOutcome>> statuses_of(const StatisticsQuery& query) {
  if (!query.by_status)
    return {std::nullopt};
  return {MovementOutcome::completed, MovementOutcome::failed};
}

Sums sums_of(const StatisticsQuery& query, const MovementAnswer& answer) {
  Sums sums;
  for (const Currency& currency : currencies_of(query.currency, answer))
    for (const std::string& method : methods_of(query, answer, currency))
      for (const auto& status : statuses_of(query))
        for (std::size_t period = 0; period < query.periods.size(); ++period)
          sums[{currency.numeric, period, method, status}];
  for (const MovementRow& row : answer.rows)
    for (std::size_t period = 0; period < query.periods.size(); ++period)
      if (row.month && query.periods[period].contains(*row.month))
        sums[{row.currency.numeric, period, query.by_method ? row.method : "",
              query.by_status ? std::optional{row.outcome} : std::nullopt}]
            .add(row);
  return sums;
}

/// What came in less what went out, from the beginning to the end of each period.
Sums balances_of(const StatisticsQuery& query, const MovementAnswer& answer) {
  Sums sums;
  for (const Currency& currency : currencies_of(query.currency, answer))
    for (std::size_t period = 0; period < query.periods.size(); ++period)
      sums[{currency.numeric, period}];
  for (const MovementRow& row : answer.rows)
    for (std::size_t period = 0; period < query.periods.size(); ++period)
      if (row.direction != Direction::within && (!row.month || *row.month < query.periods[period].to)) {
        Total& amount = sums[{row.currency.numeric, period}].amount;
        row.direction == Direction::in ? amount += row.amount : amount -= row.amount;
      }
  return sums;
}

Currency must_be_currency(std::uint16_t numeric) { return find_currency(numeric).value_or(Currency{}); }

void append_measured(JsonWriter& json, const StatisticsQuery& query, const Sum& sum, const Currency& currency) {
  json.key("count").number(sum.count);
  if (query.measure == Measure::count)
    return;
  if (query.by_status || query.measure == Measure::amount)
    json.plain(name_of(Measure::amount), format_total(sum.amount, currency));
  if (query.by_status || query.measure == Measure::failed_amount)
    json.plain(name_of(Measure::failed_amount), format_total(sum.failed, currency));
}

void append_rows(JsonWriter& json, const StatisticsQuery& query, const Sums& sums, std::int64_t as_of_ms) {
  json.key("data").begin_array();
  for (const auto& [place, sum] : sums) {
    const Currency currency = must_be_currency(place.currency);
    const Period& period = query.periods[place.period];
    json.begin_object().plain("period", period.name).plain("currency", currency.text());
    if (query.by_method)
      json.member("method", place.method);
    if (place.status)
      json.plain("status", name_of(*place.status));
    if (query.measure != Measure::balance)
      append_measured(json, query, sum, currency);
    else if (begin_of(period.from) <= as_of_ms)
      json.plain("balance", format_total(sum.amount, currency));
    else
      json.key("balance").null();
    json.end_object();
  }
  json.end_array();
}

void append_totals(JsonWriter& json, const StatisticsQuery& query, const Sums& sums) {
  std::map<std::uint16_t, Sum> totals;
  if (query.measure != Measure::balance)
    for (const auto& [place, sum] : sums)
      totals[place.currency].add(sum);
  json.key("totals").begin_array();
  for (const auto& [numeric, sum] : totals) {
    const Currency currency = must_be_currency(numeric);
    json.begin_object().plain("currency", currency.text());
    append_measured(json, query, sum, currency);
    json.end_object();
  }
  json.end_array();
}

void append_id(JsonWriter& json, std::string_view name, const std::optional<Uuid>& id) {
  if (id)
    json.plain(name, to_string(*id));
  else
    json.key(name).null();
}

void append_moment(JsonWriter& json, const MovementAnswer& answer) {
  json.plain("as_of", format_time(answer.as_of_ms)).key("pending_records").number(answer.pending_records);
}

void append_sum(JsonWriter& json, std::string_view name, const Sum& sum, const Currency& currency) {
  json.key(name).begin_object().key("count").number(sum.count);
  json.plain("amount", format_total(sum.amount, currency)).end_object();
}

using ByKind = std::map<std::pair<TransactionKind, Direction>, Sum>;

Total balance_of(const ByKind& sums) {
  Total balance;
  for (const auto& [place, one] : sums)
    if (place.second != Direction::within)
      place.second == Direction::in ? balance += one.amount : balance -= one.amount;
  return balance;
}

void append_dashboard_row(JsonWriter& json, const DashboardOf& of, const ByKind& sums, const Currency& currency) {
  using enum TransactionKind;
  const bool is_of_ledger = of.scope == "ledger";
  const Total balance = of.balance ? Total{*of.balance} : balance_of(sums);
  const auto sum = [&](TransactionKind kind, Direction direction) {
    const auto found = sums.find({kind, direction});
    return found == sums.end() ? Sum{} : found->second;
  };
  // A conversion leaves the ledger in the currency that is paid, and counts there.
  const auto within = [&](TransactionKind kind) {
    Sum both = sum(kind, Direction::within);
    both.add(sum(kind, Direction::out));
    return both;
  };
  json.begin_object().plain("currency", currency.text()).plain("balance", format_total(balance, currency));
  append_sum(json, "topups", sum(topup, Direction::in), currency);
  append_sum(json, "withdrawals", sum(withdrawal, Direction::out), currency);
  if (is_of_ledger) {
    append_sum(json, "payments", within(payment), currency);
    append_sum(json, "refunds", within(refund), currency);
    append_sum(json, "transfers", within(transfer), currency);
  } else {
    append_sum(json, "payments", sum(payment, Direction::out), currency);
    append_sum(json, "payments_received", sum(payment, Direction::in), currency);
    append_sum(json, "refunds", sum(refund, Direction::out), currency);
    append_sum(json, "refunds_received", sum(refund, Direction::in), currency);
    append_sum(json, "transfers_sent", sum(transfer, Direction::out), currency);
    append_sum(json, "transfers_received", sum(transfer, Direction::in), currency);
  }
  json.end_object();
}

}  // namespace

std::string render_statistics(const StatisticsQuery& query, const MovementAnswer& answer) {
  const Sums sums = query.measure == Measure::balance ? balances_of(query, answer) : sums_of(query, answer);
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("measure", name_of(query.measure));
  query.kind ? json.plain("kind", name_of(*query.kind)) : json.key("kind").null();
  query.direction ? json.plain("direction", name_of(*query.direction)) : json.key("direction").null();
  json.plain("group_by", query.group_by);
  append_id(json, "wallet_id", query.wallet);
  append_id(json, "card_id", query.card);
  append_id(json, "merchant_id", query.merchant);
  json.plain("from", format_time(begin_of(query.periods.front().from)));
  json.plain("to", format_time(begin_of(query.periods.back().to)));
  append_rows(json, query, sums, answer.as_of_ms);
  append_totals(json, query, sums);
  append_moment(json, answer);
  json.end_object();
  return text;
}

std::string render_dashboard(const DashboardOf& of, const MovementAnswer& answer) {
  std::map<std::uint16_t, ByKind> sums;
  if (of.currency)
    sums[of.currency->numeric];
  for (const Currency& currency : answer.currencies)
    sums[currency.numeric];
  for (const MovementRow& row : answer.rows)
    if (row.outcome == MovementOutcome::completed)
      sums[row.currency.numeric][{row.kind, row.direction}].add(row);
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("scope", of.scope);
  if (of.card)
    json.plain("card_id", to_string(*of.card));
  if (of.wallet)
    json.plain("wallet_id", to_string(*of.wallet));
  if (of.wallets)
    json.key("wallets").number(static_cast<std::int64_t>(*of.wallets));
  json.key("data").begin_array();
  for (const auto& [numeric, by_kind] : sums)
    append_dashboard_row(json, of, by_kind, must_be_currency(numeric));
  json.end_array();
  append_moment(json, answer);
  json.end_object();
  return text;
}

}  // namespace dompet::http
