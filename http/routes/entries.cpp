#include <algorithm>
#include <utility>

#include "http/across.hpp"
#include "http/answers.hpp"
#include "http/list.hpp"
#include "http/ownership.hpp"
#include "http/query.hpp"
#include "http/render.hpp"
#include "http/routes.hpp"
#include "http/timestamp.hpp"

namespace dompet::http::routes {

namespace {

bool wants_csv(const HttpRequest& request) {
  const auto accept = request.header("Accept").value_or("");
  const auto csv = accept.find("text/csv");
  return csv != accept.npos && csv < accept.find("application/json");
}

/// Which part of a wallet's history is wanted: from a moment on, before another one.
struct Span {
  std::optional<std::int64_t> from_ms{};
  std::optional<std::int64_t> to_ms{};

  std::string parameters() const {
    return (from_ms ? "&from=" + format_time(*from_ms) : "") + (to_ms ? "&to=" + format_time(*to_ms) : "");
  }
};

std::string next_page_link(const HttpRequest& request, const Page& page, const Span& span, const std::string& cursor) {
  return "<" + std::string{request.path} + "?limit=" + std::to_string(page.limit) + span.parameters() +
         "&cursor=" + cursor + ">; rel=\"next\"";
}

Position position_of(const StatementLine& line) { return {line.leg.wallet.uuid, line.leg.seq}; }

HttpResponse render_csv(const HttpRequest& request, const Page& page, const Span& span, const WalletId& wallet,
                        const std::vector<StatementLine>& lines, const Currency& currency) {
  const std::size_t count = std::min(lines.size(), static_cast<std::size_t>(page.limit));
  HttpResponse response{.content_type = "text/csv; charset=utf-8", .body = std::string{csv_header()}};
  std::string disposition{"attachment; filename=\"wallet-"};
  response.headers.emplace_back("Content-Disposition", disposition.append(to_string(wallet)).append(".csv\""));
  for (std::size_t i = 0; i < count; ++i)
    append_csv(response.body, entry_of(lines[i], currency));
  if (lines.size() > count)
    response.headers.emplace_back(
        "Link", next_page_link(request, page, span, write_cursor(page.filters, position_of(lines[count - 1]))));
  return response;
}

std::vector<StatementLine> read_lines(Reader& reader, const WalletId& wallet, const Page& page, const Span& span) {
  auto before = page.after ? std::optional{page.after->seq} : std::nullopt;
  if (span.to_ms) {
    const std::uint64_t behind_last = reader.seq_before(wallet, *span.to_ms) + 1;
    before = before ? std::min(*before, behind_last) : behind_last;
  }
  const std::uint64_t after = span.from_ms ? reader.seq_before(wallet, *span.from_ms) : 0;
  return reader.statement(wallet, before, page.limit + 1, after);
}

void answer_lines(Services& services, const ExchangePtr& exchange, const Page& page, const Span& span,
                  const Wallet& wallet) {
  answer_about_wallet(
      services, exchange, wallet.id,
      [page, span, id = wallet.id, currency = wallet.currency](Reader& reader, const HttpRequest& request) {
        const auto lines = read_lines(reader, id, page, span);
        if (wants_csv(request))
          return render_csv(request, page, span, id, lines, currency);
        return render_list(
            page, lines,
            [&currency](JsonWriter& json, const StatementLine& line) { append_entry(json, entry_of(line, currency)); },
            position_of);
      });
}

}  // namespace

/// Asks the wallet first: it says whether there is one, and in which currency its amounts are written.
void list_entries(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "from", "to"});
  const Span span{parameters.time_ms("from"), parameters.time_ms("to")};
  const auto page = read_page(parameters, "/v1/wallets/" + to_string(*id) + "/entries", wants_csv(exchange->request));
  if (!page)
    return refuse(exchange, page.error());
  with_wallet(services, exchange, {{*id}, false},
              [&services, exchange, page = *page, span](const WalletHistory& history) {
                answer_lines(services, exchange, page, span, history.wallet);
              });
}

}  // namespace dompet::http::routes
