#include <utility>

#include "http/answers.hpp"
#include "http/body_money.hpp"
#include "http/router.hpp"
#include "http/routes.hpp"
#include "http/topup_methods.hpp"

namespace dompet::http::routes {

namespace {

/// Top-up or transfer: stamps the transaction, asks once, answers with what the engine said.
void move(Services& services, const ExchangePtr& exchange, Read<Transaction> read) {
  if (!read)
    return refuse(exchange, read.error());
  const auto key = key_of(*exchange);
  if (!key)
    return refuse(exchange, {.code = "invalid_idempotency_key"});
  read->id = {exchange->request.id};
  const Stamp stamp{*key, fingerprint_of(exchange->route->path, *read)};
  services.ask.move_money({std::make_shared<const Transaction>(std::move(*read)), stamp},
                          [exchange](const Reply& reply) {
                            const HttpRequest& request = exchange->request;
                            exchange->answer(response_of(outcome_of(reply, request.path, request.request_id)));
                          });
}

}  // namespace

void top_up(Services& services, const ExchangePtr& exchange) {
  move(services, exchange, read_topup(exchange->request.body));
}

void transfer(Services& services, const ExchangePtr& exchange) {
  auto read = read_transfer(exchange->request.body);
  if (!read)
    return refuse(exchange, read.error());
  if (read->destination.is_given())
    return refuse(exchange, {.code = "destination_not_found"});
  move(services, exchange, std::move(read->transaction));
}

void list_topup_methods(Services&, const ExchangePtr& exchange) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("data").begin_array();
  for (const std::string_view method : topup_methods)
    json.begin_object().plain("method", method).end_object();
  json.end_array().key("next_cursor").null().end_object();
  exchange->answer(json_response(std::move(text)));
}

}  // namespace dompet::http::routes
