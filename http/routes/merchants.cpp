#include <algorithm>
#include <utility>

#include "http/answers.hpp"
#include "http/body_fields.hpp"
#include "http/reference/field.hpp"
#include "http/reference/routes.hpp"
#include "http/reference/wallet_of.hpp"
#include "notices/letters.hpp"
#include "persistence/money_references.hpp"
#include "persistence/user_rules.hpp"

namespace dompet::http {

namespace {

constexpr std::string_view merchant_statuses[]{"pending", "active", "inactive", "rejected"};
constexpr ReferenceField merchant_fields[]{
    {.name = "user_id", .form = FieldForm::id, .given = Given::at_creation, .required = false},
    {.name = "wallet_id", .form = FieldForm::id, .given = Given::at_creation},
    {.name = "name", .form = FieldForm::name, .given = Given::always},
    {.name = "status"},
};
constexpr ReferenceField merchant_filters[]{
    {.name = "user_id", .form = FieldForm::id},
    {.name = "status", .form = FieldForm::choice, .choices = merchant_statuses},
};

constexpr std::string_view document_statuses[]{"pending", "approved", "rejected"};
constexpr ReferenceField document_fields[]{
    {.name = "merchant_id", .form = FieldForm::id, .given = Given::at_creation},
    {.name = "document_type", .form = FieldForm::name, .given = Given::always, .most = 50},
    {.name = "document_url", .form = FieldForm::web_address, .given = Given::always, .most = 2'000},
    {.name = "status"},
    {.name = "note", .form = FieldForm::note},
};
constexpr ReferenceField document_filters[]{
    {.name = "merchant_id", .form = FieldForm::id},
    {.name = "status", .form = FieldForm::choice, .choices = document_statuses},
};

/// Staff may take back what it said, and saying it twice is no mistake. Only who was rejected waits for a review again:
/// one who was accepted is never unreviewed.
bool may_become(std::string_view now, std::string_view then) {
  return then != "pending" || now == "pending" || now == "rejected";
}

ReferenceGuard transition_to(std::string status) {
  return [status = std::move(status)](SqlSession&, const ReferenceRow& merchant) -> std::optional<ReferenceRefusal> {
    if (may_become(merchant.text("status"), status))
      return std::nullopt;
    return ReferenceRefusal{.fault = ReferenceFault::refused,
                            .code = "status_refused",
                            .detail =
                                "A merchant that is " + merchant.text("status") + " does not become " + status + "."};
  };
}

MerchantNews news_of(const ReferenceRow& merchant) {
  return {.id = merchant.id, .name = merchant.text("name"), .status = merchant.text("status")};
}

DocumentNews document_news_of(const ReferenceRow& document) {
  return {.id = document.id,
          .merchant = document.uuid("merchant_id"),
          .type = document.text("document_type"),
          .status = document.text("status"),
          .note = document.text("note")};
}

// What happens to what is his its owner is told, in the transaction in which it happens.

ReferenceGuard told_of_merchant(const Services& services) {
  return [link_base = services.settings.link_base](SqlSession& session,
                                                   const ReferenceRow& row) -> std::optional<ReferenceRefusal> {
    tell(session, row.owner.value_or(Uuid{}), merchant_created(news_of(row), link_base));
    return std::nullopt;
  };
}

/// Looks at the row as it was; saying the same again is no news.
ReferenceGuard told_of_status(const Services& services, std::string status) {
  return [link_base = services.settings.link_base,
          status = std::move(status)](SqlSession& session, const ReferenceRow& row) -> std::optional<ReferenceRefusal> {
    MerchantNews news = news_of(row);
    news.status_before = std::exchange(news.status, status);
    if (news.status != news.status_before)
      tell(session, row.owner.value_or(Uuid{}), merchant_status(news, link_base));
    return std::nullopt;
  };
}

ReferenceGuard told_of_document(const Services& services) {
  return [link_base = services.settings.link_base](SqlSession& session,
                                                   const ReferenceRow& row) -> std::optional<ReferenceRefusal> {
    tell(session, row.owner.value_or(Uuid{}), document_created(document_news_of(row), link_base));
    return std::nullopt;
  };
}

/// What was approved was another document.
void document_must_be_reviewed_again(ReferenceValues& values) {
  values.emplace_back("status", "pending");
  values.emplace_back("note", "");
}

struct Verdict {
  std::string status{};
  std::string note{};
};

ReferenceGuard told_of_verdict(const Services& services, Verdict verdict) {
  return [link_base = services.settings.link_base, verdict = std::move(verdict)](
             SqlSession& session, const ReferenceRow& row) -> std::optional<ReferenceRefusal> {
    DocumentNews news = document_news_of(row);
    const bool is_new = news.status != verdict.status || news.note != verdict.note;
    news.status = verdict.status;
    news.note = verdict.note;
    if (is_new)
      tell(session, row.owner.value_or(Uuid{}), document_status(news, link_base));
    return std::nullopt;
  };
}

Read<Verdict> read_verdict(std::string_view body, std::span<const std::string_view> statuses, bool has_note) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"status", "note"}, errors);
  Verdict verdict{.status = fields.word("status")};
  if (errors.empty() && std::ranges::find(statuses, verdict.status) == statuses.end())
    fields.fault("status", "invalid_field", "It is not one of the statuses that can be given.");
  verdict.note = fields.free_text("note", longest_description);
  if (!has_note && fields.optional("note") != nullptr)
    fields.fault("note", "unknown_field", "This route does not know the field.");
  return value_or_errors(std::move(verdict), std::move(errors));
}

}  // namespace

