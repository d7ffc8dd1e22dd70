#include <utility>

#include "http/access/permissions.hpp"
#include "http/answers.hpp"
#include "http/reference/rights.hpp"
#include "http/reference/routes.hpp"
#include "persistence/user_rules.hpp"

namespace dompet::http {

namespace {

constexpr ReferenceField fields[]{
    {.name = "name", .form = FieldForm::name, .given = Given::always, .most = 50},
    {.name = "permissions", .form = FieldForm::permissions, .given = Given::always},
    {.name = "is_protected", .form = FieldForm::truth},
};

ReferenceGuard guard(const Exchange& exchange, Deed deed) {
  if (deed == Deed::change)
    return role_may_be_touched(rights_of(exchange));
  return all_of({role_may_be_touched(rights_of(exchange)), its_users_begin_anew()});
}

std::optional<std::string> name_in(const ReferenceValues& values) {
  for (const auto& [column, value] : values)
    if (column == "name")
      return value;
  return std::nullopt;
}

std::vector<std::string> permissions_of(const JsonValue& body) {
  std::vector<std::string> names;
  if (const JsonValue* list = body.find("permissions"))
    for (const JsonValue& item : list->items)
      names.push_back(item.text);
  return names;
}

/// The body's columns, unless they give more than the caller has; refused then.
std::optional<ReferenceValues> read_role(const ExchangePtr& exchange, bool is_creation) {
  const auto object = read_object(exchange->request.body);
  const auto values = object ? read_fields(role_resource, *object, is_creation)
                             : Read<ReferenceValues>(std::unexpected(object.error()));
  if (!values) {
    refuse(exchange, values.error());
    return std::nullopt;
  }
  if (!rights_of(*exchange)(permissions_of(*object))) {
    refuse(exchange, {.code = "forbidden", .detail = "A role gives no permission that you have not."});
    return std::nullopt;
  }
  return *values;
}

}  // namespace

const Resource role_resource{
    .table = role_table,
    .path = "/v1/roles",
    .absent = "role_not_found",
    .fields = fields,
    .is_kept_by_staff = true,
    .guard = guard,
};

namespace routes {

void create_role(Services& services, const ExchangePtr& exchange) {
  if (auto values = read_role(exchange, true))
    create_row(services, exchange, role_resource, std::move(*values));
}

void change_role(Services& services, const ExchangePtr& exchange) {
  const auto values = read_role(exchange, false);
  if (!values)
    return;
  const auto id = captured_id(exchange);
  if (!id)
    return;
  ReferenceGuard may = guard(*exchange, Deed::change);
  if (const auto name = name_in(*values))
    may = all_of({std::move(may), its_users_begin_anew(name)});
  answer_by_store(services, exchange, role_resource,
                  [id = *id, values = *values, act = act_of(*exchange), may = std::move(may)](ReferenceStore& store) {
                    return store.change(id, values, {}, "change", act, may);
                  });
}

void list_permissions(Services&, const ExchangePtr& exchange) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("data").begin_array();
  for (const Permission& permission : all_permissions()) {
    json.begin_object().plain("name", permission.name).key("has_owner").truth(!permission.for_all);
    json.member("allows", permission.allows).end_object();
  }
  json.end_array().key("next_cursor").null().end_object();
  exchange->answer(json_response(std::move(text)));
}

}  // namespace routes

}  // namespace dompet::http
