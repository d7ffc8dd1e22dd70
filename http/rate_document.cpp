#include "http/rate_document.hpp"

#include <set>
#include <utility>

#include "http/body_fields.hpp"
#include "http/id_source.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

/// By how much the clock of a source may be ahead of ours. A rate of the future would never grow old.
constexpr std::int64_t clock_allowance_ms = 60'000;

Rate read_rate(BodyFields& fields, std::string_view name) {
  const std::string text = fields.word(name);
  const auto rate = parse_rate(text);
  if (!rate && !text.empty())
    fields.fault(name, "invalid_field",
                 "A decimal in quotes such as \"15250.5\": greater than zero, at most 18 digits.");
  return rate.value_or(Rate{1, 0});
}

Currency read_currency(BodyFields& fields, std::string_view name) { return fields.currency(name).value_or(Currency{}); }

std::int64_t read_time(BodyFields& fields, std::optional<std::int64_t> if_missing, std::int64_t now_ms) {
  const JsonValue* value = fields.optional("at");
  if ((value == nullptr || value->kind == JsonValue::Kind::null) && if_missing)
    return *if_missing;
  const std::string text = fields.word("at");
  const auto time = parse_time(text);
  if (!time && !text.empty())
    fields.fault("at", "invalid_field", "An RFC 3339 time such as 2026-11-20T10:15:30Z.");
  else if (time && *time > now_ms + clock_allowance_ms)
    fields.fault("at", "invalid_field", "A rate is not of the future.");
  return time.value_or(now_ms);
}

RateRow rate_of(const JsonValue& value, std::size_t index, std::optional<std::int64_t> if_missing, std::int64_t now_ms,
                std::vector<FieldError>& errors) {
  const std::string place = "rates[" + std::to_string(index) + "]";
  if (value.kind != JsonValue::Kind::object) {
    errors.push_back({place, "invalid_field", "A rate is a JSON object."});
    return {};
  }
  BodyFields fields(value, {"base", "quote", "bid", "ask", "at"}, errors, place + ".");
  RateRow row{.base = read_currency(fields, "base"), .quote = read_currency(fields, "quote")};
  row.bid = read_rate(fields, "bid");
  row.ask = read_rate(fields, "ask");
  row.at_ms = read_time(fields, if_missing, now_ms);
  if (row.base == row.quote && row.base != Currency{})
    fields.fault("quote", "invalid_field", "A pair has two currencies.");
  if (is_less(row.ask, row.bid))
    fields.fault("ask", "invalid_field", "The house does not sell for less than it buys: ask is not below bid.");
  return row;
}

Read<std::vector<RateRow>> read(std::string_view body, std::optional<std::int64_t> if_missing, std::int64_t now_ms) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"rates"}, errors);
  const JsonValue* rates = fields.optional("rates");
  std::vector<RateRow> rows;
  if (rates == nullptr)
    fields.fault("rates", "missing_field", "The field is required.");
  else if (rates->kind != JsonValue::Kind::array || rates->items.empty() || rates->items.size() > most_rates)
    fields.fault("rates", "invalid_field", "A list of 1 to " + std::to_string(most_rates) + " rates.");
  else
    for (const JsonValue& rate : rates->items)
      rows.push_back(rate_of(rate, rows.size(), if_missing, now_ms, errors));
  std::set<std::pair<std::uint16_t, std::uint16_t>> pairs;
  for (const RateRow& row : rows)
    if (errors.empty() && !pairs.emplace(row.base.numeric, row.quote.numeric).second)
      fields.fault("rates", "invalid_field", "Each pair once.");
  return value_or_errors(std::move(rows), std::move(errors));
}

}  // namespace

Read<std::vector<RateRow>> read_rates(std::string_view body, std::int64_t now_ms) { return read(body, now_ms, now_ms); }

std::expected<std::vector<RateRow>, std::string> read_rate_document(std::string_view text) {
  auto rows = read(text, std::nullopt, wall_clock_ms());
  if (rows)
    return std::move(*rows);
  const Problem& problem = rows.error();
  if (problem.errors.empty())
    return std::unexpected(problem.detail);
  return std::unexpected(problem.errors.front().field + ": " + problem.errors.front().detail);
}

}  // namespace dompet::http