const Resource merchant_resource{
    .table = merchant_table,
    .path = "/v1/merchants",
    .absent = "merchant_not_found",
    .fields = merchant_fields,
    .filters = merchant_filters,
    .owner_column = "user_id",
    .with_creation = told_of_merchant,
    .named_by_money = merchants_with_money,
};

const Resource document_resource{
    .table = merchant_document_table,
    .path = "/v1/merchant-documents",
    .absent = "document_not_found",
    .fields = document_fields,
    .filters = document_filters,
    .with_change = document_must_be_reviewed_again,
    .with_creation = told_of_document,
};

namespace routes {

void create_merchant(Services& services, const ExchangePtr& exchange) {
  auto values = read_fields(merchant_resource, exchange->request.body, true);
  if (!values)
    return refuse(exchange, values.error());
  if (!take_owner(exchange, merchant_resource, *values))
    return;
  const auto id_of = [&](std::string_view column) {
    const auto found = std::ranges::find(*values, column, &ReferenceValues::value_type::first);
    return found == values->end() ? Uuid{} : parse_uuid(found->second.value_or("")).value_or(Uuid{});
  };
  with_wallet_of(services, exchange, {id_of("wallet_id")}, {id_of("user_id")}, [&services, exchange, values = *values] {
    create_row(services, exchange, merchant_resource, values);
  });
}

void review_merchant(Services& services, const ExchangePtr& exchange) {
  const auto verdict = read_verdict(exchange->request.body, merchant_statuses, false);
  if (!verdict)
    return refuse(exchange, verdict.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_store(
      services, exchange, merchant_resource,
      [id = *id, status = verdict->status, act = act_of(*exchange),
       guard = all_of({transition_to(verdict->status), told_of_status(services, verdict->status)})](
          ReferenceStore& store) { return store.change(id, {{"status", status}}, {}, "review", act, guard); });
}

void review_document(Services& services, const ExchangePtr& exchange) {
  const auto verdict = read_verdict(exchange->request.body, document_statuses, true);
  if (!verdict)
    return refuse(exchange, verdict.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_store(services, exchange, document_resource,
                  [id = *id, verdict = *verdict, act = act_of(*exchange),
                   guard = told_of_verdict(services, *verdict)](ReferenceStore& store) {
                    return store.change(id, {{"status", verdict.status}, {"note", verdict.note}}, {}, "review", act,
                                        guard);
                  });
}

}  // namespace routes

}  // namespace dompet::http
