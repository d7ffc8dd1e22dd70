#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "domain/ensure.hpp"
#include "http/access/access.hpp"
#include "http/across.hpp"
#include "http/conversion.hpp"
#include "http/id_source.hpp"
#include "http/list.hpp"
#include "http/query.hpp"
#include "http/rate_document.hpp"
#include "http/reference/pool.hpp"
#include "http/router.hpp"
#include "http/routes.hpp"
#include "http/timestamp.hpp"
#include "persistence/fx_store.hpp"

// Rates of exchange, what an amount comes to, and what the house has exchanged so far.

namespace dompet::http::routes {

namespace {

using Pair = std::pair<std::optional<Currency>, std::optional<Currency>>;

bool is_of(const RateRow& row, const Pair& pair) {
  return (!pair.first || row.base == *pair.first) && (!pair.second || row.quote == *pair.second);
}

void append_pair(JsonWriter& json, const RateRow& row) {
  json.plain("base", row.base.text()).plain("quote", row.quote.text());
  json.plain("bid", format_rate(row.bid)).plain("ask", format_rate(row.ask));
  json.plain("at", format_time(row.at_ms)).member("source", row.source);
}

std::string render_rates(const std::vector<RateRow>& rows, const Pair& pair, std::int64_t oldest_ms) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("data").begin_array();
  for (const RateRow& row : rows) {
    if (!is_of(row, pair))
      continue;
    json.begin_object();
    append_pair(json, row);
    json.key("is_usable").truth(row.at_ms >= oldest_ms).end_object();
  }
  json.end_array().key("next_cursor").null().end_object();
  return text;
}

std::int64_t oldest_usable_ms(const Services& services) {
  return wall_clock_ms() - std::chrono::milliseconds(services.exchange.most_rate_age).count();
}

std::string evidence_of(const std::vector<RateRow>& rows) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("rates").begin_array();
  for (const RateRow& row : rows) {
    json.begin_object();
    append_pair(json, row);
    json.end_object();
  }
  json.end_array().end_object();
  return text;
}

}  // namespace

void list_rates(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"base", "quote"});
  const Pair pair{parameters.currency("base"), parameters.currency("quote")};
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  exchange->answer(json_response(render_rates(services.rates.read()->rows(), pair, oldest_usable_ms(services))));
}

/// This node pays by them before it answers; the others hear of them.
void set_rates(Services& services, const ExchangePtr& exchange) {
  auto rows = read_rates(exchange->request.body, wall_clock_ms());
  if (!rows)
    return refuse(exchange, rows.error());
  for (RateRow& row : *rows)
    row.source = "admin";
  exchange->evidence = evidence_of(*rows);
  ask_pool<std::vector<RateRow>>(
      services, exchange,
      [rows = std::move(*rows), who = signature(*exchange)](Reader& reader) {
        FxStore store(reader);
        store.add(rows, who);
        return store.newest();
      },
      [&services, exchange](std::vector<RateRow> newest) {
        services.rates.replace(RateTable(newest));
        exchange->answer(json_response(render_rates(newest, {}, oldest_usable_ms(services))));
      });
}

void list_rate_history(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"base", "quote", "limit", "cursor"});
  const Pair pair{parameters.currency("base"), parameters.currency("quote")};
  const auto page = read_page(parameters, exchange->route->path);
  if (!page)
    return refuse(exchange, page.error());
  answer_by_query(services, exchange, [pair, page = *page](Reader& reader, const HttpRequest&) {
    const std::uint64_t before = page.after ? page.after->seq : 0;
    return render_list(
        page, FxStore(reader).history(pair.first, pair.second, before, page.limit + 1),
        [](JsonWriter& json, const StoredRate& stored) {
          json.begin_object();
          append_pair(json, stored.row);
          json.member("who", stored.who).plain("written_at", format_time(stored.written_at_ms)).end_object();
        },
        [](const StoredRate& stored) { return Position{{}, stored.number}; });
  });
}

