#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "http/json.hpp"
#include "http/reference/resource.hpp"

namespace dompet::http {

/// What is wrong with a member.
struct FieldFault {
  std::string_view code;
  std::string detail;
};

/// What a client said becomes what the column is written with.
std::expected<std::string, FieldFault> column_value_of(const ReferenceField& field, const JsonValue& value);

/// A member of an answer.
void append_field(JsonWriter& json, const ReferenceField& field, const std::optional<std::string>& column);

}  // namespace dompet::http
