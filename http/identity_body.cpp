#include "http/identity_body.hpp"

#include <algorithm>
#include <utility>

#include "http/body_fields.hpp"

namespace dompet::http {

namespace {

/// A text that must be there and that `fault_of` has nothing against.
std::string judged(BodyFields& fields, std::string_view name,
                   std::optional<std::string> (*fault_of)(std::string_view)) {
  std::string text = fields.word(name);
  const JsonValue* sent = fields.optional(name);
  if (sent != nullptr && sent->kind == JsonValue::Kind::text)
    if (auto fault = fault_of(text))
      fields.fault(name, "invalid_field", std::move(*fault));
  return text;
}

bool is_control(char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F; }

}  // namespace

std::optional<std::string> fault_of_username(std::string_view username) {
  const auto fits = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '.' || letter == '_' || letter == '-';
  };
  if (username.size() >= 3 && username.size() <= 40 && std::ranges::all_of(username, fits))
    return std::nullopt;
  return "A username has 3 to 40 letters, digits, dots, dashes and underscores.";
}

std::optional<std::string> fault_of_email(std::string_view email) {
  const std::size_t at = email.find('@');
  const bool has_parts = at != email.npos && at > 0 && email.find('@', at + 1) == email.npos &&
                         !email.substr(at + 1).starts_with('.') && email.find('.', at + 2) != email.npos &&
                         !email.ends_with('.');
  const bool is_plain = std::ranges::none_of(
      email, [](char letter) { return static_cast<unsigned char>(letter) <= 0x20 || letter == 0x7F || letter == ','; });
  if (has_parts && is_plain && email.size() <= longest_email)
    return std::nullopt;
  return "This is not an e-mail address such as ani@example.com.";
}

std::optional<std::string> fault_of_password(std::string_view password) {
  const std::size_t characters = characters_in(password);
  if (characters >= shortest_password && password.size() <= 4 * longest_password && characters <= longest_password &&
      std::ranges::none_of(password, is_control))
    return std::nullopt;
  return "A password has " + std::to_string(shortest_password) + " to " + std::to_string(longest_password) +
         " characters.";
}

Read<Registration> read_registration(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"username", "first_name", "last_name", "email", "password"}, errors);
  Registration registration;
  registration.username = judged(fields, "username", fault_of_username);
  registration.first_name = fields.name("first_name", longest_person_name);
  registration.last_name = fields.name("last_name", longest_person_name);
  registration.email = judged(fields, "email", fault_of_email);
  registration.password = judged(fields, "password", fault_of_password);
  return value_or_errors(std::move(registration), std::move(errors));
}

Read<Credentials> read_credentials(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"email", "password"}, errors);
  Credentials credentials;
  credentials.email = judged(fields, "email", fault_of_email);
  credentials.password = fields.word("password");
  if (credentials.password.size() > 4 * longest_password)
    fields.fault("password", "invalid_field", "No password is that long.");
  return value_or_errors(std::move(credentials), std::move(errors));
}

Read<std::string> read_one_word(std::string_view body, std::string_view name) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {name}, errors);
  std::string word = fields.word(name);
  return value_or_errors(std::move(word), std::move(errors));
}

Read<PasswordReset> read_password_reset(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"token", "password"}, errors);
  PasswordReset reset;
  reset.token = fields.word("token");
  reset.password = judged(fields, "password", fault_of_password);
  return value_or_errors(std::move(reset), std::move(errors));
}

}  // namespace dompet::http
