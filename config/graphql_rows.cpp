#include "config/setting_rows.hpp"

namespace dompet::rows {

void add_graphql(Rows& rows) {
  rows.push_back(
      boolean({"graphql", "enabled",
               "Whether /graphql is served. Its fields are requests to /v1 with their permissions, so it lets "
               "nobody do what he cannot do there."},
              [](auto& s) -> auto& { return s.http.graphql.enabled; }));
  rows.push_back(boolean({"graphql", "graphiql", "Whether /graphiql shows a page to write documents in."},
                         [](auto& s) -> auto& { return s.http.graphql.graphiql; }));
  rows.push_back(
      boolean({"graphql", "introspection",
               "Whether clients may ask for the schema, which the page and most tools do. What is not told is "
               "not protected by that."},
              [](auto& s) -> auto& { return s.http.graphql.introspection; }));
  rows.push_back(
      number({"graphql", "max_bytes",
              "The text of a document; longer ones are refused before they are read. As much again may be in its "
              "variables, and in the arguments of all its fields, a variable counted wherever it is used."},
             "bytes", 1'024, 1'048'576, [](auto& s) -> auto& { return s.http.graphql.max_bytes; }));
  rows.push_back(number({"graphql", "max_tokens",
                         "Names, signs and values in a document. Reading and validating one takes time of the io "
                         "thread in proportion."},
                        "tokens", 100, 50'000, [](auto& s) -> auto& { return s.http.graphql.max_tokens; }));
  rows.push_back(number({"graphql", "max_depth", "Fields in fields. Tools that ask for the schema need 15."}, "fields",
                        1, 64, [](auto& s) -> auto& { return s.http.graphql.max_depth; }));
  rows.push_back(number({"graphql", "max_fields",
                         "Fields of an operation, every alias and every use of a fragment counted, so that neither "
                         "multiplies."},
                        "fields", 10, 100'000, [](auto& s) -> auto& { return s.http.graphql.max_fields; }));
  rows.push_back(number({"graphql", "max_roots", "Fields at the root of an operation, each a request of its own."},
                        "fields", 1, 1'000, [](auto& s) -> auto& { return s.http.graphql.max_roots; }));
  rows.push_back(number({"graphql", "max_cost",
                         "What an answer may cost as far as it can be foreseen: one for a field, its @cost(weight) (10 "
                         "for a request), and what is in a list as often as the list may be long."},
                        "points", 100, 10'000'000, [](auto& s) -> auto& { return s.http.graphql.max_cost; }));
  rows.push_back(
      number({"graphql", "max_values",
              "Values in an answer, counted while it is made; one that would have more is answered with none. "
              "The whole schema needs about ten thousand."},
             "values", 1'000, 10'000'000, [](auto& s) -> auto& { return s.http.graphql.max_values; }));
  rows.push_back(number({"graphql", "requests_at_once",
                         "Requests of one document at work at the same time; the others wait for them, so that one "
                         "document leaves room for other clients."},
                        "requests", 1, 100, [](auto& s) -> auto& { return s.http.graphql.requests_at_once; }));
  rows.push_back(number({"graphql", "max_exchanged_bytes",
                         "What all requests of one document send and are answered, counted while it is carried out: "
                         "about what it may hold in memory."},
                        "bytes", 65'536, 1'073'741'824,
                        [](auto& s) -> auto& { return s.http.graphql.max_exchanged_bytes; }));
}

}  // namespace dompet::rows
