#include "http/reference/field.hpp"

#include <algorithm>

#include "http/access/permissions.hpp"
#include "http/body_fields.hpp"
#include "http/identity_body.hpp"

namespace dompet::http {

namespace {

using Column = std::expected<std::string, FieldFault>;

std::unexpected<FieldFault> fault(std::string detail, std::string_view code = "invalid_field") {
  return std::unexpected(FieldFault{code, std::move(detail)});
}

bool is_control(char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F; }
bool is_letter_or_digit(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char letter) { return letter > 0x20 && letter < 0x7F; });
}

Column choice(const ReferenceField& field, const std::string& text) {
  if (std::ranges::find(field.choices, text) != field.choices.end())
    return text;
  std::string detail = "One of";
  for (const std::string_view possible : field.choices)
    (detail += possible == field.choices.front() ? " " : ", ") += possible;
  return fault(detail + ".");
}

Column id(const std::string& text) {
  const auto uuid = parse_uuid(text);
  if (!uuid || uuid->is_nil())
    return fault("An id is a UUID in canonical text form.", "invalid_id");
  return to_string(*uuid);
}

Column web_address(const ReferenceField& field, const std::string& text) {
  const std::string_view scheme = text.starts_with("https://") ? "https://" : "http://";
  const bool is_one = text.starts_with(scheme) && text.size() > scheme.size() && text.size() <= field.most &&
                      is_printable(text) && is_letter_or_digit(text[scheme.size()]);
  if (!is_one)
    return fault("An http or https address of at most " + std::to_string(field.most) + " characters.");
  return text;
}

/// What one function says for everybody.
Column judged(const std::string& text, std::optional<std::string> (*fault_of)(std::string_view)) {
  if (auto found = fault_of(text))
    return fault(std::move(*found));
  return text;
}

Column permissions(const JsonValue& value) {
  std::string list;
  JsonWriter json(list);
  json.begin_array();
  if (value.kind != JsonValue::Kind::array)
    return fault("A list of permissions; GET /v1/permissions has them.");
  for (const JsonValue& item : value.items) {
    if (item.kind != JsonValue::Kind::text || !is_grantable(item.text))
      return fault("GET /v1/permissions lists the permissions there are.", "unknown_permission");
    json.text(item.text);
  }
  json.end_array();
  return list;
}

Column text_of(const ReferenceField& field, const std::string& text) {
  const bool is_line = field.form == FieldForm::name;
  const bool has_control =
      std::ranges::any_of(text, [is_line](char letter) { return is_line ? is_control(letter) : letter == '\0'; });
  if (characters_in(text) > field.most || has_control || (is_line && text.empty()))
    return fault("A text of " + std::string{is_line ? "1 to " : "at most "} + std::to_string(field.most) +
                 " characters" + (is_line ? ", no control characters." : "."));
  return text;
}

}  // namespace

Column column_value_of(const ReferenceField& field, const JsonValue& value) {
  if (field.form == FieldForm::permissions)
    return permissions(value);
  if (field.form == FieldForm::note && value.kind == JsonValue::Kind::null)
    return "";
  if (value.kind != JsonValue::Kind::text)
    return fault("The field is a text.");
  switch (field.form) {
    case FieldForm::choice: return choice(field, value.text);
    case FieldForm::id: return id(value.text);
    case FieldForm::web_address: return web_address(field, value.text);
    case FieldForm::username: return judged(value.text, fault_of_username);
    case FieldForm::email: return judged(value.text, fault_of_email);
    default: return text_of(field, value.text);
  }
}

void append_field(JsonWriter& json, const ReferenceField& field, const std::optional<std::string>& column) {
  json.key(field.name);
  if (!column)
    json.null();
  else if (field.form == FieldForm::truth)
    json.truth(*column == "t" || *column == "true");
  else if (field.form == FieldForm::json || field.form == FieldForm::permissions)
    json.raw(*column);
  else
    json.text(*column);
}

}  // namespace dompet::http
