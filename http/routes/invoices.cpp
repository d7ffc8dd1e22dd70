#include <algorithm>
#include <utility>

#include "http/access/access.hpp"
#include "http/answers.hpp"
#include "http/body_fields.hpp"
#include "http/directory.hpp"
#include "http/id_source.hpp"
#include "http/list.hpp"
#include "http/reference/resource.hpp"
#include "http/routes.hpp"
#include "http/services.hpp"
#include "http/timestamp.hpp"
#include "persistence/invoice_store.hpp"

// Invoices: what a merchant wants to have from whoever shows the number of its virtual account.

namespace dompet::http::routes {

namespace {

constexpr std::size_t longest_reference = 100;

struct InvoiceBody {
  StoredInvoice invoice{};
  std::optional<Uuid> merchant{};
};

std::int64_t in_ms(std::chrono::hours time) { return std::chrono::milliseconds(time).count(); }

std::int64_t read_end(BodyFields& fields, const InvoiceSettings& settings, std::int64_t now_ms) {
  const JsonValue* value = fields.optional("expires_at");
  if (value == nullptr || value->kind == JsonValue::Kind::null)
    return now_ms + in_ms(settings.usual_life);
  const auto time = value->kind == JsonValue::Kind::text ? parse_time(value->text) : std::nullopt;
  if (!time || *time <= now_ms || *time > now_ms + in_ms(settings.longest_life))
    fields.fault("expires_at", "invalid_field",
                 "A time to come of RFC 3339, within " + std::to_string(settings.longest_life.count()) + " hours.");
  return time.value_or(now_ms);
}

Read<InvoiceBody> read_invoice_body(std::string_view body, const InvoiceSettings& settings, std::int64_t now_ms) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"merchant_id", "amount", "currency", "description", "expires_at", "reference"}, errors);
  InvoiceBody read{.invoice = {.created_at_ms = now_ms}, .merchant = fields.optional_id("merchant_id")};
  const auto currency = fields.currency("currency");
  read.invoice.currency = currency.value_or(Currency{});
  read.invoice.amount = fields.amount("amount", currency);
  read.invoice.description = fields.free_text("description", longest_description);
  read.invoice.reference = fields.free_text("reference", longest_reference);
  read.invoice.expires_at_ms = read_end(fields, settings, now_ms);
  return value_or_errors(std::move(read), std::move(errors));
}

void append_text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.text(text);
}

void append_time_or_null(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& time_ms) {
  json.key(name);
  time_ms ? json.text(format_time(*time_ms)) : json.null();
}

void append_invoice(JsonWriter& json, const StoredInvoice& invoice) {
  json.begin_object().plain("id", to_string(invoice.id)).plain("merchant_id", to_string(invoice.merchant));
  json.plain("wallet_id", to_string(invoice.wallet)).plain("va_number", invoice.va_number);
  json.plain("status", invoice.status).plain("amount", format_amount(invoice.amount, invoice.currency));
  json.plain("currency", invoice.currency.text());
  append_text_or_null(json, "description", invoice.description);
  append_text_or_null(json, "reference", invoice.reference);
  json.plain("expires_at", format_time(invoice.expires_at_ms));
  json.plain("created_at", format_time(invoice.created_at_ms));
  append_time_or_null(json, "paid_at", invoice.paid_at_ms);
  append_time_or_null(json, "cancelled_at", invoice.cancelled_at_ms);
  append_text_or_null(json, "transaction_id", invoice.transaction ? to_string(*invoice.transaction) : "");
  json.end_object();
}

HttpResponse shown(const StoredInvoice& invoice, int status = 200) {
  std::string text;
  JsonWriter json(text);
  append_invoice(json, invoice);
  return json_response(std::move(text), status);
}

/// A merchant's own key says whose invoice it is; a user names the merchant.
Read<MerchantId> merchant_of(const Exchange& exchange, const std::optional<Uuid>& named) {
  const bool is_merchant = exchange.caller.kind == Caller::Kind::merchant;
  if (is_merchant && named && *named != exchange.caller.merchant)
    return std::unexpected(invalid({{"merchant_id", "invalid_field", "The API key is another merchant's."}}));
  if (!is_merchant && !named)
    return std::unexpected(invalid({{"merchant_id", "missing_field", "Whose invoice it is."}}));
  return MerchantId{is_merchant ? exchange.caller.merchant : *named};
}

