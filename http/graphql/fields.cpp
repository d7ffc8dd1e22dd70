#include "http/graphql/fields.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include "http/graphql/json_value.hpp"
#include "http/graphql/visit.hpp"

namespace dompet::http {

using graphql::Answered;
using graphql::Resolved;
using graphql::Value;

Value member_of(const Value& source, std::string_view path) {
  const Value* value = &source;
  while (!path.empty() && value != nullptr) {
    const std::size_t point = path.find('.');
    value = value->find(path.substr(0, point));
    path.remove_prefix(point == path.npos ? path.size() : point + 1);
  }
  return value == nullptr ? Value{} : *value;
}

namespace {

/// Arguments that are not part of a body or a query: they are said otherwise.
bool is_spoken_for(std::string_view target, std::string_view argument) {
  return argument == "idempotencyKey" || argument == "first" || argument == "after" ||
         target.find("{" + std::string{argument} + "}") != target.npos;
}

/// The target with its places filled in, percent-encoded. Nothing when a member is null: then there is no such thing.
std::optional<std::string> path_for(std::string_view target, const Asked& asked) {
  std::string path;
  while (!target.empty()) {
    const std::size_t open = target.find('{');
    path += target.substr(0, open);
    if (open == target.npos)
      break;
    const std::size_t close = target.find('}');
    const std::string_view name = target.substr(open + 1, close - open - 1);
    const Value value =
        name.starts_with('.') ? member_of(asked.source, name.substr(1)) : member_of(asked.arguments, name);
    if (value.is_null())
      return std::nullopt;
    path += percent_encoded(value.text);
    target.remove_prefix(close + 1);
  }
  return path;
}

Value body_for(const FieldRow& row, const Visit& visit, const Asked& asked) {
  if (const Value* input = asked.find("input"))
    return body_of(visit.schema(), *input, asked.field->find("input")->type);
  Value body = Value::of_object();
  for (const auto& [name, value] : asked.arguments.members)
    if (!value.is_null() && !is_spoken_for(row.target, name))
      body.set(snake_case(name), body_of(visit.schema(), value, asked.field->find(name)->type));
  return body;
}

std::string query_of(std::string_view target, const Asked& asked) {
  std::string query;
  for (const auto& [name, value] : asked.arguments.members)
    if (!value.is_null() && !is_spoken_for(target, name))
      (((query += '&') += snake_case(name)) += '=') += percent_encoded(value.text);
  return query;
}

// --- Connections ---------------------------------------------------------------------------------------------------

/// The cursor of an edge: the page's own, and how many of the page come before it goes on. A page's end has the list's
/// own cursor.
struct Cursor {
  std::string page{};
  std::int64_t skipped = 0;
};

constexpr char skip_sign = '~';
constexpr std::int64_t longest_page = 200;
constexpr std::int64_t usual_page = 50;

Cursor cursor_of(const std::string& text) {
  Cursor cursor{.page = text};
  const std::size_t mark = text.rfind(skip_sign);
  std::int64_t skipped = 0;
  if (mark != text.npos &&
      std::from_chars(text.data() + mark + 1, text.data() + text.size(), skipped).ptr == text.data() + text.size() &&
      skipped > 0 && skipped <= longest_page)
    cursor = {text.substr(0, mark), skipped};
  return cursor;
}

/// A page of a list as a connection.
Value connection_of(Value page, const Cursor& cursor) {
  Value* given = page.find("data");
  std::vector<Value> items = given == nullptr ? std::vector<Value>{} : std::move(given->items);
  const Value* next = page.find("next_cursor");
  const bool has_next = next != nullptr && !next->is_null();
  std::vector<Value> edges;
  std::vector<Value> nodes;
  for (std::size_t i = static_cast<std::size_t>(cursor.skipped); i < items.size(); ++i) {
    const bool is_end = i + 1 == items.size() && has_next;
    const std::string own = is_end ? next->text : cursor.page + skip_sign + std::to_string(i + 1);
    nodes.push_back(items[i]);
    edges.push_back(Value::of_object({{"node", std::move(items[i])}, {"cursor", Value::of_text(own)}}));
  }
  Value info = Value::of_object({{"has_next_page", Value::of_truth(has_next)},
                                 {"has_previous_page", Value::of_truth(false)},
                                 {"start_cursor", edges.empty() ? Value{} : *edges.front().find("cursor")},
                                 {"end_cursor", edges.empty() ? Value{} : *edges.back().find("cursor")}});
  return Value::of_object({{"edges", Value::of_list(std::move(edges))},
                           {"nodes", Value::of_list(std::move(nodes))},
                           {"page_info", std::move(info)}});
}

void serve_list(const FieldRow& row, const VisitPtr& visit, const Asked& asked, Answered done) {
  const Cursor cursor = cursor_of(asked.text("after"));
  std::int64_t wanted = usual_page;
  if (const Value* first = asked.find("first"))
    std::from_chars(first->text.data(), first->text.data() + first->text.size(), wanted);
  // What is too small or too large the route itself refuses.
  const bool is_fit = wanted >= 1 && wanted <= longest_page;
  const std::int64_t limit = is_fit ? std::min(wanted + cursor.skipped, longest_page) : wanted;
  std::string path = path_for(row.target, asked).value_or("");
  path += std::string_view{row.target}.contains('?') ? '&' : '?';
  path += "limit=" + std::to_string(limit);
  if (!cursor.page.empty())
    path += "&cursor=" + percent_encoded(cursor.page);
  path += query_of(row.target, asked);
  visit->get(std::move(path), [cursor, done = std::move(done)](Resolved page) {
    done(page ? Resolved{connection_of(*std::move(page), cursor)} : std::move(page));
  });
}

// --- Things and orders ----------------------------------------------------------------------------------------------

bool is_not_seen(const graphql::Fault& fault) {
  const Value* status = fault.extensions.find("status");
  return status != nullptr && (status->text == "404" || status->text == "403");
}

void serve_thing(const FieldRow& row, const VisitPtr& visit, const Asked& asked, Answered done) {
  auto path = path_for(row.target, asked);
  if (!path)
    return done(Value{});
  const bool is_quiet = row.how == FieldRow::How::thing_if_seen;
  visit->get(*std::move(path), [is_quiet, done = std::move(done)](Resolved thing) {
    done(!thing && is_quiet && is_not_seen(thing.error()) ? Resolved{Value{}} : std::move(thing));
  });
}

void serve_order(const FieldRow& row, const VisitPtr& visit, const Asked& asked, Answered done) {
  const bool is_money = row.how == FieldRow::How::money;
  visit->post(path_for(row.target, asked).value_or(""), body_for(row, *visit, asked),
              is_money ? visit->key_of(asked) : std::string{}, std::move(done));
}

}  // namespace

void serve(const FieldRow& row, const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  switch (row.how) {
    case FieldRow::How::thing:
    case FieldRow::How::thing_if_seen: return serve_thing(row, visit, *asked, std::move(done));
    case FieldRow::How::list: return serve_list(row, visit, *asked, std::move(done));
    case FieldRow::How::order:
    case FieldRow::How::money: return serve_order(row, visit, *asked, std::move(done));
    default: return row.own(visit, asked, std::move(done));
  }
}

}  // namespace dompet::http
