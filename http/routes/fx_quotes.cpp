#include <chrono>
#include <utility>

#include "http/access/access.hpp"
#include "http/body.hpp"
#include "http/body_fields.hpp"
#include "http/conversion.hpp"
#include "http/reference/pool.hpp"
#include "http/routes.hpp"
#include "http/timestamp.hpp"
#include "persistence/fx_store.hpp"

// Quotes: one amount, one rate, for a short time and one use. Transfers and payments name one (quote_use.hpp).

namespace dompet::http::routes {

namespace {

struct Wish {
  Currency from{};
  Currency to{};
  Minor amount = 0;
};

Read<Wish> read_wish(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"from", "to", "amount"}, errors);
  const auto from = fields.currency("from");
  Wish wish{.from = from.value_or(Currency{}), .to = fields.currency("to").value_or(Currency{})};
  wish.amount = fields.amount("amount", from);
  if (errors.empty() && wish.from == wish.to)
    fields.fault("to", "invalid_field", "A quote is between two currencies.");
  return value_or_errors(wish, std::move(errors));
}

std::string render(const FxQuote& quote) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("id", to_string(quote.id));
  append_conversion(json, {quote.from, quote.amount, quote.to, quote.rate, quote.converted});
  json.plain("status", quote.is_used ? "used" : quote.is_expired ? "expired" : "open");
  json.plain("created_at", format_time(quote.made_at_ms)).plain("expires_at", format_time(quote.expires_at_ms));
  json.end_object();
  return text;
}

}  // namespace

void make_quote(Services& services, const ExchangePtr& exchange) {
  const auto wish = read_wish(exchange->request.body);
  if (!wish)
    return refuse(exchange, wish.error());
  const auto conversion = convert_now(services, wish->from, wish->to, wish->amount);
  if (!conversion)
    return refuse(exchange, conversion.error());
  if (conversion->converted == 0)
    return refuse(exchange, {.code = "converts_to_nothing"});
  FxQuote quote{.id = {exchange->request.id},
                .client = exchange->caller.client(),
                .from = wish->from,
                .amount = wish->amount,
                .to = wish->to,
                .converted = conversion->converted,
                .rate = conversion->rate};
  const std::int64_t lifetime_ms = std::chrono::milliseconds(services.exchange.quote_lifetime).count();
  answer_by_query(services, exchange, [quote, lifetime_ms](Reader& reader, const HttpRequest&) mutable {
    FxStore(reader).keep(quote, lifetime_ms);
    HttpResponse response = json_response(render(quote), 201);
    response.headers.emplace_back("Location", "/v1/fx/quotes/" + to_string(quote.id));
    return response;
  });
}

/// Staff sees all; to anybody else a quote of another is not there.
void read_quote(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  const std::string client = exchange->grant == Grant::any ? "" : exchange->caller.client();
  answer_by_query(services, exchange, [id = QuoteId{*id}, client](Reader& reader, const HttpRequest& request) {
    const auto quote = FxStore(reader).quote(id, client);
    return quote ? json_response(render(*quote)) : respond({.code = "quote_not_found"}, request);
  });
}

}  // namespace dompet::http::routes
