#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

#include "http/render_statistics.hpp"
#include "http/statistics_query.hpp"

namespace dompet::http {

namespace {

constexpr Month today(2026, 11);

std::expected<StatisticsQuery, Problem> read(std::string_view text) {
  QueryParameters parameters(text, statistics_parameters);
  return read_statistics_query(parameters, today);
}

std::vector<std::string> names_of(const std::vector<Period>& periods) {
  std::vector<std::string> names;
  for (const Period& period : periods)
    names.push_back(period.name);
  return names;
}

/// given a question, then it is about these periods, without gaps.
void check(std::string_view text, const std::vector<std::string>& expected) {
  INFO(text);
  const auto query = read(text);
  REQUIRE(query);
  CHECK(names_of(query->periods) == expected);
  for (std::size_t i = 1; i < query->periods.size(); ++i)
    CHECK(query->periods[i - 1].to == query->periods[i].from);
}

MovementRow row(std::optional<Month> month, Direction direction, Minor amount, std::string_view currency = "IDR") {
  return {.month = month,
          .currency = *find_currency(currency),
          .kind = TransactionKind::topup,
          .direction = direction,
          .outcome = MovementOutcome::completed,
          .method = "bri",
          .count = 1,
          .amount = amount};
}

/// The rows of the answer, from "data" to "totals".
std::string data_of(const std::string& json) {
  const std::size_t begin = json.find("\"data\":") + 7;
  return json.substr(begin, json.find(",\"totals\"") - begin);
}

}  // namespace

TEST_CASE("a question of statistics is about whole months and years", "[statistics]") {
  check("", {"2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09",
             "2026-10", "2026-11", "2026-12"});
  check("year=2025&month=1", {"2024-12", "2025-01"});
  check("group_by=month,method&year=2025&month=12", {"2025-11", "2025-12"});
  check("group_by=year&year=2024", {"2020", "2021", "2022", "2023", "2024"});
  check("group_by=year,method", {"2022", "2023", "2024", "2025", "2026"});
  check("measure=count&group_by=status&year=2025", {"2024", "2025"});
  check("measure=count&group_by=status&year=2025&month=1", {"2024-12", "2025-01"});
  check("group_by=method&year=2025", {"2025"});
  check("group_by=method&year=2025&month=2", {"2025-02"});
  check("month=3", {"2026-02", "2026-03"});
}

TEST_CASE("amounts are asked of what completed, failures apart, and a balance of everything since the beginning",
          "[statistics]") {
  const auto outcome = [](std::string_view text) { return question_of(*read(text), {}, {}).outcome; };
  CHECK(outcome("") == MovementOutcome::completed);
  CHECK(outcome("measure=count") == MovementOutcome::completed);
  CHECK(outcome("measure=failed_amount") == MovementOutcome::failed);
  CHECK(outcome("measure=balance") == MovementOutcome::completed);
  CHECK(outcome("measure=count&group_by=status") == std::nullopt);
  CHECK(outcome("measure=amount&group_by=status") == std::nullopt);
  CHECK(question_of(*read("measure=balance"), {}, {}).with_past);
  CHECK_FALSE(question_of(*read(""), {}, {}).with_past);
  Uuid card;
  card.bytes.fill(3);
  CHECK(question_of(*read("kind=payment"), {}, card).party == card);
  CHECK(question_of(*read("measure=balance"), {}, card).party == Uuid{});
}

TEST_CASE("balances add up from the past on, currency by currency, and stop at today", "[statistics]") {
  const auto query = read("measure=balance&group_by=year&year=2027");
  MovementAnswer answer{.rows = {row(std::nullopt, Direction::in, 500), row(Month(2024, 2), Direction::in, 100),
                                 row(Month(2024, 12), Direction::out, 30), row(Month(2026, 11), Direction::in, 7),
                                 row(Month(2026, 1), Direction::in, 1, "USD")},
                        .currencies = {*find_currency("IDR"), *find_currency("USD")},
                        .as_of_ms = begin_of(Month(2026, 11)) + 5};
  CHECK(data_of(render_statistics(*query, answer)) ==
        R"([{"period":"2023","currency":"IDR","balance":"5.00"},{"period":"2024","currency":"IDR","balance":"5.70"},)"
        R"({"period":"2025","currency":"IDR","balance":"5.70"},{"period":"2026","currency":"IDR","balance":"5.77"},)"
        R"({"period":"2027","currency":"IDR","balance":null},{"period":"2023","currency":"USD","balance":"0.00"},)"
        R"({"period":"2024","currency":"USD","balance":"0.00"},{"period":"2025","currency":"USD","balance":"0.00"},)"
        R"({"period":"2026","currency":"USD","balance":"0.01"},{"period":"2027","currency":"USD","balance":null}])");
}

TEST_CASE("by status what completed has an amount, and what failed one of its own", "[statistics]") {
  CHECK(read("group_by=status")->measure == Measure::count);
  CHECK(read("measure=amount&group_by=year,status")->measure == Measure::amount);
  CHECK(read("group_by=method")->measure == Measure::amount);
  MovementRow failed = row(Month(2026, 1), Direction::in, 7);
  failed.outcome = MovementOutcome::failed;
  const MovementAnswer answer{.rows = {row(Month(2026, 1), Direction::in, 5), failed},
                              .currencies = {*find_currency("IDR")}};
  for (const char* measure : {"amount", "failed_amount"})
    CHECK(
        data_of(render_statistics(*read(std::string{"group_by=month,status&month=1&measure="}.append(measure)), answer))
            .ends_with(R"("status":"completed","count":1,"amount":"0.05","failed_amount":"0.00"},)"
                       R"({"period":"2026-01","currency":"IDR","status":"failed","count":1,"amount":"0.00",)"
                       R"("failed_amount":"0.07"}])"));
}

TEST_CASE("answers of several databases add up row by row", "[statistics]") {
  const Currency rupiah = *find_currency("IDR");
  const MovementAnswer whole = unite(
      {{.rows = {row(Month(2026, 1), Direction::in, 5)}, .currencies = {rupiah}, .as_of_ms = 9, .pending_records = 2},
       {.rows = {row(Month(2026, 1), Direction::in, 6)}, .currencies = {rupiah}, .as_of_ms = 7, .pending_records = 1}});
  CHECK(whole.currencies.size() == 1);
  CHECK(whole.as_of_ms == 7);
  CHECK(whole.pending_records == 3);
  CHECK(data_of(render_statistics(*read("group_by=method&month=1"), whole)) ==
        R"([{"period":"2026-01","currency":"IDR","method":"bri","count":2,"amount":"0.11"}])");
}

TEST_CASE("sums of a year larger than 64 bits are written in full", "[statistics]") {
  MovementAnswer answer{.currencies = {*find_currency("IDR")}};
  for (int i = 0; i < 20'000; ++i)
    answer.rows.push_back(row(Month(2026, 1 + i % 12), Direction::in, largest_amount));
  CHECK(render_statistics(*read("group_by=method&year=2026"), answer).contains("\"200000000000000000.00\""));
}

}  // namespace dompet::http
