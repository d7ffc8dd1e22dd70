#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "http/answers.hpp"
#include "http/body_money.hpp"
#include "http/destination.hpp"
#include "http/known_answer.hpp"
#include "http/ownership.hpp"
#include "http/routes.hpp"
#include "http/staff_record.hpp"

namespace dompet::http::routes {

namespace {

/// An item is the same request as a single transfer with the same key and fields.
constexpr std::string_view template_of_an_item = "/v1/transfers";

/// A bulk request under way: outcomes come in any order and are answered together, in the order of the items.
struct Bulk {
  ExchangePtr exchange;
  std::vector<MoneyOutcome> outcomes;
  std::size_t waiting = 0;
  /// Items whose receiver is named by a card or a username, which costs queries: one after the other.
  std::deque<std::pair<std::size_t, BulkItem>> named{};
};
using BulkPtr = std::shared_ptr<Bulk>;

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

void conclude(Services& services, const BulkPtr& bulk, std::size_t index, MoneyOutcome outcome) {
  bulk->outcomes[index] = std::move(outcome);
  services.admission.leave_items(1);
  if (--bulk->waiting == 0)
    finish(*bulk);
}

void submit(Services& services, const BulkPtr& bulk, std::size_t index, Transaction transfer, const Stamp& stamp) {
  transfer.id = {services.ids.next()};
  const Uuid id = transfer.id.uuid;
  move_money(services, bulk->exchange, std::move(transfer), stamp, [&services, bulk, index, id](const Reply& reply) {
    const HttpRequest& request = bulk->exchange->request;
    MoneyOutcome outcome = outcome_of(reply, request.path, request.request_id);
    note_made(*bulk->exchange, outcome, id);
    conclude(services, bulk, index, std::move(outcome));
  });
}

void submit_found(Services& services, const BulkPtr& bulk, std::size_t index, const BulkItem& item,
                  const std::expected<FoundDestination, Problem>& found) {
  const HttpRequest& request = bulk->exchange->request;
  if (!found)
    return conclude(services, bulk, index, outcome_of(found.error(), request.path, request.request_id));
  Transaction transfer = item.transfer.transaction;
  const Stamp stamp{key_of(bulk->exchange->caller, item.idempotency_key),
                    fingerprint_of(template_of_an_item, transfer, found->text)};
  transfer.destination = found->wallet;
  if (!found->wallet.uuid.is_nil())
    return submit(services, bulk, index, std::move(transfer), stamp);
  outcome_unless_known(
      services, bulk->exchange, transfer, stamp, {.code = "destination_not_found"},
      [&services, bulk, index](MoneyOutcome outcome) { conclude(services, bulk, index, std::move(outcome)); });
}

void find_next(Services& services, const BulkPtr& bulk) {
  if (bulk->named.empty())
    return;
  const auto [index, item] = std::move(bulk->named.front());
  bulk->named.pop_front();
  find_destination(services, bulk->exchange, item.transfer.destination, item.transfer.transaction.currency,
                   [&services, bulk, index, item](const std::expected<FoundDestination, Problem>& found) {
                     submit_found(services, bulk, index, item, found);
                     // In the loop's next turn, so that a thousand known names do not stand on each other's shoulders.
                     services.ask.post([&services, bulk] { find_next(services, bulk); });
                   });
}

void begin(Services& services, const BulkPtr& bulk, std::size_t index, BulkItem item) {
  if (item.transfer.destination.is_given()) {
    bulk->named.emplace_back(index, std::move(item));
    return;
  }
  const Stamp stamp{key_of(bulk->exchange->caller, item.idempotency_key),
                    fingerprint_of(template_of_an_item, item.transfer.transaction)};
  submit(services, bulk, index, std::move(item.transfer.transaction), stamp);
}

}  // namespace

void transfer_in_bulk(Services& services, const ExchangePtr& exchange) {
  auto items = read_bulk(exchange->request.body, services.settings.bulk_items);
  if (!items)
    return refuse(exchange, items.error());
  const auto bulk = std::make_shared<Bulk>(Bulk{.exchange = exchange, .outcomes = {}});
  bulk->outcomes.resize(items->size());
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
      begin(services, bulk, i, std::move(*(*items)[i]));
  find_next(services, bulk);
  if (--bulk->waiting == 0)
    finish(*bulk);
}

}  // namespace dompet::http::routes
