#include <utility>

#include "http/answers.hpp"
#include "http/list.hpp"
#include "http/query.hpp"
#include "http/reference/field.hpp"
#include "http/reference/resource.hpp"

namespace dompet::http {

namespace {

/// More than any name has; longer terms find nothing and cost much.
constexpr std::size_t longest_search = 100;

TrashState state_of(QueryParameters& parameters) {
  const std::string state = parameters.choice("state", {"active", "trashed", "all"});
  if (state == "trashed")
    return TrashState::trashed;
  return state == "all" ? TrashState::all : TrashState::active;
}

std::string search_of(QueryParameters& parameters) {
  std::string search = parameters.text("search").value_or("");
  if (search.size() > longest_search || search.contains('\0'))
    parameters.fault("search", "A text of at most " + std::to_string(longest_search) + " bytes.");
  return search;
}

std::vector<std::string_view> known_parameters(const Resource& resource) {
  std::vector<std::string_view> known{"limit", "cursor", "state", "search"};
  for (const ReferenceField& filter : resource.filters)
    known.push_back(filter.name);
  return known;
}

void read_filters(const Resource& resource, QueryParameters& parameters, ReferenceQuery& query) {
  for (const ReferenceField& filter : resource.filters) {
    const auto text = parameters.text(filter.name);
    if (!text)
      continue;
    const auto value = column_value_of(filter, {.kind = JsonValue::Kind::text, .text = *text});
    if (value)
      query.equal.emplace_back(filter.column_name(), *value);
    else
      parameters.fault(filter.name, value.error().detail,
                       value.error().code == "invalid_id" ? "invalid_id" : "invalid_parameter");
  }
}

void need_no_body(const ExchangePtr& exchange, const std::function<void()>& go_on) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  go_on();
}

/// Does what must be done elsewhere first, then `then`.
void after_preparation(Services& services, const ExchangePtr& exchange, const Resource& resource, Deed deed,
                       std::function<void()> then) {
  if (resource.before == nullptr)
    return then();
  with_row(services, exchange, resource,
           [&services, exchange, &resource, deed, then = std::move(then)](const ReferenceRow& row) mutable {
             resource.before(services, exchange, deed, row, std::move(then));
           });
}

}  // namespace

void list_rows(Services& services, const ExchangePtr& exchange, const Resource& resource) {
  QueryParameters parameters(exchange->request.query, known_parameters(resource));
  ReferenceQuery query{.state = state_of(parameters), .search = search_of(parameters), .owner = owner_of(*exchange)};
  read_filters(resource, parameters, query);
  const auto page = read_page(parameters, resource.path);
  if (!page)
    return refuse(exchange, page.error());
  query.limit = page->limit + 1;
  if (page->after)
    query.before = page->after->id;
  answer_by_query(services, exchange, [&resource, query, page = *page](Reader& reader, const HttpRequest&) {
    return render_list(
        page, ReferenceStore(reader, resource.table).list(query),
        [&resource](JsonWriter& json, const ReferenceRow& row) {
          json.begin_object();
          append_members(json, resource, row);
          json.end_object();
        },
        [](const ReferenceRow& row) { return Position{row.id, 0}; });
  });
}

void read_row(Services& services, const ExchangePtr& exchange, const Resource& resource) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange,
                  [&resource, id = *id, owner = owner_of(*exchange)](Reader& reader, const HttpRequest& request) {
                    const auto row = ReferenceStore(reader, resource.table).find(id, owner);
                    if (!row)
                      return respond({.code = resource.absent}, request);
                    return json_response(render_row(resource, *row));
                  });
}

void make_row(Services& services, const ExchangePtr& exchange, const Resource& resource) {
  if (resource.is_kept_by_staff && !is_for_staff(exchange))
    return;
  auto values = read_fields(resource, exchange->request.body, true);
  if (!values)
    return refuse(exchange, values.error());
  if (take_owner(exchange, resource, *values))
    create_row(services, exchange, resource, std::move(*values));
}

void change_row(Services& services, const ExchangePtr& exchange, const Resource& resource) {
  auto values = read_fields(resource, exchange->request.body, false);
  if (!values)
    return refuse(exchange, values.error());
  if (resource.with_change != nullptr)
    resource.with_change(*values);
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_store(services, exchange, resource,
                  [id = *id, values = *values, owner = owner_of(*exchange), act = act_of(*exchange),
                   guard = guard_of(resource, *exchange, Deed::change)](ReferenceStore& store) {
                    return store.change(id, values, owner, "change", act, guard);
                  });
}

void trash_row(Services& services, const ExchangePtr& exchange, const Resource& resource) {
  const auto id = captured_id(exchange);
  if (!id || (resource.is_kept_by_staff && !is_for_staff(exchange)))
    return;
  after_preparation(services, exchange, resource, Deed::trash, [&services, exchange, &resource, id = *id] {
    answer_by_store(services, exchange, resource,
                    [id, owner = owner_of(*exchange), act = act_of(*exchange),
                     guard = guard_of(resource, *exchange, Deed::trash)](ReferenceStore& store) {
                      return store.trash(id, owner, act, guard);
                    });
  });
}

void restore_row(Services& services, const ExchangePtr& exchange, const Resource& resource) {
  const auto id = captured_id(exchange);
  if (!id || (resource.is_kept_by_staff && !is_for_staff(exchange)))
    return;
  need_no_body(exchange, [&services, exchange, &resource, id = *id] {
    after_preparation(services, exchange, resource, Deed::restore, [&services, exchange, &resource, id] {
      answer_by_store(services, exchange, resource,
                      [id, owner = owner_of(*exchange), act = act_of(*exchange),
                       guard = guard_of(resource, *exchange, Deed::restore)](ReferenceStore& store) {
                        return store.restore(id, owner, act, guard);
                      });
    });
  });
}

}  // namespace dompet::http
