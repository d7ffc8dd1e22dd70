#include <algorithm>
#include <string>
#include <vector>

#include "http/answers.hpp"
#include "http/body_fields.hpp"
#include "http/list.hpp"
#include "http/query.hpp"
#include "http/reference/resource.hpp"
#include "http/routes.hpp"
#include "http/timestamp.hpp"
#include "notices/kinds.hpp"
#include "persistence/mail_store.hpp"

namespace dompet::http::routes {

namespace {

constexpr std::size_t longest_address = 254;

std::string_view name_of(MailState state) {
  switch (state) {
    case MailState::waiting: return "waiting";
    case MailState::sent: return "sent";
    case MailState::failed: break;
  }
  return "failed";
}

MailQuery read_query(QueryParameters& parameters) {
  MailQuery query;
  const std::string state = parameters.choice("state", {"waiting", "sent", "failed"});
  for (const MailState one : {MailState::waiting, MailState::sent, MailState::failed})
    if (name_of(one) == state)
      query.state = one;
  query.kind = parameters.text("kind").value_or("");
  if (!query.kind.empty() && std::ranges::find(notice_kinds(), query.kind, &NoticeKind::name) == notice_kinds().end())
    parameters.fault("kind", "There are no mails of this kind.");
  query.recipient = parameters.text("recipient").value_or("");
  if (query.recipient.size() > longest_address || query.recipient.contains('\0'))
    parameters.fault("recipient", "A whole mail address.");
  return query;
}

void append_mail(JsonWriter& json, const MailListing& mail) {
  json.begin_object().plain("id", to_string(mail.id)).plain("kind", mail.kind).member("recipient", mail.recipient);
  json.member("subject", mail.subject).plain("state", name_of(mail.state)).key("attempts").number(mail.attempts);
  json.key("error");
  mail.error.empty() ? json.null() : json.text(mail.error);
  json.plain("created_at", format_time(mail.created_at_ms)).plain("at", format_time(mail.at_ms)).end_object();
}

/// Every switch with whether it is on.
HttpResponse render_switches(const std::vector<std::string>& off) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  for (const NoticeSwitch& one : notice_switches())
    json.key(one.name).truth(std::ranges::find(off, one.name) == off.end());
  json.end_object();
  return json_response(std::move(text));
}

struct Switches {
  std::vector<std::string> off{};
  std::vector<std::string> on{};
};

Read<Switches> read_switches(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  Switches wanted;
  std::vector<FieldError> errors;
  for (const auto& [name, value] : object->members) {
    if (std::ranges::find(notice_switches(), name, &NoticeSwitch::name) == notice_switches().end())
      errors.push_back({name, "unknown_field", "There are no such notices, or they cannot be switched off."});
    else if (value.kind != JsonValue::Kind::truth)
      errors.push_back({name, "invalid_field", "true or false."});
    else
      (value.truth ? wanted.on : wanted.off).push_back(name);
  }
  if (object->members.empty())
    return std::unexpected(Problem{.code = "missing_field", .detail = "A change names what it changes."});
  return value_or_errors(std::move(wanted), std::move(errors));
}

}  // namespace

void list_mails(Services& services, const ExchangePtr& exchange) {
  QueryParameters parameters(exchange->request.query, {"limit", "cursor", "state", "kind", "recipient"});
  MailQuery query = read_query(parameters);
  const auto page = read_page_by_id(parameters, "/v1/mails", query);
  if (!page)
    return refuse(exchange, page.error());
  answer_by_query(services, exchange, [query, page = *page](Reader& reader, const HttpRequest&) {
    return render_list(page, MailStore(reader.session()).list(query), append_mail,
                       [](const MailListing& mail) { return Position{mail.id, 0}; });
  });
}

void retry_mail(Services& services, const ExchangePtr& exchange) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange, [id = *id, act = act_of(*exchange)](Reader& reader, const HttpRequest& request) {
    switch (MailStore(reader.session()).try_again(id, act)) {
      case MailStore::Again::is_due: return json_response("{}", 202);
      case MailStore::Again::absent: return respond({.code = "mail_not_found"}, request);
      case MailStore::Again::cannot: break;
    }
    return respond({.code = "mail_is_gone"}, request);
  });
}

void show_notices(Services& services, const ExchangePtr& exchange) {
  answer_by_query(services, exchange, [user = exchange->caller.user](Reader& reader, const HttpRequest& request) {
    const auto off = notices_off(reader.session(), user);
    return off ? render_switches(*off) : respond({.code = "invalid_token"}, request);
  });
}

void change_notices(Services& services, const ExchangePtr& exchange) {
  const auto wanted = read_switches(exchange->request.body);
  if (!wanted)
    return refuse(exchange, wanted.error());
  answer_by_query(services, exchange,
                  [user = exchange->caller.user, wanted = *wanted](Reader& reader, const HttpRequest& request) {
                    if (!switch_notices(reader.session(), user, wanted.off, wanted.on))
                      return respond({.code = "invalid_token"}, request);
                    return render_switches(notices_off(reader.session(), user).value_or(std::vector<std::string>{}));
                  });
}

}  // namespace dompet::http::routes
