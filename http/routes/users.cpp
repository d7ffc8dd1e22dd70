#include <utility>

#include "http/answers.hpp"
#include "http/body_fields.hpp"
#include "http/errand.hpp"
#include "http/identity_body.hpp"
#include "http/mailed_code.hpp"
#include "http/reference/rights.hpp"
#include "http/reference/routes.hpp"
#include "persistence/money_references.hpp"
#include "persistence/passwords.hpp"
#include "persistence/user_rules.hpp"

namespace dompet::http {

namespace {

constexpr ReferenceField fields[]{
    {.name = "username", .form = FieldForm::username, .given = Given::always},
    {.name = "first_name", .form = FieldForm::name, .given = Given::always},
    {.name = "last_name", .form = FieldForm::name, .given = Given::always},
    {.name = "email", .form = FieldForm::email, .given = Given::always},
    {.name = "email_verified", .form = FieldForm::truth, .column = "email_verified_at"},
    {.name = "status"},
    {.name = "roles", .form = FieldForm::json},
};
constexpr std::string_view statuses[]{"active", "locked"};
constexpr ReferenceField filters[]{
    {.name = "status", .form = FieldForm::choice, .choices = statuses},
};

/// Everybody keeps his own row; whoever keeps others' may not be below them.
ReferenceGuard guard(const Exchange& exchange, Deed deed) {
  if (exchange.grant != Grant::any)
    return {};
  if (deed == Deed::trash)
    return all_of({not_above(rights_of(exchange)), an_administrator_stays()});
  return not_above(rights_of(exchange));
}

std::optional<std::string> email_in(const ReferenceValues& values) {
  for (const auto& [column, value] : values)
    if (column == "email")
      return value;
  return std::nullopt;
}

/// Takes a member out of an object.
JsonValue taken(JsonValue& object, std::string_view name) {
  for (auto member = object.members.begin(); member != object.members.end(); ++member)
    if (member->first == name) {
      JsonValue value = std::move(member->second);
      object.members.erase(member);
      return value;
    }
  return {};
}

Read<std::vector<std::string>> read_roles(const JsonValue& list) {
  constexpr std::size_t most_roles = 20;
  const FieldError fault{"roles", "invalid_field", "A list of names of roles."};
  if (list.kind != JsonValue::Kind::array || list.items.size() > most_roles)
    return std::unexpected(invalid({fault}));
  std::vector<std::string> roles;
  for (const JsonValue& item : list.items) {
    if (item.kind != JsonValue::Kind::text || item.text.contains('\0'))
      return std::unexpected(invalid({fault}));
    roles.push_back(item.text);
  }
  return roles;
}

struct NewUserBody {
  ReferenceValues values{};
  std::string password{};
  std::vector<std::string> roles{"customer"};
};

Read<NewUserBody> read_new_user(std::string_view body) {
  auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  const JsonValue password = taken(*object, "password");
  const JsonValue roles = taken(*object, "roles");
  NewUserBody read;
  if (roles.kind != JsonValue::Kind::null) {
    auto names = read_roles(roles);
    if (!names)
      return std::unexpected(names.error());
    read.roles = std::move(*names);
  }
  auto values = read_fields(user_resource, *object, true);
  if (!values)
    return std::unexpected(values.error());
  read.values = std::move(*values);
  if (password.kind != JsonValue::Kind::text)
    return std::unexpected(invalid({{"password", "missing_field", "The field is required."}}));
  if (const auto fault = fault_of_password(password.text))
    return std::unexpected(invalid({{"password", "invalid_field", *fault}}));
  read.password = password.text;
  return read;
}

void set_status(Services& services, const ExchangePtr& exchange, const char* status, const char* deed) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  const auto id = captured_id(exchange);
  if (!id || !is_for_staff(exchange))
    return;
  const bool locks = std::string_view{status} == "locked";
  answer_by_store(services, exchange, user_resource,
                  [id = *id, status, deed, act = act_of(*exchange),
                   guard = locks ? all_of({not_above(rights_of(*exchange)), an_administrator_stays()})
                                 : not_above(rights_of(*exchange))](ReferenceStore& store) {
                    return store.change(id, {{"status", status}}, {}, deed, act, guard);
                  });
}

}  // namespace

const Resource user_resource{
    .table = user_table,
    .path = "/v1/users",
    .absent = "user_not_found",
    .fields = fields,
    .filters = filters,
    .is_kept_by_staff = true,
    .guard = guard,
    .named_by_money = users_with_wallets,
};

namespace routes {

void create_user(Services& services, const ExchangePtr& exchange) {
  if (!is_for_staff(exchange))
    return;
  auto body = read_new_user(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  const auto errand = Errand::begin(services, exchange);
  errand->hash([errand, body = std::move(*body), id = exchange->request.id, act = act_of(*exchange),
                rights = rights_of(*exchange)]() mutable {
    body.values.emplace_back("password_hash", hash_password(body.password));
    errand->query([errand, body, id, act, rights](Reader& reader) {
      const auto code = welcome_for(email_in(body.values).value(), errand->services().settings);
      const auto made = ReferenceStore(reader, user_table)
                            .create(id, body.values, {}, act, all_of({with_roles(body.roles, rights), is_sent(code)}));
      errand->answer(response_of(user_resource, made, errand->request(), 201));
    });
  });
}

void change_user(Services& services, const ExchangePtr& exchange) {
  auto values = read_fields(user_resource, exchange->request.body, false);
  if (!values)
    return refuse(exchange, values.error());
  const auto id = captured_id(exchange);
  if (!id)
    return;
  std::vector<ReferenceGuard> guards;
  if (auto may = guard_of(user_resource, *exchange, Deed::change))
    guards.push_back(std::move(may));
  if (const auto email = email_in(*values))
    guards.push_back(verifies_anew(verification_for(*email, services.settings)));
  answer_by_store(services, exchange, user_resource,
                  [id = *id, values = *values, owner = owner_of(*exchange), act = act_of(*exchange),
                   guard = all_of(std::move(guards))](ReferenceStore& store) {
                    return store.change(id, values, owner, "change", act, guard);
                  });
}

void change_user_roles(Services& services, const ExchangePtr& exchange) {
  const auto object = read_object(exchange->request.body);
  if (!object)
    return refuse(exchange, object.error());
  std::vector<FieldError> errors;
  BodyFields body(*object, {"roles"}, errors);
  const JsonValue* list = body.optional("roles");
  auto roles = read_roles(list == nullptr ? JsonValue{} : *list);
  if (!errors.empty())
    return refuse(exchange, invalid(std::move(errors)));
  if (!roles)
    return refuse(exchange, roles.error());
  const auto id = captured_id(exchange);
  if (!id || !is_for_staff(exchange))
    return;
  answer_by_store(services, exchange, user_resource,
                  [id = *id, act = act_of(*exchange),
                   guard = all_of({not_above(rights_of(*exchange)), with_roles(*roles, rights_of(*exchange))})](
                      ReferenceStore& store) { return store.change(id, {}, {}, "roles", act, guard); });
}

void lock_user(Services& services, const ExchangePtr& exchange) { set_status(services, exchange, "locked", "lock"); }
void unlock_user(Services& services, const ExchangePtr& exchange) {
  set_status(services, exchange, "active", "unlock");
}

}  // namespace routes

}  // namespace dompet::http
