#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "graphql/execute.hpp"

namespace dompet::graphql {

/// What a client sends.
struct Request {
  std::string_view text{};
  /// Empty when the document has one operation only.
  std::string operation{};
  /// An object, or null for none.
  Value variables{};
};

struct Rules {
  Limits limits{};
  /// Whether clients may ask for the schema.
  bool introspection = true;
};

/// Looks how much the variables are, reads the document, validates it, finds the operation, takes in its variables and
/// looks at its limits; or says everything that is wrong at the first of these steps that finds something. Nothing has
/// been carried out then.
std::expected<Prepared, std::vector<Fault>> prepare(const Schema& schema, const Request& request, const Rules& rules);

/// `{"errors": […], "data": …}` as section 7 of the specification has it; without `data` when nothing was carried out.
std::string json_of(const Answer& answer);
std::string json_of(const std::vector<Fault>& faults);

}  // namespace dompet::graphql
