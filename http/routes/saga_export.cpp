#include <atomic>

#include "http/gather.hpp"
#include "http/render_saga.hpp"
#include "http/routes.hpp"
#include "http/saga_query.hpp"

namespace dompet::http::routes {

namespace {

constexpr std::size_t most_exported = 100'000;
constexpr int rows_a_fetch = 1'000;
/// An export holds its rows in memory, so there is one at a time.
std::atomic<bool> is_exporting{false};

struct ExportWish {
  SagaSearch search{};
  bool csv = false;
  std::shared_ptr<const ClusterView> view{};
  std::int64_t now_ms = 0;
};

void append(std::string& out, const ExportWish& wish, const SagaRow& row) {
  if (wish.csv)
    return append_saga_csv(out, row, *wish.view);
  JsonWriter json(out);
  append_saga(json, row, *wish.view, wish.now_ms);
  out += '\n';
}

/// One database's rows as text.
std::string rows_of(Reader& reader, const ExportWish& wish) {
  std::string out;
  std::optional<SagaPlace> after;
  std::size_t count = 0;
  do {
    const SagaPage page = SagaInspector(reader).list(wish.search, after, rows_a_fetch);
    for (const SagaRow& row : page.rows)
      if (count++ < most_exported)
        append(out, wish, row);
    after = page.next;
  } while (after && count < most_exported);
  return out;
}

}  // namespace

void export_sagas(Services& services, const ExchangePtr& exchange) {
  constexpr std::array<std::string_view, 17> known = [] {
    std::array<std::string_view, 17> names{};
    std::copy(saga_filters.begin(), saga_filters.end(), names.begin());
    names[14] = "sort";
    names[15] = "format";
    names[16] = "limit";
    return names;
  }();
  QueryParameters parameters(exchange->request.query, known);
  ExportWish wish{.view = services.engine.cluster(), .now_ms = wall_clock_ms()};
  wish.csv = parameters.choice("format", {"ndjson", "csv"}) == "csv";
  wish.search = read_saga_search(parameters, wish.view, wish.now_ms);
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  if (is_exporting.exchange(true))
    return refuse(exchange,
                  {.code = "overloaded", .detail = "Another export is under way. Try again when it is done."});
  gather<std::string>(
      services, exchange, [wish](Reader& reader) { return rows_of(reader, wish); },
      [exchange, csv = wish.csv](const Parts<std::string>& parts) {
        is_exporting = false;
        if (!is_whole(parts))
          return refuse(exchange, {.code = "unavailable", .detail = "Not every database could be read in time."});
        HttpResponse response{.content_type = csv ? "text/csv; charset=utf-8" : "application/x-ndjson"};
        response.headers.emplace_back("Content-Disposition",
                                      std::string{"attachment; filename=\"sagas."} + (csv ? "csv\"" : "ndjson\""));
        if (csv)
          response.body = saga_csv_header();
        for (const auto& part : parts)
          response.body += *part;
        exchange->answer(std::move(response));
      });
}

}  // namespace dompet::http::routes
