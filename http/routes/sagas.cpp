#include <algorithm>
#include <array>
#include <utility>

#include "http/answers.hpp"
#include "http/list.hpp"
#include "http/query.hpp"
#include "http/render.hpp"
#include "http/routes.hpp"

namespace dompet::http::routes {

namespace {

constexpr std::array listed_states{SagaState::reserved, SagaState::cancelling, SagaState::settled, SagaState::released,
                                   SagaState::declined};

SagaFilter read_filter(QueryParameters& parameters) {
  SagaFilter filter;
  const std::string state = parameters.choice("state", {"reserved", "cancelling", "settled", "released", "declined"});
  for (const SagaState possible : listed_states)
    if (name_of(possible) == state)
      filter.state = possible;
  if (const auto wallet = parameters.id("wallet_id"))
    filter.wallet = WalletId{*wallet};
  return filter;
}

/// The id behind this one in the order of ids, so that "strictly before it" begins with this one.
TransactionId successor(TransactionId id) {
  for (auto byte = id.uuid.bytes.rbegin(); byte != id.uuid.bytes.rend(); ++byte)
    if (++*byte != 0)
      break;
  return id;
}

}  // namespace

void list_sagas(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "state", "wallet_id"});
  const SagaFilter filter = read_filter(parameters);
  const auto page = read_page(parameters, "/v1/sagas");
  if (!page)
    return refuse(exchange, page.error());
  answer_by_query(services, exchange, [page = *page, filter](Reader& reader, const HttpRequest&) {
    const auto before = page.after ? std::optional{TransactionId{page.after->id}} : std::nullopt;
    const auto sagas = reader.sagas(filter, before, page.limit + 1);
    return render_list(page, sagas, append_saga, [](const SagaListing& saga) { return Position{saga.id.uuid, 0}; });
  });
}

void read_saga(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange, [id = TransactionId{*id}](Reader& reader, const HttpRequest& request) {
    const auto found = reader.sagas({}, successor(id), 1);
    if (found.empty() || found.front().id != id)
      return respond({.code = "saga_not_found"}, request);
    std::string text;
    JsonWriter json(text);
    append_saga(json, found.front());
    return json_response(std::move(text));
  });
}

void read_timeline(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange, [id = TransactionId{*id}](Reader& reader, const HttpRequest& request) {
    const auto steps = reader.timeline(id);
    if (steps.empty() || !steps.front().transaction || steps.front().transaction->kind != TransactionKind::transfer)
      return respond({.code = "saga_not_found"}, request);
    std::string text;
    JsonWriter json(text);
    json.begin_object().plain("id", to_string(id)).key("data").begin_array();
    for (const Record& step : steps)
      append_step(json, step);
    json.end_array().end_object();
    return json_response(std::move(text));
  });
}

}  // namespace dompet::http::routes
