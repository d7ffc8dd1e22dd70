#include "http/saga_body.hpp"

#include <utility>

#include "http/body_fields.hpp"
#include "http/saga_query.hpp"

namespace dompet::http {

namespace {

std::string read_who(BodyFields& fields) {
  return fields.optional("who") == nullptr ? std::string{} : fields.free_text("who", longest_who);
}

std::optional<std::string> read_mark(BodyFields& fields, std::string_view name) {
  if (fields.optional(name) == nullptr)
    return std::nullopt;
  return fields.free_text(name, longest_who);
}

/// The member `filter` as a query; empty for all.
std::string read_filter(BodyFields& fields, bool required) {
  const JsonValue* filter = fields.optional("filter");
  if (filter == nullptr) {
    if (required)
      fields.fault("filter", "missing_field", "The field is required.");
    return {};
  }
  const auto query = filter->kind == JsonValue::Kind::object ? query_of_filter(*filter) : std::nullopt;
  if (!query || query->size() > longest_saga_filter) {
    fields.fault("filter", "invalid_field", "An object with the filters of GET /v1/sagas, each a text or a number.");
    return {};
  }
  return *query;
}

bool read_truth(BodyFields& fields, std::string_view name, bool otherwise) {
  const JsonValue* value = fields.optional(name);
  if (value == nullptr)
    return otherwise;
  if (value->kind != JsonValue::Kind::truth)
    fields.fault(name, "invalid_field", "True or false.");
  return value->truth;
}

int read_rate(BodyFields& fields, int otherwise) {
  const JsonValue* value = fields.optional("rate_per_s");
  if (value == nullptr)
    return otherwise;
  if (value->kind == JsonValue::Kind::integer && value->integer >= 1 && value->integer <= most_orders_per_s)
    return static_cast<int>(value->integer);
  fields.fault("rate_per_s", "invalid_field", "A whole number from 1 to " + std::to_string(most_orders_per_s) + ".");
  return otherwise;
}

SagaOrder read_action(BodyFields& fields) {
  constexpr std::pair<std::string_view, SagaOrder> known[]{{"retry", SagaOrder::retry},
                                                           {"cancel", SagaOrder::cancel},
                                                           {"pause", SagaOrder::pause},
                                                           {"resume", SagaOrder::resume}};
  const std::string action = fields.word("action");
  for (const auto& [name, order] : known)
    if (name == action)
      return order;
  if (!action.empty())
    fields.fault("action", "invalid_field", "One of retry, cancel, pause, resume.");
  return SagaOrder::retry;
}

}  // namespace

Read<OrderBody> read_order(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"reason", "who"}, errors);
  OrderBody order;
  order.why = fields.name("reason", longest_reason);
  order.who = read_who(fields);
  return value_or_errors(std::move(order), std::move(errors));
}

Read<NoteBody> read_note(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"text", "label", "assignee", "who"}, errors);
  NoteBody note;
  note.text = fields.free_text("text", longest_note);
  if (note.text.empty())
    fields.fault("text", "missing_field", "A text of at most " + std::to_string(longest_note) + " characters.");
  note.who = read_who(fields);
  note.label = read_mark(fields, "label");
  note.assignee = read_mark(fields, "assignee");
  return value_or_errors(std::move(note), std::move(errors));
}

Read<BulkOrderBody> read_bulk_order(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"filter", "action", "dry_run", "reason", "who", "rate_per_s"}, errors);
  BulkOrderBody order;
  order.filter = read_filter(fields, true);
  order.order = read_action(fields);
  order.dry_run = read_truth(fields, "dry_run", order.dry_run);
  order.why = order.dry_run ? fields.free_text("reason", longest_reason) : fields.name("reason", longest_reason);
  order.who = read_who(fields);
  order.rate_per_s = read_rate(fields, order.rate_per_s);
  return value_or_errors(std::move(order), std::move(errors));
}

Read<ViewBody> read_view(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"filter"}, errors);
  ViewBody view;
  view.query = read_filter(fields, true);
  if (const JsonValue* filter = object->find("filter"))
    append_canonical(view.filter, *filter);
  return value_or_errors(std::move(view), std::move(errors));
}

Read<std::string> read_move(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"to"}, errors);
  std::string to = fields.name("to", longest_who);
  return value_or_errors(std::move(to), std::move(errors));
}

}  // namespace dompet::http
