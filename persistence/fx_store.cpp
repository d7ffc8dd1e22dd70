#include "persistence/fx_store.hpp"

#include <algorithm>

#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

std::string at(const std::string& parameter) { return "to_timestamp(" + parameter + "::bigint / 1000.0)"; }

Currency must_be_currency(std::string_view code) {
  const auto currency = find_currency(code);
  if (!currency)
    throw Unreadable("a rate or quote is in an unknown currency");
  return *currency;
}

Rate must_be_rate(std::string_view text) {
  const auto rate = parse_stored_rate(text);
  if (!rate)
    throw Unreadable("a stored rate is none");
  return *rate;
}

/// Of the columns base, quote, bid, ask, at, source, from this one on.
RateRow rate_row(const Row& row, int first) {
  return {.base = must_be_currency(row.text(first)),
          .quote = must_be_currency(row.text(first + 1)),
          .bid = must_be_rate(row.text(first + 2)),
          .ask = must_be_rate(row.text(first + 3)),
          .at_ms = row.number(first + 4),
          .source = std::string{row.text(first + 5)}};
}

std::string rate_columns() {
  return "r.base, r.quote, r.bid::text, r.ask::text, " + milliseconds("r.at") + ", r.source";
}

const std::string& quote_columns() {
  static const std::string columns =
      "id, client, source, amount, destination, destination_amount, rate::text, " + milliseconds("rate_at") +
      ", through, " + milliseconds("made_at") + ", " + milliseconds("expires_at") +
      ", used_by, expires_at <= clock_timestamp(), expires_at + (expires_at - made_at) <= clock_timestamp(),"
      " used_for";
  return columns;
}
constexpr int used_by_column = 11;
constexpr int long_over_column = 13;
constexpr int used_for_column = 14;

FxQuote quote_of(const Row& row) {
  FxQuote quote{.id = {row.uuid(0)},
                .client = std::string{row.text(1)},
                .from = must_be_currency(row.text(2)),
                .amount = row.number(3),
                .to = must_be_currency(row.text(4)),
                .converted = row.number(5)};
  quote.rate = {must_be_rate(row.text(6)), row.number(7), std::nullopt};
  if (!row.is_null(8))
    quote.rate.through = must_be_currency(row.text(8));
  quote.made_at_ms = row.number(9);
  quote.expires_at_ms = row.number(10);
  quote.is_used = !row.is_null(used_by_column);
  quote.is_expired = row.is_true(12);
  return quote;
}

std::string code_of(const Currency& currency) { return std::string{currency.text()}; }

}  // namespace

FxStore::FxStore(Reader& reader) : session_(reader.session()) {}

std::uint64_t FxStore::last_number() {
  return static_cast<std::uint64_t>(session_.ask_prepared("SELECT coalesce(max(id), 0) FROM fx_rate")[0].number(0));
}

std::vector<RateRow> FxStore::newest() {
  static const std::string sql =
      "SELECT " + rate_columns() + ", r.id FROM fx_newest n JOIN fx_rate r ON r.id = n.rate ORDER BY r.base, r.quote";
  std::vector<RateRow> rows;
  session_.ask_prepared(sql).each([&](const Row& row) {
    rows.push_back(rate_row(row, 0));
    rows.back().number = static_cast<std::uint64_t>(row.number(6));
  });
  return rows;
}

int FxStore::add(const std::vector<RateRow>& rows, const std::string& who) {
  static const std::string sql = "SELECT add_fx_rate_v1($1, $2, $3::numeric, $4::numeric, " + at("$5") + ", $6, $7)";
  int added = 0;
  session_.within("BEGIN READ WRITE", [&] {
    added = 0;
    for (const RateRow& row : rows)
      added += session_.ask_prepared(sql, Parameters{}
                                              .add(code_of(row.base))
                                              .add(code_of(row.quote))
                                              .add(format_rate(row.bid))
                                              .add(format_rate(row.ask))
                                              .add(row.at_ms)
                                              .add(row.source)
                                              .add(who))[0]
                       .is_true(0)
                   ? 1
                   : 0;
  });
  return added;
}

