#include <utility>

#include "http/answers.hpp"
#include "http/body.hpp"
#include "http/list.hpp"
#include "http/reference/resource.hpp"
#include "http/routes.hpp"
#include "http/services.hpp"
#include "http/timestamp.hpp"
#include "persistence/marketplace_store.hpp"

// What marketplaces were told, or are still to be told.

namespace dompet::http::routes {

namespace {

constexpr std::size_t longest_word = 100;

void append_time_or_null(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& time_ms) {
  json.key(name);
  time_ms ? json.text(format_time(*time_ms)) : json.null();
}

void append_notice(JsonWriter& json, const MarketplaceNotice& notice) {
  json.begin_object().plain("id", to_string(notice.id)).member("marketplace", notice.marketplace);
  json.member("va_number", notice.va_number).plain("merchant_id", to_string(notice.merchant));
  json.plain("amount", format_amount(notice.amount, notice.currency)).plain("currency", notice.currency.text());
  json.plain("state", notice.state).key("transaction_id");
  notice.transaction ? json.text(to_string(*notice.transaction)) : json.null();
  json.key("attempts").number(notice.attempts).key("last_error");
  notice.last_error.empty() ? json.null() : json.text(notice.last_error);
  json.plain("created_at", format_time(notice.begun_at_ms));
  append_time_or_null(json, "paid_at", notice.paid_at_ms);
  append_time_or_null(json, "delivered_at", notice.delivered_at_ms);
  append_time_or_null(json, "next_attempt_at",
                      notice.is_to_be_told() ? std::optional{notice.next_at_ms} : std::nullopt);
  json.end_object();
}

}  // namespace

void list_marketplace_notices(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "state", "marketplace"});
  NoticeQuery query{.state = parameters.choice("state", {"paying", "due", "refused", "delivered"}),
                    .marketplace = parameters.text("marketplace").value_or("")};
  if (query.marketplace.size() > longest_word || query.marketplace.contains('\0'))
    parameters.fault("marketplace", "A text of at most " + std::to_string(longest_word) + " bytes.");
  const auto page = read_page_by_id(parameters, "/v1/marketplace-notices", query);
  if (!page)
    return refuse(exchange, page.error());
  answer_by_query(services, exchange, [query, page = *page](Reader& reader, const HttpRequest&) {
    return render_list(page, MarketplaceStore(reader).list(query), append_notice,
                       [](const MarketplaceNotice& notice) { return Position{notice.id, 0}; });
  });
}

void retry_marketplace_notice(Services& services, const ExchangePtr& exchange) {
  if (const auto nothing = read_nothing(exchange->request.body); !nothing)
    return refuse(exchange, nothing.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange, [id = *id, act = act_of(*exchange)](Reader& reader, const HttpRequest& request) {
    const auto notice = MarketplaceStore(reader).retry(id, act);
    if (!notice)
      return respond({.code = "notice_not_found"}, request);
    if (!notice->is_to_be_told())
      return respond({.code = "notice_not_due"}, request);
    std::string text;
    JsonWriter json(text);
    append_notice(json, *notice);
    return json_response(std::move(text));
  });
}

}  // namespace dompet::http::routes
