#include "http/statistics_query.hpp"

#include <utility>

namespace dompet::http {

namespace {

constexpr std::pair<std::string_view, Measure> measures[]{{"amount", Measure::amount},
                                                          {"count", Measure::count},
                                                          {"failed_amount", Measure::failed_amount},
                                                          {"balance", Measure::balance}};

constexpr TransactionKind kinds[]{TransactionKind::topup, TransactionKind::transfer, TransactionKind::withdrawal,
                                  TransactionKind::payment, TransactionKind::refund};

constexpr int months_a_year = 12;
/// A question by years is about the named one and those before it.
constexpr int years_a_question = 5;
/// Before and behind any date that a ledger of ours can have.
constexpr int first_year = 1970;
constexpr int last_year = 9998;

Period month_named(Month month) { return {month, month.plus(1), to_string(month)}; }

Period year_named(int year) { return {Month(year, 1), Month(year + 1, 1), std::to_string(year)}; }

/// By months: a month with the one before it, or all of a year.
std::vector<Period> months_of(int year, std::optional<std::int64_t> month) {
  std::vector<Period> periods;
  if (month) {
    const Month named(year, static_cast<int>(*month));
    return {month_named(named.plus(-1)), month_named(named)};
  }
  for (int number = 1; number <= months_a_year; ++number)
    periods.push_back(month_named(Month(year, number)));
  return periods;
}

std::vector<Period> years_up_to(int year, int count) {
  std::vector<Period> periods;
  for (int before = count - 1; before >= 0; --before)
    periods.push_back(year_named(year - before));
  return periods;
}

/// Which periods the answer has. Without months or years to group by, a status is held against the period before, and
/// everything else is about one period.
std::vector<Period> periods_of(const StatisticsQuery& query, int year, std::optional<std::int64_t> month) {
  if (query.group_by.starts_with("month"))
    return months_of(year, month);
  if (query.group_by.starts_with("year"))
    return years_up_to(year, years_a_question);
  if (query.by_status)
    return month ? months_of(year, month) : years_up_to(year, 2);
  return {month ? month_named(Month(year, static_cast<int>(*month))) : year_named(year)};
}

std::optional<TransactionKind> kind_named(std::string_view name) {
  for (const TransactionKind kind : kinds)
    if (name_of(kind) == name)
      return kind;
  return std::nullopt;
}

void read_measure(QueryParameters& parameters, StatisticsQuery& query) {
  const std::string name = parameters.choice("measure", {"amount", "count", "failed_amount", "balance"});
  for (const auto& [known, measure] : measures)
    if (known == name)
      query.measure = measure;
}

void read_filters(QueryParameters& parameters, StatisticsQuery& query) {
  query.kind = kind_named(parameters.choice("kind", {"topup", "transfer", "withdrawal", "payment", "refund"}));
  const std::string direction = parameters.choice("direction", {"in", "out"});
  if (!direction.empty())
    query.direction = direction == "in" ? Direction::in : Direction::out;
  query.currency = parameters.currency("currency");
  query.wallet = parameters.id("wallet_id");
  query.card = parameters.id("card_id");
  query.merchant = parameters.id("merchant_id");
  if (query.wallet.has_value() + query.card.has_value() + query.merchant.has_value() > 1)
    parameters.fault(query.wallet ? "wallet_id" : "card_id", "At most one of wallet_id, card_id and merchant_id.");
}

/// What has no meaning together.
void check(QueryParameters& parameters, const StatisticsQuery& query) {
  const bool is_balance = query.measure == Measure::balance;
  if (is_balance && (query.kind || query.direction))
    parameters.fault(query.kind ? "kind" : "direction", "A balance is of everything together; leave it out.");
  if (is_balance && (query.by_method || query.by_status))
    parameters.fault("group_by", "A balance is by month or by year.");
}

}  // namespace

std::string_view name_of(Measure measure) {
  for (const auto& [name, known] : measures)
    if (known == measure)
      return name;
  return "";
}

std::expected<StatisticsQuery, Problem> read_statistics_query(QueryParameters& parameters, Month today) {
  StatisticsQuery query;
  read_measure(parameters, query);
  read_filters(parameters, query);
  query.group_by = parameters.choice(
      "group_by", {"month", "year", "method", "status", "month,method", "year,method", "month,status", "year,status"});
  if (query.group_by.empty())
    query.group_by = "month";
  query.by_method = query.group_by.ends_with("method");
  query.by_status = query.group_by.ends_with("status");
  if (query.by_status && !parameters.has("measure"))
    query.measure = Measure::count;
  const auto year = parameters.number("year", first_year, last_year);
  const auto month = parameters.number("month", 1, months_a_year);
  if (month && query.group_by.starts_with("year"))
    parameters.fault("month", "Years have no month; leave it out.");
  check(parameters, query);
  if (auto problem = parameters.problem())
    return std::unexpected(std::move(*problem));
  query.periods = periods_of(query, year ? static_cast<int>(*year) : today.year(), month);
  return query;
}

MovementQuestion question_of(const StatisticsQuery& query, std::vector<WalletId> wallets, const Uuid& party) {
  MovementQuestion question{.wallets = std::move(wallets),
                            .from = query.periods.front().from,
                            .to = query.periods.back().to,
                            .with_past = query.measure == Measure::balance,
                            .kind = query.kind,
                            .direction = query.direction,
                            .currency = query.currency};
  if (!query.by_status)
    question.outcome = query.measure == Measure::failed_amount ? MovementOutcome::failed : MovementOutcome::completed;
  // A balance is the wallet's: everything in it counts.
  if (query.measure != Measure::balance)
    question.party = party;
  return question;
}

}  // namespace dompet::http