std::vector<StoredRate> FxStore::history(const std::optional<Currency>& base, const std::optional<Currency>& quote,
                                         std::uint64_t before, int limit) {
  Parameters parameters;
  std::string sql =
      "SELECT r.id, " + rate_columns() + ", r.who, " + milliseconds("r.written_at") + " FROM fx_rate r WHERE true";
  if (base)
    sql += " AND r.base = " + parameters.add(code_of(*base)).last();
  if (quote)
    sql += " AND r.quote = " + parameters.add(code_of(*quote)).last();
  if (before != 0)
    sql += " AND r.id < " + parameters.add(static_cast<std::int64_t>(before)).last();
  std::vector<StoredRate> rows;
  session_.ask(sql + " ORDER BY r.id DESC LIMIT " + std::to_string(limit), parameters).each([&](const Row& row) {
    rows.push_back(
        {static_cast<std::uint64_t>(row.number(0)), rate_row(row, 1), std::string{row.text(7)}, row.number(8)});
  });
  return rows;
}

void FxStore::keep(FxQuote& quote, std::int64_t lifetime_ms) {
  static const std::string sql =
      "INSERT INTO fx_quote (id, client, source, amount, destination, destination_amount, rate, rate_at, through, "
      "made_at,"
      " expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7::numeric, " +
      at("$8") +
      ", nullif($9, ''), clock_timestamp(), clock_timestamp() + $10::bigint * interval '1 millisecond')"
      " RETURNING " +
      quote_columns();
  session_.within("BEGIN READ WRITE", [&] {
    quote = quote_of(session_.ask_prepared(sql, Parameters{}
                                                    .add(quote.id.uuid)
                                                    .add(quote.client)
                                                    .add(code_of(quote.from))
                                                    .add(quote.amount)
                                                    .add(code_of(quote.to))
                                                    .add(quote.converted)
                                                    .add(format_rate(quote.rate.rate))
                                                    .add(quote.rate.at_ms)
                                                    .add(quote.rate.through ? code_of(*quote.rate.through) : "")
                                                    .add(lifetime_ms))[0]);
  });
}

std::optional<FxQuote> FxStore::quote(const QuoteId& id, const std::string& client) {
  static const std::string sql =
      "SELECT " + quote_columns() + " FROM fx_quote WHERE id = $1 AND ($2 = '' OR client = $2)";
  const Rows rows = session_.ask_prepared(sql, Parameters{}.add(id.uuid).add(client));
  return rows.empty() ? std::nullopt : std::optional{quote_of(rows[0])};
}

/// The row is locked while it is judged, so that of two keys one has it.
ClaimedQuote FxStore::claim(const QuoteId& id, const std::string& client, const Money& asked, const KeyId& key,
                            std::uint64_t fingerprint) {
  static const std::string look_sql =
      "SELECT " + quote_columns() + " FROM fx_quote WHERE id = $1 AND client = $2 FOR UPDATE";
  const auto request = static_cast<std::int64_t>(fingerprint);
  ClaimedQuote claimed{.fault = QuoteFault::not_found};
  session_.within("BEGIN READ WRITE", [&] {
    const Rows rows = session_.ask_prepared(look_sql, Parameters{}.add(id.uuid).add(client));
    if (rows.empty())
      return;
    const Row row = rows[0];
    const FxQuote& quote = claimed.quote.emplace(quote_of(row));
    if (Money{quote.from, quote.amount} != asked)
      claimed.fault = QuoteFault::mismatch;
    else if (quote.is_used && (row.uuid(used_by_column) != key.uuid || row.number(used_for_column) != request))
      claimed.fault = QuoteFault::used;
    else if (quote.is_used ? row.is_true(long_over_column) : quote.is_expired)
      claimed.fault = QuoteFault::expired;
    else
      claimed.fault = QuoteFault::none;
    if (claimed.fault == QuoteFault::none && !quote.is_used)
      session_.ask_prepared(
          "UPDATE fx_quote SET used_by = $2, used_for = $3, used_at = clock_timestamp() WHERE id = $1",
          Parameters{}.add(id.uuid).add(key.uuid).add(request));
  });
  return claimed;
}

void FxStore::sweep() {
  session_.within("BEGIN READ WRITE",
                  [&] { session_.run("DELETE FROM fx_quote WHERE expires_at < now() - interval '40 days'"); });
}

}  // namespace dompet
