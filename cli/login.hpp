#pragma once

#include <string>

#include "cli/http_client.hpp"

namespace CLI {
class App;
}

namespace dompet::cli {

/// Who a command that speaks to a server is: an access token, or an account whose token it gets itself.
struct Login {
  /// --token or DOMPET_TOKEN.
  std::string token{};
  /// DOMPET_ADMIN_EMAIL and DOMPET_ADMIN_PASSWORD: not on the command line, which every user of the machine can read.
  std::string email{};
  std::string password{};
};

/// Adds --token, and reads the variables.
void add_login(CLI::App& app, Login& login);

/// The header for every request; none when nobody was named, so that the server says what it needs. Logs in when there
/// is no token; once a process, again before the token is over. Throws std::runtime_error with a sentence.
HttpClient::Headers authorization(const Endpoint& endpoint, const Login& login);

}  // namespace dompet::cli
