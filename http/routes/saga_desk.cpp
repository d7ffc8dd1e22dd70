#include <utility>

#include "http/access/access.hpp"
#include "http/gather.hpp"
#include "http/routes.hpp"
#include "http/saga_body.hpp"
#include "http/saga_orders.hpp"
#include "http/saga_query.hpp"
#include "http/timestamp.hpp"

namespace dompet::http::routes {

namespace {

constexpr std::size_t longest_view_name = 100;

void order(Services& services, const ExchangePtr& exchange, SagaOrder wanted) {
  const auto body = read_order(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  give_order(
      services, {{*id}, wanted, signature(*exchange, body->who), body->why, {}},
      [exchange, wanted](const OrderOutcome& outcome) {
        if (!outcome.accepted)
          return refuse(exchange, outcome.problem);
        std::string text;
        JsonWriter json(text);
        json.begin_object().plain("id", to_string(*parse_uuid(exchange->captures[0]))).plain("action", name_of(wanted));
        json.key("accepted").truth(true).plain("state", dompet::name_of(outcome.state));
        json.member("sentence", outcome.sentence).end_object();
        exchange->answer(json_response(std::move(text), 202));
      });
}

/// The name in the path; otherwise the request is refused.
std::optional<std::string> captured_name(const ExchangePtr& exchange) {
  std::string name = percent_decoded(exchange->captures[0]);
  if (!name.empty() && name.size() <= longest_view_name && !name.contains('\0'))
    return name;
  refuse(exchange, {.code = "invalid_parameter",
                    .detail = "A view's name has 1 to " + std::to_string(longest_view_name) + " bytes."});
  return std::nullopt;
}

void append_view(JsonWriter& json, const SagaView& view) {
  json.begin_object().member("name", view.name).key("filter").raw(view.filter).end_object();
}

}  // namespace

void retry_saga(Services& services, const ExchangePtr& exchange) { order(services, exchange, SagaOrder::retry); }
void cancel_saga(Services& services, const ExchangePtr& exchange) { order(services, exchange, SagaOrder::cancel); }
void pause_saga(Services& services, const ExchangePtr& exchange) { order(services, exchange, SagaOrder::pause); }
void resume_saga(Services& services, const ExchangePtr& exchange) { order(services, exchange, SagaOrder::resume); }

void add_saga_note(Services& services, const ExchangePtr& exchange) {
  auto body = read_note(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  const NewNote note{services.ids.next(), signature(*exchange, body->who), body->text, body->label, body->assignee};
  gather<bool>(
      services, exchange,
      [note, saga = TransactionId{*id}](Reader& reader) { return SagaDesk(reader).add_note(saga, note); },
      [exchange, note](const Parts<bool>& parts) {
        for (const auto& added : parts)
          if (added.value_or(false)) {
            std::string text;
            JsonWriter json(text);
            json.begin_object().plain("at", format_time(unix_ms_of(note.id))).member("who", note.who);
            json.member("text", note.text).end_object();
            return exchange->answer(json_response(std::move(text), 201));
          }
        if (is_whole(parts))
          return refuse(exchange, {.code = "saga_not_found"});
        refuse(exchange, {.code = "unavailable", .detail = "A database cannot answer now."});
      });
}

void list_saga_views(Services& services, const ExchangePtr& exchange) {
  answer_by_query(services, exchange, [](Reader& reader, const HttpRequest&) {
    std::string text;
    JsonWriter json(text);
    json.begin_object().key("data").begin_array();
    for (const SagaView& view : SagaDesk(reader).views())
      append_view(json, view);
    json.end_array().end_object();
    return json_response(std::move(text));
  });
}

void save_saga_view(Services& services, const ExchangePtr& exchange) {
  auto body = read_view(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  QueryParameters parameters(body->query, saga_list_parameters);
  read_saga_search(parameters, services.engine.cluster(), wall_clock_ms());
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  const auto name = captured_name(exchange);
  if (!name)
    return;
  answer_by_query(
      services, exchange, [view = SagaView{*name, body->filter}](Reader& reader, const HttpRequest& request) {
        if (!SagaDesk(reader).save_view(view))
          return respond({.code = "too_many_views",
                          .detail = "There are " + std::to_string(most_views) + " views already; delete one first."},
                         request);
        std::string text;
        JsonWriter json(text);
        append_view(json, view);
        return json_response(std::move(text));
      });
}

void delete_saga_view(Services& services, const ExchangePtr& exchange) {
  const auto name = captured_name(exchange);
  if (!name)
    return;
  answer_by_query(services, exchange, [name = *name](Reader& reader, const HttpRequest& request) {
    if (!SagaDesk(reader).delete_view(name))
      return respond({.code = "view_not_found"}, request);
    return json_response("{}");
  });
}

}  // namespace dompet::http::routes