void convert_amount(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"from", "to", "amount"});
  for (const std::string_view name : {"from", "to", "amount"})
    if (!parameters.has(name))
      parameters.fault(name, "The parameter is required.");
  const auto from = parameters.currency("from");
  const auto to = parameters.currency("to");
  const auto amount = parameters.amount("amount", from.value_or(Currency{}));
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  const auto conversion = convert_now(services, *from, *to, *amount);
  if (!conversion)
    return refuse(exchange, conversion.error());
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  append_conversion(json, *conversion);
  json.end_object();
  exchange->answer(json_response(std::move(text)));
}

namespace {

using Lines = std::vector<TrialBalanceLine>;

/// The accounts of exchange of one database.
Lines exchange_accounts(Reader& reader) {
  Lines lines = reader.trial_balance();
  std::erase_if(lines, [](const TrialBalanceLine& line) { return !line.account.starts_with("fx:"); });
  return lines;
}

void add(Minor& total, Minor more) {
  const auto sum = checked_add(total, more);
  ensure(sum.has_value(), "what the house exchanged in a currency can be counted");
  total = *sum;
}

Lines sum_of_positions(const std::vector<Lines>& parts) {
  std::map<std::string, Minor> totals;
  for (const Lines& lines : parts)
    for (const TrialBalanceLine& line : lines)
      add(totals[line.account], line.total);
  Lines sum;
  for (const auto& [account, total] : totals)
    sum.push_back({account, total});
  return sum;
}

/// An account of exchange ends with its currency.
Currency currency_of(const TrialBalanceLine& line) {
  const auto currency = find_currency(std::string_view{line.account}.substr(line.account.rfind(':') + 1));
  ensure(currency.has_value(), "an account of exchange is in a known currency");
  return *currency;
}

/// What so much is worth at the middle of bid and ask, towards zero; nothing when nobody knows a rate. A position may
/// be larger than any amount, so it is valued in pieces.
std::optional<Minor> worth(const RateTable& rates, const Currency& from, const Currency& to, Minor position) {
  const auto middle = rates.middle_between(from, to);
  if (!middle)
    return std::nullopt;
  Minor value = 0;
  for (Minor left = position < 0 ? -position : position; left > 0; left -= std::min(left, largest_amount)) {
    const auto piece = convert(std::min(left, largest_amount), middle->rate, from, to);
    const auto sum = piece ? checked_add(value, *piece) : std::nullopt;
    if (!sum)
      return std::nullopt;
    value = *sum;
  }
  return position < 0 ? -value : value;
}

void append_amount_or_null(JsonWriter& json, std::string_view name, const std::optional<Minor>& amount,
                           const Currency& currency) {
  if (amount)
    json.plain(name, format_amount(*amount, currency));
  else
    json.key(name).null();
}

std::string render_positions(const Lines& lines, const RateTable& rates, const Currency& reported) {
  std::string text;
  JsonWriter json(text);
  std::optional<Minor> sum = 0;
  json.begin_object().key("data").begin_array();
  for (const TrialBalanceLine& line : lines) {
    const Currency currency = currency_of(line);
    const auto value = worth(rates, currency, reported, line.total);
    sum = sum && value ? checked_add(*sum, *value) : std::nullopt;
    json.begin_object().plain("currency", currency.text()).plain("position", format_amount(line.total, currency));
    json.plain("side", line.total > 0 ? "long" : line.total < 0 ? "short" : "flat");
    append_amount_or_null(json, "value", value, reported);
    json.end_object();
  }
  json.end_array().plain("currency", reported.text());
  append_amount_or_null(json, "total_value", sum, reported);
  json.end_object();
  return text;
}

}  // namespace

void read_positions(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"currency"});
  const Currency reported = parameters.currency("currency").value_or(*find_currency("IDR"));
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  answer_from_all<Lines>(services, exchange, exchange_accounts, sum_of_positions,
                         [rates = services.rates.read(), reported](const Lines& lines, const HttpRequest&) {
                           return json_response(render_positions(lines, *rates, reported));
                         });
}

}  // namespace dompet::http::routes
