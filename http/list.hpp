#pragma once

#include <algorithm>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/answers.hpp"
#include "http/json.hpp"
#include "http/query.hpp"

namespace dompet::http {

/// A page as {"data": […], "next_cursor": …}. `rows` holds one more than the page when the list goes on. `append`
/// writes a row, `position_of` says where the list goes on behind it.
template <class Row, class Append, class PositionOf>
HttpResponse render_list(const Page& page, const std::vector<Row>& rows, const Append& append,
                         const PositionOf& position_of) {
  const std::size_t count = std::min(rows.size(), static_cast<std::size_t>(page.limit));
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("data").begin_array();
  for (std::size_t i = 0; i < count; ++i)
    append(json, rows[i]);
  json.end_array().key("next_cursor");
  if (rows.size() > count)
    json.text(write_cursor(page.filters, position_of(rows[count - 1])));
  else
    json.null();
  json.end_object();
  return json_response(std::move(text));
}

/// The page of a list that is kept by id alone: `query` gets one row more than the page, from behind its cursor on.
template <class Query>
std::expected<Page, Problem> read_page_by_id(QueryParameters& parameters, std::string_view path, Query& query) {
  auto page = read_page(parameters, path);
  if (!page)
    return page;
  query.limit = page->limit + 1;
  if (page->after)
    query.before = page->after->id;
  return page;
}

}  // namespace dompet::http
