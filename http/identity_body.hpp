#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/body.hpp"

namespace dompet::http {

// Bodies of the routes of /v1/auth.

inline constexpr std::size_t longest_person_name = 100;  // characters
inline constexpr std::size_t longest_email = 254;        // RFC 5321
/// Long enough that a dictionary does not help much; the upper bound keeps hashing cheap.
inline constexpr std::size_t shortest_password = 8;
inline constexpr std::size_t longest_password = 200;

struct Registration {
  std::string username{};
  std::string first_name{};
  std::string last_name{};
  std::string email{};
  std::string password{};
};
Read<Registration> read_registration(std::string_view body);

struct Credentials {
  std::string email{};
  std::string password{};
};
Read<Credentials> read_credentials(std::string_view body);

/// A body with one text: {refresh_token}, {code}, {email}.
Read<std::string> read_one_word(std::string_view body, std::string_view name);

struct PasswordReset {
  std::string token{};
  std::string password{};
};
Read<PasswordReset> read_password_reset(std::string_view body);

/// What a username, an address and a password must look like; otherwise a sentence. Also for those whom an
/// administrator makes.
std::optional<std::string> fault_of_username(std::string_view username);
std::optional<std::string> fault_of_email(std::string_view email);
std::optional<std::string> fault_of_password(std::string_view password);

}  // namespace dompet::http
