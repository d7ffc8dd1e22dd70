#include <algorithm>
#include <utility>

#include "http/answers.hpp"
#include "http/event_feed.hpp"
#include "http/event_reads.hpp"
#include "http/json.hpp"
#include "http/ownership.hpp"
#include "http/query.hpp"
#include "http/render_event.hpp"
#include "http/routes.hpp"

namespace dompet::http::routes {

namespace {

constexpr std::size_t most_type_patterns = 32;

/// What is asked for, and from where on.
struct Wish {
  EventScope scope{};
  EventPlace place{};
  bool from_now = false;
  int limit = 50;
};

events::TypeFilter read_types(QueryParameters& parameters) {
  events::TypeFilter filter;
  const std::string text = parameters.text("types").value_or("");
  if (parameters.has("types") && text.empty())
    parameters.fault("types", "At least one type.");
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    filter.patterns.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  const bool are_known = std::ranges::all_of(filter.patterns, events::is_type_pattern);
  if (!are_known || filter.patterns.size() > most_type_patterns || text.ends_with(','))
    parameters.fault("types", "At most 32 types with commas between, such as transfer.completed or payment.*.");
  return filter;
}

/// A customer's own wallets, a merchant's one, or everybody's.
EventScope read_scope(QueryParameters& parameters, const Exchange& exchange) {
  const Viewer viewer = viewer_of(exchange);
  EventScope scope{.owner = viewer.owner, .wallet = viewer.wallet, .types = read_types(parameters)};
  if (const auto wallet = parameters.id("wallet_id"))
    scope.wallet = WalletId{*wallet};
  return scope;
}

void read_place(QueryParameters& parameters, std::string_view name, const std::string& text, Wish& wish) {
  auto place = read_event_place(text, wish.scope);
  if (place)
    wish.place = std::move(*place);
  else
    parameters.fault(name, "What this route gave for the same question.", place.error());
}

/// Goes on when the wallet that is named, if one is, may be seen.
void with_scope(Services& services, const ExchangePtr& exchange, Wish wish, std::function<void(Wish wish)> then) {
  const bool is_named = wish.scope.wallet && exchange->caller.wallet != *wish.scope.wallet;
  if (!is_named)
    return then(std::move(wish));
  const WalletId wallet = *wish.scope.wallet;
  with_wallet(services, exchange, ReadWalletRequest{wallet, false},
              [wish = std::move(wish), then = std::move(then)](const WalletHistory&) { then(wish); });
}

void refuse_silent(const ExchangePtr& exchange) {
  refuse(exchange, {.code = "unavailable", .detail = "A database cannot answer now."});
}

HttpResponse render(const EventScope& scope, const EventPage& page) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("data").begin_array();
  for (const events::Event& event : page.events)
    json.raw(render_event(event));
  json.end_array().plain("next_cursor", write_event_place(scope, page.after));
  json.key("has_more").truth(page.has_more).end_object();
  return json_response(std::move(text));
}

void answer_page(Services& services, const ExchangePtr& exchange, const Wish& wish) {
  if (wish.from_now)
    return read_event_end(services, exchange, wish.scope, [exchange, wish](std::optional<EventPlace> end) {
      if (!end)
        return refuse_silent(exchange);
      exchange->answer(render(wish.scope, {.after = std::move(*end)}));
    });
  read_events(services, exchange, wish.scope, wish.place, wish.limit,
              [exchange, wish](const std::optional<EventPage>& page) {
                if (!page)
                  return refuse_silent(exchange);
                exchange->answer(render(wish.scope, *page));
              });
}

std::string shown(const Exchange& exchange, std::string_view header) {
  return std::string{exchange.request.header(header).value_or("")};
}

void listen(Services& services, const ExchangePtr& exchange, EventScope scope, EventPlace place) {
  const bool is_by_key = exchange->caller.kind == Caller::Kind::merchant;
  if (!services.event_feed.has_room(exchange->caller.client()))
    return refuse(exchange, {.code = "overloaded", .detail = "Too many listen already. Ask GET /v1/events instead."});
  services.event_feed.add({.stream = exchange->stream({.content_type = "text/event-stream"}),
                           .scope = std::move(scope),
                           .place = std::move(place),
                           .authorization = is_by_key ? "" : shown(*exchange, "Authorization"),
                           .api_key = is_by_key ? shown(*exchange, "X-Api-Key") : "",
                           .route = exchange->route,
                           .grant = exchange->grant,
                           .client = exchange->caller.client()});
}

}  // namespace

void list_events(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"cursor", "limit", "types", "wallet_id", "from"});
  Wish wish{.scope = read_scope(parameters, *exchange)};
  wish.from_now = parameters.choice("from", {"beginning", "now"}) == "now";
  wish.limit = static_cast<int>(parameters.number("limit", 1, largest_page).value_or(wish.limit));
  if (const auto cursor = parameters.text("cursor")) {
    read_place(parameters, "cursor", *cursor, wish);
    if (parameters.has("from"))
      parameters.fault("from", "A cursor says already where to go on.");
  }
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  with_scope(services, exchange, std::move(wish),
             [&services, exchange](const Wish& seen) { answer_page(services, exchange, seen); });
}

/// Last-Event-ID is what a browser sends when it comes back by itself, so it counts more than what the address says.
void stream_events(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"cursor", "types", "wallet_id", "from"});
  Wish wish{.scope = read_scope(parameters, *exchange)};
  const auto last_id = exchange->request.header("Last-Event-ID");
  const auto cursor = parameters.text("cursor");
  wish.from_now = parameters.choice("from", {"beginning", "now"}) != "beginning" && !cursor && !last_id;
  if (last_id)
    read_place(parameters, "Last-Event-ID", std::string{*last_id}, wish);
  else if (cursor)
    read_place(parameters, "cursor", *cursor, wish);
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  if (exchange->request.method == Method::head)
    return exchange->answer({.content_type = "text/event-stream"});
  with_scope(services, exchange, std::move(wish), [&services, exchange](const Wish& seen) {
    if (!seen.from_now)
      return listen(services, exchange, seen.scope, seen.place);
    read_event_end(services, exchange, seen.scope, [&services, exchange, seen](std::optional<EventPlace> end) {
      if (!end)
        return refuse_silent(exchange);
      listen(services, exchange, seen.scope, std::move(*end));
    });
  });
}

}  // namespace dompet::http::routes
