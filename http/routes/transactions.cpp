#include <algorithm>
#include <utility>

#include "http/across.hpp"
#include "http/answers.hpp"
#include "http/list.hpp"
#include "http/query.hpp"
#include "http/render.hpp"
#include "http/routes.hpp"
#include "http/topup_methods.hpp"

namespace dompet::http::routes {

namespace {

TransactionFilter read_filter(QueryParameters& parameters) {
  TransactionFilter filter;
  if (const auto wallet = parameters.id("wallet_id"))
    filter.wallet = WalletId{*wallet};
  const std::string kind = parameters.choice("kind", {"topup", "transfer"});
  if (!kind.empty())
    filter.kind = kind == "topup" ? TransactionKind::topup : TransactionKind::transfer;
  filter.status = parameters.choice("status", {"pending", "completed", "declined", "failed"});
  filter.method = parameters.text("method").value_or("");
  if (!filter.method.empty() && !is_topup_method(filter.method))
    parameters.fault("method", "One of GET /v1/topups/methods.");
  filter.from_ms = parameters.time_ms("from");
  filter.to_ms = parameters.time_ms("to");
  filter.min_amount = parameters.amount("min_amount");
  filter.max_amount = parameters.amount("max_amount");
  return filter;
}

/// What takes its steps one by one may have gone on in the database that its shard moved to.
bool is_left_behind(Reader& reader, const StoredTransaction& stored) {
  return reader.is_one_of_several() && stored.record.kind == RecordKind::hold_placed &&
         !std::ranges::binary_search(reader.shards_here(), stored.record.shard);
}

Position position_of(const StoredTransaction& stored) { return {stored.place.id.uuid, stored.place.place}; }

}  // namespace

void list_transactions(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "wallet_id", "kind", "status", "method",
                                                       "from", "to", "min_amount", "max_amount"});
  const TransactionFilter filter = read_filter(parameters);
  const auto page = read_page(parameters, "/v1/transactions");
  if (!page)
    return refuse(exchange, page.error());
  const int most = page->limit + 1;
  const auto read = [filter, most, after = page->after](Reader& reader) {
    const auto before = after ? std::optional{TransactionCursor{{after->id}, after->seq}} : std::nullopt;
    return reader.transactions(filter, before, most);
  };
  const auto render = [page = *page](const std::vector<StoredTransaction>& transactions, const HttpRequest&) {
    return render_list(
        page, transactions,
        [](JsonWriter& json, const StoredTransaction& stored) { append_transaction(json, view_of(stored)); },
        position_of);
  };
  if (filter.wallet)
    return answer_about_wallet(
        services, exchange, *filter.wallet,
        [read, render](Reader& reader, const HttpRequest& request) { return render(read(reader), request); });
  answer_list<StoredTransaction>(
      services, exchange, read,
      [](const StoredTransaction& left, const StoredTransaction& right) {
        return left.record.id.uuid > right.record.id.uuid;
      },
      most, render);
}

void read_transaction(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_search(services, exchange,
                   [id = TransactionId{*id}](Reader& reader, const HttpRequest&) -> std::optional<HttpResponse> {
                     const auto stored = reader.shown_transaction(id);
                     if (!stored || !stored->record.transaction || is_left_behind(reader, *stored))
                       return std::nullopt;
                     return json_response(render_transaction(view_of(*stored)));
                   },
                   {.code = "transaction_not_found"});
}

}  // namespace dompet::http::routes