void write_down(Services& services, const ExchangePtr& exchange, const StoredInvoice& invoice) {
  answer_by_query(services, exchange,
                  [invoice, prefix = services.settings.invoices.va_prefix,
                   act = act_of(*exchange)](Reader& reader, const HttpRequest&) {
                    const StoredInvoice made = InvoiceStore(reader).add(invoice, prefix, act);
                    HttpResponse response = shown(made, 201);
                    response.headers.emplace_back("Location", "/v1/invoices/" + to_string(made.id));
                    return response;
                  });
}

/// In the currency of the wallet that is to be paid, or nobody could pay it.
void check_wallet(Services& services, const ExchangePtr& exchange, const StoredInvoice& invoice) {
  services.ask.ask(ReadWalletRequest{invoice.wallet}, [&services, exchange, invoice](const Reply& reply) {
    const auto* history = reply.result == nullptr ? nullptr : std::get_if<WalletHistory>(reply.result);
    if (history == nullptr)
      return refuse(exchange, problem_of(reply, false));
    if (history->wallet.currency != invoice.currency)
      return refuse(exchange,
                    {.code = "currency_mismatch",
                     .detail = "The merchant's wallet is in " + std::string{history->wallet.currency.text()} + "."});
    write_down(services, exchange, invoice);
  });
}

Problem problem_of(InvoiceStore::Fault fault) {
  switch (fault) {
    case InvoiceStore::Fault::paid: return {.code = "invoice_paid"};
    case InvoiceStore::Fault::expired: return {.code = "invoice_expired"};
    case InvoiceStore::Fault::under_way: return {.code = "invoice_under_way"};
    default: return {.code = "invoice_not_found"};
  }
}

}  // namespace

void create_invoice(Services& services, const ExchangePtr& exchange) {
  auto body = read_invoice_body(exchange->request.body, services.settings.invoices, wall_clock_ms());
  if (!body)
    return refuse(exchange, body.error());
  const auto merchant = merchant_of(*exchange, body->merchant);
  if (!merchant)
    return refuse(exchange, merchant.error());
  services.directory.merchant(
      services, exchange, *merchant,
      [&services, exchange, invoice = std::move(body->invoice)](const Looked<MerchantFacts>& looked) mutable {
        if (!looked)
          return refuse(exchange, looked.error());
        if (!*looked || !may_touch(*exchange, (*looked)->user.uuid))
          return refuse(exchange, {.code = "merchant_not_found"});
        if (!(*looked)->may_be_paid())
          return refuse(exchange, {.code = "merchant_not_active"});
        invoice.id = {exchange->request.id};
        invoice.merchant = (*looked)->merchant.uuid;
        invoice.wallet = (*looked)->wallet;
        check_wallet(services, exchange, invoice);
      });
}

void list_invoices(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "status", "reference", "merchant_id"});
  InvoiceQuery query{.owner = owner_of(*exchange),
                     .merchant = parameters.id("merchant_id"),
                     .status = parameters.choice("status", {"open", "paid", "expired", "cancelled"}),
                     .reference = parameters.text("reference").value_or("")};
  if (query.reference.size() > 4 * longest_reference || query.reference.contains('\0'))
    parameters.fault("reference", "A text of at most " + std::to_string(longest_reference) + " characters.");
  const auto page = read_page_by_id(parameters, "/v1/invoices", query);
  if (!page)
    return refuse(exchange, page.error());
  answer_by_query(services, exchange, [query, page = *page](Reader& reader, const HttpRequest&) {
    return render_list(page, InvoiceStore(reader).list(query), append_invoice,
                       [](const StoredInvoice& invoice) { return Position{invoice.id.uuid, 0}; });
  });
}

void read_invoice(Services& services, const ExchangePtr& exchange) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange,
                  [id = InvoiceId{*id}, owner = owner_of(*exchange)](Reader& reader, const HttpRequest& request) {
                    const auto invoice = InvoiceStore(reader).read(id, owner);
                    return invoice ? shown(*invoice) : respond({.code = "invoice_not_found"}, request);
                  });
}

void cancel_invoice(Services& services, const ExchangePtr& exchange) {
  if (const auto nothing = read_nothing(exchange->request.body); !nothing)
    return refuse(exchange, nothing.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange,
                  [id = InvoiceId{*id}, owner = owner_of(*exchange),
                   act = act_of(*exchange)](Reader& reader, const HttpRequest& request) {
                    const auto invoice = InvoiceStore(reader).cancel(id, owner, act);
                    return invoice ? shown(*invoice) : respond(problem_of(invoice.error()), request);
                  });
}

}  // namespace dompet::http::routes
