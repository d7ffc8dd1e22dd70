#include <algorithm>
#include <utility>

#include "http/across.hpp"
#include "http/gather.hpp"
#include "http/render_saga.hpp"
#include "http/routes.hpp"
#include "http/saga_feed.hpp"
#include "http/saga_query.hpp"

namespace dompet::http::routes {

namespace {

/// How long the owner is waited for; everything else is answered without it.
constexpr std::chrono::milliseconds patience_with_owner{300};

constexpr std::string_view some_database_is_silent = "A database cannot answer now.";

HttpResponse render_page(const Page& page, const SagaPage& found, const ClusterView& view, std::int64_t now_ms) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("data").begin_array();
  for (const SagaRow& row : found.rows)
    append_saga(json, row, view, now_ms);
  json.end_array().key("next_cursor");
  if (found.next)
    json.text(write_cursor(page.filters, position_of(*found.next)));
  else
    json.null();
  json.end_object();
  return json_response(std::move(text));
}

using WithStory = std::function<void(SagaStory story, bool is_whole)>;

/// Reads everything that all databases know of the transfer in the path. When the one in which it began does not
/// answer, or it never began, the request is refused.
void with_story(Services& services, const ExchangePtr& exchange, WithStory use) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  gather<SagaStory>(
      services, exchange, [id = TransactionId{*id}](Reader& reader) { return SagaInspector(reader).story(id); },
      [exchange, use = std::move(use)](Parts<SagaStory> parts) {
        const bool whole = is_whole(parts);
        SagaStory story = whole_story(std::move(parts));
        if (story.row)
          return use(std::move(story), whole);
        if (whole)
          return refuse(exchange, {.code = "saga_not_found"});
        refuse(exchange, {.code = "unavailable", .detail = std::string{some_database_is_silent}});
      });
}

}  // namespace

void list_sagas(Services& services, const ExchangePtr& exchange) {
  const auto view = services.engine.cluster();
  const std::int64_t now_ms = wall_clock_ms();
  QueryParameters parameters(exchange->request.query, saga_list_parameters);
  const SagaSearch search = read_saga_search(parameters, view, now_ms);
  const auto page = read_page(parameters, "/v1/sagas");
  if (!page)
    return refuse(exchange, page.error());
  answer_from_all<SagaPage>(
      services, exchange,
      [search, after = place_of(page->after), limit = page->limit](Reader& reader) {
        return SagaInspector(reader).list(search, after, limit);
      },
      [sort = search.sort, limit = page->limit](std::vector<SagaPage> pages) {
        return merge(std::move(pages), sort, limit);
      },
      [view, now_ms, page = *page](const SagaPage& found, const HttpRequest&) {
        return render_page(page, found, *view, now_ms);
      });
}

void count_sagas(Services& services, const ExchangePtr& exchange) {
  gather<SagaCounts>(
      services, exchange, [](Reader& reader) { return SagaInspector(reader).counts(); },
      [&services, exchange](const Parts<SagaCounts>& parts) {
        const auto counts = sum_of(parts);
        if (!counts)
          return refuse(exchange, {.code = "unavailable", .detail = std::string{some_database_is_silent}});
        exchange->answer(json_response(render_counts(*counts, *services.engine.cluster(), wall_clock_ms())));
      });
}

void stream_saga_counts(Services& services, const ExchangePtr& exchange) {
  HttpResponse head{.content_type = "text/event-stream"};
  if (exchange->request.method == Method::head)
    return exchange->answer(std::move(head));
  if (!services.saga_feed.has_room())
    return refuse(exchange, {.code = "overloaded", .detail = "Too many listen already. Ask for the counts instead."});
  services.saga_feed.add(exchange->stream(std::move(head)));
}

void read_saga(Services& services, const ExchangePtr& exchange) {
  with_story(services, exchange, [&services, exchange](SagaStory story, bool whole) {
    const auto answer = [&services, exchange, whole](const SagaStory& told, const std::optional<AskedOwner>& owner) {
      exchange->answer(json_response(render_saga(told, owner, whole, *services.engine.cluster(), wall_clock_ms())));
    };
    const SagaListing& saga = story.row->saga;
    if (is_final(saga.state))
      return answer(story, std::nullopt);
    const SagaOrderRequest question{saga.id, saga.source_shard, SagaOrder::inspect};
    services.ask.ask(
        question,
        [answer, story = std::make_shared<const SagaStory>(std::move(story))](const Reply& reply) {
          const auto* report = reply.result == nullptr ? nullptr : std::get_if<SagaReport>(reply.result);
          answer(*story, AskedOwner{report == nullptr ? std::nullopt : std::optional{*report}});
        },
        patience_with_owner);
  });
}

void read_timeline(Services& services, const ExchangePtr& exchange) {
  with_story(services, exchange, [exchange](const SagaStory& story, bool) {
    exchange->answer(json_response(render_timeline(story, wall_clock_ms())));
  });
}

void prove_saga(Services& services, const ExchangePtr& exchange) {
  with_story(services, exchange, [exchange](const SagaStory& story, bool whole) {
    exchange->answer(json_response(render_proof(story, prove(story, whole))));
  });
}

void export_saga(Services& services, const ExchangePtr& exchange) {
  with_story(services, exchange, [&services, exchange](const SagaStory& story, bool whole) {
    if (!whole)
      return refuse(exchange, {.code = "unavailable", .detail = std::string{some_database_is_silent}});
    HttpResponse response = json_response(render_bundle(story, *services.engine.cluster(), wall_clock_ms()));
    response.headers.emplace_back("Content-Disposition",
                                  "attachment; filename=\"saga-" + to_string(story.row->saga.id) + ".json\"");
    exchange->answer(std::move(response));
  });
}

void list_saga_notes(Services& services, const ExchangePtr& exchange) {
  with_story(services, exchange,
             [exchange](const SagaStory& story, bool) { exchange->answer(json_response(render_notes(story.notes))); });
}

}  // namespace dompet::http::routes
