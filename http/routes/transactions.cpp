#include <utility>

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

Position position_of(const TransactionFilter& filter, const StoredTransaction& stored) {
  return {stored.record.id.uuid, filter.wallet ? Reader::seq_at(stored, *filter.wallet) : 0};
}

}  // namespace

void list_transactions(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "wallet_id", "kind", "status", "method",
                                                       "from", "to", "min_amount", "max_amount"});
  const TransactionFilter filter = read_filter(parameters);
  const auto page = read_page(parameters, "/v1/transactions");
  if (!page)
    return refuse(exchange, page.error());
  answer_by_query(services, exchange, [page = *page, filter](Reader& reader, const HttpRequest&) {
    const auto before = page.after ? std::optional{TransactionCursor{{page.after->id}, page.after->seq}} : std::nullopt;
    const auto transactions = reader.transactions(filter, before, page.limit + 1);
    return render_list(
        page, transactions,
        [](JsonWriter& json, const StoredTransaction& stored) { append_transaction(json, view_of(stored)); },
        [&filter](const StoredTransaction& stored) { return position_of(filter, stored); });
  });
}

void read_transaction(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange, [id = TransactionId{*id}](Reader& reader, const HttpRequest& request) {
    const auto stored = reader.transaction(id);
    if (!stored || !stored->record.transaction)
      return respond({.code = "transaction_not_found"}, request);
    return json_response(render_transaction(view_of(*stored)));
  });
}

}  // namespace dompet::http::routes
