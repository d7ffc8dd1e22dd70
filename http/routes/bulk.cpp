#include <memory>
#include <utility>
#include <vector>

#include "http/answers.hpp"
#include "http/body_money.hpp"
#include "http/routes.hpp"

namespace dompet::http::routes {

namespace {

/// An item is the same request as a single transfer with the same key and fields.
constexpr std::string_view template_of_an_item = "/v1/transfers";

/// A bulk request under way: outcomes come in any order and are answered together, in the order of the items.
struct Bulk {
  ExchangePtr exchange;
  std::vector<MoneyOutcome> outcomes;
  std::size_t waiting = 0;
};

std::string render(const std::vector<MoneyOutcome>& outcomes) {
  std::string text;
  text.reserve(outcomes.size() * 560 + 16);
  JsonWriter json(text);
  json.begin_object().key("data").begin_array();
  for (const MoneyOutcome& outcome : outcomes) {
    json.begin_object().key("status").number(outcome.status);
    json.key("replayed").truth(outcome.is_replay);
    json.key(outcome.is_problem ? "problem" : "transaction").raw(outcome.document);
    json.end_object();
  }
  json.end_array().end_object();
  return text;
}

void finish(const Bulk& bulk) { bulk.exchange->answer(json_response(render(bulk.outcomes))); }

void submit(Services& services, const std::shared_ptr<Bulk>& bulk, std::size_t index, BulkItem item) {
  item.transfer.transaction.id = {services.ids.next()};
  const Stamp stamp{key_of(bulk->exchange->caller, item.idempotency_key),
                    fingerprint_of(template_of_an_item, item.transfer.transaction)};
  services.ask.move_money({std::make_shared<const Transaction>(std::move(item.transfer.transaction)), stamp},
                          [&services, bulk, index](const Reply& reply) {
                            const HttpRequest& request = bulk->exchange->request;
                            bulk->outcomes[index] = outcome_of(reply, request.path, request.request_id);
                            services.admission.leave_items(1);
                            if (--bulk->waiting == 0)
                              finish(*bulk);
                          });
}

}  // namespace

void transfer_in_bulk(Services& services, const ExchangePtr& exchange) {
  auto items = read_bulk(exchange->request.body, services.settings.bulk_items);
  if (!items)
    return refuse(exchange, items.error());
  const auto bulk = std::make_shared<Bulk>(Bulk{.exchange = exchange, .outcomes = {}});
  bulk->outcomes.resize(items->size());
  for (auto& item : *items)
    if (item && item->transfer.destination.is_given())
      item = std::unexpected(Problem{.code = "destination_not_found"});
  for (std::size_t i = 0; i < items->size(); ++i)
    if ((*items)[i])
      ++bulk->waiting;
    else
      bulk->outcomes[i] = outcome_of((*items)[i].error(), exchange->request.path, exchange->request.request_id);
  if (bulk->waiting == 0)
    return finish(*bulk);
  if (!services.admission.enter_items(bulk->waiting)) {
    services.metrics.count(Shed::overloaded);
    return refuse(exchange, {.code = "overloaded", .applied = Applied::no});
  }
  // A repeated key inside one bulk may answer at once; one more keeps the bulk open until all are submitted.
  ++bulk->waiting;
  for (std::size_t i = 0; i < items->size(); ++i)
    if ((*items)[i])
      submit(services, bulk, i, std::move(*(*items)[i]));
  if (--bulk->waiting == 0)
    finish(*bulk);
}

}  // namespace dompet::http::routes
