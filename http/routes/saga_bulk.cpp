#include <limits>
#include <map>
#include <utility>

#include "http/access/access.hpp"
#include "http/gather.hpp"
#include "http/routes.hpp"
#include "http/saga_body.hpp"
#include "http/saga_jobs.hpp"
#include "http/saga_orders.hpp"
#include "http/saga_query.hpp"

namespace dompet::http::routes {

namespace {

constexpr std::size_t sampled = 20;
constexpr int rows_a_fetch = 1'000;
/// Pages that one search may take: with a rare filter they are short.
constexpr int most_fetches = 200;

/// What a filter matches in one database: open transfers, at most one more than a job may have.
struct Matches {
  std::vector<SagaListing> sagas{};
};

Matches find_matches(Reader& reader, const SagaSearch& search) {
  Matches matches;
  std::optional<SagaPlace> after;
  for (int fetch = 0; fetch < most_fetches; ++fetch) {
    SagaPage page = SagaInspector(reader).list(search, after, rows_a_fetch);
    for (const SagaRow& row : page.rows)
      matches.sagas.push_back(row.saga);
    after = page.next;
    if (!after || matches.sagas.size() > SagaJobs::most_sagas)
      return matches;
  }
  throw Unavailable("the filter matches too few transfers to find them in time");
}

std::string render_dry_run(const std::vector<SagaListing>& sagas) {
  std::map<std::string, std::pair<Currency, Minor>> sums;
  for (const SagaListing& saga : sagas) {
    auto& [currency, total] = sums[std::string{saga.currency.text()}];
    currency = saga.currency;
    total = checked_add(total, saga.amount).value_or(std::numeric_limits<Minor>::max());
  }
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("dry_run").truth(true).key("count").number(static_cast<std::int64_t>(sagas.size()));
  json.key("amounts").begin_array();
  for (const auto& [code, sum] : sums)
    json.begin_object().plain("currency", code).plain("total", format_amount(sum.second, sum.first)).end_object();
  json.end_array().key("sample").begin_array();
  for (std::size_t i = 0; i < std::min(sampled, sagas.size()); ++i)
    json.text(to_string(sagas[i].id));
  json.end_array().end_object();
  return text;
}

std::string render_job(const SagaJob& job) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("id", to_string(job.id)).plain("action", name_of(job.order));
  json.plain("state", name_of(job.state));
  json.key("total").number(static_cast<std::int64_t>(job.total));
  json.key("done").number(static_cast<std::int64_t>(job.done));
  json.key("refused").number(static_cast<std::int64_t>(job.refused));
  json.key("report").begin_array();
  for (const auto& [saga, outcome] : job.report)
    json.begin_object().plain("id", to_string(saga)).plain("outcome", outcome).end_object();
  json.end_array().end_object();
  return text;
}

AuditEntry audit_of_job(const SagaJob& job, std::size_t matched, const std::string& filter) {
  AuditEntry entry{.id = job.id,
                   .who = job.who,
                   .what = "saga.bulk." + std::string{name_of(job.order)},
                   .why = job.why,
                   .evidence = {}};
  JsonWriter json(entry.evidence);
  json.begin_object().key("count").number(static_cast<std::int64_t>(matched)).member("filter", filter);
  json.key("rate_per_s").number(job.rate_per_s).end_object();
  return entry;
}

/// Audits that it begins, then begins.
void start(Services& services, const ExchangePtr& exchange, SagaJob job, const std::string& filter) {
  const AuditEntry entry = audit_of_job(job, job.waiting.size(), filter);
  gather<bool>(
      services, exchange,
      [entry](Reader& reader) {
        SagaDesk(reader).audit(entry);
        return true;
      },
      [&services, exchange, job = std::move(job)](const Parts<bool>& parts) {
        if (!is_whole(parts))
          return refuse(exchange,
                        {.code = "unavailable", .detail = "The audit could not be written, so nothing began."});
        const auto started = services.saga_jobs.add(job);
        if (started == nullptr)
          return refuse(exchange, {.code = "too_many_jobs"});
        HttpResponse response = json_response(render_job(*started), 202);
        response.headers.emplace_back("Location", "/v1/sagas/bulk/" + to_string(started->id));
        exchange->answer(std::move(response));
      });
}

void answer_matches(Services& services, const ExchangePtr& exchange, const BulkOrderBody& wish,
                    const Parts<Matches>& parts) {
  if (!is_whole(parts))
    return refuse(exchange, {.code = "unavailable", .detail = "Not every database could be searched in time."});
  std::vector<SagaListing> sagas;
  for (const auto& part : parts)
    sagas.insert(sagas.end(), part->sagas.begin(), part->sagas.end());
  if (sagas.size() > SagaJobs::most_sagas)
    return refuse(exchange, {.code = "too_many_items",
                             .detail = "The filter matches more than " + std::to_string(SagaJobs::most_sagas) +
                                       " open transfers; narrow it."});
  if (wish.dry_run)
    return exchange->answer(json_response(render_dry_run(sagas)));
  SagaJob job{.id = services.ids.next(),
              .order = wish.order,
              .who = signature(*exchange, wish.who),
              .why = wish.why,
              .rate_per_s = wish.rate_per_s};
  for (const SagaListing& saga : sagas)
    job.waiting.push_back(saga.id);
  start(services, exchange, std::move(job), wish.filter);
}

std::shared_ptr<SagaJob> captured_job(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return nullptr;
  auto job = services.saga_jobs.find(*id);
  if (job == nullptr)
    refuse(exchange,
           {.code = "bulk_not_found",
            .detail = "This node has no such job. A job lives in the memory of the node that took it and ends "
                      "with it; the audit has who began it and what was done."});
  return job;
}

void steer(Services& services, const ExchangePtr& exchange, SagaJob::State wish) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  const auto job = captured_job(services, exchange);
  if (job == nullptr)
    return;
  SagaJobs::steer(*job, wish);
  exchange->answer(json_response(render_job(*job), 202));
}

}  // namespace

void order_sagas_in_bulk(Services& services, const ExchangePtr& exchange) {
  const auto wish = read_bulk_order(exchange->request.body);
  if (!wish)
    return refuse(exchange, wish.error());
  if (!wish->dry_run && !holds(*exchange, "sagas:approve"))
    return refuse(exchange,
                  {.code = "forbidden", .detail = "A bulk order that acts needs the permission sagas:approve."});
  QueryParameters parameters(wish->filter, saga_filters);
  SagaSearch search = read_saga_search(parameters, services.engine.cluster(), wall_clock_ms());
  if (search.state && is_final(*search.state))
    parameters.fault("state", "Only open transfers take orders.");
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  search.only_open = true;
  gather<Matches>(
      services, exchange, [search](Reader& reader) { return find_matches(reader, search); },
      [&services, exchange, wish = *wish](const Parts<Matches>& parts) {
        answer_matches(services, exchange, wish, parts);
      });
}

void read_saga_job(Services& services, const ExchangePtr& exchange) {
  if (const auto job = captured_job(services, exchange))
    exchange->answer(json_response(render_job(*job)));
}

void pause_saga_job(Services& services, const ExchangePtr& exchange) {
  steer(services, exchange, SagaJob::State::paused);
}
void resume_saga_job(Services& services, const ExchangePtr& exchange) {
  steer(services, exchange, SagaJob::State::running);
}
void abort_saga_job(Services& services, const ExchangePtr& exchange) {
  steer(services, exchange, SagaJob::State::aborted);
}

}  // namespace dompet::http::routes
