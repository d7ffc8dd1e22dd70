#include "http/reference/resource.hpp"

#include <algorithm>
#include <utility>

#include "http/access/permissions.hpp"
#include "http/answers.hpp"
#include "http/reference/field.hpp"
#include "http/reference/pool.hpp"
#include "http/timestamp.hpp"
#include "persistence/codec.hpp"

namespace dompet::http {

namespace {

bool may_be_given(const ReferenceField& field, bool is_creation) {
  return field.given == Given::always || (field.given == Given::at_creation && is_creation);
}

std::string_view thing_not_found(const Resource& resource, std::string_view column) {
  for (const ReferenceParent& parent : resource.table.parents)
    if (parent.column == column)
      return parent.table == &user_table ? "user_not_found" : "merchant_not_found";
  return resource.absent;
}

}  // namespace

Read<ReferenceValues> read_fields(const Resource& resource, const JsonValue& object, bool is_creation) {
  std::vector<FieldError> errors;
  ReferenceValues values;
  for (const auto& [name, value] : object.members) {
    const auto field = std::ranges::find(resource.fields, name, &ReferenceField::name);
    if (field == resource.fields.end() || !may_be_given(*field, is_creation))
      errors.push_back({name, "unknown_field", "This route does not know the field."});
  }
  for (const ReferenceField& field : resource.fields) {
    const JsonValue* value = object.find(field.name);
    const bool is_there = value != nullptr && (value->kind != JsonValue::Kind::null || !is_creation);
    if (!may_be_given(field, is_creation))
      continue;
    if (!is_there && is_creation && field.required)
      errors.push_back({std::string{field.name}, "missing_field", "The field is required."});
    if (!is_there)
      continue;
    auto column = column_value_of(field, *value);
    if (column)
      values.emplace_back(field.column_name(), std::move(*column));
    else
      errors.push_back({std::string{field.name}, column.error().code, column.error().detail});
  }
  if (errors.empty() && values.empty() && !is_creation)
    return std::unexpected(Problem{.code = "missing_field", .detail = "A change names what it changes."});
  if (!errors.empty())
    return std::unexpected(invalid(std::move(errors)));
  return values;
}

Read<ReferenceValues> read_fields(const Resource& resource, std::string_view body, bool is_creation) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  return read_fields(resource, *object, is_creation);
}

void append_members(JsonWriter& json, const Resource& resource, const ReferenceRow& row) {
  json.plain("id", to_string(row.id));
  for (const ReferenceField& field : resource.fields)
    append_field(json, field, row.at(field.column_name()));
  json.plain("created_at", format_time(row.created_at_ms)).plain("updated_at", format_time(row.updated_at_ms));
  json.key("deleted_at");
  row.deleted_at_ms ? json.text(format_time(*row.deleted_at_ms)) : json.null();
}

std::string render_row(const Resource& resource, const ReferenceRow& row) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  append_members(json, resource, row);
  json.end_object();
  return text;
}

Act act_of(const Exchange& exchange, std::string why) {
  return {.actor = exchange.caller.user,
          .who = exchange.caller.name,
          .request_id = exchange.request.request_id,
          .why = std::move(why)};
}

std::optional<ReferenceOwner> owner_of(const Exchange& exchange) {
  if (exchange.grant == Grant::any)
    return std::nullopt;
  const Caller& caller = exchange.caller;
  const bool is_merchant = caller.kind == Caller::Kind::merchant;
  return ReferenceOwner{caller.user, is_merchant ? std::optional{caller.merchant} : std::nullopt};
}

bool is_for_staff(const ExchangePtr& exchange) {
  if (exchange->grant == Grant::any)
    return true;
  refuse(exchange, {.code = "forbidden", .detail = "Only who may do it for everybody may do it at all."});
  return false;
}

ReferenceGuard guard_of(const Resource& resource, const Exchange& exchange, Deed deed) {
  return resource.guard == nullptr ? ReferenceGuard{} : resource.guard(exchange, deed);
}

Problem problem_of(const Resource& resource, const ReferenceRefusal& refusal) {
  switch (refusal.fault) {
    case ReferenceFault::absent: return {.code = resource.absent};
    case ReferenceFault::taken:
      return {.code = "already_exists",
              .errors = {{std::string{refusal.column}, "already_exists", "Another one has this value."}}};
    case ReferenceFault::parent_absent: return {.code = thing_not_found(resource, refusal.column)};
    case ReferenceFault::in_trash: return {.code = "in_trash"};
    case ReferenceFault::not_in_trash: return {.code = "not_in_trash"};
    case ReferenceFault::still_referenced: return {.code = "still_referenced"};
    case ReferenceFault::refused: break;
  }
  return {.code = refusal.code, .detail = refusal.detail};
}

HttpResponse response_of(const Resource& resource, const ReferenceOutcome<ReferenceRow>& outcome,
                         const HttpRequest& request, int status) {
  if (!outcome)
    return respond(problem_of(resource, outcome.error()), request);
  HttpResponse response = json_response(render_row(resource, *outcome), status);
  if (status == 201)
    response.headers.emplace_back("Location", std::string{resource.path} + '/' + to_string(outcome->id));
  return response;
}

void answer_by_store(Services& services, const ExchangePtr& exchange, const Resource& resource, ReferenceWork work,
                     int status) {
  answer_by_query(services, exchange,
                  [&resource, work = std::move(work), status](Reader& reader, const HttpRequest& request) {
                    ReferenceStore store(reader, resource.table);
                    return response_of(resource, work(store), request, status);
                  });
}

void with_row(Services& services, const ExchangePtr& exchange, const Resource& resource,
              std::function<void(const ReferenceRow& row)> then) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  ask_pool<std::optional<ReferenceRow>>(
      services, exchange,
      [&resource, id = *id, owner = owner_of(*exchange)](Reader& reader) {
        return ReferenceStore(reader, resource.table).find(id, owner);
      },
      [exchange, &resource, then = std::move(then)](std::optional<ReferenceRow> row) {
        if (!row)
          return refuse(exchange, {.code = resource.absent});
        then(*row);
      });
}

bool take_owner(const ExchangePtr& exchange, const Resource& resource, ReferenceValues& values) {
  if (resource.owner_column.empty())
    return true;
  const std::string self = to_string(exchange->caller.user);
  const auto given = std::ranges::find(values, resource.owner_column, &ReferenceValues::value_type::first);
  if (given == values.end()) {
    values.emplace_back(resource.owner_column, self);
    return true;
  }
  if (exchange->grant == Grant::any || given->second == self)
    return true;
  refuse(exchange, {.code = "forbidden", .detail = "What is yours is made in your own name."});
  return false;
}

void create_row(Services& services, const ExchangePtr& exchange, const Resource& resource, ReferenceValues values) {
  answer_by_store(
      services, exchange, resource,
      [id = exchange->request.id, values = std::move(values), owner = owner_of(*exchange), act = act_of(*exchange),
       also = resource.with_creation == nullptr ? ReferenceGuard{} : resource.with_creation(services)](
          ReferenceStore& store) { return store.create(id, values, owner, act, also); },
      201);
}

}  // namespace dompet::http
